//! Counts anew what is counted as it goes, for tests: what `used_memory` and `DBSIZE` show has to be what is there.

use crate::keyspace::{Object, Stored};
use crate::shard::Shard;

/// Something that is not as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// What was counted.
    pub what: String,
    /// As it went.
    pub counted: usize,
    /// As it is.
    pub found: usize,
}

impl Discrepancy {
    /// None, if both are the same.
    pub(crate) fn between(what: &str, counted: usize, found: usize) -> Option<Self> {
        (counted != found).then(|| Self { what: what.to_owned(), counted, found })
    }
}

impl Shard {
    /// The first thing that is not as it is counted. Takes time in proportion to all that is there.
    pub fn audit(&self) -> Option<Discrepancy> {
        (0..self.databases()).find_map(|db| {
            let found = self.db(db).audit(self.hasher())?;
            Some(Discrepancy { what: format!("{} of database {db}", found.what), ..found })
        })
    }
}

/// Collections are as they are counted, in order, and none is empty.
pub(crate) fn of_value(value: Stored<'_>) -> Option<Discrepancy> {
    let Stored::Object(object) = value else { return None };
    let (len, elements) = match object {
        Object::Hash(hash) => (hash.len(), hash.iter().count()),
        Object::List(list) => (list.len(), list.iter().count()),
        Object::Set(set) => (set.len(), set.iter().count()),
        Object::Zset(zset) => (zset.len(), ranked(zset)),
    };
    Discrepancy::between("elements", len, elements)
        .or_else(|| Discrepancy::between("empty collections", 0, usize::from(len == 0)))
        .or_else(|| Discrepancy::between("memory of a collection", object.heap_bytes(), object.recount()))
}

/// Members that have the rank and the score with which they are visited, each above the one before.
fn ranked(zset: &crate::zset::Zset) -> usize {
    let (mut rank, mut right) = (0, 0);
    let mut last: Option<(f64, Vec<u8>)> = None;
    zset.each(0..usize::MAX, false, |member, score| {
        let is_above =
            last.as_ref().is_none_or(|(below, bytes)| *below < score || *below == score && bytes.as_slice() < member);
        let is_found = zset.rank(member) == Some((rank, score)) && zset.score(member) == Some(score);
        right += usize::from(is_above && is_found);
        rank += 1;
        last = Some((score, member.to_vec()));
    });
    right
}
