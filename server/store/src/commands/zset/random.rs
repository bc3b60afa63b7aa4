//! Random members.

use std::collections::BTreeSet;

use crate::call::{Call, Done, Fault, Outcome};
use crate::commands::picks::Picks;
use crate::random::Random;

use super::{reply, view};

/// Most members that can be asked for with their scores: a reply of twice as many elements can be counted.
const PAIRS_MAX: usize = (i64::MAX / 2) as usize;

pub(super) fn zrandmember(call: &mut Call<'_>) -> Outcome {
    if call.argc() == 2 {
        return one(call);
    }
    let picks = Picks::read(call, 2)?;
    let with_scores = match call.argc() {
        3 => false,
        4 if call.is(3, "WITHSCORES") => true,
        _ => return Err(Fault::Syntax),
    };
    let (Picks::Different(wanted) | Picks::Repeated(wanted)) = picks;
    if with_scores && wanted > PAIRS_MAX {
        return Err(Fault::OutOfRange("value is out of range"));
    }
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.array(0)) };
    let mut random = call.shard.random.clone();
    let zset = view(call.shard, call.db, found)?;
    if matches!(picks, Picks::Different(wanted) if wanted >= zset.len()) {
        reply::ranks(&mut call.reply, zset, 0..zset.len(), false, with_scores);
        return Ok(Done::Replied);
    }
    reply::head(&mut call.reply, wanted, with_scores);
    let len = zset.len() as u64;
    let reply = &mut call.reply;
    let mut write = |rank: usize| {
        zset.each(rank..rank + 1, false, |member, score| {
            reply::member(reply, member, with_scores.then_some(score));
        });
    };
    match picks {
        Picks::Different(_) => sample(zset.len(), wanted, &mut random).into_iter().for_each(write),
        Picks::Repeated(_) => (0..wanted).for_each(|_| write(random.below(len) as usize)),
    }
    call.shard.random = random;
    Ok(Done::Replied)
}

fn one(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.null()) };
    let len = view(call.shard, call.db, found)?.len();
    let rank = call.shard.random.below(len as u64) as usize;
    let reply = &mut call.reply;
    view(call.shard, call.db, found)?.each(rank..rank + 1, false, |member, _| reply.bulk(member));
    Ok(Done::Replied)
}

/// `count` different numbers below `len`, each selection as likely as any other (Floyd, in Bentley, "A Sample of Brilliance", 1987).
fn sample(len: usize, count: usize, random: &mut Random) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    for last in len - count..len {
        let candidate = random.below(last as u64 + 1) as usize;
        if !chosen.insert(candidate) {
            chosen.insert(last);
        }
    }
    chosen
}
