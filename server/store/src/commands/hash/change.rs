//! Setting and removing fields.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::hash_map::{Hash, HashRules};
use crate::keyspace::{Found, Object};

use super::{change, rules, view};

pub(super) fn hset(call: &mut Call<'_>) -> Outcome {
    let added = set_all(call, "hset")?;
    call.count(added)
}

pub(super) fn hmset(call: &mut Call<'_>) -> Outcome {
    set_all(call, "hmset")?;
    call.ok()
}

/// Sets fields, and counts those that are new.
fn set_all(call: &mut Call<'_>, name: &str) -> Result<usize, Fault> {
    let (key, pairs) = (call.arg(1), &call.argv[2..]);
    if !pairs.len().is_multiple_of(2) {
        return Err(Fault::made(format!("ERR wrong number of arguments for '{name}' command")));
    }
    let found = call.find(key);
    let added = set(call, key, found, pairs)?;
    call.effects.dirty += pairs.len() as u64 / 2 - 1;
    call.event(EventClass::Hash, "hset", key);
    Ok(added)
}

/// Sets fields of a hash, which is made if it is not there. Gives how many are new.
pub(super) fn set(call: &mut Call<'_>, key: &[u8], found: Option<Found>, pairs: &[&[u8]]) -> Result<usize, Fault> {
    let set = |hash: &mut Hash, rules: &HashRules| {
        hash.expect(pairs, rules);
        pairs.chunks_exact(2).filter(|pair| hash.set(pair[0], pair[1], rules)).count()
    };
    if let Some(found) = found {
        let added = change(call, found, set)?;
        call.changed(key);
        return Ok(added);
    }
    let mut hash = Hash::default();
    let added = set(&mut hash, &rules(call));
    hash.tidy();
    call.create(key, Object::Hash(hash));
    Ok(added)
}

pub(super) fn hsetnx(call: &mut Call<'_>) -> Outcome {
    let (key, field) = (call.arg(1), call.arg(2));
    let found = call.find(key);
    if let Some(found) = found
        && view(call.shard, call.db, found)?.contains(field)
    {
        return call.number(0);
    }
    set(call, key, found, &call.argv[2..])?;
    call.event(EventClass::Hash, "hset", key);
    call.number(1)
}

pub(super) fn hdel(call: &mut Call<'_>) -> Outcome {
    let (key, fields) = (call.arg(1), &call.argv[2..]);
    let Some(found) = call.find(key) else { return call.number(0) };
    let (removed, is_empty) = change(call, found, |hash, _| {
        let removed = fields.iter().filter(|field| hash.remove(field)).count();
        (removed, hash.is_empty())
    })?;
    if removed > 0 {
        call.changed(key);
        call.effects.dirty += removed as u64 - 1;
        call.event(EventClass::Hash, "hdel", key);
    }
    if is_empty {
        call.delete_emptied(found, key);
    }
    call.count(removed)
}
