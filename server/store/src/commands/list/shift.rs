//! Moving an element from one list to another.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::list::End;
use crate::listpack::Item;

use super::pop::take;
use super::push::push_all;
use super::{end_at, push_name, view};

/// From where to where.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) from: End,
    pub(super) to: End,
}

/// From the tail to the head.
pub(super) const ROTATE: Ends = Ends { from: End::Right, to: End::Left };

impl Ends {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Fault> {
        Ok(Self { from: end_at(call, 3)?, to: end_at(call, 4)? })
    }
}

pub(super) fn lmove(call: &mut Call<'_>) -> Outcome {
    let ends = Ends::read(call)?;
    shift_or_null(call, ends)
}

pub(super) fn rpoplpush(call: &mut Call<'_>) -> Outcome {
    shift_or_null(call, ROTATE)
}

fn shift_or_null(call: &mut Call<'_>, ends: Ends) -> Outcome {
    match shift(call, ends)? {
        Some(element) => call.answer(|reply| reply.bulk(element)),
        None => call.answer(|reply| reply.null()),
    }
}

/// Moves an element. `None` if there is none.
pub(super) fn shift(call: &mut Call<'_>, ends: Ends) -> Result<Option<Vec<u8>>, Fault> {
    let (source, destination) = (call.arg(1), call.arg(2));
    let Some(from) = call.find(source) else { return Ok(None) };
    let list = view(call.shard, call.db, from)?;
    let Some(element) = list.at_end(ends.from).map(|place| Item::to_vec(list.get(place))) else { return Ok(None) };
    let dirty = call.effects.dirty;
    if source == destination {
        super::change(call, from, |list, limit| {
            list.trim(ends.from, 1);
            list.prepare(1, element.len(), limit);
            list.push(ends.to, &element, limit);
        })?;
        call.event(EventClass::List, push_name(ends.to), destination);
        call.event(EventClass::List, super::pop_name(ends.from), source);
        call.effects.change(call.db, source);
    } else {
        let to = call.find(destination);
        push_all(call, destination, to, ends.to, &[&element])?;
        call.event(EventClass::List, push_name(ends.to), destination);
        // Adding a key may have moved the other.
        if let Some(from) = call.find(source) {
            take(call, from, source, ends.from, 1)?;
        }
    }
    call.effects.dirty = dirty + 1;
    Ok(Some(element))
}
