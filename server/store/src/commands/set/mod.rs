//! Sets.

mod change;
mod combine;
mod random;
mod read;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;

use crate::call::{Call, Fault};
use crate::keyspace::{Found, Object, Stored};
use crate::set::{Set, SetRules};
use crate::shard::Shard;

/// The set there.
#[inline]
fn view(shard: &Shard, db: usize, found: Found) -> Result<&Set, Fault> {
    match shard.db(db).value(found) {
        Stored::Object(Object::Set(set)) => Ok(set),
        _ => Err(Fault::WrongType),
    }
}

/// Changes the set there.
#[inline]
fn change<T>(call: &mut Call<'_>, found: Found, change: impl FnOnce(&mut Set, &SetRules) -> T) -> Result<T, Fault> {
    let rules = rules(call);
    match &mut *call.edit(found)? {
        Object::Set(set) => Ok(change(set, &rules)),
        _ => Err(Fault::WrongType),
    }
}

#[inline]
fn rules(call: &Call<'_>) -> SetRules {
    SetRules::new(&call.shard.settings, call.shard.hasher())
}
