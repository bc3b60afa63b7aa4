//! Writing whole strings.

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::commands::expiry::{Expiry, TimeForm, expiry_of, parse_expiry};

use super::{get, new_string};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Only {
    IfAbsent,
    IfPresent,
}

#[derive(Default)]
struct Options {
    only: Option<Only>,
    get: bool,
    keep_expiry: bool,
    expiry: Option<Expiry>,
}

fn options(call: &Call<'_>) -> Result<Options, Fault> {
    let mut options = Options::default();
    let mut index = 3;
    while index < call.argc() {
        if call.is(index, "NX") && options.only != Some(Only::IfPresent) {
            options.only = Some(Only::IfAbsent);
        } else if call.is(index, "XX") && options.only != Some(Only::IfAbsent) {
            options.only = Some(Only::IfPresent);
        } else if call.is(index, "GET") {
            options.get = true;
        } else if call.is(index, "KEEPTTL") && options.expiry.is_none() {
            options.keep_expiry = true;
        } else if options.expiry.is_none() && !options.keep_expiry && TimeForm::of_option(call.arg(index)).is_some() {
            options.expiry = parse_expiry(call, index)?;
            index += 1;
        } else {
            return Err(Fault::Syntax);
        }
        index += 1;
    }
    Ok(options)
}

pub(super) fn set(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1), call.arg(2));
    if call.argc() == 3 {
        call.store(key, new_string(value), None);
        call.event(EventClass::String, "set", key);
        return call.ok();
    }
    let options = options(call)?;
    let found = if options.get { call.read(key) } else { call.find(key) };
    if options.get {
        match found {
            Some(found) => get::write(call, found)?,
            None => call.reply.null(),
        }
    }
    let refused = match options.only {
        Some(Only::IfAbsent) => found.is_some(),
        Some(Only::IfPresent) => found.is_none(),
        None => false,
    };
    if refused {
        if !options.get {
            call.reply.null();
        }
        return Ok(Done::Replied);
    }
    let kept = found.and_then(|found| call.shard.db(call.db).expiry_ms(found)).filter(|_| options.keep_expiry);
    let at = match options.expiry {
        Some(Expiry::At(at)) => Some(at),
        _ => kept,
    };
    store(call, found, at);
    if let Some(Expiry::At(at)) = options.expiry {
        call.event(EventClass::Generic, "expire", key);
        let is_point = call.argv[3..].iter().any(|word| word.eq_ignore_ascii_case(b"PXAT"));
        if options.get || !is_point {
            call.effects.instead(with_expiry(key, value, at));
        }
    } else if options.get {
        let mut command = vec![b"SET".to_vec()];
        command.extend(call.argv[1..].iter().filter(|word| !word.eq_ignore_ascii_case(b"GET")).map(|w| w.to_vec()));
        // A value that spells the word is none of the options.
        if value.eq_ignore_ascii_case(b"GET") || key.eq_ignore_ascii_case(b"GET") {
            command = vec![b"SET".to_vec(), key.to_vec(), value.to_vec()];
            command.extend(options.keep_expiry.then(|| b"KEEPTTL".to_vec()));
        }
        call.effects.instead(command);
    }
    if !options.get {
        call.reply.simple("OK");
    }
    Ok(Done::Replied)
}

/// An expiry is told to replicas as a point in time, because they hear of it later.
fn with_expiry(key: &[u8], value: &[u8], at: u64) -> Vec<Vec<u8>> {
    vec![b"SET".to_vec(), key.to_vec(), value.to_vec(), b"PXAT".to_vec(), at.to_string().into_bytes()]
}

fn store(call: &mut Call<'_>, found: Option<crate::keyspace::Found>, at: Option<u64>) {
    let (key, value) = (call.arg(1), call.arg(2));
    call.store_at(found, key, new_string(value), at);
    call.event(EventClass::String, "set", key);
}

pub(super) fn setnx(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1), call.arg(2));
    if call.find(key).is_some() {
        return call.number(0);
    }
    call.store_at(None, key, new_string(value), None);
    call.event(EventClass::String, "set", key);
    call.number(1)
}

pub(super) fn setex(call: &mut Call<'_>) -> Outcome {
    set_for(call, true)
}

pub(super) fn psetex(call: &mut Call<'_>) -> Outcome {
    set_for(call, false)
}

fn set_for(call: &mut Call<'_>, seconds: bool) -> Outcome {
    let (key, value) = (call.arg(1), call.arg(3));
    let n = call.int(2)?;
    let Expiry::At(at) = expiry_of(call, TimeForm { seconds, relative: true }, n)? else { return Err(Fault::Syntax) };
    call.store(key, new_string(value), Some(at));
    call.event(EventClass::String, "set", key);
    call.event(EventClass::Generic, "expire", key);
    call.effects.instead(with_expiry(key, value, at));
    call.ok()
}

pub(super) fn mset(call: &mut Call<'_>) -> Outcome {
    set_all(call)?;
    call.ok()
}

pub(super) fn msetnx(call: &mut Call<'_>) -> Outcome {
    check_pairs(call)?;
    for pair in call.argv[1..].chunks_exact(2) {
        if call.find(pair[0]).is_some() {
            return call.number(0);
        }
    }
    set_all(call)?;
    call.number(1)
}

fn check_pairs(call: &Call<'_>) -> Result<(), Fault> {
    if call.argc().is_multiple_of(2) {
        let name = String::from_utf8_lossy(call.arg(0)).to_lowercase();
        return Err(Fault::made(format!("ERR wrong number of arguments for '{name}' command")));
    }
    Ok(())
}

fn set_all(call: &mut Call<'_>) -> Result<(), Fault> {
    check_pairs(call)?;
    for pair in call.argv[1..].chunks_exact(2) {
        call.store(pair[0], new_string(pair[1]), None);
        call.event(EventClass::String, "set", pair[0]);
    }
    Ok(())
}
