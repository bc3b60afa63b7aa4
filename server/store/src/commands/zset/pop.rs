//! Taking members from the ends.

use bongsu_protocol::resp::Protocol;

use crate::call::{Call, Done, Fault, Otherwise, Outcome, Wait};
use crate::commands::timeout::parse_timeout;
use crate::keyspace::Found;

use super::remove::finish_at;
use super::{change, view};

/// Which end members are taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Min,
    Max,
}

impl End {
    fn pop_name(self) -> &'static str {
        match self {
            Self::Min => "zpopmin",
            Self::Max => "zpopmax",
        }
    }

    /// What replicas are told.
    fn command(self, key: &[u8], count: Option<usize>) -> Vec<Vec<u8>> {
        let mut words = vec![self.pop_name().to_uppercase().into_bytes(), key.to_vec()];
        words.extend(count.map(|count| count.to_string().into_bytes()));
        words
    }
}

pub(super) fn zpopmin(call: &mut Call<'_>) -> Outcome {
    pop(call, End::Min)
}

pub(super) fn zpopmax(call: &mut Call<'_>) -> Outcome {
    pop(call, End::Max)
}

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(call.count_at(2, "value is out of range, must be positive")?),
        _ => return Err(Fault::Syntax),
    };
    let key = call.arg(1);
    let Some(found) = call.find(key) else { return call.answer(|reply| reply.array(0)) };
    let taken = view(call.shard, call.db, found)?.len().min(count.unwrap_or(1));
    let nested = count.is_some() && call.reply.protocol() == Protocol::Resp3;
    call.reply.array(if nested { taken } else { taken * 2 });
    take(call, found, key, end, taken, nested)?;
    Ok(Done::Replied)
}

/// Writes members and scores, each pair an array of its own if `nested`, and removes them.
fn take(call: &mut Call<'_>, found: Found, key: &[u8], end: End, count: usize, nested: bool) -> Result<(), Fault> {
    if count == 0 {
        return Ok(());
    }
    let zset = view(call.shard, call.db, found)?;
    let ranks = match end {
        End::Min => 0..count,
        End::Max => zset.len() - count..zset.len(),
    };
    let reply = &mut call.reply;
    zset.each(ranks.clone(), end == End::Max, |member, score| {
        if nested {
            reply.array(2);
        }
        reply.bulk(member);
        reply.double(score);
    });
    change(call, found, |zset, _| zset.remove_ranks(ranks))?;
    finish_at(call, found, key, count, end.pop_name())
}

/// What `ZMPOP` and `BZMPOP` ask for.
struct Request<'a> {
    keys: &'a [&'a [u8]],
    end: End,
    count: usize,
}

impl<'a> Request<'a> {
    /// The number of keys is argument `index`.
    fn read(call: &Call<'a>, index: usize) -> Result<Self, Fault> {
        let keys = call.positive_at(index, "numkeys should be greater than 0")?;
        let first = index + 1;
        let at = first.checked_add(keys).filter(|at| *at < call.argc()).ok_or(Fault::Syntax)?;
        let end = if call.is(at, "MIN") {
            End::Min
        } else if call.is(at, "MAX") {
            End::Max
        } else {
            return Err(Fault::Syntax);
        };
        let count = match call.argc() - at - 1 {
            0 => 1,
            rest if rest >= 2 && call.is(at + 1, "COUNT") => {
                let count = call.positive_at(at + 2, "count should be greater than 0")?;
                if rest > 2 {
                    return Err(Fault::Syntax);
                }
                count
            }
            _ => return Err(Fault::Syntax),
        };
        Ok(Self { keys: &call.argv[first..at], end, count })
    }

    /// Takes from the first sorted set that is there. False if there is none.
    fn take(&self, call: &mut Call<'_>) -> Result<bool, Fault> {
        for key in self.keys {
            let Some(found) = call.find(key) else { continue };
            let count = view(call.shard, call.db, found)?.len().min(self.count);
            call.reply.array(2);
            call.reply.bulk(key);
            call.reply.array(count);
            take(call, found, key, self.end, count, true)?;
            call.effects.instead(self.end.command(key, Some(count)));
            return Ok(true);
        }
        Ok(false)
    }
}

pub(super) fn zmpop(call: &mut Call<'_>) -> Outcome {
    if Request::read(call, 1)?.take(call)? {
        return Ok(Done::Replied);
    }
    call.answer(|reply| reply.null_array())
}

pub(super) fn bzmpop(call: &mut Call<'_>) -> Outcome {
    let request = Request::read(call, 2)?;
    let timeout_ms = parse_timeout(call, 1)?;
    if request.take(call)? {
        return Ok(Done::Replied);
    }
    wait(request.keys, timeout_ms)
}

pub(super) fn bzpopmin(call: &mut Call<'_>) -> Outcome {
    pop_or_wait(call, End::Min)
}

pub(super) fn bzpopmax(call: &mut Call<'_>) -> Outcome {
    pop_or_wait(call, End::Max)
}

fn pop_or_wait(call: &mut Call<'_>, end: End) -> Outcome {
    let last = call.argc() - 1;
    let timeout_ms = parse_timeout(call, last)?;
    let keys = &call.argv[1..last];
    for key in keys {
        let Some(found) = call.find(key) else { continue };
        view(call.shard, call.db, found)?;
        call.reply.array(3);
        call.reply.bulk(key);
        take(call, found, key, end, 1, false)?;
        call.effects.instead(end.command(key, None));
        return Ok(Done::Replied);
    }
    wait(keys, timeout_ms)
}

fn wait(keys: &[&[u8]], timeout_ms: Option<u64>) -> Outcome {
    let keys = keys.iter().map(|key| key.to_vec()).collect();
    Ok(Done::Wait(Wait { keys, type_name: "zset", timeout_ms, otherwise: Otherwise::NullArray }))
}
