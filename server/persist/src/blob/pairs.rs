//! What elements of collections mean beyond their bytes: duplicates, scores, order.

use std::cmp::Ordering;

use bongsu_store::listpack::{Digits, Item};
use bongsu_store::number::parse_double;

use super::Damage;

/// Whether one of the elements from the first on, in steps, is there twice.
pub(crate) fn check_distinct<'a>(items: impl Iterator<Item = Item<'a>>, step: usize) -> Result<(), Damage> {
    let mut all: Vec<Order<'_>> = items.step_by(step).map(|item| Order(canonical(item))).collect();
    all.sort_unstable();
    if all.windows(2).any(|pair| pair[0] == pair[1]) { Err(Damage::Duplicate) } else { Ok(()) }
}

/// Digits are integers, however they are written.
fn canonical(item: Item<'_>) -> Item<'_> {
    match item {
        Item::Bytes(bytes) => Item::of(bytes),
        int => int,
    }
}

/// Some order, to find what is equal.
#[derive(PartialEq, Eq)]
struct Order<'a>(Item<'a>);

impl Ord for Order<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Item::Int(one), Item::Int(other)) => one.cmp(&other),
            (Item::Bytes(one), Item::Bytes(other)) => one.cmp(other),
            (Item::Int(_), Item::Bytes(_)) => Ordering::Less,
            (Item::Bytes(_), Item::Int(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Order<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The number that a score is written as.
pub(crate) fn score(item: Item<'_>) -> Result<f64, Damage> {
    match item {
        Item::Int(n) => Ok(n as f64),
        Item::Bytes(text) => parse_double(text).ok_or(Damage::Score),
    }
}

/// Whether members, each followed by its score, are in the order of a sorted set. All scores must be numbers.
pub(crate) fn are_ranked<'a>(items: impl Iterator<Item = Item<'a>>) -> Result<bool, Damage> {
    let (mut items, mut is_ranked) = (items, true);
    let mut before: Option<(f64, Item<'a>)> = None;
    while let (Some(member), Some(text)) = (items.next(), items.next()) {
        let score = score(text)?;
        if let Some((old, last)) = before {
            let order = old.partial_cmp(&score).unwrap_or(Ordering::Greater);
            is_ranked &= order.then_with(|| by_bytes(last, member)) == Ordering::Less;
        }
        before = Some((score, member));
    }
    Ok(is_ranked)
}

fn by_bytes(one: Item<'_>, other: Item<'_>) -> Ordering {
    one.bytes(&mut Digits::default()).cmp(other.bytes(&mut Digits::default()))
}
