//! What an image means, whatever form its values have.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_store::image::{Part, Reader, Usage, Value};
use bongsu_store::intset::IntSet;
use bongsu_store::listpack::{Digits, Item};
use bongsu_store::number::parse_double;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meant {
    Text(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Zset(BTreeMap<Vec<u8>, f64>),
}

/// A key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) expiry_ms: Option<u64>,
    pub(crate) usage: Usage,
    pub(crate) value: Meant,
}

/// Keys by database and name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) keys: BTreeMap<(u32, Vec<u8>), Key>,
}

fn text(item: Item<'_>) -> Vec<u8> {
    item.bytes(&mut Digits::default()).to_vec()
}

/// Reads a listpack anew, element by element.
pub(crate) fn elements(list: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!(u32::from_le_bytes(list[..4].try_into().unwrap()) as usize, list.len());
    let (mut at, mut all) = (6, Vec::new());
    while list[at] != 0xff {
        let first = list[at];
        let le = |n: usize| {
            let mut wide = [0; 8];
            wide[8 - n..].copy_from_slice(&list[at + 1..at + 1 + n]);
            i64::from_le_bytes(wide) >> (64 - 8 * n)
        };
        let bytes = |head: usize, len: usize| (list[at + head..at + head + len].to_vec(), head + len);
        let int = |n: i64, len: usize| (n.to_string().into_bytes(), len);
        let (element, len) = match first {
            0..=0x7f => int(first.into(), 1),
            0x80..=0xbf => bytes(1, usize::from(first & 0x3f)),
            0xc0..=0xdf => {
                let n = i64::from(first & 0x1f) << 8 | i64::from(list[at + 1]);
                int(if n > 4095 { n - 8192 } else { n }, 2)
            }
            0xe0..=0xef => bytes(2, usize::from(first & 0xf) << 8 | usize::from(list[at + 1])),
            0xf0 => bytes(5, u32::from_le_bytes(list[at + 1..at + 5].try_into().unwrap()) as usize),
            0xf1 => int(le(2), 3),
            0xf2 => int(le(3), 4),
            0xf3 => int(le(4), 5),
            0xf4 => int(le(8), 9),
            _ => panic!("no element begins with {first}"),
        };
        all.push(element);
        at += len + [128, 16_383, 2_097_151, 268_435_455].iter().filter(|limit| len >= **limit).count() + 1;
    }
    assert_eq!(at + 1, list.len());
    all
}

fn pairs(list: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let all = elements(list);
    assert_eq!(all.len() % 2, 0);
    all.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

impl Meant {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Text(bytes) => Self::Text(bytes.to_vec()),
            Value::Int(n) => Self::Text(n.to_string().into_bytes()),
            Value::Ints(bytes) => {
                let ints = IntSet::from_bytes(bytes.to_vec()).expect("an intset");
                Self::Set(ints.iter().map(|n| text(Item::Int(n))).collect())
            }
            Value::SmallSet(list) => Self::Set(elements(list).into_iter().collect()),
            Value::SmallHash(list) => Self::Hash(pairs(list).into_iter().collect()),
            Value::SmallZset(list) => Self::Zset(
                pairs(list).into_iter().map(|(member, score)| (member, parse_double(&score).unwrap())).collect(),
            ),
            Value::List { .. } => Self::List(Vec::new()),
            Value::Set { .. } => Self::Set(BTreeSet::new()),
            Value::Hash { .. } => Self::Hash(BTreeMap::new()),
            Value::Zset { .. } => Self::Zset(BTreeMap::new()),
        }
    }

    fn add(&mut self, part: Part<'_>) {
        match (self, part) {
            (Self::List(list), Part::Chunk(chunk)) => {
                let elements = elements(chunk);
                assert!(!elements.is_empty());
                list.extend(elements);
            }
            (Self::Set(set), Part::Member(member)) => assert!(set.insert(member.to_vec())),
            (Self::Hash(hash), Part::Field(field, value)) => {
                assert_eq!(hash.insert(field.to_vec(), value.to_vec()), None);
            }
            (Self::Zset(zset), Part::Scored(member, score)) => {
                assert_eq!(zset.insert(member.to_vec(), score), None);
            }
            (value, part) => panic!("{part:?} does not belong to {value:?}"),
        }
    }
}

impl Model {
    /// Of an image, which must be complete.
    pub(crate) fn of(image: &[u8]) -> Self {
        let mut model = Self::default();
        let mut last = None;
        let mut missing = 0;
        for part in Reader::new(image) {
            match part.unwrap() {
                Part::Head(head) => {
                    assert_eq!(missing, 0, "elements are missing");
                    missing = head.value.elements();
                    let name = (head.db, head.key.to_vec());
                    let key = Key { expiry_ms: head.expiry_ms, usage: head.usage, value: Meant::of(head.value) };
                    assert!(model.keys.insert(name.clone(), key).is_none(), "{name:?} is there twice");
                    last = Some(name);
                }
                element => {
                    model.keys.get_mut(last.as_ref().unwrap()).unwrap().value.add(element);
                    missing -= 1;
                }
            }
        }
        assert_eq!(missing, 0, "elements are missing at the end");
        model
    }

    /// The value of a key of the first database.
    pub(crate) fn get(&self, key: &str) -> Option<&Meant> {
        self.keys.get(&(0, key.as_bytes().to_vec())).map(|key| &key.value)
    }
}
