//! The texts of numbers, as the C library reads them.

/// Exponents are not counted further than this, which is far beyond all numbers.
const EXPONENT_MAX: i64 = 1 << 40;

/// Digits that any word has room for.
const SHORT_DIGITS_MAX: usize = 19;

/// A number as it is spelled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Literal {
    /// It has a minus sign.
    pub(super) negative: bool,
    /// Its size.
    pub(super) size: Size,
}

/// The size of a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Size {
    /// `inf`.
    Infinite,
    /// A number of up to [`SHORT_DIGITS_MAX`] digits, times ten so many times.
    Short(u64, i64),
    /// More digits than that, without zeros at either end, times ten so many times.
    Long(Vec<u8>, i64),
    /// Highest bits of a hexadecimal number, times two so many times; false if some bits below them were set.
    Binary(u128, i64, bool),
}

impl Literal {
    /// The number that a text spells, and nothing else; `None` for `nan` too.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let size = match rest {
            _ if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") => Size::Infinite,
            [b'0', b'x' | b'X', rest @ ..] => hexadecimal(rest)?,
            rest => decimal(rest)?,
        };
        Some(Self { negative, size })
    }
}

fn decimal(text: &[u8]) -> Option<Size> {
    let (mantissa, mut exponent) = split_exponent(text, b'e')?;
    let (whole, part) = split_point(mantissa, u8::is_ascii_digit)?;
    exponent -= part.len() as i64;
    let (mut value, mut count) = (0, 0);
    for digit in whole.iter().chain(part) {
        count += usize::from(count > 0 || *digit != b'0');
        if count <= SHORT_DIGITS_MAX {
            value = value * 10 + u64::from(digit - b'0');
        }
    }
    if count <= SHORT_DIGITS_MAX {
        return Some(Size::Short(value, exponent));
    }
    let mut digits: Vec<u8> = whole.iter().chain(part).copied().skip_while(|digit| *digit == b'0').collect();
    while digits.last() == Some(&b'0') {
        digits.pop();
        exponent += 1;
    }
    Some(Size::Long(digits, exponent))
}

fn hexadecimal(text: &[u8]) -> Option<Size> {
    let (mantissa, mut exponent) = split_exponent(text, b'p')?;
    let (whole, part) = split_point(mantissa, u8::is_ascii_hexdigit)?;
    exponent -= 4 * part.len() as i64;
    let (mut bits, mut is_exact) = (0u128, true);
    for digit in whole.iter().chain(part) {
        let digit = char::from(*digit).to_digit(16)?;
        if bits >> 124 == 0 {
            bits = bits << 4 | u128::from(digit);
        } else {
            exponent += 4;
            is_exact &= digit == 0;
        }
    }
    Some(Size::Binary(bits, exponent, is_exact))
}

/// The text before the exponent's mark, and the exponent behind it.
fn split_exponent(text: &[u8], mark: u8) -> Option<(&[u8], i64)> {
    let Some(at) = text.iter().position(|byte| byte.eq_ignore_ascii_case(&mark)) else { return Some((text, 0)) };
    let (negative, digits) = match &text[at + 1..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = |size: i64, digit: &u8| (size * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX);
    let size = digits.iter().fold(0, count);
    Some((&text[..at], if negative { -size } else { size }))
}

/// The digits before and behind the point, of which there is at least one.
fn split_point(text: &[u8], is_digit: fn(&u8) -> bool) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == b'.');
    let (whole, part) = match at {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[..0]),
    };
    let is_number = whole.len() + part.len() > 0 && whole.iter().chain(part).all(is_digit);
    is_number.then_some((whole, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> Option<Size> {
        Literal::parse(text.as_bytes()).map(|literal| literal.size)
    }

    #[test]
    fn digits_are_told_from_exponents() {
        let short = |value, exponent| Some(Size::Short(value, exponent));
        assert_eq!(size("10.50"), short(1050, -2));
        assert_eq!(size("-1."), short(1, 0));
        assert_eq!(size("+.5e1"), short(5, 0));
        assert_eq!(size("5.0E+3"), short(50, 2));
        assert_eq!(size("1e-0005"), short(1, -5));
        assert_eq!(size("1e99999999999999999999"), short(1, EXPONENT_MAX));
        assert_eq!(size("0.00"), short(0, -2));
        assert_eq!(size("00009999999999999999999"), short(9_999_999_999_999_999_999, 0));
        assert_eq!(size("0.012345678901234567890100"), Some(Size::Long(b"123456789012345678901".into(), -22)));
        assert_eq!(size("0x1.8p3"), Some(Size::Binary(0x18, -1, true)));
        assert_eq!(size("0X.8"), Some(Size::Binary(8, -4, true)));
        assert_eq!(size(&format!("0x1{}1", "0".repeat(40))), Some(Size::Binary(1 << 124, 40, false)));
        assert_eq!(size("-Infinity"), Some(Size::Infinite));
    }

    #[test]
    fn nothing_may_stand_around_a_number() {
        for text in
            ["", " 1", "1 ", "1\0", ".", "-", "e5", "1e", "1e+", "1e1.5", "0x", "0x.", "0x1p", "1_0", "nan", "--1", "i"]
        {
            assert_eq!(size(text), None, "{text:?}");
        }
    }
}
