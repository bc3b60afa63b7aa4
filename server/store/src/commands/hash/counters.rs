//! Values as numbers.

use bongsu_protocol::resp::parse_integer;

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::listpack::{Digits, Item};
use crate::number::{Extended, NotFinite, add_texts};

use super::change::set;
use super::view;

pub(super) fn hincrby(call: &mut Call<'_>) -> Outcome {
    let by = call.int(3)?;
    let (key, field) = (call.arg(1), call.arg(2));
    let found = call.find(key);
    let mut old = 0;
    if let Some(found) = found {
        old = match view(call.shard, call.db, found)?.get(field) {
            None => 0,
            Some(Item::Int(n)) => n,
            Some(Item::Bytes(bytes)) => parse_integer(bytes).ok_or(Fault::text("ERR hash value is not an integer"))?,
        };
    }
    let new = old.checked_add(by).ok_or(Fault::Overflow)?;
    set(call, key, found, &[field, Digits::default().write(new)])?;
    call.event(EventClass::Hash, "hincrby", key);
    call.number(new)
}

pub(super) fn hincrbyfloat(call: &mut Call<'_>) -> Outcome {
    let by = call.arg(3);
    if !Extended::parse(by).ok_or(Fault::NotAFloat)?.is_finite() {
        return Err(Fault::text("ERR value is NaN or Infinity"));
    }
    let (key, field) = (call.arg(1), call.arg(2));
    let found = call.find(key);
    let mut digits = Digits::default();
    let mut old: &[u8] = b"0";
    if let Some(found) = found
        && let Some(item) = view(call.shard, call.db, found)?.get(field)
    {
        old = item.bytes(&mut digits);
    }
    let sum = add_texts(old, by).ok_or(Fault::text("ERR hash value is not a float"))?;
    let text = sum.map_err(|NotFinite| Fault::text("ERR increment would produce NaN or Infinity"))?;
    set(call, key, found, &[field, text.as_bytes()])?;
    call.event(EventClass::Hash, "hincrbyfloat", key);
    call.reply.bulk(&text);
    call.effects.instead(vec![b"HSET".to_vec(), key.to_vec(), field.to_vec(), text.into_bytes()]);
    Ok(Done::Replied)
}
