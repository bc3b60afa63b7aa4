//! All registers, six bits each, the first in the lowest bits of the first byte.

use super::estimate::{Histogram, HistogramParts};
use super::{Encoding, HEADER_LEN, REGISTERS};

/// Bits of a register.
const BITS: usize = 6;

const RANK_MAX: u8 = (1 << BITS) - 1;

/// Length of a dense value.
pub(super) const LEN: usize = HEADER_LEN + REGISTERS * BITS / 8;

/// A dense value with the header of another one and empty registers.
pub(super) fn with_header(header: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; LEN];
    bytes[..HEADER_LEN].copy_from_slice(&header[..HEADER_LEN]);
    bytes[super::sketch::ENCODING_AT] = Encoding::Dense as u8;
    bytes
}

/// Three bytes hold four registers.
fn unpack(bytes: [u8; 3]) -> [u8; 4] {
    let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    [0, 6, 12, 18].map(|shift| (word >> shift) as u8 & RANK_MAX)
}

/// The three bytes with a register, where they begin, and how far it is shifted in them.
fn group_of(bytes: &[u8], index: usize) -> (u32, usize, usize) {
    let at = HEADER_LEN + index / 4 * 3;
    (u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0]), at, index % 4 * BITS)
}

/// A register need not be raised to `rank`.
pub(super) fn is_raised(bytes: &[u8], index: usize, rank: u8) -> bool {
    let (word, _, shift) = group_of(bytes, index);
    (word >> shift) as u8 & RANK_MAX >= rank
}

/// Raises a register to `rank`. False if it is as high already.
pub(super) fn raise(bytes: &mut [u8], index: usize, rank: u8) -> bool {
    if is_raised(bytes, index, rank) {
        return false;
    }
    let (word, at, shift) = group_of(bytes, index);
    let word = word & !(u32::from(RANK_MAX) << shift) | u32::from(rank) << shift;
    bytes[at..at + 3].copy_from_slice(&word.to_le_bytes()[..3]);
    true
}

/// How many registers have each rank.
pub(super) fn histogram(bytes: &[u8]) -> Histogram {
    let mut histogram = HistogramParts::default();
    bytes[HEADER_LEN..].as_chunks::<3>().0.iter().for_each(|group| histogram.add(unpack(*group)));
    histogram.sum()
}

/// The registers one by one.
pub(super) fn ranks(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    bytes[HEADER_LEN..].as_chunks::<3>().0.iter().flat_map(|group| unpack(*group))
}
