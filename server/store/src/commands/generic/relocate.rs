//! Values that are copied or go to another database.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::keyspace::{New, Object, Stored};

const NO_SUCH_DB: Fault = Fault::text("ERR DB index is out of range");
const SAME: Fault = Fault::text("ERR source and destination objects are the same");

/// A value of its own.
enum Value {
    Text(Vec<u8>),
    Raw(Vec<u8>),
    Int(i64),
    Object(Object),
}

impl Value {
    fn copy_of(stored: Stored<'_>) -> Self {
        match stored {
            Stored::Text(text) => Self::Text(text.to_vec()),
            Stored::Raw(text) => Self::Raw(text.to_vec()),
            Stored::Int(n) => Self::Int(n),
            Stored::Object(object) => Self::Object(object.clone()),
        }
    }

    /// Gives the value a key that is free.
    fn store(self, call: &mut Call<'_>, db: usize, key: &[u8], expiry_ms: Option<u64>, clock: Option<u32>) {
        let shard = &mut *call.shard;
        let found = match self {
            Self::Text(text) => shard.store(db, None, key, New::Text(&text), expiry_ms),
            Self::Raw(text) => shard.store(db, None, key, New::Raw(&text), expiry_ms),
            Self::Int(n) => shard.store(db, None, key, New::Int(n), expiry_ms),
            Self::Object(object) => shard.store(db, None, key, New::Object(object), expiry_ms),
        };
        if let Some(clock) = clock {
            shard.db_mut(db).set_clock(found, clock);
        }
        call.effects.event(EventClass::New, "new", db, key);
        call.effects.change(db, key);
        call.effects.ready(db, key);
    }
}

pub(super) fn copy(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (call.arg(1), call.arg(2));
    let (mut db, mut replace, mut index) = (call.db, false, 3);
    while index < call.argc() {
        if call.is(index, "REPLACE") {
            replace = true;
        } else if call.is(index, "DB") && index + 1 < call.argc() {
            index += 1;
            db = db_at(call, index)?;
        } else {
            return Err(Fault::Syntax);
        }
        index += 1;
    }
    if db == call.db && from == to {
        return Err(SAME);
    }
    if call.read(from).is_none() {
        return call.number(0);
    }
    let taken = call.find_in(db, to);
    if taken.is_some() && !replace {
        return call.number(0);
    }
    // Only now, as the second look-up may have moved what the first one found.
    let Some(source) = call.shard.find(call.db, from) else { return call.number(0) };
    let expiry_ms = call.shard.db(call.db).expiry_ms(source);
    let value = Value::copy_of(call.value(source));
    if let Some(taken) = taken {
        call.shard.remove(db, taken);
    }
    value.store(call, db, to, expiry_ms, None);
    call.effects.dirty += 1;
    call.effects.event(EventClass::Generic, "copy_to", db, to);
    call.number(1)
}

pub(super) fn move_to_db(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let (from, to) = (call.db, db_at(call, 2)?);
    if from == to {
        return Err(SAME);
    }
    let Some(source) = call.find(key) else { return call.number(0) };
    if call.find_in(to, key).is_some() {
        return call.number(0);
    }
    let db = call.shard.db(from);
    let (expiry_ms, clock) = (db.expiry_ms(source), db.clock(source));
    let value = match db.value(source) {
        Stored::Object(_) => call.shard.take(from, source).map(Value::Object),
        stored => {
            let copy = Value::copy_of(stored);
            call.shard.remove(from, source);
            Some(copy)
        }
    };
    call.changed(key);
    if let Some(value) = value {
        value.store(call, to, key, expiry_ms, Some(clock));
    }
    call.effects.event(EventClass::Generic, "move_from", from, key);
    call.effects.event(EventClass::Generic, "move_to", to, key);
    call.number(1)
}

pub(super) fn swapdb(call: &mut Call<'_>) -> Outcome {
    let number = |index, otherwise| call.int_within(index, i32::MIN.into(), i32::MAX.into(), otherwise);
    let one = number(1, "").map_err(|_| Fault::text("ERR invalid first DB index"))?;
    let other = number(2, "").map_err(|_| Fault::text("ERR invalid second DB index"))?;
    let (one, other) = (db_of(call, one)?, db_of(call, other)?);
    if one != other {
        call.shard.swap(one, other);
        call.effects.swapped.extend([one, other]);
    }
    call.effects.dirty += 1;
    call.ok()
}

/// The database whose number stands there.
fn db_at(call: &Call<'_>, index: usize) -> Result<usize, Fault> {
    let out_of_range = "value is out of range, value must between -2147483648 and 2147483647";
    let n = call.int_within(index, i32::MIN.into(), i32::MAX.into(), out_of_range)?;
    db_of(call, n)
}

fn db_of(call: &Call<'_>, n: i64) -> Result<usize, Fault> {
    usize::try_from(n).ok().filter(|db| *db < call.shard.databases()).ok_or(NO_SUCH_DB)
}
