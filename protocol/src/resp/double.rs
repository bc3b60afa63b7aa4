//! Numbers with a fraction, as replies and sorted sets write them.

/// Integers nearer to zero than this are written as integers, digit by digit.
const INTEGER_MAX: f64 = (1u64 << 62) as f64;

/// A number in as few digits as tell it from its neighbours: integers without a point, small and large numbers with an exponent.
pub fn double_text(n: f64) -> String {
    if n.is_nan() {
        return "nan".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if n == 0.0 {
        return if n.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    if n.abs() <= INTEGER_MAX && n.trunc() == n {
        return (n as i64).to_string();
    }
    let shortest = format!("{:e}", n.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let text = with_exponent(&mantissa.replace('.', ""), exponent.parse().unwrap_or(0));
    if n < 0.0 { format!("-{text}") } else { text }
}

/// `digits` with a point behind the first one, times ten so many times; written with as few characters as the form allows.
fn with_exponent(digits: &str, exponent: i32) -> String {
    // Digits are at most 17.
    let len = digits.len() as i32;
    let scale = exponent - (len - 1);
    if scale >= 0 && exponent < len + 7 {
        return format!("{digits}{}", "0".repeat(scale as usize));
    }
    if scale < 0 && (scale > -7 || exponent.abs() < 4) {
        let whole = len + scale;
        if whole <= 0 {
            return format!("0.{}{digits}", "0".repeat(whole.unsigned_abs() as usize));
        }
        let (whole, part) = digits.split_at(whole as usize);
        return format!("{whole}.{part}");
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_short_as_they_can_be() {
        for (n, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-3.5, "-3.5"),
            (0.1, "0.1"),
            (3000.1, "3000.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e18, "1000000000000000000"),
            (1e19, "1e+19"),
            (1.5e300, "1.5e+300"),
            (123_456_789_012_345_678_901_234.0, "123456789012345690000000"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (0.001_234_567_89, "0.00123456789"),
            (0.000_012_345_678_9, "1.23456789e-5"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(double_text(n), text);
            assert!(n.is_nan() || text.parse() == Ok(n), "{text}");
        }
    }
}
