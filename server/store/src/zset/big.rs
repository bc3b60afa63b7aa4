//! A large sorted set: a hash table of members with their scores, and a tree that has them in order.

use std::cmp::Ordering;
use std::ops::{ControlFlow, Range};

use crate::hash::KeyHasher;
use crate::members::{Member, Members, Values};

use super::Added;
use super::small::order;
use super::tree::{Ranked, Tree};

/// Bytes of a score in the hash table.
pub(super) const SCORE: u8 = size_of::<f64>() as u8;

#[derive(Clone)]
pub(super) struct Big {
    members: Members,
    tree: Tree,
}

impl std::fmt::Debug for Big {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Big").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Big {
    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    /// To hold them for an image: their values must not change without the tree's knowing.
    pub(super) fn members_mut(&mut self) -> &mut Members {
        &mut self.members
    }

    pub(super) fn new(hasher: KeyHasher) -> Self {
        Self { members: Members::new(hasher, Values::Fixed(SCORE)), tree: Tree::new() }
    }

    /// Of members with their scores as values.
    pub(super) fn of(members: Members) -> Self {
        let mut big = Self { members, tree: Tree::new() };
        let mut entries: Vec<_> = big.members.iter().map(|m| Ranked { score: big.score_of(m), member: m }).collect();
        entries.sort_unstable_by(|one, other| {
            order(one.score, big.members.key(one.member), other.score, big.members.key(other.member))
        });
        // Each comes behind all that are there.
        entries.into_iter().for_each(|entry| big.tree.insert(entry, |_| Ordering::Less));
        big
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.members.heap_bytes() + size_of::<Tree>() + self.tree.heap_bytes()
    }

    pub(super) fn recount(&self) -> usize {
        let is_whole = self.tree.len() == self.members.len();
        if is_whole { self.members.recount() + size_of::<Tree>() + self.tree.recount() } else { 0 }
    }

    fn score_of(&self, member: Member) -> f64 {
        self.members.value(member).try_into().map_or(0.0, f64::from_le_bytes)
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.members.find(member).map(|member| self.score_of(member))
    }

    pub(super) fn set(&mut self, member: &[u8], score: f64) {
        self.update(member, |_| Some(score));
    }

    pub(super) fn update(&mut self, key: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) -> Added {
        let Some(member) = self.members.find(key) else {
            let new = decide(None);
            if let Some(score) = new {
                let member = self.members.insert(key, &score.to_le_bytes());
                self.tree.insert(Ranked { score, member }, order_to(&self.members, score, key));
            }
            return Added { old: None, new };
        };
        let old = self.score_of(member);
        let new = decide(Some(old)).unwrap_or(old);
        if new != old {
            self.rescore(member, key, old, new);
        }
        Added { old: Some(old), new: Some(new) }
    }

    fn rescore(&mut self, member: Member, key: &[u8], old: f64, score: f64) {
        {
            let (present, wanted) = (order_to(&self.members, old, key), order_to(&self.members, score, key));
            if !self.tree.rescore(&present, score, &wanted) {
                self.tree.remove(&present);
                self.tree.insert(Ranked { score, member }, &wanted);
            }
        }
        self.members.value_mut(member).copy_from_slice(&score.to_le_bytes());
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        let Some(member) = self.members.find(key) else { return false };
        let score = self.score_of(member);
        self.tree.remove(order_to(&self.members, score, key));
        self.members.remove(key)
    }

    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        let mut key = Vec::new();
        for _ in ranks.clone() {
            let Some(entry) = self.tree.remove_at(ranks.start) else { break };
            key.clear();
            key.extend_from_slice(self.members.key(entry.member));
            self.members.remove(&key);
        }
    }

    pub(super) fn rank(&self, key: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(key)?;
        let order = order_to(&self.members, score, key);
        Some((self.tree.rank(|entry| order(entry) == Ordering::Less), score))
    }

    pub(super) fn count_by_score(&self, is_before: impl Fn(f64) -> bool) -> usize {
        self.tree.rank(|entry| is_before(entry.score))
    }

    pub(super) fn count_by_bytes(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        self.tree.rank(|entry| is_before(self.members.key(entry.member)))
    }

    pub(super) fn visit(
        &self,
        ranks: Range<usize>,
        backwards: bool,
        mut visit: impl FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.tree.visit(ranks, backwards, &mut |entry| visit(self.members.key(entry.member), entry.score))
    }

    pub(super) fn scan(&self, cursor: u64, visit: &mut impl FnMut(&[u8], f64)) -> u64 {
        self.members.scan(cursor, |member| visit(self.members.key(member), self.score_of(member)))
    }
}

/// How entries of the tree stand to this member with this score.
fn order_to<'a>(members: &'a Members, score: f64, key: &'a [u8]) -> impl Fn(Ranked) -> Ordering + 'a {
    move |entry| {
        if entry.score < score {
            Ordering::Less
        } else if entry.score > score {
            Ordering::Greater
        } else {
            order(entry.score, members.key(entry.member), score, key)
        }
    }
}

#[cfg(test)]
impl Big {
    pub(super) fn check_counts(&self) {
        self.members.check_counts();
        self.tree.check_counts();
        assert_eq!(self.members.len(), self.tree.len());
    }
}
