//! Ranges of ranks, scores and bytes.

use std::ops::Range;

use crate::call::Fault;
use crate::number::parse_double;
use crate::zset::Zset;

/// A range of members.
pub(super) enum Bounds<'a> {
    /// By rank, from the end if negative; the last one belongs to it.
    Ranks(i64, i64),
    /// By score.
    Scores(ScoreRange),
    /// By the bytes of members, which all have the same score.
    Lex(LexRange<'a>),
}

/// A range of scores.
#[derive(Clone, Copy)]
pub(super) struct ScoreRange {
    min: ScoreBound,
    max: ScoreBound,
}

/// An end of a range of scores.
#[derive(Clone, Copy)]
struct ScoreBound {
    score: f64,
    /// The score itself does not belong to the range.
    is_exclusive: bool,
}

impl ScoreBound {
    fn parse(text: &[u8]) -> Result<Self, Fault> {
        let (is_exclusive, digits) = match text {
            [b'(', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        // As Redis, which reads a bound less strictly than a score: nothing is 0, and what is too large is infinite.
        let score = if digits.is_empty() { Some(0.0) } else { parse_double(digits).or_else(|| parse_any(digits)) };
        let score = score.ok_or(Fault::OutOfRange("min or max is not a float"))?;
        Ok(Self { score, is_exclusive })
    }
}

fn parse_any(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.trim_ascii_start().parse().ok()?;
    (!number.is_nan()).then_some(number)
}

impl ScoreRange {
    pub(super) fn parse(min: &[u8], max: &[u8]) -> Result<Self, Fault> {
        Ok(Self { min: ScoreBound::parse(min)?, max: ScoreBound::parse(max)? })
    }

    /// The ranks of its members.
    pub(super) fn ranks(self, zset: &Zset) -> Range<usize> {
        let Self { min, max } = self;
        let start = zset.count_by_score(|score| score < min.score || (min.is_exclusive && score == min.score));
        let end = zset.count_by_score(|score| score < max.score || (!max.is_exclusive && score == max.score));
        start..end.max(start)
    }
}

/// A range of bytes.
#[derive(Clone, Copy)]
pub(super) struct LexRange<'a> {
    min: LexBound<'a>,
    max: LexBound<'a>,
}

/// An end of a range of bytes.
#[derive(Clone, Copy)]
enum LexBound<'a> {
    Lowest,
    Highest,
    Including(&'a [u8]),
    Excluding(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        match text {
            b"-" => Ok(Self::Lowest),
            b"+" => Ok(Self::Highest),
            [b'[', bytes @ ..] => Ok(Self::Including(bytes)),
            [b'(', bytes @ ..] => Ok(Self::Excluding(bytes)),
            _ => Err(Fault::OutOfRange("min or max not valid string range item")),
        }
    }

    /// It lies behind this member: outside of the range where it is its beginning, and within where it is its end.
    fn is_behind(self, member: &[u8], is_max: bool) -> bool {
        match self {
            Self::Lowest => false,
            Self::Highest => true,
            Self::Including(bytes) => member < bytes || (is_max && member == bytes),
            Self::Excluding(bytes) => member < bytes || (!is_max && member == bytes),
        }
    }
}

impl<'a> LexRange<'a> {
    pub(super) fn parse(min: &'a [u8], max: &'a [u8]) -> Result<Self, Fault> {
        Ok(Self { min: LexBound::parse(min)?, max: LexBound::parse(max)? })
    }

    /// The ranks of its members.
    pub(super) fn ranks(self, zset: &Zset) -> Range<usize> {
        let start = zset.count_by_bytes(|member| self.min.is_behind(member, false));
        let end = zset.count_by_bytes(|member| self.max.is_behind(member, true));
        start..end.max(start)
    }
}

impl Bounds<'_> {
    /// The ranks of its members; those of [`Bounds::Ranks`] count from the end if `backwards`.
    pub(super) fn ranks(&self, zset: &Zset, backwards: bool) -> Range<usize> {
        match self {
            Self::Ranks(start, end) => by_rank(*start, *end, zset.len(), backwards),
            Self::Scores(range) => range.ranks(zset),
            Self::Lex(range) => range.ranks(zset),
        }
    }
}

fn by_rank(start: i64, end: i64, len: usize, backwards: bool) -> Range<usize> {
    let members = i64::try_from(len).unwrap_or(i64::MAX);
    let absolute = |index: i64| if index < 0 { index.saturating_add(members) } else { index };
    let start = absolute(start).max(0);
    let end = absolute(end).saturating_add(1).min(members);
    if start >= end {
        return 0..0;
    }
    let (start, end) = (start as usize, end as usize);
    if backwards { len - end..len - start } else { start..end }
}

/// The part of a range that `LIMIT` leaves: `offset` members are skipped, and a negative `count` is no limit.
pub(super) fn limit(ranks: Range<usize>, backwards: bool, offset: i64, count: i64) -> Range<usize> {
    let Ok(skipped) = usize::try_from(offset) else { return 0..0 };
    let left = ranks.len().saturating_sub(skipped);
    let taken = usize::try_from(count).map_or(left, |count| count.min(left));
    if taken == 0 {
        return 0..0;
    }
    if backwards {
        let end = ranks.end - skipped;
        end - taken..end
    } else {
        let start = ranks.start + skipped;
        start..start + taken
    }
}
