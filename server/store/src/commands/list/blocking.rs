//! Commands that wait for elements.

use crate::call::{Call, Done, Otherwise, Outcome, Wait};
use crate::commands::timeout::parse_timeout;
use crate::list::End;

use super::pop::{Request, pop_first, take, write};
use super::shift::{Ends, ROTATE, shift};
use super::{pop_name, view};

pub(super) fn blpop(call: &mut Call<'_>) -> Outcome {
    pop(call, End::Left)
}

pub(super) fn brpop(call: &mut Call<'_>) -> Outcome {
    pop(call, End::Right)
}

fn wait(keys: &[&[u8]], timeout_ms: Option<u64>, otherwise: Otherwise) -> Outcome {
    let keys = keys.iter().map(|key| key.to_vec()).collect();
    Ok(Done::Wait(Wait { keys, type_name: "list", timeout_ms, otherwise }))
}

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    let timeout = call.argc() - 1;
    let timeout_ms = parse_timeout(call, timeout)?;
    let keys = &call.argv[1..timeout];
    for key in keys {
        let Some(found) = call.find(key) else { continue };
        let list = view(call.shard, call.db, found)?;
        call.reply.array(2);
        call.reply.bulk(key);
        write(list, end, 1, &mut call.reply);
        take(call, found, key, end, 1)?;
        call.effects.instead(vec![pop_name(end).to_uppercase().into_bytes(), key.to_vec()]);
        return Ok(Done::Replied);
    }
    wait(keys, timeout_ms, Otherwise::NullArray)
}

pub(super) fn blmove(call: &mut Call<'_>) -> Outcome {
    let ends = Ends::read(call)?;
    let timeout_ms = parse_timeout(call, 5)?;
    let command = [&[&b"LMOVE"[..]], &call.argv[1..5]].concat();
    shift_or_wait(call, ends, timeout_ms, &command)
}

pub(super) fn brpoplpush(call: &mut Call<'_>) -> Outcome {
    let timeout_ms = parse_timeout(call, 3)?;
    let command = [&[&b"RPOPLPUSH"[..]], &call.argv[1..3]].concat();
    shift_or_wait(call, ROTATE, timeout_ms, &command)
}

fn shift_or_wait(call: &mut Call<'_>, ends: Ends, timeout_ms: Option<u64>, command: &[&[u8]]) -> Outcome {
    match shift(call, ends)? {
        Some(element) => {
            call.effects.instead(command.iter().map(|word| word.to_vec()).collect());
            call.answer(|reply| reply.bulk(element))
        }
        None => wait(&call.argv[1..2], timeout_ms, Otherwise::Null),
    }
}

pub(super) fn blmpop(call: &mut Call<'_>) -> Outcome {
    let timeout_ms = parse_timeout(call, 1)?;
    let request = Request::read(call, 2)?;
    if pop_first(call, &request)? {
        return Ok(Done::Replied);
    }
    wait(request.keys, timeout_ms, Otherwise::NullArray)
}
