//! Parts of strings.

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::keyspace::{New, Stored};

/// The bytes that an inclusive range with negative positions means, in a string of `len` bytes.
pub(crate) fn range_of(start: i64, end: i64, len: usize) -> std::ops::Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let from = if start < 0 { (start + len).max(0) } else { start };
    let to = if end < 0 { (end + len).max(0) } else { end }.min(len - 1);
    if from > to || len == 0 { 0..0 } else { from as usize..to as usize + 1 }
}

pub(super) fn getrange(call: &mut Call<'_>) -> Outcome {
    let (start, end) = (call.int(2)?, call.int(3)?);
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.bulk(b"")) };
    let mut digits = Vec::new();
    let text = match call.shard.db(call.db).value(found) {
        Stored::Text(text) | Stored::Raw(text) => text,
        Stored::Int(n) => {
            digits.extend_from_slice(n.to_string().as_bytes());
            &digits
        }
        Stored::Object(_) => return Err(Fault::WrongType),
    };
    call.reply.bulk(&text[range_of(start, end, text.len())]);
    Ok(Done::Replied)
}

/// The length of the string under a key that is to be changed in place, 0 if there is none.
fn present_len(call: &mut Call<'_>, key: &[u8]) -> Result<(Option<crate::keyspace::Found>, usize), Fault> {
    let found = call.find(key);
    let len = match found.map(|found| call.value(found)) {
        None => 0,
        Some(Stored::Text(text) | Stored::Raw(text)) => text.len(),
        Some(Stored::Int(n)) => n.to_string().len(),
        Some(Stored::Object(_)) => return Err(Fault::WrongType),
    };
    Ok((found, len))
}

fn check_len(call: &Call<'_>, len: usize) -> Result<(), Fault> {
    if len > call.string_bytes_max() { Err(Fault::StringTooLong) } else { Ok(()) }
}

pub(super) fn setrange(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1), call.arg(3));
    let offset = call.int(2)?;
    let offset = usize::try_from(offset).map_err(|_| Fault::OutOfRange("offset is out of range"))?;
    let (found, len) = present_len(call, key)?;
    if value.is_empty() {
        return call.count(len);
    }
    let end = offset.checked_add(value.len()).ok_or(Fault::StringTooLong)?;
    check_len(call, end)?;
    let is_new = found.is_none();
    let found = found.unwrap_or_else(|| call.store_at(None, key, New::Raw(b""), None));
    let db = call.shard.db_mut(call.db);
    let found = db.resize(found, len.max(end));
    db.bytes_mut(found)[offset..end].copy_from_slice(value);
    // A new key is noted where it is stored.
    if !is_new {
        call.changed(key);
    }
    call.event(EventClass::String, "setrange", key);
    call.count(len.max(end))
}

pub(super) fn append(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1), call.arg(2));
    let (found, len) = present_len(call, key)?;
    let Some(found) = found else {
        call.store_at(None, key, super::new_string(value), None);
        call.event(EventClass::String, "append", key);
        return call.count(value.len());
    };
    let end = len.checked_add(value.len()).ok_or(Fault::StringTooLong)?;
    check_len(call, end)?;
    let db = call.shard.db_mut(call.db);
    let found = db.resize(found, end);
    db.bytes_mut(found)[len..].copy_from_slice(value);
    call.changed(key);
    call.event(EventClass::String, "append", key);
    call.count(end)
}
