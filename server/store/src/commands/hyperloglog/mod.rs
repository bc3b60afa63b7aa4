//! Numbers of different elements, estimated.

mod add;
mod count;
mod debug;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;

use crate::call::{Call, Fault};
use crate::hyperloglog::{Corrupted, NotASketch, Sketch};
use crate::keyspace::{Found, New, Stored};

impl From<Corrupted> for Fault {
    fn from(_: Corrupted) -> Self {
        Self::text("INVALIDOBJ Corrupted HLL object detected")
    }
}

impl From<NotASketch> for Fault {
    fn from(_: NotASketch) -> Self {
        Self::text("WRONGTYPE Key is not a valid HyperLogLog string value.")
    }
}

/// The value there.
fn sketch<'b>(call: &'b Call<'_>, found: Found) -> Result<Sketch<&'b [u8]>, Fault> {
    match call.value(found) {
        Stored::Text(text) | Stored::Raw(text) => Ok(Sketch::read(text)?),
        Stored::Int(_) => Err(NotASketch.into()),
        Stored::Object(_) => Err(Fault::WrongType),
    }
}

/// A copy of the value there.
fn copy(call: &Call<'_>, found: Found) -> Result<Sketch<Vec<u8>>, Fault> {
    Ok(Sketch::read(sketch(call, found)?.bytes().to_vec())?)
}

/// The value there, to be changed in place.
fn in_place<'b>(call: &'b mut Call<'_>, found: Found) -> Result<Sketch<&'b mut [u8]>, Fault> {
    let len = sketch(call, found)?.bytes().len();
    let db = call.shard.db_mut(call.db);
    let found = db.resize(found, len);
    Ok(Sketch::read(db.bytes_mut(found))?)
}

/// Stores a value under a key; its expiry stays.
fn store(call: &mut Call<'_>, found: Option<Found>, key: &[u8], sketch: &Sketch<Vec<u8>>) {
    let Some(found) = found else {
        call.store_at(None, key, New::Raw(sketch.bytes()), None);
        return;
    };
    let db = call.shard.db_mut(call.db);
    let found = db.resize(found, sketch.bytes().len());
    db.bytes_mut(found).copy_from_slice(sketch.bytes());
    call.changed(key);
}
