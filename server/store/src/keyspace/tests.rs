use std::collections::BTreeMap;

use proptest::prelude::*;

use super::object::Objects;
use super::*;
use crate::entry::Entry;
use crate::hash::KeyHasher;
use crate::list::List;

const HASHER: KeyHasher = KeyHasher::new((1, 2));

fn find(db: &Db, key: &[u8]) -> Option<Found> {
    db.find(HASHER.hash(key), key)
}

fn text(db: &Db, found: Found) -> Vec<u8> {
    match db.value(found) {
        Stored::Text(text) | Stored::Raw(text) => text.to_vec(),
        Stored::Int(n) => n.to_string().into_bytes(),
        Stored::Object(_) => Vec::new(),
    }
}

/// The reason for the layout of entries and tables: keys of 16 and values of 64 bytes cost less than a hundred.
#[test]
fn a_small_key_costs_less_than_a_hundred_bytes() {
    let mut db = Db::default();
    let keys = 300_000;
    for n in 0..keys {
        let key = format!("key:{n:012}");
        db.insert(HASHER, HASHER.hash(key.as_bytes()), key.as_bytes(), New::Text(&[b'v'; 64]), None, 0);
    }
    let each = db.heap_bytes() as f64 / f64::from(keys);
    assert!(each < 100.0, "{each} bytes per key");
    assert_eq!(db.len(), keys as usize);
}

proptest! {
    /// Keys, values and expiries are what a map would hold, whatever happens to other keys; memory comes back.
    #[test]
    fn it_is_a_map(steps in proptest::collection::vec((0u8..6, 0u16..200, 0usize..700, any::<bool>()), 1..600)) {
        let mut db = Db::default();
        let mut model: BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)> = BTreeMap::new();
        for (kind, n, len, with_expiry) in steps {
            let key = format!("{n}{}", "k".repeat(usize::from(n % 5) * 90)).into_bytes();
            let value = vec![b'a' + (len % 26) as u8; len];
            let expiry = with_expiry.then_some(1000 + len as u64);
            match (kind, find(&db, &key)) {
                (0..=2, None) => {
                    let new = if kind == 2 { New::Int(len as i64) } else { New::Text(&value) };
                    db.insert(HASHER, HASHER.hash(&key), &key, new, expiry, 7);
                    let stored = if kind == 2 { len.to_string().into_bytes() } else { value };
                    model.insert(key, (stored, expiry));
                }
                (0..=2, Some(found)) => {
                    db.replace(found, &key, New::Text(&value), expiry);
                    model.insert(key, (value, expiry));
                }
                (3, Some(found)) => {
                    db.remove(HASHER, found);
                    model.remove(&key);
                }
                (4, Some(found)) => {
                    let found = db.set_expiry(found, expiry);
                    prop_assert_eq!(db.expiry_ms(found), expiry);
                    model.get_mut(&key).unwrap().1 = expiry;
                }
                (5, Some(found)) => {
                    let found = db.resize(found, len);
                    db.bytes_mut(found).iter_mut().for_each(|byte| *byte |= 1);
                    let stored = &mut model.get_mut(&key).unwrap().0;
                    stored.resize(len, 0);
                    stored.iter_mut().for_each(|byte| *byte |= 1);
                }
                (_, found) => prop_assert_eq!(found.is_some(), model.contains_key(&key)),
            }
        }
        prop_assert_eq!(db.len(), model.len());
        prop_assert_eq!(db.expiring(), model.values().filter(|(_, expiry)| expiry.is_some()).count());
        for (key, (value, expiry)) in &model {
            let found = find(&db, key).unwrap();
            prop_assert_eq!((text(&db, found), db.expiry_ms(found)), (value.clone(), *expiry));
            prop_assert_eq!(db.clock(found), 7);
        }
        for key in model.keys() {
            let found = find(&db, key).unwrap();
            db.remove(HASHER, found);
        }
        prop_assert_eq!((db.len(), db.expiring()), (0, 0));
        prop_assert!(db.heap_bytes() < 4096, "{} bytes are left", db.heap_bytes());
    }
}

impl Db {
    /// What was counted step by step is what a new count gives.
    pub(crate) fn check_counts(&self) {
        self.table.check_counts();
        self.arena.check_counts();
        self.objects.check_counts();
        let has_expiry = |handle: &_| Entry::read(self.arena.get(*handle)).expiry_ms().is_some();
        assert_eq!(self.expiring, self.table.handles().filter(has_expiry).count());
    }
}

/// Memory that many collections took is given back when they are gone, in whatever order they go.
#[test]
fn numbers_of_collections_are_used_again_and_given_back() {
    let mut objects = Objects::default();
    let mut live = BTreeMap::new();
    for n in 0..20_000u64 {
        let index = objects.insert(Object::List(List::default()));
        assert_eq!(live.insert(index, n), None, "nobody else has that number");
        if n % 3 == 0 && n < 12_000 {
            let (index, _) = live.pop_last().unwrap();
            assert!(objects.remove(index).is_some());
        } else if n % 7 == 0 {
            let (index, _) = live.pop_first().unwrap();
            assert!(objects.remove(index).is_some());
        }
    }
    assert!(live.keys().all(|index| objects.get(*index).is_some()));
    let rest = live.split_off(&100);
    for index in rest.keys().step_by(2).chain(rest.keys().skip(1).step_by(2)).chain(live.keys()) {
        assert!(objects.remove(*index).is_some());
    }
    assert!(objects.heap_bytes() < 4096, "{} bytes are left", objects.heap_bytes());
}
