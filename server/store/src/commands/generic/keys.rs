//! Whether keys are there, and removing them.

use bongsu_protocol::glob;

use crate::call::{Call, Done, EventClass, Fault, Outcome, Propagation};
use crate::keyspace::Stored;

pub(super) fn del(call: &mut Call<'_>) -> Outcome {
    let mut removed = 0;
    for key in &call.argv[1..] {
        if let Some(found) = call.find_in(call.db, key) {
            call.delete(found, key);
            removed += 1;
        }
    }
    call.count(removed)
}

pub(super) fn exists(call: &mut Call<'_>) -> Outcome {
    let argv = call.argv;
    let there = argv[1..].iter().filter(|key| call.look_at(key).is_some()).count();
    call.count(there)
}

/// Uses keys even for a client whose look-ups are no use.
pub(super) fn touch(call: &mut Call<'_>) -> Outcome {
    call.caller.no_touch = false;
    let argv = call.argv;
    let there = argv[1..].iter().filter(|key| call.read(key).is_some()).count();
    call.count(there)
}

pub(super) fn kind(call: &mut Call<'_>) -> Outcome {
    let name = call.look_at(call.arg(1)).map_or("none", |found| type_name(call.value(found)));
    call.answer(|reply| reply.simple(name))
}

/// The name of a value's type.
pub(super) fn type_name(stored: Stored<'_>) -> &'static str {
    match stored {
        Stored::Object(object) => object.type_name(),
        _ => "string",
    }
}

pub(super) fn rename(call: &mut Call<'_>) -> Outcome {
    move_to(call, false)?;
    call.ok()
}

pub(super) fn renamenx(call: &mut Call<'_>) -> Outcome {
    let moved = move_to(call, true)?;
    call.number(i64::from(moved))
}

/// Gives a value another key. False if that is taken and `if_free`.
fn move_to(call: &mut Call<'_>, if_free: bool) -> Result<bool, Fault> {
    let (from, to) = (call.arg(1), call.arg(2));
    call.find(from).ok_or(Fault::NoSuchKey)?;
    if from == to {
        return Ok(!if_free);
    }
    if let Some(taken) = call.find(to) {
        if if_free {
            return Ok(false);
        }
        call.shard.remove(call.db, taken);
    }
    call.shard.rename(call.db, from, to);
    call.changed(from);
    call.effects.change(call.db, to);
    call.event(EventClass::New, "new", to);
    call.event(EventClass::Generic, "rename_from", from);
    call.event(EventClass::Generic, "rename_to", to);
    call.effects.ready(call.db, to);
    Ok(true)
}

pub(super) fn keys(call: &mut Call<'_>) -> Outcome {
    let (pattern, now_ms) = (call.arg(1), call.shard.now_ms);
    let db = call.shard.db(call.db);
    let is_live = |key: &&[u8]| {
        let found = call.shard.find(call.db, key);
        found.and_then(|found| db.expiry_ms(found)).is_none_or(|at| at > now_ms)
    };
    let matching: Vec<&[u8]> = db.keys().filter(|key| glob::matches(pattern, key)).filter(is_live).collect();
    call.reply.array(matching.len());
    for key in matching {
        call.reply.bulk(key);
    }
    Ok(Done::Replied)
}

/// Keys that `RANDOMKEY` looks at where those whose time is over stay.
const RANDOM_TRIES: usize = 100;

pub(super) fn randomkey(call: &mut Call<'_>) -> Outcome {
    let mut tries = 0;
    while let Some(key) = call.shard.random_key(call.db) {
        if call.find_in(call.db, &key).is_some() {
            return call.answer(|reply| reply.bulk(&key));
        }
        // A key that is over is gone now, unless keys do not go by themselves: nearly all may be over then.
        tries += usize::from(!call.shard.may_expire);
        if tries == RANDOM_TRIES {
            break;
        }
    }
    call.answer(|reply| reply.null())
}

pub(super) fn dbsize(call: &mut Call<'_>) -> Outcome {
    let keys = call.shard.db(call.db).len();
    call.count(keys)
}

pub(super) fn flushdb(call: &mut Call<'_>) -> Outcome {
    check_mode(call)?;
    flush(call, call.db);
    call.effects.propagation = Propagation::Always;
    call.ok()
}

pub(super) fn flushall(call: &mut Call<'_>) -> Outcome {
    check_mode(call)?;
    for db in 0..call.shard.databases() {
        flush(call, db);
    }
    // It is told to replicas even if there was nothing.
    call.effects.dirty += 1;
    call.ok()
}

/// Both ways are the same here: what takes long to free is freed by somebody else.
fn check_mode(call: &Call<'_>) -> Result<(), Fault> {
    match call.argc() {
        1 => Ok(()),
        2 if call.is(1, "SYNC") || call.is(1, "ASYNC") => Ok(()),
        _ => Err(Fault::Syntax),
    }
}

fn flush(call: &mut Call<'_>, db: usize) {
    call.effects.dirty += call.shard.flush(db) as u64;
    call.effects.flushed.push(db);
}
