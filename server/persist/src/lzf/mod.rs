//! LZF, the compression of strings in RDB files.
//!
//! ```text
//! 000nnnnn + n+1 bytes              these bytes
//! nnnooooo oooooooo                 n+2 bytes (n is 1 to 6) from o+1 bytes before
//! 111ooooo nnnnnnnn oooooooo        n+9 bytes from o+1 bytes before
//! ```

mod compress;
mod decompress;
#[cfg(test)]
mod tests;

pub use compress::Compressor;
pub use decompress::{Damaged, decompress};

/// Most bytes that go uncompressed behind one control byte.
const LITERALS_MAX: usize = 32;

/// Shortest and longest run that is taken from before.
const MATCH_MIN: usize = 3;
const MATCH_MAX: usize = 264;

/// Longest run whose length is in the control byte itself.
const MATCH_SHORT_MAX: usize = 8;

/// How far before runs can be taken from.
const DISTANCE_MAX: usize = 1 << 13;

/// The value of the three upper bits that says that the length follows.
const LONG: u8 = 7 << 5;
