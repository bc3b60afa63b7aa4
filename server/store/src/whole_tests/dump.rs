//! What a keyspace holds, to be compared.

use std::collections::BTreeMap;

use crate::call::testing::Bench;
use crate::keyspace::{Object, Stored};

/// All keys with their databases, values and expiries.
pub(super) type Dump = BTreeMap<(usize, Vec<u8>), (String, Option<u64>)>;

pub(super) fn dump(bench: &Bench) -> Dump {
    let mut all = Dump::new();
    for db in 0..bench.shard.databases() {
        let keyspace = bench.shard.db(db);
        for key in keyspace.keys() {
            let found = bench.shard.find(db, key).expect("a key");
            all.insert((db, key.to_vec()), (spell(keyspace.value(found)), keyspace.expiry_ms(found)));
        }
    }
    all
}

/// A value as text that does not depend on orders that mean nothing.
fn spell(value: Stored<'_>) -> String {
    let sorted = |mut all: Vec<_>| {
        all.sort();
        format!("{all:?}")
    };
    match value {
        Stored::Text(text) | Stored::Raw(text) => format!("{text:?}"),
        Stored::Int(n) => format!("{:?}", n.to_string().as_bytes()),
        Stored::Object(Object::List(list)) => {
            format!("{:?}", list.iter().map(|item| item.to_vec()).collect::<Vec<_>>())
        }
        Stored::Object(Object::Set(set)) => sorted(set.iter().map(|item| (item.to_vec(), Vec::new())).collect()),
        Stored::Object(Object::Hash(hash)) => {
            sorted(hash.iter().map(|(one, other)| (one.to_vec(), other.to_vec())).collect())
        }
        Stored::Object(Object::Zset(zset)) => {
            let mut all = Vec::new();
            zset.each(0..usize::MAX, false, |member, score| all.push((member.to_vec(), score)));
            format!("{all:?}")
        }
    }
}
