//! Sizes of cells.

use super::handle::{GRAIN, SLAB_BYTES};

/// Up to this size every multiple of [`GRAIN`] is a class of its own.
const FINE_MAX: usize = 512;

/// Classes per doubling above [`FINE_MAX`]: a cell is at most an eighth larger than what was asked for.
const PER_DOUBLING: usize = 8;

/// The largest cell that shares a slab; larger ones have an allocation of their own.
pub(super) const SHARED_MAX: usize = 8192;

const FINE: usize = FINE_MAX / GRAIN;

/// log2(SHARED_MAX / FINE_MAX).
const DOUBLINGS: usize = (SHARED_MAX / FINE_MAX).trailing_zeros() as usize;

/// The number of classes.
pub(super) const CLASSES: usize = FINE + DOUBLINGS * PER_DOUBLING;

/// A size of cells in shared slabs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Class(u8);

const _: () = assert!(CLASSES <= u8::MAX as usize, "a class fits in a byte");
const _: () = assert!(SLAB_BYTES >= 16 * SHARED_MAX, "what is left at the end of a slab is at most a sixteenth of it");

impl Class {
    /// The smallest class for `bytes`, if it is shared at all.
    #[inline]
    pub(super) fn of(bytes: usize) -> Option<Self> {
        if bytes <= FINE_MAX {
            return Some(Self((bytes.max(1).div_ceil(GRAIN) - 1) as u8));
        }
        if bytes > SHARED_MAX {
            return None;
        }
        let doubling = ((bytes - 1) / FINE_MAX).ilog2() as usize;
        let (start, step) = (FINE_MAX << doubling, (FINE_MAX << doubling) / PER_DOUBLING);
        let within = (bytes - start).div_ceil(step) - 1;
        Some(Self((FINE + doubling * PER_DOUBLING + within) as u8))
    }

    #[inline]
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Bytes of a cell.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        let index = self.index();
        if index < FINE {
            return (index + 1) * GRAIN;
        }
        let (doubling, within) = ((index - FINE) / PER_DOUBLING, (index - FINE) % PER_DOUBLING);
        let start = FINE_MAX << doubling;
        start + (within + 1) * (start / PER_DOUBLING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_smallest_class_that_holds_it() {
        for bytes in 0..=SHARED_MAX {
            let class = Class::of(bytes).unwrap();
            assert!(class.bytes() >= bytes, "{bytes}");
            assert!(class.bytes() <= bytes.max(GRAIN) + (bytes / 8).max(GRAIN), "{bytes}: {}", class.bytes());
            assert_eq!(Class::of(class.bytes()), Some(class));
            assert!(class.index() < CLASSES);
        }
        assert_eq!(Class::of(SHARED_MAX + 1), None);
        assert_eq!(Class::of(SHARED_MAX).unwrap().index(), CLASSES - 1);
    }
}
