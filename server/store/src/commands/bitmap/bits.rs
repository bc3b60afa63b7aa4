//! Bits of byte strings. Bit 0 is the highest of the first byte.

use std::ops::Range;

/// Bytes looked at in one step where only whole bytes matter; a multiple of what vector registers hold.
const STEP: usize = 64;

/// Bytes that a field of 64 bits can touch, rounded up to an integer's size.
const WINDOW: usize = 16;

/// Number of bits in `range` that are set. The range must be within the bytes.
pub(super) fn count(bytes: &[u8], range: Range<u64>) -> u64 {
    if range.is_empty() {
        return 0;
    }
    let touched = &bytes[(range.start / 8) as usize..range.end.div_ceil(8) as usize];
    let (words, rest) = touched.as_chunks::<8>();
    let mut total: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    total += rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
    let before = touched[0] & !(0xff >> (range.start % 8));
    let behind = touched[touched.len() - 1] & bits_behind(range.end);
    total - u64::from(before.count_ones() + behind.count_ones())
}

/// The bits of a byte from this position on, none if it is the next byte's first.
fn bits_behind(end: u64) -> u8 {
    if end.is_multiple_of(8) { 0 } else { 0xff >> (end % 8) }
}

/// The first bit in `range` that is as `wanted`. The range must be within the bytes.
pub(super) fn position(bytes: &[u8], range: Range<u64>, wanted: bool) -> Option<u64> {
    if range.is_empty() {
        return None;
    }
    // Bytes without a wanted bit.
    let dull = if wanted { 0 } else { 0xff };
    let first = (range.start / 8) as usize;
    let touched = &bytes[first..range.end.div_ceil(8) as usize];
    let found = |index: usize, byte: u8| {
        let at = (first + index) as u64 * 8 + u64::from(byte.leading_zeros());
        (at < range.end).then_some(at)
    };
    let start = (touched[0] ^ dull) & (0xff >> (range.start % 8));
    if start != 0 {
        return found(0, start);
    }
    let rest = &touched[1..];
    let (steps, _) = rest.as_chunks::<STEP>();
    let is_dull = |step: &[u8; STEP]| step.iter().fold(0, |seen, byte| seen | (byte ^ dull)) == 0;
    let skipped = steps.iter().take_while(|step| is_dull(step)).count() * STEP;
    let index = skipped + rest[skipped..].iter().position(|byte| *byte != dull)?;
    found(index + 1, rest[index] ^ dull)
}

/// The unsigned integer in `width` bits, 64 at most, from a position on. Bits behind the bytes are zero.
pub(super) fn field(bytes: &[u8], at: u64, width: u32) -> u64 {
    let (window, _) = window(bytes, at);
    let bits = u128::from_be_bytes(window) << (at % 8) >> (u128::BITS - width);
    // A field has at most 64 bits.
    bits as u64
}

/// Stores the lowest `width` bits, 64 at most, of an integer from a position on. All of them must be within the bytes.
pub(super) fn set_field(bytes: &mut [u8], at: u64, width: u32, value: u64) {
    let (old, len) = window(bytes, at);
    let shift = u128::BITS - width - (at % 8) as u32;
    let mask = (u128::MAX >> (u128::BITS - width)) << shift;
    let new = (u128::from_be_bytes(old) & !mask) | ((u128::from(value) << shift) & mask);
    let first = (at / 8) as usize;
    bytes[first..first + len].copy_from_slice(&new.to_be_bytes()[..len]);
}

/// The bytes from the one on that holds a position, and how many of them there are; the others are zero.
fn window(bytes: &[u8], at: u64) -> ([u8; WINDOW], usize) {
    let rest = usize::try_from(at / 8).ok().and_then(|first| bytes.get(first..)).unwrap_or_default();
    let len = rest.len().min(WINDOW);
    let mut window = [0; WINDOW];
    window[..len].copy_from_slice(&rest[..len]);
    (window, len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bit(bytes: &[u8], at: u64) -> bool {
        bytes[(at / 8) as usize] >> (7 - at % 8) & 1 == 1
    }

    /// Strings with long runs of equal bytes, and a range in them.
    fn strings() -> impl Strategy<Value = (Vec<u8>, Range<u64>)> {
        let byte = prop_oneof![Just(0u8), Just(0xff), any::<u8>()];
        let runs = proptest::collection::vec((byte, 1usize..150), 0..6);
        (runs, any::<u64>(), any::<u64>()).prop_map(|(runs, one, other)| {
            let bytes: Vec<u8> = runs.iter().flat_map(|(byte, len)| std::iter::repeat_n(*byte, *len)).collect();
            let bits = bytes.len() as u64 * 8;
            let (one, other) = (one % (bits + 1), other % (bits + 1));
            (bytes, one.min(other)..one.max(other))
        })
    }

    proptest! {
        #[test]
        fn bits_are_found_and_counted((bytes, range) in strings(), wanted in any::<bool>()) {
            let expected = range.clone().find(|at| bit(&bytes, *at) == wanted);
            prop_assert_eq!(position(&bytes, range.clone(), wanted), expected);
            let expected = range.clone().filter(|at| bit(&bytes, *at)).count();
            prop_assert_eq!(count(&bytes, range), expected as u64);
        }

        #[test]
        fn fields_are_bits_in_order((bytes, range) in strings(), width in 1u32..=64, value in any::<u64>()) {
            let read = |bytes: &[u8], at: u64| at / 8 < bytes.len() as u64 && bit(bytes, at);
            let at = range.start;
            let expected = (at..at + u64::from(width)).fold(0, |all, at| all << 1 | u64::from(read(&bytes, at)));
            prop_assert_eq!(field(&bytes, at, width), expected);
            prop_assume!(at + u64::from(width) <= bytes.len() as u64 * 8);
            let mut changed = bytes.clone();
            set_field(&mut changed, at, width, value);
            prop_assert_eq!(field(&changed, at, width), value << (64 - width) >> (64 - width));
            set_field(&mut changed, at, width, expected);
            prop_assert_eq!(changed, bytes);
        }
    }
}
