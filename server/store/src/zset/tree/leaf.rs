//! A leaf: scores and members in order, 13 bytes each, one behind the other in a cell.

use crate::arena::Handle;
use crate::members::Member;

/// A score and the member that has it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::zset) struct Ranked {
    pub(in crate::zset) score: f64,
    pub(in crate::zset) member: Member,
}

/// Bytes of an entry: eight of the score, five of the member.
pub(super) const ENTRY: usize = 13;

/// Most entries of a leaf. Half of them are moved by an insertion on average, some 400 bytes.
pub(super) const LEAF_MAX: usize = 64;

/// Cells of leaves are multiples of this long, so that not every insertion needs a new one.
const CELL_GRAIN: usize = 64;

/// Bytes of a cell for so many entries.
pub(super) const fn cell_bytes(entries: usize) -> usize {
    (entries * ENTRY).next_multiple_of(CELL_GRAIN)
}

/// The entry at `at`.
#[inline]
pub(super) fn read(cell: &[u8], at: usize) -> Ranked {
    let entry = &cell[at * ENTRY..][..ENTRY];
    let mut score = [0; 8];
    score.copy_from_slice(&entry[..8]);
    let mut member = [0; 5];
    member.copy_from_slice(&entry[8..]);
    Ranked { score: f64::from_le_bytes(score), member: Handle::unpack(member) }
}

/// Writes the entry at `at`.
#[inline]
pub(super) fn write(cell: &mut [u8], at: usize, entry: Ranked) {
    let bytes = &mut cell[at * ENTRY..][..ENTRY];
    bytes[..8].copy_from_slice(&entry.score.to_le_bytes());
    bytes[8..].copy_from_slice(&entry.member.pack());
}

/// Puts an entry before the one at `at`; there is room.
pub(super) fn insert(cell: &mut [u8], len: usize, at: usize, entry: Ranked) {
    cell.copy_within(at * ENTRY..len * ENTRY, (at + 1) * ENTRY);
    write(cell, at, entry);
}

/// Takes the entry at `at` out.
pub(super) fn remove(cell: &mut [u8], len: usize, at: usize) -> Ranked {
    let entry = read(cell, at);
    cell.copy_within((at + 1) * ENTRY..len * ENTRY, at * ENTRY);
    entry
}

/// The number of entries for which `is_before` is true: those at the beginning.
#[inline]
pub(super) fn partition(cell: &[u8], len: usize, mut is_before: impl FnMut(Ranked) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(read(cell, middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
