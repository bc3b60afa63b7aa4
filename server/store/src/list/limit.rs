//! How large a chunk of a list may become (`list-max-listpack-size`).

/// Chunks whose limit is a number of elements are limited in bytes all the same.
const SAFETY_BYTES: usize = 8192;

/// Largest chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    bytes: usize,
    count: usize,
    /// The limit was given in elements.
    by_count: bool,
}

impl Limit {
    /// Of the directive's value: a number of elements, or -1 to -5 for 4 to 64 KiB.
    pub fn of(directive: i64) -> Self {
        match directive {
            0.. => Self {
                bytes: SAFETY_BYTES,
                count: usize::try_from(directive).unwrap_or(usize::MAX).max(1),
                by_count: true,
            },
            _ => Self { bytes: 4096 << (-directive - 1).clamp(0, 4), count: usize::MAX, by_count: false },
        }
    }

    /// A chunk of so many bytes and elements is not too large.
    #[inline]
    pub(super) fn allows(self, bytes: usize, count: usize) -> bool {
        bytes <= self.bytes && count <= self.count
    }

    /// What is so small may become a single listpack again: half the limit, so that it does not go to and fro.
    pub(super) fn allows_shrunk(self, bytes: usize, count: usize) -> bool {
        if self.by_count { count <= self.count / 2 } else { bytes <= self.bytes / 2 }
    }
}
