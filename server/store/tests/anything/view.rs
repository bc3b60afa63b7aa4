//! What a client could find out about the keys, whatever their encoding.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_store::keyspace::{Object, Stored};
use bongsu_store::listpack::{Digits, Item};
use bongsu_store::shard::Shard;

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// Bytes.
    String(Vec<u8>),
    /// Elements.
    List(Vec<Vec<u8>>),
    /// Members.
    Set(BTreeSet<Vec<u8>>),
    /// Fields with values.
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    /// Members with the bits of their scores. Zero has no sign: small sorted sets keep it as an integer, as in Redis.
    Zset(Vec<(Vec<u8>, u64)>),
}

/// A database and a key in it.
pub(crate) type Name = (usize, Vec<u8>);

/// Expiries and values by key.
pub(crate) type View = BTreeMap<Name, (Option<u64>, Content)>;

fn bytes(item: Item<'_>) -> Vec<u8> {
    item.bytes(&mut Digits::default()).to_vec()
}

fn content(value: Stored<'_>) -> Content {
    match value {
        Stored::Text(text) | Stored::Raw(text) => Content::String(text.to_vec()),
        Stored::Int(n) => Content::String(n.to_string().into_bytes()),
        Stored::Object(Object::List(list)) => Content::List(list.iter().map(bytes).collect()),
        Stored::Object(Object::Set(set)) => Content::Set(set.iter().map(bytes).collect()),
        Stored::Object(Object::Hash(hash)) => {
            Content::Hash(hash.iter().map(|(field, value)| (bytes(field), bytes(value))).collect())
        }
        Stored::Object(Object::Zset(zset)) => {
            let mut members = Vec::new();
            zset.each(0..usize::MAX, false, |member, score| members.push((member.to_vec(), (score + 0.0).to_bits())));
            Content::Zset(members)
        }
    }
}

/// All of it, those keys included whose time is over.
pub(crate) fn of(shard: &Shard) -> View {
    let mut view = View::new();
    for db in 0..shard.databases() {
        for key in shard.db(db).keys() {
            let found = shard.find(db, key).expect("a key that is there is found");
            let database = shard.db(db);
            let value = (database.expiry_ms(found), content(database.value(found)));
            assert!(view.insert((db, key.to_vec()), value).is_none(), "a key is there twice");
        }
    }
    view
}

/// Keys whose values or expiries are not the same.
pub(crate) fn differing(one: &View, other: &View) -> BTreeSet<Name> {
    let in_both = one.keys().chain(other.keys());
    in_both.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}
