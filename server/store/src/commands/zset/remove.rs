//! Removing members.

use crate::call::{Call, EventClass, Fault, Outcome};
use crate::keyspace::Found;

use super::bounds::{Bounds, LexRange, ScoreRange};
use super::{change, view};

pub(super) fn zrem(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1);
    let Some(found) = call.find(key) else { return call.number(0) };
    view(call.shard, call.db, found)?;
    let members = &call.argv[2..];
    let removed = change(call, found, |zset, _| members.iter().filter(|member| zset.remove(member)).count())?;
    finish(call, found, removed, "zrem")?;
    call.count(removed)
}

pub(super) fn zremrangebyrank(call: &mut Call<'_>) -> Outcome {
    let bounds = Bounds::Ranks(call.int(2)?, call.int(3)?);
    remove_range(call, &bounds, "zremrangebyrank")
}

pub(super) fn zremrangebyscore(call: &mut Call<'_>) -> Outcome {
    let bounds = Bounds::Scores(ScoreRange::parse(call.arg(2), call.arg(3))?);
    remove_range(call, &bounds, "zremrangebyscore")
}

pub(super) fn zremrangebylex(call: &mut Call<'_>) -> Outcome {
    let bounds = Bounds::Lex(LexRange::parse(call.arg(2), call.arg(3))?);
    remove_range(call, &bounds, "zremrangebylex")
}

fn remove_range(call: &mut Call<'_>, bounds: &Bounds<'_>, event: &'static str) -> Outcome {
    let Some(found) = call.find(call.arg(1)) else { return call.number(0) };
    let ranks = bounds.ranks(view(call.shard, call.db, found)?, false);
    let removed = ranks.len();
    if removed > 0 {
        change(call, found, |zset, _| zset.remove_ranks(ranks))?;
    }
    finish(call, found, removed, event)?;
    call.count(removed)
}

/// Tells what was removed, and removes the key if nothing is left.
fn finish(call: &mut Call<'_>, found: Found, removed: usize, event: &'static str) -> Result<(), Fault> {
    if removed > 0 {
        let key = call.arg(1);
        finish_at(call, found, key, removed, event)?;
    }
    Ok(())
}

/// As [`finish`], for any key.
pub(super) fn finish_at(
    call: &mut Call<'_>,
    found: Found,
    key: &[u8],
    removed: usize,
    event: &'static str,
) -> Result<(), Fault> {
    call.event(EventClass::Zset, event, key);
    if view(call.shard, call.db, found)?.is_empty() {
        call.delete_emptied(found, key);
    }
    call.effects.change(call.db, key);
    call.effects.dirty += removed as u64;
    Ok(())
}
