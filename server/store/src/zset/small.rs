//! A small sorted set: a listpack of members, each followed by its score.

use std::cmp::Ordering;
use std::ops::{ControlFlow, Range};

use crate::listpack::{At, Digits, Item, Listpack};
use crate::number::score_text;

use super::Limits;

#[derive(Clone, Debug, Default)]
pub(super) struct Small {
    list: Listpack,
}

impl From<Listpack> for Small {
    fn from(list: Listpack) -> Self {
        Self { list }
    }
}

/// A member, where it is, and its score.
struct Pair<'a> {
    at: At,
    member: Item<'a>,
    score: f64,
}

impl Small {
    pub(super) fn tidy(&mut self) {
        self.list.shrink();
    }

    pub(super) fn listpack(&self) -> &Listpack {
        &self.list
    }

    pub(super) fn len(&self) -> usize {
        self.list.len() / 2
    }

    /// With another member it would be larger than small ones are.
    pub(super) fn would_be_large(&self, member: &[u8], limits: Limits) -> bool {
        self.len() >= limits.entries
            || member.len() > limits.value_bytes
            || self.list.byte_len() + member.len() > Listpack::BYTES_MAX
    }

    fn pair(&self, at: At) -> Pair<'_> {
        let score = self.list.next(at).map_or(0.0, |at| score_of(self.list.get(at)));
        Pair { at, member: self.list.get(at), score }
    }

    fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        let mut next = self.list.first();
        std::iter::from_fn(move || {
            let at = next?;
            next = self.list.next(at).and_then(|score| self.list.next(score));
            Some(self.pair(at))
        })
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.list.find(member, 2).map(|at| self.pair(at).score)
    }

    /// Gives a member a score, and its place.
    pub(super) fn set(&mut self, member: &[u8], score: f64) {
        if let Some(at) = self.list.find(member, 2) {
            self.list.remove(at, 2);
        }
        let mut digits = Digits::default();
        let is_behind =
            |pair: &Pair<'_>| order(pair.score, pair.member.bytes(&mut digits), score, member) == Ordering::Greater;
        let behind = self.pairs().find(is_behind).map(|pair| pair.at);
        match behind {
            Some(at) => {
                self.list.insert_before(Some(at), member);
                self.list.insert_after(at, text_of(score).as_bytes());
            }
            None => self.push(member, score),
        }
    }

    /// Adds a member behind all others.
    pub(super) fn push(&mut self, member: &[u8], score: f64) {
        self.list.push_back(member);
        self.list.push_back(text_of(score).as_bytes());
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let Some(at) = self.list.find(member, 2) else { return false };
        self.list.remove(at, 2);
        true
    }

    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        let at = i64::try_from(ranks.start * 2).ok().and_then(|index| self.list.seek(index));
        if let Some(at) = at
            && !ranks.is_empty()
        {
            self.list.remove(at, ranks.len() * 2);
        }
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let wanted = Item::of(member);
        self.pairs().enumerate().find(|(_, pair)| pair.member == wanted).map(|(rank, pair)| (rank, pair.score))
    }

    pub(super) fn count_by_score(&self, is_before: impl Fn(f64) -> bool) -> usize {
        self.pairs().take_while(|pair| is_before(pair.score)).count()
    }

    pub(super) fn count_by_bytes(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        let mut digits = Digits::default();
        self.pairs().take_while(|pair| is_before(pair.member.bytes(&mut digits))).count()
    }

    pub(super) fn visit(
        &self,
        ranks: Range<usize>,
        backwards: bool,
        mut visit: impl FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let ranks = ranks.start..ranks.end.min(self.len());
        if ranks.is_empty() {
            return ControlFlow::Continue(());
        }
        let start = if backwards { ranks.end - 1 } else { ranks.start };
        let mut next = i64::try_from(start * 2).ok().and_then(|index| self.list.seek(index));
        let mut digits = Digits::default();
        for _ in ranks {
            let Some(at) = next else { break };
            let pair = self.pair(at);
            visit(pair.member.bytes(&mut digits), pair.score)?;
            next = if backwards {
                self.list.previous(at).and_then(|score| self.list.previous(score))
            } else {
                self.list.next(at).and_then(|score| self.list.next(score))
            };
        }
        ControlFlow::Continue(())
    }
}

fn text_of(score: f64) -> String {
    // Redis keeps no sign of a zero here.
    if score == 0.0 { "0".to_owned() } else { score_text(score) }
}

fn score_of(item: Item<'_>) -> f64 {
    match item {
        Item::Int(n) => n as f64,
        Item::Bytes(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0),
    }
}

/// How one member with its score stands to another.
pub(crate) fn order(score: f64, member: &[u8], other_score: f64, other: &[u8]) -> Ordering {
    score.partial_cmp(&other_score).unwrap_or(Ordering::Equal).then_with(|| member.cmp(other))
}
