//! Rounding to binary numbers.

/// A format of binary numbers: integers of so many bits, times two so many times.
pub(super) struct Format {
    /// Bits of the integer.
    precision: u32,
    /// Least exponent. Numbers that small have fewer bits.
    exponent_min: i64,
    /// Greatest exponent.
    exponent_max: i64,
}

/// The format of `f64`.
pub(super) const DOUBLE: Format = Format { precision: 53, exponent_min: -1074, exponent_max: 971 };

/// The format of 80 bits, in which x86 processors count.
pub(super) const EXTENDED: Format = Format { precision: 64, exponent_min: -16_445, exponent_max: 16_320 };

/// A number in a format: an integer and the exponent of two. All of its bits are used unless the exponent is the least.
pub(super) type Rounded = (u64, i32);

impl Format {
    /// The nearest number of this format to `bits` times two to the `exponent`; of two, the even one. `is_exact` is false if the number
    /// is a little larger than its bits say, which then must be two more than the precision. `None` if it is too large.
    pub(super) fn round(&self, bits: u128, exponent: i64, is_exact: bool) -> Option<Rounded> {
        if bits == 0 {
            return Some((0, self.least()));
        }
        let drop = i64::from(128 - bits.leading_zeros()) - i64::from(self.precision);
        let drop = drop.max(self.exponent_min - exponent);
        let (mut kept, mut exponent) = (0, exponent + drop);
        if drop <= 0 {
            // It fits the precision, with room for as many zeros.
            kept = bits << drop.unsigned_abs();
        } else if drop <= 128 {
            let half = 1 << (drop - 1);
            let rest = bits & (half | (half - 1));
            kept = if drop == 128 { 0 } else { bits >> drop };
            kept += u128::from(rest > half || (rest == half && (!is_exact || kept & 1 == 1)));
        }
        if kept >> self.precision != 0 {
            (kept, exponent) = (kept >> 1, exponent + 1);
        }
        if exponent > self.exponent_max {
            return None;
        }
        Some(if kept == 0 { (0, self.least()) } else { (kept as u64, exponent as i32) })
    }

    /// The least exponent.
    pub(super) const fn least(&self) -> i32 {
        self.exponent_min as i32
    }
}

/// The `f64` of a number that was rounded to [`DOUBLE`].
pub(super) fn double_of((mantissa, exponent): Rounded) -> f64 {
    const FRACTION_BITS: u32 = 52;
    let fraction = mantissa & ((1 << FRACTION_BITS) - 1);
    if fraction == mantissa {
        return f64::from_bits(mantissa);
    }
    // The least exponent is the first of those with all bits, and zero stands for fewer bits.
    let biased = exponent.abs_diff(DOUBLE.least()) + 1;
    f64::from_bits(u64::from(biased) << FRACTION_BITS | fraction)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_go_to_even_numbers() {
        let round = |bits, is_exact| EXTENDED.round(bits, 0, is_exact);
        let top = 1u128 << 63;
        assert_eq!(round(top << 2 | 0b01, true), Some((1 << 63, 2)));
        assert_eq!(round(top << 2 | 0b10, true), Some((1 << 63, 2)));
        assert_eq!(round(top << 2 | 0b10, false), Some((1 << 63 | 1, 2)));
        assert_eq!(round(top << 2 | 0b110, true), Some((1 << 63 | 2, 2)));
        assert_eq!(round(u128::from(u64::MAX) << 1 | 1, true), Some((1 << 63, 2)));
        assert_eq!(EXTENDED.round(1, -16_445, true), Some((1, -16_445)));
        assert_eq!(EXTENDED.round(1, -16_446, true), Some((0, -16_445)));
        assert_eq!(EXTENDED.round(3, -16_447, true), Some((1, -16_445)));
        assert_eq!(EXTENDED.round(1, 16_383, true), Some((1 << 63, 16_320)));
        assert_eq!(EXTENDED.round(1, 16_384, true), None);
    }

    proptest! {
        /// The compiler rounds integers to doubles in the same way.
        #[test]
        fn integers_become_doubles_as_the_compiler_makes_them(n in any::<u128>(), shift in 0u32..128) {
            let n = n >> shift;
            prop_assert_eq!(double_of(DOUBLE.round(n, 0, true).unwrap()), n as f64);
        }

        #[test]
        fn doubles_are_doubles(bits in 0u64..0x7ff0_0000_0000_0000) {
            let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) as i64);
            let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
            let rounded = DOUBLE.round(u128::from(mantissa), exponent.max(1) - 1075, true).unwrap();
            prop_assert_eq!(double_of(rounded).to_bits(), bits);
        }
    }
}
