//! Numbers with a fraction, as Redis reads and writes them.

mod score;

pub use score::score_text;

/// The number that a text means: digits with an optional exponent, `inf`, or a hexadecimal number; nothing around it.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '_') {
        return None;
    }
    let n: f64 = text.parse().ok()?;
    (!n.is_nan()).then_some(n)
}

/// A number with up to 17 digits behind the point and no zeros at the end, as counters are written.
pub fn format_double(n: f64) -> String {
    let text = format!("{n:.17}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Fractional digits that counters keep.
const FRACTION_MAX: u32 = 17;

/// Longest number, in digits, that is added exactly: what 127 bits hold with room for the sum.
const DIGITS_MAX: usize = 36;

/// The sum of two numbers, as text. Redis counts in numbers of 80 bits, so that `0.1` and `0.2` give `0.3`; here short numbers are
/// added as decimals, exactly, and others as numbers of 64 bits. Where Redis shows the error of its binary numbers in the
/// last of 17 digits (`3000` and `0.1`), this does not. `None` if a text is no number, or the sum is not finite.
pub fn add_texts(one: &[u8], other: &[u8]) -> Option<Result<String, NotFinite>> {
    let (a, b) = (parse_double(one)?, parse_double(other)?);
    if let (Some(one), Some(other)) = (Decimal::parse(one), Decimal::parse(other))
        && let Some(sum) = one.add(other)
    {
        return Some(Ok(sum.to_string()));
    }
    let sum = a + b;
    Some(if sum.is_finite() { Ok(format_double(sum)) } else { Err(NotFinite) })
}

/// A sum that is infinite or no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotFinite;

/// `digits` divided by ten so many times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    fn parse(text: &[u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if rest.len() > DIGITS_MAX {
            return None;
        }
        let (mut digits, mut scale, mut point) = (0i128, 0, false);
        for byte in rest {
            match byte {
                b'0'..=b'9' => {
                    digits = digits * 10 + i128::from(byte - b'0');
                    scale += u32::from(point);
                }
                b'.' if !point => point = true,
                _ => return None,
            }
        }
        (scale <= FRACTION_MAX).then_some(Self { digits: if negative { -digits } else { digits }, scale })
    }

    fn add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let raised = |n: Self| n.digits.checked_mul(10i128.checked_pow(scale - n.scale)?);
        Some(Self { digits: raised(self)?.checked_add(raised(other)?)?, scale })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10u128.pow(self.scale);
        let (whole, part) = (self.digits.unsigned_abs() / unit, self.digits.unsigned_abs() % unit);
        let sign = if self.digits < 0 { "-" } else { "" };
        let part = format!("{part:0width$}", width = self.scale as usize);
        let part = part.trim_end_matches('0');
        if part.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{part}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_decimals() {
        let sum = |a: &str, b: &str| add_texts(a.as_bytes(), b.as_bytes());
        for (a, b, expected) in [
            ("0.1", "0.2", "0.3"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("-0.5", "0.5", "0"),
            ("3", "-1.25", "1.75"),
            ("-1", "0.75", "-0.25"),
            ("1", "0.00000000000000001", "1.00000000000000001"),
        ] {
            assert_eq!(sum(a, b), Some(Ok(expected.to_owned())), "{a} + {b}");
        }
        assert_eq!(sum("x", "1"), None);
        assert_eq!(sum("1 ", "1"), None);
        assert_eq!(sum("inf", "1"), Some(Err(NotFinite)));
        assert_eq!(sum("1e308", "1e308"), Some(Err(NotFinite)));
    }
}
