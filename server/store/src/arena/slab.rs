//! A slab: cells of one size, those never used behind those that were, and a list through the free ones.

use super::class::Class;
use super::handle::GRAIN;

/// What a slab is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// Cells of one class.
    Shared(Class),
    /// One large cell.
    Large,
    /// Nothing: it has no memory.
    Vacant,
}

/// The end of a list of free cells. No cell lies there: offsets are below 2^15 multiples of `GRAIN`.
const NO_CELL: u16 = u16::MAX;

/// What is known of a slab besides its bytes.
#[derive(Clone, Debug)]
pub(super) struct Slab {
    pub(super) purpose: Use,
    /// Neighbours in the list of slabs with room.
    pub(super) next: Option<u32>,
    pub(super) previous: Option<u32>,
    /// Cells in use.
    pub(super) live: u16,
    /// Offset of the first free cell that was used before, as a multiple of `GRAIN`.
    free: u16,
    /// Where the cells begin that were never used.
    fresh: u32,
}

impl Slab {
    pub(super) fn new(purpose: Use) -> Self {
        Self { purpose, next: None, previous: None, live: 0, free: NO_CELL, fresh: 0 }
    }

    pub(super) fn is_full(&self, page: &[u8], cell: usize) -> bool {
        self.free == NO_CELL && self.fresh as usize + cell > page.len()
    }

    /// The offset of a cell that is free from now on no more. There must be one.
    pub(super) fn take(&mut self, page: &mut [u8], cell: usize) -> usize {
        self.live += 1;
        if self.free == NO_CELL {
            let offset = self.fresh as usize;
            self.fresh += cell as u32;
            return offset;
        }
        let offset = usize::from(self.free) * GRAIN;
        self.free = u16::from_le_bytes([page[offset], page[offset + 1]]);
        offset
    }

    pub(super) fn give_back(&mut self, page: &mut [u8], offset: usize) {
        self.live -= 1;
        page[offset..offset + 2].copy_from_slice(&self.free.to_le_bytes());
        self.free = (offset / GRAIN) as u16;
    }
}
