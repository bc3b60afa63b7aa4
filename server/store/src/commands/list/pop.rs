//! Taking elements from the ends.

use bongsu_protocol::resp::Writer;

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::commands::items::write_item;
use crate::keyspace::Found;
use crate::list::{End, List};

use super::{change, end_at, pop_name, view};

pub(super) fn lpop(call: &mut Call<'_>) -> Outcome {
    pop(call, End::Left)
}

pub(super) fn rpop(call: &mut Call<'_>) -> Outcome {
    pop(call, End::Right)
}

const NOT_POSITIVE: &str = "value is out of range, must be positive";

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    if call.argc() > 3 {
        let name = pop_name(end);
        return Err(Fault::made(format!("ERR wrong number of arguments for '{name}' command")));
    }
    let key = call.arg(1);
    let count = match call.argc() {
        2 => None,
        _ => Some(call.count_at(2, NOT_POSITIVE)?),
    };
    let Some(found) = call.find(key) else {
        return call.answer(|reply| if count.is_some() { reply.null_array() } else { reply.null() });
    };
    match count {
        None => {
            let list = view(call.shard, call.db, found)?;
            write(list, end, 1, &mut call.reply);
            take(call, found, key, end, 1)?;
        }
        Some(count) => {
            let list = view(call.shard, call.db, found)?;
            let count = count.min(list.len());
            call.reply.array(count);
            if count > 0 {
                write(list, end, count, &mut call.reply);
                take(call, found, key, end, count)?;
            }
        }
    }
    Ok(Done::Replied)
}

/// Writes the elements that are taken next.
pub(super) fn write(list: &List, end: End, count: usize, reply: &mut Writer<'_>) {
    list.iter_from(list.at_end(end), end.other()).take(count).for_each(|item| write_item(reply, item));
}

/// Removes elements from an end, of which there are so many.
pub(super) fn take(call: &mut Call<'_>, found: Found, key: &[u8], end: End, count: usize) -> Result<(), Fault> {
    let left = change(call, found, |list, limit| {
        list.trim(end, count);
        list.relax(limit);
        list.len()
    })?;
    call.event(EventClass::List, pop_name(end), key);
    if left == 0 {
        call.delete_emptied(found, key);
    }
    call.effects.change(call.db, key);
    call.effects.dirty += count as u64;
    Ok(())
}

pub(super) fn lmpop(call: &mut Call<'_>) -> Outcome {
    let request = Request::read(call, 1)?;
    if pop_first(call, &request)? {
        return Ok(Done::Replied);
    }
    call.answer(|reply| reply.null_array())
}

/// What `LMPOP` and `BLMPOP` ask for.
pub(super) struct Request<'a> {
    pub(super) keys: &'a [&'a [u8]],
    pub(super) end: End,
    pub(super) count: usize,
}

impl<'a> Request<'a> {
    /// The number of keys is argument `index`.
    pub(super) fn read(call: &Call<'a>, index: usize) -> Result<Self, Fault> {
        let keys = call.positive_at(index, "numkeys should be greater than 0")?;
        let first = index + 1;
        let direction = first.checked_add(keys).filter(|at| *at < call.argc()).ok_or(Fault::Syntax)?;
        let end = end_at(call, direction)?;
        let count = match call.argc() - direction - 1 {
            0 => 1,
            2 if call.is(direction + 1, "COUNT") => {
                call.positive_at(direction + 2, "count should be greater than 0")?
            }
            _ => return Err(Fault::Syntax),
        };
        Ok(Self { keys: &call.argv[first..direction], end, count })
    }
}

/// Takes from the first list that is there, and answers with its key and the elements. False if none is there.
pub(super) fn pop_first(call: &mut Call<'_>, request: &Request<'_>) -> Result<bool, Fault> {
    for key in request.keys {
        let Some(found) = call.find(key) else { continue };
        let list = view(call.shard, call.db, found)?;
        let count = request.count.min(list.len());
        call.reply.array(2);
        call.reply.bulk(key);
        call.reply.array(count);
        write(list, request.end, count, &mut call.reply);
        take(call, found, key, request.end, count)?;
        let name = pop_name(request.end).to_uppercase().into_bytes();
        call.effects.instead(vec![name, key.to_vec(), count.to_string().into_bytes()]);
        return Ok(true);
    }
    Ok(false)
}
