//! The hash of elements: MurmurHash2 of 64 bits, and what registers keep of it.

use super::{COUNTED_BITS, INDEX_BITS, REGISTERS};

/// The seed that Redis uses. With another one, values of two servers could not be merged.
const SEED: u64 = 0xadc8_3b19;

const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;

const SHIFT: u32 = 47;

fn murmur_hash_64a(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut mixed = u64::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        mixed = (mixed ^ (mixed >> SHIFT)).wrapping_mul(MULTIPLIER);
        hash = (hash ^ mixed).wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ (hash >> SHIFT)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> SHIFT)
}

/// The register that an element goes to, and its rank: the position of the first one in the bits that are counted, from 1.
pub(super) fn rank_of(element: &[u8]) -> (usize, u8) {
    let hash = murmur_hash_64a(element, SEED);
    // There is a one behind the last bit, so that a rank is at most 51.
    let counted = hash >> INDEX_BITS | 1 << COUNTED_BITS;
    (hash as usize & (REGISTERS - 1), counted.trailing_zeros() as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Registers that `PFDEBUG GETREG` of `redis-server` shows.
    #[test]
    fn ranks_are_those_of_redis() {
        for (element, expected) in [
            ("", (5938, 2)),
            ("a", (12_711, 2)),
            ("hello", (9216, 1)),
            ("1234567", (10_327, 3)),
            ("12345678", (10_579, 3)),
            ("123456789abcdefgh", (1958, 3)),
        ] {
            assert_eq!(rank_of(element.as_bytes()), expected, "{element}");
        }
    }
}
