//! HyperLogLog: how many different elements were added, told from a few bits of the hash of each.
//!
//! The bytes are those of Redis, so that values can be copied from one server to another: a header, then 16384 registers of six bits,
//! either all of them (dense) or as runs of equal registers (sparse).
//!
//! | bytes | content |
//! |---|---|
//! | 0-3 | `HYLL` |
//! | 4 | encoding: 0 dense, 1 sparse |
//! | 5-7 | zero |
//! | 8-15 | the last estimate, little-endian; not to be trusted if the highest bit is set |
//! | 16- | registers |

mod dense;
mod estimate;
mod hash;
mod self_test;
mod sketch;
mod sparse;
#[cfg(test)]
mod tests;

pub use estimate::Histogram;
pub use self_test::self_test;
pub use sketch::{Encoding, NotASketch, Registers, Sketch, encoding_of};
pub use sparse::{Run, runs};

/// Bits of a hash that choose the register.
const INDEX_BITS: u32 = 14;

/// Number of registers.
pub const REGISTERS: usize = 1 << INDEX_BITS;

/// Bits of a hash that are counted: the others chose the register.
const COUNTED_BITS: u32 = u64::BITS - INDEX_BITS;

/// Length of the header.
const HEADER_LEN: usize = 16;

/// A value whose registers do not make sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrupted;
