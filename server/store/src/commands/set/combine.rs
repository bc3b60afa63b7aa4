//! Intersections, unions and differences.

use std::cmp::Reverse;

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::commands::items::write_item;
use crate::keyspace::{Found, New, Object};
use crate::listpack::Item;
use crate::set::{Set, SetRules};
use crate::shard::Shard;

use super::{rules, view};

const NO_KEYS: &str = "numkeys should be greater than 0";

pub(super) fn sinter(call: &mut Call<'_>) -> Outcome {
    let found = find_all(call, &call.argv[1..])?;
    let Some(sets) = all_there(call.shard, call.db, &found)? else { return call.answer(|reply| reply.set(0)) };
    let mut common: Vec<Item<'_>> = Vec::new();
    intersect(sets, |item| {
        common.push(item);
        true
    });
    call.reply.set(common.len());
    common.into_iter().for_each(|item| write_item(&mut call.reply, item));
    Ok(Done::Replied)
}

pub(super) fn sintercard(call: &mut Call<'_>) -> Outcome {
    let keys = call.count_at(1, NO_KEYS).ok().filter(|keys| *keys > 0).ok_or(Fault::OutOfRange(NO_KEYS))?;
    let end = keys.checked_add(2).filter(|end| *end <= call.argc());
    let end = end.ok_or(Fault::text("ERR Number of keys can't be greater than number of args"))?;
    let limit = limit(call, end)?;
    let found = find_all(call, &call.argv[2..end])?;
    let mut common = 0;
    if let Some(sets) = all_there(call.shard, call.db, &found)? {
        intersect(sets, |_| {
            common += 1;
            common != limit
        });
    }
    call.count(common)
}

/// What stands behind `LIMIT`, or 0.
fn limit(call: &Call<'_>, mut index: usize) -> Result<usize, Fault> {
    let mut limit = 0;
    while index < call.argc() {
        if !call.is(index, "LIMIT") || index + 1 == call.argc() {
            return Err(Fault::Syntax);
        }
        limit = call.count_at(index + 1, "LIMIT can't be negative")?;
        index += 2;
    }
    Ok(limit)
}

pub(super) fn sinterstore(call: &mut Call<'_>) -> Outcome {
    let found = find_all(call, &call.argv[2..])?;
    let rules = rules(call);
    let mut result = Set::for_member(b"", 0, &rules);
    if let Some(sets) = all_there(call.shard, call.db, &found)? {
        let smallest = sets.iter().min_by_key(|set| set.len());
        if matches!(smallest, Some(Set::Ints(_))) {
            result = Set::for_member(b"0", 0, &rules);
        }
        intersect(sets, |item| result.insert_item(item, &rules));
        result.prefer_ints(&rules);
        result.shrink();
    }
    store(call, result, "sinterstore")
}

pub(super) fn sunion(call: &mut Call<'_>) -> Outcome {
    combine(call, 1, unite)
}

pub(super) fn sdiff(call: &mut Call<'_>) -> Outcome {
    combine(call, 1, subtract)
}

pub(super) fn sunionstore(call: &mut Call<'_>) -> Outcome {
    let union = combined(call, 2, unite)?;
    store(call, union, "sunionstore")
}

pub(super) fn sdiffstore(call: &mut Call<'_>) -> Outcome {
    let difference = combined(call, 2, subtract)?;
    store(call, difference, "sdiffstore")
}

type Combine = fn(&mut Set, &[Option<&Set>], &SetRules);

fn combine(call: &mut Call<'_>, first: usize, combine: Combine) -> Outcome {
    let result = combined(call, first, combine)?;
    call.reply.set(result.len());
    result.iter().for_each(|item| write_item(&mut call.reply, item));
    Ok(Done::Replied)
}

fn combined(call: &mut Call<'_>, first: usize, combine: Combine) -> Result<Set, Fault> {
    let found = find_all(call, &call.argv[first..])?;
    let rules = rules(call);
    let sets = found.iter().map(|found| found.map(|found| view(call.shard, call.db, found)).transpose());
    let sets = sets.collect::<Result<Vec<_>, _>>()?;
    // Begun as integers, it becomes what its members make of it.
    let mut result = Set::for_member(b"0", 0, &rules);
    combine(&mut result, &sets, &rules);
    Ok(result)
}

fn unite(result: &mut Set, sets: &[Option<&Set>], rules: &SetRules) {
    for set in sets.iter().flatten() {
        set.iter().for_each(|item| {
            result.insert_item(item, rules);
        });
    }
}

/// Either every member of the first set is looked for in all others, or all members of the others are removed from a copy of it:
/// whatever takes fewer steps, where the first is given some advantage, as it needs no copy.
fn subtract(result: &mut Set, sets: &[Option<&Set>], rules: &SetRules) {
    let [Some(first), others @ ..] = sets else { return };
    let mut others: Vec<&Set> = others.iter().copied().flatten().collect();
    if others.iter().any(|other| std::ptr::eq(*other, *first)) {
        return;
    }
    let look_ups = first.len() * (others.len() + 1) / 2;
    let removals = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    if look_ups <= removals {
        others.sort_by_key(|set| Reverse(set.len()));
        let rest = first.iter().filter(|item| !others.iter().any(|other| other.contains_item(*item)));
        rest.for_each(|item| {
            result.insert_item(item, rules);
        });
        return;
    }
    unite(result, &sets[..1], rules);
    for other in others {
        other.iter().for_each(|item| {
            result.remove_item(item);
        });
    }
}

/// Calls `visit` with what is in all of the sets, until it gives false.
fn intersect<'a>(mut sets: Vec<&'a Set>, mut visit: impl FnMut(Item<'a>) -> bool) {
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    for item in smallest.iter() {
        let is_common = others.iter().all(|other| std::ptr::eq(*other, *smallest) || other.contains_item(item));
        if is_common && !visit(item) {
            return;
        }
    }
}

/// Looks keys up; what is there must be sets.
fn find_all(call: &mut Call<'_>, keys: &[&[u8]]) -> Result<Vec<Option<Found>>, Fault> {
    let expired = call.effects.expired.len();
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        let found = call.read(key);
        if let Some(found) = found {
            view(call.shard, call.db, found)?;
        }
        all.push(found);
    }
    // A removal may have moved what was found before it.
    if call.effects.expired.len() > expired {
        for (found, key) in all.iter_mut().zip(keys).filter(|(found, _)| found.is_some()) {
            *found = call.shard.find(call.db, key);
        }
    }
    Ok(all)
}

/// The sets there, if none of them is missing.
fn all_there<'a>(shard: &'a Shard, db: usize, found: &[Option<Found>]) -> Result<Option<Vec<&'a Set>>, Fault> {
    found.iter().map(|found| found.map(|found| view(shard, db, found)).transpose()).collect()
}

/// Stores a result under the first key, or removes that if the result is empty.
fn store(call: &mut Call<'_>, result: Set, name: &'static str) -> Outcome {
    let (key, len) = (call.arg(1), result.len());
    if len > 0 {
        call.store(key, New::Object(Object::Set(result)), None);
        call.event(EventClass::Set, name, key);
    } else if let Some(found) = call.find(key) {
        call.delete(found, key);
    }
    call.count(len)
}
