//! Asking for members, scores, ranks and counts.

use crate::call::{Call, Done, Fault, Outcome};

use super::bounds::{LexRange, ScoreRange};
use super::view;

pub(super) fn zcard(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let len = view(call.shard, call.db, found)?.len();
    call.count(len)
}

pub(super) fn zscore(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.null()) };
    match view(call.shard, call.db, found)?.score(call.arg(2)) {
        Some(score) => call.reply.double(score),
        None => call.reply.null(),
    }
    Ok(Done::Replied)
}

pub(super) fn zmscore(call: &mut Call<'_>) -> Outcome {
    let zset = match call.read(call.arg(1)) {
        Some(found) => Some(view(call.shard, call.db, found)?),
        None => None,
    };
    let members = &call.argv[2..];
    call.reply.array(members.len());
    for member in members {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => call.reply.double(score),
            None => call.reply.null(),
        }
    }
    Ok(Done::Replied)
}

pub(super) fn zcount(call: &mut Call<'_>) -> Outcome {
    let range = ScoreRange::parse(call.arg(2), call.arg(3))?;
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let ranks = range.ranks(view(call.shard, call.db, found)?);
    call.count(ranks.len())
}

pub(super) fn zlexcount(call: &mut Call<'_>) -> Outcome {
    let range = LexRange::parse(call.arg(2), call.arg(3))?;
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let ranks = range.ranks(view(call.shard, call.db, found)?);
    call.count(ranks.len())
}

pub(super) fn zrank(call: &mut Call<'_>) -> Outcome {
    rank(call, false)
}

pub(super) fn zrevrank(call: &mut Call<'_>) -> Outcome {
    rank(call, true)
}

fn rank(call: &mut Call<'_>, from_end: bool) -> Outcome {
    let with_score = match call.argc() {
        3 => false,
        4 if call.is(3, "WITHSCORE") => true,
        4 => return Err(Fault::Syntax),
        _ => {
            let name = if from_end { "zrevrank" } else { "zrank" };
            return Err(Fault::made(format!("ERR wrong number of arguments for '{name}' command")));
        }
    };
    let ranked = match call.read(call.arg(1)) {
        Some(found) => {
            let zset = view(call.shard, call.db, found)?;
            let ranked = zset.rank(call.arg(2));
            ranked.map(|(rank, score)| (if from_end { zset.len() - 1 - rank } else { rank }, score))
        }
        None => None,
    };
    match ranked {
        None if with_score => call.reply.null_array(),
        None => call.reply.null(),
        Some((rank, score)) => {
            if with_score {
                call.reply.array(2);
            }
            call.reply.integer(i64::try_from(rank).unwrap_or(i64::MAX));
            if with_score {
                call.reply.double(score);
            }
        }
    }
    Ok(Done::Replied)
}
