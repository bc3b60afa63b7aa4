//! Any images.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_store::image::{Head, Part, Usage, Value, Writer};
use bongsu_store::intset::IntSet;
use bongsu_store::listpack::Listpack;
use bongsu_store::number::score_text;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

/// A value in one of the forms that images have.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Text(Vec<u8>),
    Int(i64),
    Ints(BTreeSet<i64>),
    SmallSet(BTreeSet<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    SmallHash(BTreeMap<Vec<u8>, Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    SmallZset(BTreeMap<Vec<u8>, f64>),
    Zset(BTreeMap<Vec<u8>, f64>),
    List(Vec<Vec<Vec<u8>>>),
}

/// Strings of all the lengths and kinds that are written in different ways.
pub(crate) fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => vec(any::<u8>(), 0..30),
        2 => vec(b'a'..b'd', 0..200),
        3 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        2 => any::<i16>().prop_map(|n| n.to_string().into_bytes()),
        1 => (any::<u8>(), 60usize..70).prop_map(|(byte, len)| vec![byte; len]),
        1 => (any::<u8>(), 4090usize..17_000).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<i32>().prop_map(f64::from),
        any::<f64>().prop_filter("no number", |score| !score.is_nan() && *score != 0.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

pub(crate) fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        text().prop_map(Form::Text),
        any::<i64>().prop_map(Form::Int),
        btree_set(any::<i16>().prop_map(i64::from), 1..20).prop_map(Form::Ints),
        btree_set(any::<i64>(), 1..20).prop_map(Form::Ints),
        btree_set(text(), 1..10).prop_map(Form::SmallSet),
        btree_set(text(), 1..30).prop_map(Form::Set),
        btree_map(text(), text(), 1..10).prop_map(Form::SmallHash),
        btree_map(text(), text(), 1..30).prop_map(Form::Hash),
        btree_map(text(), score(), 1..10).prop_map(Form::SmallZset),
        btree_map(text(), score(), 1..30).prop_map(Form::Zset),
        vec(vec(text(), 1..8), 1..6).prop_map(Form::List),
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    prop_oneof![Just(Usage::Unknown), any::<u32>().prop_map(Usage::IdleSeconds), any::<u8>().prop_map(Usage::Frequency),]
}

/// What is known of a key besides its name and its value.
pub(crate) type Known = (Option<u64>, Usage);

/// Keys of a few databases, in the order of the databases or not.
pub(crate) fn image() -> impl Strategy<Value = Vec<u8>> {
    let known = (proptest::option::of(0u64..1 << 47), usage());
    let keys = btree_map(((0u32..3), text()), (known, form()), 0..12);
    keys.prop_map(|keys| {
        let mut image = Vec::new();
        // The order of names within databases, so that those change again and again.
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_by_key(|((db, key), _)| (key.clone(), *db));
        for ((db, key), (known, form)) in keys {
            put(&mut image, *db, key, *known, form);
        }
        image
    })
}

fn listpack<'a>(elements: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut list = Listpack::new();
    elements.into_iter().for_each(|element| list.push_back(element));
    list.as_bytes().to_vec()
}

fn small_zset(zset: &BTreeMap<Vec<u8>, f64>) -> Vec<u8> {
    let mut ranked: Vec<_> = zset.iter().collect();
    ranked.sort_by(|(one, a), (other, b)| a.total_cmp(b).then(one.cmp(other)));
    let texts: Vec<_> = ranked.iter().map(|(member, score)| (member, score_text(**score))).collect();
    listpack(texts.iter().flat_map(|(member, score)| [member.as_slice(), score.as_bytes()]))
}

/// Appends a key.
pub(crate) fn put(image: &mut Vec<u8>, db: u32, key: &[u8], (expiry_ms, usage): Known, form: &Form) {
    let mut blob = Vec::new();
    let value = match form {
        Form::Text(text) => Value::Text(text),
        Form::Int(n) => Value::Int(*n),
        Form::Ints(ints) => {
            let mut set = IntSet::new();
            ints.iter().for_each(|n| assert!(set.insert(*n)));
            blob.extend_from_slice(set.as_bytes());
            Value::Ints(&blob)
        }
        Form::SmallSet(set) => {
            blob = listpack(set.iter().map(Vec::as_slice));
            Value::SmallSet(&blob)
        }
        Form::SmallHash(hash) => {
            blob = listpack(hash.iter().flat_map(|(field, value)| [field.as_slice(), value.as_slice()]));
            Value::SmallHash(&blob)
        }
        Form::SmallZset(zset) => {
            blob = small_zset(zset);
            Value::SmallZset(&blob)
        }
        Form::Set(set) => Value::Set { members: set.len() as u64 },
        Form::Hash(hash) => Value::Hash { fields: hash.len() as u64 },
        Form::Zset(zset) => Value::Zset { members: zset.len() as u64 },
        Form::List(chunks) => Value::List { chunks: chunks.len() as u64 },
    };
    let mut writer = Writer::new(image);
    writer.head(&Head { db, key, expiry_ms, usage, value });
    match form {
        Form::Set(set) => set.iter().for_each(|member| writer.part(&Part::Member(member))),
        Form::Hash(hash) => hash.iter().for_each(|(field, value)| writer.part(&Part::Field(field, value))),
        Form::Zset(zset) => zset.iter().for_each(|(member, score)| writer.part(&Part::Scored(member, *score))),
        Form::List(chunks) => {
            for chunk in chunks {
                writer.part(&Part::Chunk(&listpack(chunk.iter().map(Vec::as_slice))));
            }
        }
        _ => {}
    }
}
