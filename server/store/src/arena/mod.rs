//! Memory for keys and values: cells of bytes in slabs.
//!
//! A cell is named by a [`Handle`] of 40 bits instead of a pointer, which makes tables smaller and keeps all of this safe code:
//! a wrong handle reads wrong bytes of the same arena at worst, and never memory that is not its own. Small cells of one size
//! share slabs of up to 256 KiB; a slab without cells is given back. What a cell costs is known exactly, without asking an allocator.

mod audit;
mod class;
mod handle;
mod slab;

#[cfg(test)]
mod tests;

use class::{CLASSES, Class};
pub use handle::Handle;
use handle::{SLAB_BYTES, SLABS_MAX};
use slab::{Slab, Use};

/// Bytes that the bookkeeping of a cell with an allocation of its own is charged with.
const LARGE_OVERHEAD: usize = size_of::<Slab>() + size_of::<Vec<u8>>();

/// Large cells are multiples of this long.
const LARGE_GRAIN: usize = 64;

/// Cells that the smallest slab has room for.
const CELLS_MIN: usize = 4;

/// A new slab is at most this part of what is in use already, so that small arenas are not mostly empty slabs.
const SLAB_SHARE: usize = 32;

/// Cells of bytes.
#[derive(Clone, Default)]
pub struct Arena {
    /// The memory of each slab; apart from the rest, so that what every access reads stays in the cache.
    pages: Vec<Vec<u8>>,
    slabs: Vec<Slab>,
    /// Slabs that have no memory.
    vacant: Vec<u32>,
    /// Of each class, a slab with room, which leads to the others.
    open: Vec<Option<u32>>,
    used_bytes: usize,
}

impl Arena {
    /// An arena without memory.
    pub fn new() -> Self {
        Self { open: vec![None; CLASSES], ..Self::default() }
    }

    /// Bytes in cells, rounded as they are kept. Free cells of slabs do not count: they are fragmentation.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// A new cell with room for `bytes`. What is in it is unspecified.
    ///
    /// # Panics
    /// If there are more than 2^25 slabs, which takes 8 TiB of small cells, or as many large ones.
    pub fn alloc(&mut self, bytes: usize) -> Handle {
        match Class::of(bytes) {
            Some(class) => self.alloc_shared(class),
            None => self.alloc_large(bytes),
        }
    }

    /// Gives a cell back.
    pub fn free(&mut self, handle: Handle) {
        let index = handle.slab();
        match self.slabs[index].purpose {
            Use::Shared(class) => self.free_shared(handle, class),
            Use::Large => {
                self.used_bytes -= self.pages[index].len() + LARGE_OVERHEAD;
                self.vacate(index);
            }
            Use::Vacant => debug_assert!(false, "freed twice"),
        }
    }

    /// Room of a cell in bytes, which is what was asked for or a little more.
    #[inline]
    pub fn capacity(&self, handle: Handle) -> usize {
        match self.slabs[handle.slab()].purpose {
            Use::Shared(class) => class.bytes(),
            Use::Large | Use::Vacant => self.pages[handle.slab()].len(),
        }
    }

    /// What `alloc(bytes)` would give room for.
    pub fn capacity_for(bytes: usize) -> usize {
        Class::of(bytes).map_or_else(|| bytes.next_multiple_of(LARGE_GRAIN), Class::bytes)
    }

    /// What a cell costs, its share of the bookkeeping included.
    pub fn cost(&self, handle: Handle) -> usize {
        match self.slabs[handle.slab()].purpose {
            Use::Shared(class) => class.bytes(),
            Use::Large | Use::Vacant => self.pages[handle.slab()].len() + LARGE_OVERHEAD,
        }
    }

    /// The slab's bytes from the start of the cell on. Whoever wrote the cell knows how many are its own.
    #[inline]
    pub fn get(&self, handle: Handle) -> &[u8] {
        &self.pages[handle.slab()][handle.offset()..]
    }

    /// As [`Self::get`], to write to.
    #[inline]
    pub fn get_mut(&mut self, handle: Handle) -> &mut [u8] {
        &mut self.pages[handle.slab()][handle.offset()..]
    }

    /// Makes room for `bytes` in a large cell without moving its beginning, if it is one and stays one.
    pub fn resize_large(&mut self, handle: Handle, bytes: usize) -> bool {
        let index = handle.slab();
        if self.slabs[index].purpose != Use::Large || Class::of(bytes).is_some() {
            return false;
        }
        let page = &mut self.pages[index];
        let new = bytes.next_multiple_of(LARGE_GRAIN);
        self.used_bytes = self.used_bytes + new - page.len();
        if new > page.len() {
            page.reserve_exact(new - page.len());
        }
        page.resize(new, 0);
        page.shrink_to(new);
        true
    }

    fn alloc_shared(&mut self, class: Class) -> Handle {
        let index = match self.open[class.index()] {
            Some(index) => index as usize,
            None => self.open_slab(class),
        };
        self.used_bytes += class.bytes();
        let slab = &mut self.slabs[index];
        let offset = slab.take(&mut self.pages[index], class.bytes());
        if slab.is_full(&self.pages[index], class.bytes()) {
            self.unlink(index, class);
        }
        Handle::new(index, offset)
    }

    fn free_shared(&mut self, handle: Handle, class: Class) {
        let index = handle.slab();
        self.used_bytes -= class.bytes();
        let slab = &mut self.slabs[index];
        let was_full = slab.is_full(&self.pages[index], class.bytes());
        slab.give_back(&mut self.pages[index], handle.offset());
        let empty = slab.live == 0;
        if was_full {
            // An empty slab is kept only while it is the only one with room.
            if let Some(spare) = self.open[class.index()].filter(|spare| self.slabs[*spare as usize].live == 0) {
                self.unlink(spare as usize, class);
                self.vacate(spare as usize);
            }
            self.link(index, class);
        } else if empty && !self.is_only_open(index, class) {
            self.unlink(index, class);
            self.vacate(index);
        }
    }

    /// No other slab has room for cells of the class. It stays even if it is empty, so that one cell made and freed again and again
    /// costs no page faults.
    fn is_only_open(&self, index: usize, class: Class) -> bool {
        self.open[class.index()] == Some(index as u32) && self.slabs[index].next.is_none()
    }

    fn alloc_large(&mut self, bytes: usize) -> Handle {
        let bytes = bytes.next_multiple_of(LARGE_GRAIN);
        let index = self.place(vec![0; bytes], Use::Large);
        self.used_bytes += bytes + LARGE_OVERHEAD;
        Handle::new(index, 0)
    }

    fn open_slab(&mut self, class: Class) -> usize {
        let cells = (self.used_bytes / SLAB_SHARE).min(SLAB_BYTES) / class.bytes();
        let index = self.place(vec![0; cells.max(CELLS_MIN) * class.bytes()], Use::Shared(class));
        self.link(index, class);
        index
    }

    fn place(&mut self, page: Vec<u8>, purpose: Use) -> usize {
        let slab = Slab::new(purpose);
        if let Some(index) = self.vacant.pop() {
            let index = index as usize;
            self.pages[index] = page;
            self.slabs[index] = slab;
            return index;
        }
        assert!(self.slabs.len() < SLABS_MAX, "the arena is full");
        self.pages.push(page);
        self.slabs.push(slab);
        self.slabs.len() - 1
    }

    fn vacate(&mut self, index: usize) {
        self.pages[index] = Vec::new();
        self.slabs[index] = Slab::new(Use::Vacant);
        self.vacant.push(index as u32);
    }

    /// Puts a slab at the head of those with room.
    fn link(&mut self, index: usize, class: Class) {
        let head = self.open[class.index()].replace(index as u32);
        self.slabs[index].next = head;
        self.slabs[index].previous = None;
        if let Some(head) = head {
            self.slabs[head as usize].previous = Some(index as u32);
        }
    }

    fn unlink(&mut self, index: usize, class: Class) {
        let (previous, next) = (self.slabs[index].previous.take(), self.slabs[index].next.take());
        match previous {
            Some(previous) => self.slabs[previous as usize].next = next,
            None => self.open[class.index()] = next,
        }
        if let Some(next) = next {
            self.slabs[next as usize].previous = previous;
        }
    }
}
