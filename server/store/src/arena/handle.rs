//! Where a cell lies.

/// Bytes of the largest slab; an offset within it fits in 15 bits as a multiple of [`GRAIN`].
pub(crate) const SLAB_BYTES: usize = 256 * 1024;

/// Cells begin at multiples of this and are multiples of it long.
pub(crate) const GRAIN: usize = 8;

const OFFSET_BITS: u32 = 15;
const OFFSET_MASK: u64 = (1 << OFFSET_BITS) - 1;

/// The number of slabs that a handle can tell apart: 25 bits. With slabs of 256 KiB that is 8 TiB.
pub(crate) const SLABS_MAX: usize = 1 << 25;

/// The place of a cell in an [`super::Arena`]: a slab and an offset, 40 bits in all, so that a table can hold it in five bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Handle(u64);

impl Handle {
    pub(super) fn new(slab: usize, offset: usize) -> Self {
        debug_assert!(slab < SLABS_MAX && offset < SLAB_BYTES && offset.is_multiple_of(GRAIN));
        Self((slab as u64) << OFFSET_BITS | (offset / GRAIN) as u64)
    }

    #[inline]
    pub(super) fn slab(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize
    }

    #[inline]
    pub(super) fn offset(self) -> usize {
        (self.0 & OFFSET_MASK) as usize * GRAIN
    }

    /// The five bytes that stand for it.
    #[inline]
    pub fn pack(self) -> [u8; 5] {
        let [a, b, c, d, e, ..] = self.0.to_le_bytes();
        [a, b, c, d, e]
    }

    /// What [`Self::pack`] gave.
    #[inline]
    pub fn unpack([a, b, c, d, e]: [u8; 5]) -> Self {
        Self(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
    }
}
