//! Counts the cells of an arena anew.

use super::slab::Use;
use super::{Arena, LARGE_OVERHEAD};

impl Arena {
    /// Cells in use, and what [`Arena::used_bytes`] has to be.
    pub(crate) fn recount(&self) -> (usize, usize) {
        let (mut cells, mut bytes) = (0, 0);
        for (slab, page) in self.slabs.iter().zip(&self.pages) {
            match slab.purpose {
                Use::Shared(class) => {
                    cells += usize::from(slab.live);
                    bytes += usize::from(slab.live) * class.bytes();
                }
                Use::Large => {
                    cells += 1;
                    bytes += page.len() + LARGE_OVERHEAD;
                }
                Use::Vacant => {}
            }
        }
        (cells, bytes)
    }
}
