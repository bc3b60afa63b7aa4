//! Strings as arrays of bits.

mod bits;
mod combine;
mod count;
mod field;
mod field_type;
mod single;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;

use bongsu_protocol::resp::parse_integer;

use crate::call::{Call, Fault};
use crate::keyspace::{Found, New, Stored};

/// A position as a client gives it, in bits.
fn bit_offset(call: &Call<'_>, text: &[u8], unit: u32) -> Result<u64, Fault> {
    const OUT_OF_RANGE: Fault = Fault::OutOfRange("bit offset is not an integer or out of range");
    let offset = parse_integer(text).and_then(|n| n.checked_mul(i64::from(unit))).ok_or(OUT_OF_RANGE)?;
    let offset = u64::try_from(offset).map_err(|_| OUT_OF_RANGE)?;
    if offset / 8 < call.string_bytes_max() as u64 { Ok(offset) } else { Err(OUT_OF_RANGE) }
}

/// What a string went through to hold a bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Room {
    /// It was long enough.
    Enough,
    /// It became longer.
    Grown,
    /// There was none.
    Created,
}

/// The string under a key, made as long as a bit takes. Only with [`Room::Created`] is the change noted already.
fn room_for(call: &mut Call<'_>, key: &[u8], bit: u64) -> Result<(Found, Room), Fault> {
    let end = usize::try_from(bit / 8 + 1).map_err(|_| Fault::StringTooLong)?;
    let found = call.find(key);
    let len = match found.map(|found| call.value(found)) {
        None => 0,
        Some(Stored::Text(text) | Stored::Raw(text)) => text.len(),
        Some(Stored::Int(n)) => n.to_string().len(),
        Some(Stored::Object(_)) => return Err(Fault::WrongType),
    };
    let room = match found {
        None => Room::Created,
        Some(_) if len < end => Room::Grown,
        Some(_) => Room::Enough,
    };
    let found = found.unwrap_or_else(|| call.store_at(None, key, New::Raw(b""), None));
    Ok((call.shard.db_mut(call.db).resize(found, len.max(end)), room))
}
