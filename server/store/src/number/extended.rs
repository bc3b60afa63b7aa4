//! Numbers of 80 bits, in which Redis counts with fractions on x86: 64 bits of precision, and exponents of 15 bits.

use super::binary::{EXTENDED, Rounded};
use super::literal::{Literal, Size};
use super::natural::Natural;

/// Longest text of a number that Redis has room for.
const TEXT_MAX: usize = 5 * 1024 - 1;

/// Numbers of ten to this power and more are too large.
const MAGNITUDE_MAX: i64 = 4933;

/// Numbers below ten to this power are too small.
const MAGNITUDE_MIN: i64 = -4951;

/// Digits behind the point that are written, and ten to that power.
const FRACTION: (usize, u128) = (17, 100_000_000_000_000_000);

/// Bits of a quotient: enough to round it.
const QUOTIENT_BITS: u32 = 100;

/// Zeros in 64 bits below the 64 of a number, so that sums are exact to the last bit and there is room for a carry.
const SPARE_BITS: u32 = 62;

/// A number of 80 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extended(
    /// `None` if it is infinite. No sum with an infinite number is of use, so that its sign is none either.
    Option<Finite>,
);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Finite {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

impl Extended {
    /// The number nearest to what a text spells; `None` if it spells none, or one that is too large or too small.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let literal = Literal::parse(text)?;
        let rounded = match literal.size {
            Size::Infinite => return Some(Self(None)),
            Size::Short(0, _) | Size::Binary(0, ..) => Some((0, EXTENDED.least())),
            Size::Short(value, exponent) => not_zero(short(value, exponent)),
            Size::Long(digits, exponent) => not_zero(long(&digits, exponent)),
            Size::Binary(bits, exponent, is_exact) => not_zero(EXTENDED.round(bits, exponent, is_exact)),
        };
        let (mantissa, exponent) = rounded?;
        Some(Self(Some(Finite { negative: literal.negative, mantissa, exponent })))
    }

    /// It is not infinite.
    pub fn is_finite(self) -> bool {
        self.0.is_some()
    }

    /// The sum as text, with up to 17 digits behind the point; `None` if it is not finite.
    pub fn add_to_text(self, other: Self) -> Option<String> {
        Some(self.0?.add(other.0?)?.text())
    }
}

/// A number of which nothing is left is too small.
fn not_zero(rounded: Option<Rounded>) -> Option<Rounded> {
    rounded.filter(|(mantissa, _)| *mantissa != 0)
}

/// The nearest number to a word times ten so many times.
fn short(value: u64, exponent: i64) -> Option<Rounded> {
    // Fives to this power fit 63 bits, so that the quotient of 128 bits by them has a bit more than the precision.
    const FIVES_MAX: i64 = 27;
    if !(-FIVES_MAX..=0).contains(&exponent) {
        return long(value.to_string().as_bytes(), exponent);
    }
    let shift = u128::from(value).leading_zeros();
    let value = u128::from(value) << shift;
    let fives = 5u128.pow(exponent.unsigned_abs() as u32);
    EXTENDED.round(value / fives, exponent - i64::from(shift), value.is_multiple_of(fives))
}

/// The nearest number to digits times ten so many times.
fn long(digits: &[u8], exponent: i64) -> Option<Rounded> {
    let magnitude = digits.len() as i64 + exponent;
    if !(MAGNITUDE_MIN..=MAGNITUDE_MAX).contains(&magnitude) {
        return None;
    }
    let mut number = Natural::of_digits(digits);
    if exponent >= 0 {
        number.multiply_by_ten_power(exponent as usize);
        let (bits, below, is_exact) = number.highest();
        return EXTENDED.round(bits, i64::from(below), is_exact);
    }
    let mut by = Natural::of_digits(b"1");
    by.multiply_by_ten_power(exponent.unsigned_abs() as usize);
    let shift = i64::from(by.bits()) + i64::from(QUOTIENT_BITS) - i64::from(number.bits());
    if shift >= 0 {
        number.shift_left(shift as u32);
    } else {
        by.shift_left(shift.unsigned_abs() as u32);
    }
    let (bits, is_exact) = number.divide(&by);
    EXTENDED.round(bits, -shift, is_exact)
}

impl Finite {
    fn add(self, other: Self) -> Option<Self> {
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let one = u128::from(high.mantissa) << SPARE_BITS;
        let other = u128::from(low.mantissa) << SPARE_BITS;
        let shift = high.exponent.abs_diff(low.exponent);
        let cut = other.checked_shr(shift).unwrap_or(0);
        // Bits that are shifted out only say that the number is not exact, for which the last of the zeros is enough.
        let other = cut | u128::from(cut.checked_shl(shift) != Some(other) && other != 0);
        let (negative, bits) = match (high.negative == low.negative, one >= other) {
            (true, _) => (high.negative, one + other),
            (false, true) => (high.negative && one != other, one - other),
            (false, false) => (low.negative, other - one),
        };
        // A number of fewer bits with the least exponent stays exact, because then all exponents are the least.
        let (mantissa, exponent) = EXTENDED.round(bits, i64::from(high.exponent) - i64::from(SPARE_BITS), true)?;
        Some(Self { negative, mantissa, exponent })
    }

    fn text(self) -> String {
        let sign = if self.negative && self.mantissa != 0 { "-" } else { "" };
        if self.exponent >= 0 {
            return format!("{sign}{}", Natural::shifted(self.mantissa, self.exponent.unsigned_abs()).into_digits());
        }
        let (digits, unit) = FRACTION;
        let scaled = rounded_shift(u128::from(self.mantissa) * unit, self.exponent.unsigned_abs());
        // With an exponent below zero the integer is less than the mantissa, and the fraction has 17 digits.
        let (whole, part) = ((scaled / unit) as u64, (scaled % unit) as u64);
        match (whole, part) {
            (0, 0) => "0".to_owned(),
            (_, 0) => format!("{sign}{whole}"),
            _ => {
                let mut text = format!("{sign}{whole}.{part:0digits$}");
                text.truncate(text.trim_end_matches('0').len());
                text
            }
        }
    }
}

/// The nearest integer to `value` halved so many times, of two the even one.
fn rounded_shift(value: u128, halvings: u32) -> u128 {
    // A number with its highest bits free, as all are here, is nearer to zero then.
    let Some(kept) = value.checked_shr(halvings) else { return 0 };
    if halvings == 0 {
        return kept;
    }
    let half = 1 << (halvings - 1);
    let rest = value & (half | (half - 1));
    kept + u128::from(rest > half || (rest == half && kept & 1 == 1))
}
