//! Registers as runs of equal ones.
//!
//! | bits | meaning |
//! |---|---|
//! | `00nnnnnn` | n + 1 empty registers |
//! | `01nnnnnn nnnnnnnn` | n + 1 empty registers |
//! | `1rrrrrnn` | n + 1 registers of rank r + 1 |

use super::estimate::Histogram;
use super::{Corrupted, HEADER_LEN, REGISTERS};

/// Highest rank that a run can have.
const RANK_MAX: u8 = 32;

/// Longest run of registers with a rank.
const RANKED_LEN_MAX: usize = 4;

/// Longest run of empty registers in one byte.
const SHORT_LEN_MAX: usize = 64;

/// After a change, so many runs are looked at for equal neighbours. Redis looks at as many, and would have other bytes otherwise.
const MERGE_RUNS: usize = 5;

const RANKED_BIT: u8 = 0x80;
const LONG_BIT: u8 = 0x40;

/// Registers of the run that a byte means, 0 if it takes another byte to know. Runs of the two short kinds alternate in no order
/// that a processor could guess, so that a search goes by this.
const SHORT_LENS: [u8; 256] = {
    let mut lens = [0; 256];
    let mut byte = 0;
    while byte < lens.len() {
        lens[byte] = match byte {
            0..0x40 => byte as u8 + 1,
            0x80.. => (byte & 3) as u8 + 1,
            _ => 0,
        };
        byte += 1;
    }
    lens
};

/// Registers of the same rank next to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// Their rank, 0 if they are empty.
    pub rank: u8,
    /// How many there are.
    pub len: usize,
    /// The run takes two bytes.
    pub is_long: bool,
}

impl Run {
    /// The run at the start of some bytes. What would lie behind the end counts as zero.
    fn read(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let low = usize::from(first & 0x3f);
        Some(if first & RANKED_BIT != 0 {
            Self { rank: (first >> 2 & 0x1f) + 1, len: usize::from(first & 3) + 1, is_long: false }
        } else if first & LONG_BIT != 0 {
            let second = bytes.get(1).copied().unwrap_or(0);
            Self { rank: 0, len: (low << 8 | usize::from(second)) + 1, is_long: true }
        } else {
            Self { rank: 0, len: low + 1, is_long: false }
        })
    }

    fn bytes(self) -> usize {
        if self.is_long { 2 } else { 1 }
    }
}

/// The runs of a sparse value.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> + '_ {
    let mut rest = &bytes[HEADER_LEN..];
    std::iter::from_fn(move || {
        let run = Run::read(rest)?;
        rest = rest.get(run.bytes()..).unwrap_or_default();
        Some(run)
    })
}

/// The bytes of a run of registers with a rank.
fn ranked(rank: u8, len: usize) -> u8 {
    RANKED_BIT | (rank - 1) << 2 | (len - 1) as u8
}

/// Appends a run; none if it is empty.
fn push(bytes: &mut Vec<u8>, rank: u8, len: usize) {
    match (len, rank) {
        (0, _) => {}
        (1..=SHORT_LEN_MAX, 0) => bytes.push((len - 1) as u8),
        (_, 0) => bytes.extend([LONG_BIT | ((len - 1) >> 8) as u8, (len - 1) as u8]),
        _ => bytes.push(ranked(rank, len)),
    }
}

/// All registers empty.
pub(super) fn push_empty(bytes: &mut Vec<u8>) {
    push(bytes, 0, REGISTERS);
}

/// What came of raising a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Raised {
    /// It was as high already.
    Unchanged,
    /// It is raised.
    Changed,
    /// The rank is too high for a run, or the value would become too long: it must become dense.
    TooMuch,
}

/// Where a register is.
struct Place {
    /// The run that it belongs to begins here.
    at: usize,
    /// The run before that begins here; the same place if there is none.
    before: usize,
    /// The first register of the run.
    first: usize,
    run: Run,
}

fn find(bytes: &[u8], index: usize) -> Option<Place> {
    let (mut at, mut before, mut first) = (HEADER_LEN, HEADER_LEN, 0);
    loop {
        let byte = *bytes.get(at)?;
        let short_len = usize::from(SHORT_LENS[usize::from(byte)]);
        let (len, size) = if short_len > 0 { (short_len, 1) } else { (Run::read(&bytes[at..])?.len, 2) };
        if index < first + len {
            return Some(Place { at, before, first, run: Run::read(&bytes[at..])? });
        }
        (before, first, at) = (at, first + len, at + size);
    }
}

/// A register need not be raised to `rank`.
pub(super) fn is_raised(bytes: &[u8], index: usize, rank: u8) -> bool {
    find(bytes, index).is_some_and(|place| place.run.rank >= rank)
}

/// Raises a register to `rank`, in a value that may take `bytes_max`.
pub(super) fn raise(bytes: &mut Vec<u8>, index: usize, rank: u8, bytes_max: usize) -> Result<Raised, Corrupted> {
    if rank > RANK_MAX {
        return Ok(Raised::TooMuch);
    }
    let Place { at, before, first, run } = find(bytes, index).ok_or(Corrupted)?;
    if run.rank >= rank {
        return Ok(Raised::Unchanged);
    }
    let mut parts = Vec::with_capacity(MERGE_RUNS);
    push(&mut parts, run.rank, index - first);
    push(&mut parts, rank, 1);
    push(&mut parts, run.rank, first + run.len - 1 - index);
    if parts.len() > run.bytes() && bytes.len() + parts.len() - run.bytes() > bytes_max {
        return Ok(Raised::TooMuch);
    }
    let end = (at + run.bytes()).min(bytes.len());
    bytes.splice(at..end, parts);
    merge(bytes, before);
    Ok(Raised::Changed)
}

/// Makes one run of two that have the same rank, around a change.
fn merge(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..MERGE_RUNS {
        let Some(run) = Run::read(bytes.get(at..).unwrap_or_default()) else { return };
        let next = bytes.get(at + 1..).and_then(Run::read);
        match next {
            Some(next) if run.rank > 0 && next.rank == run.rank && run.len + next.len <= RANKED_LEN_MAX => {
                bytes.remove(at);
                bytes[at] = ranked(run.rank, run.len + next.len);
            }
            _ => at += run.bytes(),
        }
    }
}

/// How many registers have each rank.
pub(super) fn histogram(bytes: &[u8]) -> Result<Histogram, Corrupted> {
    let mut ranks = [0; 64];
    let mut registers = 0;
    for run in runs(bytes) {
        registers += run.len;
        // A value has at most as many bytes as a string, and a run less than 2^15 registers.
        ranks[usize::from(run.rank)] += run.len as u32;
        if registers > REGISTERS {
            return Err(Corrupted);
        }
    }
    if registers == REGISTERS { Ok(Histogram(ranks)) } else { Err(Corrupted) }
}

/// Raises each register of an array to that of a value.
pub(super) fn raise_array(ranks: &mut [u8], bytes: &[u8]) -> Result<(), Corrupted> {
    let mut next = 0;
    for run in runs(bytes) {
        let registers = ranks.get_mut(next..next + run.len).ok_or(Corrupted)?;
        if run.rank > 0 {
            registers.iter_mut().for_each(|rank| *rank = run.rank.max(*rank));
        }
        next += run.len;
    }
    if next == ranks.len() { Ok(()) } else { Err(Corrupted) }
}
