//! Reading strings.

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::commands::expiry::{Expiry, TimeForm, parse_expiry};
use crate::keyspace::{Found, Stored};

/// Writes the string there.
pub(super) fn write(call: &mut Call<'_>, found: Found) -> Result<(), Fault> {
    match call.shard.db(call.db).value(found) {
        Stored::Text(text) | Stored::Raw(text) => call.reply.bulk(text),
        Stored::Int(n) => call.reply.bulk_integer(n),
        Stored::Object(_) => return Err(Fault::WrongType),
    }
    Ok(())
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    match call.read(call.arg(1)) {
        Some(found) => write(call, found)?,
        None => call.reply.null(),
    }
    Ok(Done::Replied)
}

pub(super) fn mget(call: &mut Call<'_>) -> Outcome {
    call.reply.array(call.argc() - 1);
    for key in &call.argv[1..] {
        match call.read(key) {
            Some(found) if !matches!(call.value(found), Stored::Object(_)) => write(call, found)?,
            _ => call.reply.null(),
        }
    }
    Ok(Done::Replied)
}

pub(super) fn strlen(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let len = match call.value(found) {
        Stored::Text(text) | Stored::Raw(text) => text.len(),
        Stored::Int(n) => n.to_string().len(),
        Stored::Object(_) => return Err(Fault::WrongType),
    };
    call.count(len)
}

pub(super) fn getdel(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let Some(found) = call.read(key) else { return call.answer(|reply| reply.null()) };
    write(call, found)?;
    call.delete(found, key);
    call.effects.instead(vec![b"DEL".to_vec(), key.to_vec()]);
    Ok(Done::Replied)
}

pub(super) fn getset(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1), call.arg(2));
    let found = call.read(key);
    match found {
        Some(found) => write(call, found)?,
        None => call.reply.null(),
    }
    call.store_at(found, key, super::new_string(value), None);
    call.event(EventClass::String, "set", key);
    call.effects.instead(vec![b"SET".to_vec(), key.to_vec(), value.to_vec()]);
    Ok(Done::Replied)
}

pub(super) fn getex(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let is_form = TimeForm::of_option(call.arg(2)).is_some();
    match call.argc() {
        2 => {}
        3 if call.is(2, "PERSIST") => {}
        4 if is_form => {}
        _ => return Err(Fault::Syntax),
    }
    let Some(found) = call.read(key) else { return call.answer(|reply| reply.null()) };
    // Of two mistakes, clients of Redis hear of this one.
    if matches!(call.value(found), Stored::Object(_)) {
        return Err(Fault::WrongType);
    }
    let expiry = match call.argc() {
        2 => None,
        3 => Some(Expiry::Never),
        _ => parse_expiry(call, 2)?,
    };
    write(call, found)?;
    match expiry {
        None => {}
        Some(Expiry::At(at)) if at <= call.shard.now_ms && call.shard.may_expire => {
            call.delete(found, key);
            call.effects.gone_instead(key, call.shard.settings.unlinks_expired);
        }
        Some(Expiry::At(at)) => {
            call.shard.db_mut(call.db).set_expiry(found, Some(at));
            call.changed(key);
            call.event(EventClass::Generic, "expire", key);
            call.effects.instead(vec![b"PEXPIREAT".to_vec(), key.to_vec(), at.to_string().into_bytes()]);
        }
        Some(Expiry::Never) if call.shard.db(call.db).expiry_ms(found).is_some() => {
            call.shard.db_mut(call.db).set_expiry(found, None);
            call.changed(key);
            call.event(EventClass::Generic, "persist", key);
            call.effects.instead(vec![b"PERSIST".to_vec(), key.to_vec()]);
        }
        Some(Expiry::Never) => {}
    }
    Ok(Done::Replied)
}
