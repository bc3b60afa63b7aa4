//! Adding elements.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::keyspace::{Found, Object};
use crate::list::{End, List};

use super::{change, limit, push_name, view};

pub(super) fn lpush(call: &mut Call<'_>) -> Outcome {
    push(call, End::Left, false)
}

pub(super) fn rpush(call: &mut Call<'_>) -> Outcome {
    push(call, End::Right, false)
}

pub(super) fn lpushx(call: &mut Call<'_>) -> Outcome {
    push(call, End::Left, true)
}

pub(super) fn rpushx(call: &mut Call<'_>) -> Outcome {
    push(call, End::Right, true)
}

fn push(call: &mut Call<'_>, end: End, only_if_there: bool) -> Outcome {
    let (key, elements) = (call.arg(1), &call.argv[2..]);
    let found = call.find(key);
    if found.is_none() && only_if_there {
        return call.number(0);
    }
    let len = push_all(call, key, found, end, elements)?;
    call.effects.dirty += elements.len() as u64 - 1;
    call.event(EventClass::List, push_name(end), key);
    call.count(len)
}

/// Adds elements to a list, which is made if it is not there. The length afterwards.
pub(super) fn push_all(
    call: &mut Call<'_>,
    key: &[u8],
    found: Option<Found>,
    end: End,
    elements: &[&[u8]],
) -> Result<usize, Fault> {
    let bytes = elements.iter().map(|element| element.len()).sum();
    let limit = limit(call);
    let add = |list: &mut List| {
        list.prepare(elements.len(), bytes, limit);
        elements.iter().for_each(|element| list.push(end, element, limit));
        list.len()
    };
    let len = match found {
        Some(found) => {
            let len = change(call, found, |list, _| add(list))?;
            call.changed(key);
            len
        }
        None => {
            let mut list = List::default();
            let len = add(&mut list);
            list.tidy();
            call.create(key, Object::List(list));
            len
        }
    };
    call.effects.ready(call.db, key);
    Ok(len)
}

pub(super) fn lset(call: &mut Call<'_>) -> Outcome {
    let (key, element) = (call.arg(1), call.arg(3));
    let found = call.find(key).ok_or(Fault::NoSuchKey)?;
    let len = view(call.shard, call.db, found)?.len();
    let index = super::read::position(call.int(2)?, len).ok_or(Fault::IndexOutOfRange)?;
    change(call, found, |list, limit| {
        list.prepare(1, element.len(), limit);
        if let Some(place) = list.seek(index) {
            list.replace(place, element, limit);
        }
        list.relax(limit);
    })?;
    call.changed(key);
    call.event(EventClass::List, "lset", key);
    call.ok()
}

pub(super) fn linsert(call: &mut Call<'_>) -> Outcome {
    let (key, pivot, element) = (call.arg(1), call.arg(3), call.arg(4));
    let before = match () {
        () if call.is(2, "BEFORE") => true,
        () if call.is(2, "AFTER") => false,
        () => return Err(Fault::Syntax),
    };
    let Some(found) = call.find(key) else { return call.number(0) };
    let pivot = crate::listpack::Item::of(pivot);
    let Some(index) = view(call.shard, call.db, found)?.iter().position(|item| item == pivot) else {
        return call.number(-1);
    };
    let len = change(call, found, |list, limit| {
        list.prepare(1, element.len(), limit);
        if let Some(place) = list.seek(index) {
            list.insert(place, before, element, limit);
        }
        list.len()
    })?;
    call.changed(key);
    call.event(EventClass::List, "linsert", key);
    call.count(len)
}
