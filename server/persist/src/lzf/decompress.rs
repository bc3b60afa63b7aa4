//! From LZF to bytes.

use super::{LITERALS_MAX, LONG, MATCH_MAX};

/// What is compressed is not what it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// It ends within a run.
    #[error("compressed bytes end early")]
    Truncated,
    /// A run is taken from before the beginning.
    #[error("compressed bytes refer to what is not there")]
    Distance,
    /// It gives another number of bytes than announced.
    #[error("compressed bytes do not have the announced length")]
    Length,
}

/// Control bytes of the longest run from before.
const LONG_BYTES: usize = 3;

/// Appends what `compressed` stands for to `out`, which must come to exactly `len` bytes. If it fails, `out` is what it was.
pub fn decompress(compressed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), Damaged> {
    // No input gives more, so nothing is reserved for a length that is a lie.
    if len > compressed.len().div_ceil(LONG_BYTES).saturating_mul(MATCH_MAX) {
        return Err(Damaged::Length);
    }
    let start = out.len();
    out.reserve(len);
    let result = expand(compressed, start, len, out);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn expand(compressed: &[u8], start: usize, len: usize, out: &mut Vec<u8>) -> Result<(), Damaged> {
    let end = start + len;
    let mut rest = compressed;
    while let [control, tail @ ..] = rest {
        if usize::from(*control) < LITERALS_MAX {
            let (literals, tail) = tail.split_at_checked(usize::from(*control) + 1).ok_or(Damaged::Truncated)?;
            if out.len() + literals.len() > end {
                return Err(Damaged::Length);
            }
            out.extend_from_slice(literals);
            rest = tail;
            continue;
        }
        let (extra, tail) = match tail {
            [extra, tail @ ..] if *control >= LONG => (usize::from(*extra), tail),
            tail if *control < LONG => (0, tail),
            _ => return Err(Damaged::Truncated),
        };
        let [low, tail @ ..] = tail else { return Err(Damaged::Truncated) };
        rest = tail;
        let distance = (usize::from(*control & 0x1f) << 8 | usize::from(*low)) + 1;
        let run = usize::from(*control >> 5) + 2 + extra;
        if distance > out.len() - start {
            return Err(Damaged::Distance);
        }
        if out.len() + run > end {
            return Err(Damaged::Length);
        }
        repeat(out, distance, run);
    }
    if out.len() == end { Ok(()) } else { Err(Damaged::Length) }
}

/// Appends `run` bytes that begin `distance` bytes before the end; they may overlap with what is appended.
#[inline]
fn repeat(out: &mut Vec<u8>, distance: usize, run: usize) {
    let from = out.len() - distance;
    let end = out.len() + run;
    // What has been copied is a longer period of the same pattern.
    while out.len() < end {
        let available = out.len() - from;
        let take = available.min(end - out.len());
        out.extend_from_within(from..from + take);
    }
}
