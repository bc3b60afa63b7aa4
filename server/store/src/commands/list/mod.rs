//! Lists.

mod blocking;
mod change;
mod pop;
mod push;
mod read;
mod shift;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;

use crate::call::{Call, Fault};
use crate::keyspace::{Found, Object, Stored};
use crate::list::{End, Limit, List};
use crate::shard::Shard;

/// The list there.
fn view(shard: &Shard, db: usize, found: Found) -> Result<&List, Fault> {
    match shard.db(db).value(found) {
        Stored::Object(Object::List(list)) => Ok(list),
        _ => Err(Fault::WrongType),
    }
}

/// Changes the list there.
fn change<T>(call: &mut Call<'_>, found: Found, change: impl FnOnce(&mut List, Limit) -> T) -> Result<T, Fault> {
    let limit = limit(call);
    match &mut *call.edit(found)? {
        Object::List(list) => Ok(change(list, limit)),
        _ => Err(Fault::WrongType),
    }
}

fn limit(call: &Call<'_>) -> Limit {
    Limit::of(call.shard.settings.list_max_listpack_size)
}

/// The name of the command that takes from this end.
const fn pop_name(end: End) -> &'static str {
    match end {
        End::Left => "lpop",
        End::Right => "rpop",
    }
}

/// The name of the command that adds at this end.
const fn push_name(end: End) -> &'static str {
    match end {
        End::Left => "lpush",
        End::Right => "rpush",
    }
}

/// `LEFT` or `RIGHT`.
fn end_at(call: &Call<'_>, index: usize) -> Result<End, Fault> {
    if call.is(index, "LEFT") {
        Ok(End::Left)
    } else if call.is(index, "RIGHT") {
        Ok(End::Right)
    } else {
        Err(Fault::Syntax)
    }
}
