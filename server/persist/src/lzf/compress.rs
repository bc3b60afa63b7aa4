//! From bytes to LZF.

use super::{DISTANCE_MAX, LITERALS_MAX, LONG, MATCH_MAX, MATCH_MIN, MATCH_SHORT_MAX};

/// Bits of the hash of three bytes: a table of 32 KiB, which stays in the nearest cache.
const HASH_BITS: u32 = 13;

/// After so many misses (as a power of two) the search takes larger steps: what does not compress is not worth the time.
const PATIENCE_BITS: usize = 6;

/// Compresses one run of bytes after the other, each for itself.
#[derive(Clone, Debug)]
pub struct Compressor {
    /// For each hash where it was seen last, counted over all runs, so that nothing need be cleared between them.
    seen: Box<[u32; 1 << HASH_BITS]>,
    /// What positions of the present run begin at.
    pub(super) base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

impl Compressor {
    /// Longest run that is tried.
    pub const INPUT_MAX: usize = 1 << 30;

    /// Nothing seen yet.
    pub fn new() -> Self {
        Self { seen: Box::new([0; 1 << HASH_BITS]), base: 1 }
    }

    /// Appends the compressed bytes to `out` if they are at most `limit`; else `out` stays as it is. Says whether it did.
    pub fn compress(&mut self, bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        if bytes.len() > Self::INPUT_MAX {
            return false;
        }
        let len = bytes.len() as u32;
        let Some(next) = self.base.checked_add(len) else {
            self.seen.fill(0);
            self.base = 1;
            return self.compress(bytes, limit, out);
        };
        let start = out.len();
        let fits = self.run(bytes, start.saturating_add(limit), out);
        self.base = next;
        if !fits {
            out.truncate(start);
        }
        fits
    }

    fn run(&mut self, bytes: &[u8], end: usize, out: &mut Vec<u8>) -> bool {
        let (mut at, mut literals_from) = (0, 0);
        let mut misses = 0usize;
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
            let slot = &mut self.seen[slot_of(*word)];
            let before = slot.checked_sub(self.base).map(|seen| seen as usize);
            *slot = self.base + at as u32;
            let matched = before.and_then(|before| match_at(bytes, before, at));
            let Some((distance, len)) = matched else {
                at += 1 + (misses >> PATIENCE_BITS);
                misses += 1;
                // Literals take at least as much as they are long.
                if out.len() + (at - literals_from) > end {
                    return false;
                }
                continue;
            };
            misses = 0;
            put_literals(&bytes[literals_from..at], out);
            put_match(distance, len, out);
            if out.len() > end {
                return false;
            }
            // Where the run ends is remembered too: what follows it there often follows it here.
            at += len;
            literals_from = at;
            for behind in [2, 1] {
                if let Some(word) = bytes.get(at - behind..).and_then(|rest| rest.first_chunk::<4>()) {
                    self.seen[slot_of(*word)] = self.base + (at - behind) as u32;
                }
            }
        }
        put_literals(&bytes[literals_from..], out);
        out.len() <= end
    }
}

/// Where the first three of these bytes are remembered.
#[inline]
fn slot_of([a, b, c, _]: [u8; 4]) -> usize {
    let three = u32::from_le_bytes([a, b, c, 0]);
    (three.wrapping_mul(0x9e37_79b1) >> (u32::BITS - HASH_BITS)) as usize
}

/// Distance and length of the run at `at` that was at `before` already.
#[inline]
fn match_at(bytes: &[u8], before: usize, at: usize) -> Option<(usize, usize)> {
    let distance = at.checked_sub(before).filter(|distance| (1..=DISTANCE_MAX).contains(distance))?;
    let longest = (bytes.len() - at).min(MATCH_MAX);
    let (one, other) = (&bytes[before..before + longest], &bytes[at..at + longest]);
    let len = common(one, other);
    (len >= MATCH_MIN).then_some((distance, len))
}

/// How many bytes from the beginning on are equal.
#[inline]
fn common(one: &[u8], other: &[u8]) -> usize {
    let (ones, _) = one.as_chunks::<8>();
    let (others, _) = other.as_chunks::<8>();
    let mut len = 0;
    for (one, other) in ones.iter().zip(others) {
        let different = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if different != 0 {
            return len + different.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    len + one[len..].iter().zip(&other[len..]).take_while(|(one, other)| one == other).count()
}

fn put_literals(bytes: &[u8], out: &mut Vec<u8>) {
    for run in bytes.chunks(LITERALS_MAX) {
        out.push(run.len() as u8 - 1);
        out.extend_from_slice(run);
    }
}

fn put_match(distance: usize, len: usize, out: &mut Vec<u8>) {
    let offset = distance - 1;
    if len <= MATCH_SHORT_MAX {
        out.extend_from_slice(&[((len - 2) << 5 | offset >> 8) as u8, offset as u8]);
    } else {
        out.extend_from_slice(&[LONG | (offset >> 8) as u8, (len - 9) as u8, offset as u8]);
    }
}
