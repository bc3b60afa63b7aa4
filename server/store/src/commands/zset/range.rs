//! Giving the members of a range.

use crate::call::{Call, Done, Fault, Outcome};
use crate::zset::Zset;

use super::bounds::{Bounds, LexRange, ScoreRange, limit};
use super::{limits, reply, store, view};

/// What a range is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// What a command is, or leaves to its arguments.
#[derive(Clone, Copy, Default)]
struct Preset {
    by: Option<By>,
    backwards: Option<bool>,
    /// The key is stored, so that the source is the argument after it.
    stores: bool,
}

pub(super) fn zrange(call: &mut Call<'_>) -> Outcome {
    run(call, Preset::default())
}

pub(super) fn zrangestore(call: &mut Call<'_>) -> Outcome {
    run(call, Preset { stores: true, ..Preset::default() })
}

pub(super) fn zrevrange(call: &mut Call<'_>) -> Outcome {
    run(call, Preset { by: Some(By::Rank), backwards: Some(true), stores: false })
}

pub(super) fn zrangebyscore(call: &mut Call<'_>) -> Outcome {
    run(call, Preset { by: Some(By::Score), backwards: Some(false), stores: false })
}

pub(super) fn zrevrangebyscore(call: &mut Call<'_>) -> Outcome {
    run(call, Preset { by: Some(By::Score), backwards: Some(true), stores: false })
}

pub(super) fn zrangebylex(call: &mut Call<'_>) -> Outcome {
    run(call, Preset { by: Some(By::Lex), backwards: Some(false), stores: false })
}

pub(super) fn zrevrangebylex(call: &mut Call<'_>) -> Outcome {
    run(call, Preset { by: Some(By::Lex), backwards: Some(true), stores: false })
}

struct Request<'a> {
    source: &'a [u8],
    bounds: Bounds<'a>,
    backwards: bool,
    with_scores: bool,
    /// Members to be skipped and to be given.
    limit: (i64, i64),
}

impl<'a> Request<'a> {
    fn read(call: &Call<'a>, preset: Preset) -> Result<Self, Fault> {
        let first = if preset.stores { 2 } else { 1 };
        let (mut by, mut backwards, mut with_scores, mut limit) = (preset.by, preset.backwards, false, (0, -1));
        let mut index = first + 3;
        while index < call.argc() {
            if !preset.stores && call.is(index, "WITHSCORES") {
                with_scores = true;
            } else if call.is(index, "LIMIT") && index + 2 < call.argc() {
                limit = (call.int(index + 1)?, call.int(index + 2)?);
                index += 2;
            } else if backwards.is_none() && call.is(index, "REV") {
                backwards = Some(true);
            } else if by.is_none() && call.is(index, "BYLEX") {
                by = Some(By::Lex);
            } else if by.is_none() && call.is(index, "BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(Fault::Syntax);
            }
            index += 1;
        }
        let (by, backwards) = (by.unwrap_or(By::Rank), backwards.unwrap_or(false));
        if limit.1 != -1 && by == By::Rank {
            return Err(Fault::OutOfRange(
                "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(Fault::OutOfRange("syntax error, WITHSCORES not supported in combination with BYLEX"));
        }
        let (min, max) = if backwards { (first + 2, first + 1) } else { (first + 1, first + 2) };
        let bounds = match by {
            By::Rank => Bounds::Ranks(call.int(first + 1)?, call.int(first + 2)?),
            By::Score => Bounds::Scores(ScoreRange::parse(call.arg(min), call.arg(max))?),
            By::Lex => Bounds::Lex(LexRange::parse(call.arg(min), call.arg(max))?),
        };
        let limit = if by == By::Rank { (0, -1) } else { limit };
        Ok(Self { source: call.arg(first), bounds, backwards, with_scores, limit })
    }

    fn ranks(&self, zset: &Zset) -> std::ops::Range<usize> {
        limit(self.bounds.ranks(zset, self.backwards), self.backwards, self.limit.0, self.limit.1)
    }
}

fn run(call: &mut Call<'_>, preset: Preset) -> Outcome {
    let request = Request::read(call, preset)?;
    let found = call.read(request.source);
    if preset.stores {
        return run_store(call, &request, found);
    }
    let Some(found) = found else { return call.answer(|reply| reply.array(0)) };
    let zset = view(call.shard, call.db, found)?;
    reply::ranks(&mut call.reply, zset, request.ranks(zset), request.backwards, request.with_scores);
    Ok(Done::Replied)
}

fn run_store(call: &mut Call<'_>, request: &Request<'_>, found: Option<crate::keyspace::Found>) -> Outcome {
    let mut result = Zset::new();
    if let Some(found) = found {
        let (zset, limits) = (view(call.shard, call.db, found)?, limits(call.shard));
        zset.each(request.ranks(zset), false, |member, score| {
            result.set(member, score, limits);
        });
    }
    store(call, call.arg(1), result, "zrangestore")
}
