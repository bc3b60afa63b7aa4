//! Storing what was made of sorted sets.

use crate::call::{Call, EventClass, Outcome};
use crate::keyspace::{New, Object};
use crate::zset::Zset;

/// Stores a sorted set in place of whatever a key has, and answers with its length. One without members removes the key.
pub(in crate::commands) fn store(call: &mut Call<'_>, key: &[u8], zset: Zset, event: &'static str) -> Outcome {
    let len = zset.len();
    if len == 0 {
        if let Some(found) = call.find(key) {
            call.delete(found, key);
        }
        return call.number(0);
    }
    call.store(key, New::Object(Object::Zset(zset)), None);
    call.event(EventClass::Zset, event, key);
    call.effects.ready(call.db, key);
    call.count(len)
}
