//! Sorted sets.

mod add;
mod bounds;
mod combine;
mod get;
mod pop;
mod random;
mod range;
mod remove;
mod reply;
mod scan;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub(super) use add::{AddOptions, run as add};
pub(super) use store::store;
pub(super) use table::COMMANDS;

use crate::call::{Call, Fault};
use crate::keyspace::{Found, Object, Stored};
use crate::shard::Shard;
use crate::zset::{Limits, Zset};

/// The sorted set there.
pub(super) fn view(shard: &Shard, db: usize, found: Found) -> Result<&Zset, Fault> {
    match shard.db(db).value(found) {
        Stored::Object(Object::Zset(zset)) => Ok(zset),
        _ => Err(Fault::WrongType),
    }
}

/// Changes the sorted set there.
pub(super) fn change<T>(
    call: &mut Call<'_>,
    found: Found,
    change: impl FnOnce(&mut Zset, Limits) -> T,
) -> Result<T, Fault> {
    let limits = limits(call.shard);
    match &mut *call.edit(found)? {
        Object::Zset(zset) => Ok(change(zset, limits)),
        _ => Err(Fault::WrongType),
    }
}

/// When sorted sets become large ones.
pub(super) fn limits(shard: &Shard) -> Limits {
    Limits::new(&shard.settings, shard.hasher())
}
