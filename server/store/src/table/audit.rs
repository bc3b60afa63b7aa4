//! Counts the entries of a table anew.

use super::{Segment, Table};
use crate::arena::Handle;

impl Table {
    /// What [`Table::heap_bytes`] has to be.
    pub(crate) fn recount(&self) -> usize {
        let segments: usize = self.segments.iter().map(Segment::heap_bytes).sum();
        self.heap_bytes() - self.segment_bytes + segments
    }

    /// Entries that a search for their hashes finds.
    pub(crate) fn found(&self, hash_of: impl Fn(Handle) -> u64) -> usize {
        self.handles().filter(|entry| self.find(hash_of(*entry), |other| other == *entry).is_some()).count()
    }
}
