//! Random members.

use std::collections::BTreeSet;

use bongsu_protocol::resp::Writer;

use crate::call::{Call, Done, Fault, Outcome};
use crate::commands::picks::{Picks, repeat};
use crate::random::Random;

use super::{reply, view};

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
    if with_scores {
        picks.in_pairs()?;
    }
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.array(0)) };
    let (mut random, end_max) = (call.shard.random.clone(), call.reply_end_max());
    let zset = view(call.shard, call.db, found)?;
    if matches!(picks, Picks::Different(wanted) if wanted >= zset.len()) {
        reply::ranks(&mut call.reply, zset, 0..zset.len(), false, with_scores);
        return Ok(Done::Replied);
    }
    reply::head(&mut call.reply, wanted, with_scores);
    let reply = &mut call.reply;
    let write = |rank: usize, reply: &mut Writer<'_>| {
        zset.each(rank..rank + 1, false, |member, score| {
            reply::member(reply, member, with_scores.then_some(score));
        });
    };
    let mut done = Done::Replied;
    match picks {
        Picks::Different(_) => {
            sample(zset.len(), wanted, &mut random).into_iter().for_each(|rank| write(rank, reply));
        }
        Picks::Repeated(_) => {
            done = repeat(reply, wanted, end_max, |count, reply| {
                let ranks = (0..count).map(|_| random.below(zset.len() as u64) as usize);
                ranks.for_each(|rank| {
                    if reply.position() <= end_max {
                        write(rank, reply)
                    }
                });
            });
        }
    }
    call.shard.random = random;
    Ok(done)
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
