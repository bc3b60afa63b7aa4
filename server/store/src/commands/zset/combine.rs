//! Unions, intersections and differences of sorted sets and sets.

use std::ops::ControlFlow;

use crate::call::{Call, Done, Fault, Outcome};
use crate::keyspace::{Object, Stored};
use crate::listpack::Digits;
use crate::number::parse_double;
use crate::set::Set;
use crate::zset::{Gather, Zset};

use super::{limits, reply, store};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Inter,
    Diff,
}

/// How the scores that a member has in several inputs become one.
#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            // Of infinities of either sign.
            Self::Sum if (one + other).is_nan() => 0.0,
            Self::Sum => one + other,
            Self::Min => one.min(other),
            Self::Max => one.max(other),
        }
    }
}

/// What is combined.
#[derive(Clone, Copy)]
enum Source<'a> {
    Nothing,
    /// Its members have a score of 1.
    Set(&'a Set),
    Zset(&'a Zset),
}

impl<'a> Source<'a> {
    fn of(value: Stored<'a>) -> Result<Self, Fault> {
        match value {
            Stored::Object(Object::Set(set)) => Ok(Self::Set(set)),
            Stored::Object(Object::Zset(zset)) => Ok(Self::Zset(zset)),
            _ => Err(Fault::WrongType),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Set(set) => set.len(),
            Self::Zset(zset) => zset.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Set(set) => set.contains(member).then_some(1.0),
            Self::Zset(zset) => zset.score(member),
        }
    }

    fn each(self, mut visit: impl FnMut(&[u8], f64)) {
        let _never = self.visit(|member, score| {
            visit(member, score);
            ControlFlow::Continue(())
        });
    }

    /// As [`Self::each`], until `visit` breaks.
    fn visit(self, mut visit: impl FnMut(&[u8], f64) -> ControlFlow<()>) -> ControlFlow<()> {
        match self {
            Self::Nothing => ControlFlow::Continue(()),
            Self::Set(set) => {
                let mut digits = Digits::default();
                set.iter().try_for_each(|item| visit(item.bytes(&mut digits), 1.0))
            }
            Self::Zset(zset) => zset.visit(0..usize::MAX, false, visit),
        }
    }
}

/// An input with the weight of its scores.
#[derive(Clone, Copy)]
struct Input<'a> {
    source: Source<'a>,
    weight: f64,
}

impl Input<'_> {
    fn weighted(self, score: f64) -> f64 {
        let product = self.weight * score;
        if product.is_nan() { 0.0 } else { product }
    }
}

/// The arguments behind the keys.
struct Options {
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Most members that `ZINTERCARD` counts; 0 is no limit.
    limit: usize,
}

/// What a command of this family takes.
#[derive(Clone, Copy)]
struct Form {
    operation: Operation,
    /// Argument that says how many keys there are.
    count_at: usize,
    cardinality: bool,
}

impl Form {
    const fn reading(operation: Operation) -> Self {
        Self { operation, count_at: 1, cardinality: false }
    }

    const fn storing(operation: Operation) -> Self {
        Self { operation, count_at: 2, cardinality: false }
    }
}

fn keys<'a>(call: &Call<'a>, form: Form) -> Result<&'a [&'a [u8]], Fault> {
    let count = call.int(form.count_at)?;
    if count < 1 {
        let name = String::from_utf8_lossy(call.arg(0)).to_lowercase();
        return Err(Fault::made(format!("ERR at least 1 input key is needed for '{name}' command")));
    }
    let first = form.count_at + 1;
    let keys = usize::try_from(count).ok().and_then(|count| call.argv[first..].get(..count));
    keys.ok_or(Fault::Syntax)
}

impl Options {
    fn read(call: &Call<'_>, form: Form, keys: usize) -> Result<Self, Fault> {
        let mut options = Self { weights: vec![1.0; keys], aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
        let is_weighted = form.operation != Operation::Diff && !form.cardinality;
        let mut index = form.count_at + 1 + keys;
        while index < call.argc() {
            let rest = call.argc() - index;
            if is_weighted && rest > keys && call.is(index, "WEIGHTS") {
                for weight in &mut options.weights {
                    index += 1;
                    *weight = parse_double(call.arg(index)).ok_or(Fault::OutOfRange("weight value is not a float"))?;
                }
            } else if is_weighted && rest >= 2 && call.is(index, "AGGREGATE") {
                index += 1;
                options.aggregate = if call.is(index, "SUM") {
                    Aggregate::Sum
                } else if call.is(index, "MIN") {
                    Aggregate::Min
                } else if call.is(index, "MAX") {
                    Aggregate::Max
                } else {
                    return Err(Fault::Syntax);
                };
            } else if form.count_at == 1 && !form.cardinality && call.is(index, "WITHSCORES") {
                options.with_scores = true;
            } else if form.cardinality && rest >= 2 && call.is(index, "LIMIT") {
                index += 1;
                options.limit = call.count_at(index, "LIMIT can't be negative")?;
            } else {
                return Err(Fault::Syntax);
            }
            index += 1;
        }
        Ok(options)
    }
}

/// The inputs as they are stored; those that are intersected or united with the smallest first, which is also the order in which scores
/// are added up.
fn inputs<'c>(call: &'c mut Call<'_>, form: Form, keys: &[&[u8]]) -> Result<(Vec<Input<'c>>, Options), Fault> {
    let mut found = Vec::with_capacity(keys.len().min(call.argc()));
    for key in keys {
        let here = call.read(key);
        if let Some(here) = here {
            Source::of(call.value(here))?;
        }
        found.push(here);
    }
    let options = Options::read(call, form, keys.len())?;
    let call = &*call;
    // What was found may have moved while others were looked up.
    let source = |key: &[u8]| match call.shard.find(call.db, key) {
        Some(found) => Source::of(call.value(found)),
        None => Ok(Source::Nothing),
    };
    let mut inputs = Vec::with_capacity(found.len());
    for ((key, found), weight) in keys.iter().zip(found).zip(&options.weights) {
        let source = if found.is_some() { source(key)? } else { Source::Nothing };
        inputs.push(Input { source, weight: *weight });
    }
    if form.operation != Operation::Diff {
        inputs.sort_by_key(|input| input.source.len());
    }
    Ok((inputs, options))
}

fn combine(inputs: &[Input<'_>], operation: Operation, aggregate: Aggregate, result: &mut Gather) {
    let Some((first, others)) = inputs.split_first() else { return };
    match operation {
        Operation::Union => {
            for input in inputs {
                input.source.each(|member, score| {
                    let score = input.weighted(score);
                    result.set(member, |old| old.map_or(score, |old| aggregate.of(old, score)));
                });
            }
        }
        Operation::Inter => first.source.each(|member, score| {
            let mut sum = first.weighted(score);
            for input in others {
                let Some(score) = input.source.score(member) else { return };
                sum = aggregate.of(sum, input.weight * score);
            }
            result.set(member, |_| sum);
        }),
        Operation::Diff => subtract(first.source, others, result),
    }
}

/// Either every member of the first input is looked for in all others, or all members of the others are removed from a copy of it:
/// whatever takes fewer steps, where the first is given some advantage, as it needs no copy.
fn subtract(first: Source<'_>, others: &[Input<'_>], result: &mut Gather) {
    let look_ups = first.len() * (others.len() + 1) / 2;
    let removals = first.len() + others.iter().map(|input| input.source.len()).sum::<usize>();
    if look_ups <= removals {
        return first.each(|member, score| {
            if others.iter().all(|input| input.source.score(member).is_none()) {
                result.set(member, |_| score);
            }
        });
    }
    first.each(|member, score| result.set(member, |_| score));
    for input in others {
        input.source.each(|member, _| result.remove(member));
    }
}

fn combined(call: &mut Call<'_>, form: Form) -> Result<(Gather, Options), Fault> {
    let keys = keys(call, form)?;
    let mut result = Gather::new(limits(call.shard));
    let (inputs, options) = inputs(call, form, keys)?;
    combine(&inputs, form.operation, options.aggregate, &mut result);
    Ok((result, options))
}

fn give(call: &mut Call<'_>, operation: Operation) -> Outcome {
    let (result, options) = combined(call, Form::reading(operation))?;
    let zset = result.finish_large();
    reply::ranks(&mut call.reply, &zset, 0..zset.len(), false, options.with_scores);
    Ok(Done::Replied)
}

fn keep(call: &mut Call<'_>, operation: Operation, event: &'static str) -> Outcome {
    let (result, _) = combined(call, Form::storing(operation))?;
    store(call, call.arg(1), result.finish(), event)
}

pub(super) fn zunion(call: &mut Call<'_>) -> Outcome {
    give(call, Operation::Union)
}

pub(super) fn zinter(call: &mut Call<'_>) -> Outcome {
    give(call, Operation::Inter)
}

pub(super) fn zdiff(call: &mut Call<'_>) -> Outcome {
    give(call, Operation::Diff)
}

pub(super) fn zunionstore(call: &mut Call<'_>) -> Outcome {
    keep(call, Operation::Union, "zunionstore")
}

pub(super) fn zinterstore(call: &mut Call<'_>) -> Outcome {
    keep(call, Operation::Inter, "zinterstore")
}

pub(super) fn zdiffstore(call: &mut Call<'_>) -> Outcome {
    keep(call, Operation::Diff, "zdiffstore")
}

pub(super) fn zintercard(call: &mut Call<'_>) -> Outcome {
    let form = Form { cardinality: true, ..Form::reading(Operation::Inter) };
    let keys = keys(call, form)?;
    let (inputs, options) = inputs(call, form, keys)?;
    let limit = if options.limit == 0 { usize::MAX } else { options.limit };
    let mut count = 0;
    if let Some((first, others)) = inputs.split_first() {
        let _cut = first.source.visit(|member, _| {
            count += usize::from(others.iter().all(|input| input.source.score(member).is_some()));
            if count < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }
    call.count(count)
}
