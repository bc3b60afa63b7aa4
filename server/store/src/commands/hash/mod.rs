//! Hashes.

mod change;
mod counters;
mod random;
mod read;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;

use crate::call::{Call, Fault};
use crate::hash_map::{Hash, HashRules};
use crate::keyspace::{Found, Object, Stored};
use crate::shard::Shard;

/// The hash there.
#[inline]
pub(super) fn view(shard: &Shard, db: usize, found: Found) -> Result<&Hash, Fault> {
    match shard.db(db).value(found) {
        Stored::Object(Object::Hash(hash)) => Ok(hash),
        _ => Err(Fault::WrongType),
    }
}

/// Changes the hash there.
#[inline]
fn change<T>(call: &mut Call<'_>, found: Found, change: impl FnOnce(&mut Hash, &HashRules) -> T) -> Result<T, Fault> {
    let rules = rules(call);
    match &mut *call.edit(found)? {
        Object::Hash(hash) => Ok(change(hash, &rules)),
        _ => Err(Fault::WrongType),
    }
}

#[inline]
fn rules(call: &Call<'_>) -> HashRules {
    HashRules::new(&call.shard.settings, call.shard.hasher())
}
