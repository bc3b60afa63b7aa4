//! Single bits.

use bongsu_protocol::resp::parse_integer;

use crate::call::{Call, EventClass, Fault, Outcome};

use super::{Room, bit_offset, bits, room_for};

pub(super) fn setbit(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let at = bit_offset(call, call.arg(2), 1)?;
    let new = match parse_integer(call.arg(3)) {
        Some(0) => 0,
        Some(1) => 1,
        _ => return Err(Fault::OutOfRange("bit is not an integer or out of range")),
    };
    let (found, room) = room_for(call, key, at)?;
    let bytes = call.shard.db_mut(call.db).bytes_mut(found);
    let old = bits::field(bytes, at, 1);
    bits::set_field(bytes, at, 1, new);
    if room == Room::Grown || (room == Room::Enough && old != new) {
        call.changed(key);
    }
    if room != Room::Enough || old != new {
        call.event(EventClass::String, "setbit", key);
    }
    call.number(i64::from(old == 1))
}

pub(super) fn getbit(call: &mut Call<'_>) -> Outcome {
    let at = bit_offset(call, call.arg(2), 1)?;
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let mut digits = Vec::new();
    let bit = bits::field(call.string(found, &mut digits)?, at, 1);
    call.number(i64::from(bit == 1))
}
