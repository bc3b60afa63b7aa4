//! Counts the members of a collection anew.

use super::{Members, hash_of};

impl Members {
    /// What [`Members::heap_bytes`] has to be; 0 if a member cannot be found, or a cell is nobody's.
    pub(crate) fn recount(&self) -> usize {
        let (cells, bytes) = self.arena.recount();
        let found = self.table.found(|member| hash_of(&self.arena, self.hasher, self.values, member));
        let is_whole = cells == self.len() && found == self.len();
        if is_whole { self.table.recount() + bytes + size_of::<Self>() } else { 0 }
    }
}
