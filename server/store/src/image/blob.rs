//! Small collections from the bytes that stand for them, whoever made those.

use super::admit::NotAdmitted;
use crate::hash_map::{Hash, HashRules};
use crate::intset::IntSet;
use crate::listpack::{Item, Listpack};
use crate::set::{Set, SetRules};
use crate::zset::{Gather, Limits, Zset, order};

/// A listpack that is not empty, with a whole number of groups of `step` elements.
fn listpack(bytes: &[u8], step: usize) -> Result<Listpack, NotAdmitted> {
    let list = Listpack::from_bytes(bytes).ok_or(NotAdmitted::Malformed)?;
    if list.is_empty() {
        return Err(NotAdmitted::Empty);
    }
    if list.len().is_multiple_of(step) { Ok(list) } else { Err(NotAdmitted::Malformed) }
}

/// Every `step`-th element is there once.
fn check_unique(list: &Listpack, step: usize) -> Result<(), NotAdmitted> {
    // Elements are written in one way only, so that those that are alike are alike as items.
    let mut items: Vec<_> = list.iter().step_by(step).map(rank).collect();
    items.sort_unstable();
    if items.windows(2).any(|pair| pair[0] == pair[1]) { Err(NotAdmitted::Duplicate) } else { Ok(()) }
}

fn rank(item: Item<'_>) -> (&[u8], i64) {
    match item {
        Item::Int(n) => (b"", n),
        // No integer comes with bytes, and only the empty string has none.
        Item::Bytes(b"") => (b"\0", i64::MIN),
        Item::Bytes(bytes) => (bytes, 0),
    }
}

pub(super) fn chunk(bytes: &[u8]) -> Result<Listpack, NotAdmitted> {
    listpack(bytes, 1)
}

pub(super) fn ints(bytes: &[u8], rules: &SetRules) -> Result<Set, NotAdmitted> {
    let ints = IntSet::from_bytes(bytes.to_vec()).ok_or(NotAdmitted::Malformed)?;
    if ints.is_empty() {
        return Err(NotAdmitted::Empty);
    }
    let mut set = Set::Ints(ints);
    set.expect(set.len(), rules);
    Ok(set)
}

pub(super) fn small_set(bytes: &[u8], rules: &SetRules) -> Result<Set, NotAdmitted> {
    let list = listpack(bytes, 1)?;
    check_unique(&list, 1)?;
    let mut set = Set::Small(list);
    set.expect(set.len(), rules);
    Ok(set)
}

pub(super) fn small_hash(bytes: &[u8], rules: &HashRules) -> Result<Hash, NotAdmitted> {
    let list = listpack(bytes, 2)?;
    check_unique(&list, 2)?;
    let mut hash = Hash::Small(list);
    hash.fit(rules);
    Ok(hash)
}

pub(super) fn small_zset(bytes: &[u8], limits: Limits) -> Result<Zset, NotAdmitted> {
    let list = listpack(bytes, 2)?;
    check_unique(&list, 2)?;
    let (mut items, mut last) = (list.iter(), None::<(f64, Vec<u8>)>);
    let mut is_sorted = true;
    while let (Some(member), Some(score)) = (items.next(), items.next()) {
        let (member, score) = (member.to_vec(), score_of(score).ok_or(NotAdmitted::Malformed)?);
        is_sorted &= last.is_none_or(|(below, other)| order(below, &other, score, &member).is_lt());
        last = Some((score, member));
    }
    let len = list.len() / 2;
    if is_sorted && len <= limits.entries {
        return Ok(Zset::from_listpack(list));
    }
    let (mut items, mut gather) = (list.iter(), Gather::new(limits));
    while let (Some(member), Some(score)) = (items.next(), items.next()) {
        let score = score_of(score).ok_or(NotAdmitted::Malformed)?;
        gather.set(&member.to_vec(), |_| score);
    }
    Ok(gather.finish())
}

/// A score that is a number.
fn score_of(item: Item<'_>) -> Option<f64> {
    let score = match item {
        Item::Int(n) => n as f64,
        Item::Bytes(text) => std::str::from_utf8(text).ok()?.parse().ok()?,
    };
    (!score.is_nan()).then_some(score)
}
