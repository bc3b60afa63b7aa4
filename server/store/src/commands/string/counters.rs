//! Strings as numbers.

use bongsu_protocol::resp::parse_integer;

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::keyspace::{New, Stored};
use crate::number::{NotFinite, add_texts};

pub(super) fn incr(call: &mut Call<'_>) -> Outcome {
    add(call, 1)
}

pub(super) fn decr(call: &mut Call<'_>) -> Outcome {
    add(call, -1)
}

pub(super) fn incrby(call: &mut Call<'_>) -> Outcome {
    let by = call.int(2)?;
    add(call, by)
}

pub(super) fn decrby(call: &mut Call<'_>) -> Outcome {
    let by = call.int(2)?;
    let by = by.checked_neg().ok_or(Fault::text("ERR decrement would overflow"))?;
    add(call, by)
}

fn add(call: &mut Call<'_>, by: i64) -> Outcome {
    let key = call.arg(1);
    let found = call.find(key);
    let stored = found.map(|found| call.value(found));
    let (old, is_int) = match stored {
        None => (0, false),
        Some(Stored::Int(n)) => (n, true),
        Some(Stored::Text(text) | Stored::Raw(text)) => (parse_integer(text).ok_or(Fault::NotAnInteger)?, false),
        Some(Stored::Object(_)) => return Err(Fault::WrongType),
    };
    let new = old.checked_add(by).ok_or(Fault::Overflow)?;
    match found {
        Some(found) if is_int => {
            call.shard.db_mut(call.db).set_int(found, new);
            call.changed(key);
        }
        _ => {
            let expiry = found.and_then(|found| call.shard.db(call.db).expiry_ms(found));
            call.store_at(found, key, New::Int(new), expiry);
        }
    }
    call.event(EventClass::String, "incrby", key);
    call.number(new)
}

pub(super) fn incrbyfloat(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let found = call.find(key);
    let mut digits = Vec::new();
    let old = match found {
        None => b"0",
        Some(found) => call.string(found, &mut digits)?,
    };
    let sum = add_texts(old, call.arg(2)).ok_or(Fault::NotAFloat)?;
    let text = sum.map_err(|NotFinite| Fault::text("ERR increment would produce NaN or Infinity"))?;
    let expiry = found.and_then(|found| call.shard.db(call.db).expiry_ms(found));
    call.store_at(found, key, super::new_string(text.as_bytes()), expiry);
    call.event(EventClass::String, "incrbyfloat", key);
    call.effects.instead(vec![b"SET".to_vec(), key.to_vec(), text.clone().into_bytes(), b"KEEPTTL".to_vec()]);
    call.reply.bulk(&text);
    Ok(Done::Replied)
}
