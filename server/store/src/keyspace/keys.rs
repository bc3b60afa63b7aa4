//! Keys by their entries, as the table asks for them.

use crate::arena::{Arena, Handle};
use crate::entry::Entry;
use crate::hash::KeyHasher;
use crate::table::Entries;

/// The keys of a database.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) arena: &'a Arena,
    pub(super) hasher: KeyHasher,
}

impl Entries for Keys<'_> {
    #[inline]
    fn hash(self, entry: Handle) -> u64 {
        self.hasher.hash(Entry::read(self.arena.get(entry)).key())
    }

    #[inline]
    fn touch(self, entry: Handle) -> u8 {
        self.arena.get(entry)[0]
    }
}
