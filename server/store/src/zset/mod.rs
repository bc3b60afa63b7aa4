//! Sorted sets: members with scores, in the order of their scores and, where those are equal, of their bytes.
//!
//! Small ones are a listpack in Redis' own form. Large ones keep their members in a hash table and their order in a tree.

mod big;
mod gather;
mod small;
#[cfg(test)]
mod tests;
mod tree;

use std::ops::{ControlFlow, Range};

use crate::hash::KeyHasher;
use crate::listpack::Listpack;
use crate::settings::Settings;

use big::Big;
pub use gather::Gather;
use small::Small;
pub(crate) use small::order;

/// When a sorted set is a large one, and what it needs to become one.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most members of a small one.
    pub entries: usize,
    /// Longest member of a small one, in bytes.
    pub value_bytes: usize,
    /// Hashes the members of large ones.
    pub hasher: KeyHasher,
}

impl Limits {
    /// As the directives say.
    pub fn new(settings: &Settings, hasher: KeyHasher) -> Self {
        Self { entries: settings.zset_max_listpack_entries, value_bytes: settings.zset_max_listpack_value, hasher }
    }
}

/// What adding a member came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Added {
    /// The score before, if it was a member.
    pub old: Option<f64>,
    /// The score now, if it is one.
    pub new: Option<f64>,
}

/// A sorted set.
#[derive(Clone, Debug)]
pub struct Zset(Form);

#[derive(Clone, Debug)]
enum Form {
    Small(Small),
    Big(Box<Big>),
}

impl Default for Zset {
    fn default() -> Self {
        Self::new()
    }
}

impl Zset {
    /// Without members.
    pub fn new() -> Self {
        Self(Form::Small(Small::default()))
    }

    /// From the listpack of a small one: members, each followed by its score, in order.
    pub fn from_listpack(list: Listpack) -> Self {
        Self(Form::Small(Small::from(list)))
    }

    /// The listpack, if it is a small one.
    pub fn listpack(&self) -> Option<&Listpack> {
        match &self.0 {
            Form::Small(small) => Some(small.listpack()),
            Form::Big(_) => None,
        }
    }

    /// Gives spare memory of a small one back: to be called once many elements have been added at a time.
    pub fn tidy(&mut self) {
        if let Form::Small(small) = &mut self.0 {
            small.tidy();
        }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.len(),
            Form::Big(big) => big.len(),
        }
    }

    /// The members of a large one.
    pub(crate) fn members(&self) -> Option<&crate::members::Members> {
        match &self.0 {
            Form::Small(_) => None,
            Form::Big(big) => Some(big.members()),
        }
    }

    pub(crate) fn members_mut(&mut self) -> Option<&mut crate::members::Members> {
        match &mut self.0 {
            Form::Small(_) => None,
            Form::Big(big) => Some(big.members_mut()),
        }
    }

    /// No members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name that `OBJECT ENCODING` shows.
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Small(_) => "listpack",
            Form::Big(_) => "skiplist",
        }
    }

    /// Memory, that of this structure left out.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.listpack().heap_bytes(),
            Form::Big(big) => big.heap_bytes(),
        }
    }

    pub(crate) fn recount(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.listpack().heap_bytes(),
            Form::Big(big) => big.recount(),
        }
    }

    /// How much work it is to free it.
    pub fn free_effort(&self) -> usize {
        match &self.0 {
            Form::Small(_) => 1,
            Form::Big(big) => big.len(),
        }
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Form::Small(small) => small.score(member),
            Form::Big(big) => big.score(member),
        }
    }

    /// So many members will be added, one of this length among them: if that will not fit into a small one, it is a large one now.
    pub fn expect(&mut self, members: usize, member_len: usize, limits: Limits) {
        if members > limits.entries || member_len > limits.value_bytes {
            self.grow(limits.hasher);
        }
    }

    /// Gives a member the score that `decide` makes of the one it has, or leaves it as it is.
    pub fn update(&mut self, member: &[u8], limits: Limits, decide: impl FnOnce(Option<f64>) -> Option<f64>) -> Added {
        match &mut self.0 {
            Form::Small(small) => {
                let old = small.score(member);
                let Some(new) = decide(old) else { return Added { old, new: old } };
                if old.is_none() && small.would_be_large(member, limits) {
                    self.grow(limits.hasher).set(member, new);
                } else if old != Some(new) {
                    small.set(member, new);
                }
                Added { old, new: Some(new) }
            }
            Form::Big(big) => big.update(member, decide),
        }
    }

    /// Gives a member a score. True if it was none before.
    pub fn set(&mut self, member: &[u8], score: f64, limits: Limits) -> bool {
        self.update(member, limits, |_| Some(score)).old.is_none()
    }

    /// Removes a member. False if it is none.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Form::Small(small) => small.remove(member),
            Form::Big(big) => big.remove(member),
        }
    }

    /// Removes the members of these ranks.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        match &mut self.0 {
            Form::Small(small) => small.remove_ranks(ranks),
            Form::Big(big) => big.remove_ranks(ranks),
        }
    }

    /// Rank and score of a member; the lowest score has rank 0.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.0 {
            Form::Small(small) => small.rank(member),
            Form::Big(big) => big.rank(member),
        }
    }

    /// The number of members with scores for which `is_before` is true; it must not be true of one above another for which it is not.
    pub fn count_by_score(&self, is_before: impl Fn(f64) -> bool) -> usize {
        match &self.0 {
            Form::Small(small) => small.count_by_score(is_before),
            Form::Big(big) => big.count_by_score(is_before),
        }
    }

    /// The number of members for whose bytes `is_before` is true, where all scores are equal.
    pub fn count_by_bytes(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        match &self.0 {
            Form::Small(small) => small.count_by_bytes(is_before),
            Form::Big(big) => big.count_by_bytes(is_before),
        }
    }

    /// Calls `visit` with the members of these ranks in order, or from the last one on if `backwards`.
    pub fn each(&self, ranks: Range<usize>, backwards: bool, mut visit: impl FnMut(&[u8], f64)) {
        let _never = self.visit(ranks, backwards, |member, score| {
            visit(member, score);
            ControlFlow::Continue(())
        });
    }

    /// As [`Self::each`], until `visit` breaks.
    pub fn visit(
        &self,
        ranks: Range<usize>,
        backwards: bool,
        visit: impl FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &self.0 {
            Form::Small(small) => small.visit(ranks, backwards, visit),
            Form::Big(big) => big.visit(ranks, backwards, visit),
        }
    }

    /// Calls `visit` with the next few members for `ZSCAN`, all of them if it is a small one. Gives the cursor for the next call.
    pub fn scan(&self, cursor: u64, mut visit: impl FnMut(&[u8], f64)) -> u64 {
        match &self.0 {
            Form::Small(_) => {
                self.each(0..usize::MAX, false, visit);
                0
            }
            Form::Big(big) => big.scan(cursor, &mut visit),
        }
    }

    /// Becomes a large one.
    fn grow(&mut self, hasher: KeyHasher) -> &mut Big {
        if let Form::Small(small) = &self.0 {
            let mut big = Box::new(Big::new(hasher));
            let _never = small.visit(0..usize::MAX, false, |member, score| {
                big.set(member, score);
                ControlFlow::Continue(())
            });
            self.0 = Form::Big(big);
        }
        match &mut self.0 {
            Form::Big(big) => big,
            Form::Small(_) => unreachable!("it has just become a large one"),
        }
    }
}
