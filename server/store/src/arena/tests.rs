use proptest::prelude::*;

use super::*;

proptest! {
    /// Cells keep their bytes, whatever is allocated and freed beside them, and the count of bytes is exact.
    #[test]
    fn cells_do_not_overlap(steps in proptest::collection::vec((0usize..20_000, any::<prop::sample::Index>(), any::<bool>()), 1..300)) {
        let mut arena = Arena::new();
        let mut cells: Vec<(Handle, usize, u8)> = Vec::new();
        for (n, (size, which, free)) in steps.into_iter().enumerate() {
            if free && !cells.is_empty() {
                let (handle, size, fill) = cells.swap_remove(which.index(cells.len()));
                prop_assert!(arena.get(handle)[..size].iter().all(|b| *b == fill));
                arena.free(handle);
            } else {
                let handle = arena.alloc(size);
                prop_assert!(arena.capacity(handle) >= size);
                prop_assert_eq!(arena.capacity(handle), Arena::capacity_for(size.max(1)));
                let fill = n as u8;
                arena.get_mut(handle)[..size].fill(fill);
                cells.push((handle, size, fill));
            }
            prop_assert_eq!(arena.used_bytes(), cells.iter().map(|(h, ..)| arena.cost(*h)).sum::<usize>());
        }
        for (handle, size, fill) in &cells {
            prop_assert!(arena.get(*handle)[..*size].iter().all(|b| b == fill));
        }
    }
}

#[test]
fn memory_comes_back() {
    let mut arena = Arena::new();
    let cells: Vec<Handle> = (0..100_000).map(|_| arena.alloc(88)).collect();
    let pages = |arena: &Arena| arena.pages.iter().filter(|p| !p.is_empty()).count();
    assert!(pages(&arena) > 30);
    for cell in cells {
        arena.free(cell);
    }
    assert_eq!(arena.used_bytes(), 0);
    assert!(pages(&arena) <= 1);
    assert_eq!(arena.vacant.len() + pages(&arena), arena.slabs.len());
}

#[test]
fn large_cells_grow_in_place() {
    let mut arena = Arena::new();
    let cell = arena.alloc(10_000);
    arena.get_mut(cell)[..10_000].fill(7);
    assert!(arena.resize_large(cell, 100_000));
    assert!(arena.capacity(cell) >= 100_000);
    assert!(arena.get(cell)[..10_000].iter().all(|b| *b == 7));
    assert!(!arena.resize_large(cell, 100), "small cells lie elsewhere");
    arena.free(cell);
    assert_eq!(arena.used_bytes(), 0);
    let small = arena.alloc(100);
    assert!(!arena.resize_large(small, 10_000));
}

#[test]
fn handles_are_forty_bits() {
    for (slab, offset) in [(0, 0), (1, 8), (SLABS_MAX - 1, SLAB_BYTES - 8)] {
        let handle = Handle::new(slab, offset);
        let same = Handle::unpack(handle.pack());
        assert_eq!((same.slab(), same.offset()), (slab, offset));
    }
}

impl Arena {
    /// What was counted step by step is what a new count gives.
    pub(crate) fn check_counts(&self) {
        let bytes = self.slabs.iter().zip(&self.pages).map(|(slab, page)| match slab.purpose {
            Use::Shared(class) => usize::from(slab.live) * class.bytes(),
            Use::Large => page.len() + LARGE_OVERHEAD,
            Use::Vacant => 0,
        });
        assert_eq!(self.used_bytes, bytes.sum::<usize>());
    }
}
