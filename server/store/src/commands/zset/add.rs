//! Adding members, and changing scores.

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::commands::zset::{change, view};
use crate::keyspace::Object;
use crate::number::parse_double;
use crate::zset::Zset;

use super::limits;

const NOT_A_NUMBER: Fault = Fault::OutOfRange("resulting score is not a number (NaN)");

/// Which members get a score, and which score.
#[derive(Clone, Copy, Default)]
pub(in crate::commands) struct AddOptions {
    pub(in crate::commands) if_absent: bool,
    pub(in crate::commands) if_present: bool,
    if_greater: bool,
    if_less: bool,
    /// Changed members count as well as new ones.
    pub(in crate::commands) count_changed: bool,
    increment: bool,
}

impl AddOptions {
    /// The options, and the argument behind them.
    fn read(call: &Call<'_>) -> (Self, usize) {
        let (mut options, mut index) = (Self::default(), 2);
        while index < call.argc() {
            let option = if call.is(index, "NX") {
                &mut options.if_absent
            } else if call.is(index, "XX") {
                &mut options.if_present
            } else if call.is(index, "GT") {
                &mut options.if_greater
            } else if call.is(index, "LT") {
                &mut options.if_less
            } else if call.is(index, "CH") {
                &mut options.count_changed
            } else if call.is(index, "INCR") {
                &mut options.increment
            } else {
                break;
            };
            *option = true;
            index += 1;
        }
        (options, index)
    }

    fn check(self, pairs: usize) -> Result<(), Fault> {
        if self.if_absent && self.if_present {
            return Err(Fault::OutOfRange("XX and NX options at the same time are not compatible"));
        }
        if [self.if_absent, self.if_greater, self.if_less].into_iter().filter(|given| *given).count() > 1 {
            return Err(Fault::OutOfRange("GT, LT, and/or NX options at the same time are not compatible"));
        }
        if self.increment && pairs > 1 {
            return Err(Fault::OutOfRange("INCR option supports a single increment-element pair"));
        }
        Ok(())
    }

    /// The score that a member gets; `None` leaves it as it is.
    fn decide(self, old: Option<f64>, given: f64) -> Option<f64> {
        let Some(old) = old else { return (!self.if_present).then_some(given) };
        let new = if self.increment { old + given } else { given };
        let refused = self.if_absent || (self.if_greater && new <= old) || (self.if_less && new >= old);
        (!refused).then_some(new)
    }
}

pub(super) fn zadd(call: &mut Call<'_>) -> Outcome {
    let (options, first) = AddOptions::read(call);
    let words = &call.argv[first..];
    if words.is_empty() || words.len() % 2 == 1 {
        return Err(Fault::Syntax);
    }
    options.check(words.len() / 2)?;
    let scores = words.iter().step_by(2).map(|text| parse_double(text).ok_or(Fault::NotAFloat));
    let scores = scores.collect::<Result<Vec<f64>, Fault>>()?;
    let pairs: Vec<(f64, &[u8])> = scores.into_iter().zip(words.iter().skip(1).step_by(2).copied()).collect();
    run(call, options, &pairs)
}

pub(super) fn zincrby(call: &mut Call<'_>) -> Outcome {
    let by = parse_double(call.arg(2)).ok_or(Fault::NotAFloat)?;
    let pairs = [(by, call.arg(3))];
    run(call, AddOptions { increment: true, ..AddOptions::default() }, &pairs)
}

/// What became of the members.
#[derive(Default)]
struct Tally {
    added: usize,
    changed: usize,
    /// The score that `INCR` gave.
    score: Option<f64>,
}

/// Adds members with scores, and answers as `ZADD` does.
pub(in crate::commands) fn run(call: &mut Call<'_>, options: AddOptions, pairs: &[(f64, &[u8])]) -> Outcome {
    let key = call.arg(1);
    let found = call.find(key);
    let tally = match found {
        None if options.if_present => Tally::default(),
        None => {
            let limits = limits(call.shard);
            let mut zset = Zset::new();
            zset.expect(pairs.len(), pairs.first().map_or(0, |pair| pair.1.len()), limits);
            let tally = add(&mut zset, limits, options, pairs);
            zset.tidy();
            call.create(key, Object::Zset(zset));
            call.effects.dirty -= 1;
            tally
        }
        Some(found) => {
            if let [(by, member)] = pairs
                && options.increment
                && let Some(old) = view(call.shard, call.db, found)?.score(member)
                && (old + by).is_nan()
            {
                return Err(NOT_A_NUMBER);
            }
            change(call, found, |zset, limits| {
                zset.expect(pairs.len(), 0, limits);
                add(zset, limits, options, pairs)
            })?
        }
    };
    let changes = tally.added + tally.changed;
    if changes > 0 {
        call.effects.dirty += changes as u64;
        call.effects.change(call.db, key);
        call.event(EventClass::Zset, if options.increment { "zincr" } else { "zadd" }, key);
        call.effects.ready(call.db, key);
    }
    if !options.increment {
        return call.count(if options.count_changed { changes } else { tally.added });
    }
    match tally.score {
        Some(score) => call.reply.double(score),
        None => call.reply.null(),
    }
    Ok(Done::Replied)
}

fn add(zset: &mut Zset, limits: crate::zset::Limits, options: AddOptions, pairs: &[(f64, &[u8])]) -> Tally {
    let mut tally = Tally::default();
    for (given, member) in pairs {
        let mut decided = None;
        let done = zset.update(member, limits, |old| {
            decided = options.decide(old, *given);
            decided
        });
        tally.score = decided;
        match done.old {
            None => tally.added += usize::from(decided.is_some()),
            Some(old) => tally.changed += usize::from(decided.is_some_and(|new| new != old)),
        }
    }
    tally
}
