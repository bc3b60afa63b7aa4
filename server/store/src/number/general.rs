//! Numbers as C's `%.17g` writes them.

/// Significant digits, which are enough to tell every number from its neighbours.
const DIGITS: i32 = 17;

/// A number with up to 17 significant digits and without zeros at the end, with an exponent where it is small or large.
pub fn general_text(n: f64) -> String {
    if n.is_nan() {
        return "nan".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let rounded = format!("{n:.*e}", (DIGITS - 1) as usize);
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
    }
    let fraction = format!("{n:.*}", (DIGITS - 1 - exponent) as usize);
    without_zeros(&fraction).to_owned()
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_c() {
        for (n, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (0.1, "0.10000000000000001"),
            (0.3, "0.29999999999999999"),
            (1e-7, "9.9999999999999995e-08"),
            (1_234_567_890_123_456_768.0, "1.2345678901234568e+18"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1e30, "1e+30"),
            (-1.5e300, "-1.5000000000000001e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(general_text(n), text);
        }
    }
}
