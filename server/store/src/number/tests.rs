use proptest::prelude::*;

use super::*;

fn sum(a: &str, b: &str) -> Option<Result<String, NotFinite>> {
    add_texts(a.as_bytes(), b.as_bytes())
}

/// Replies of `redis-server` 7.2 on x86-64.
#[test]
fn sums_are_those_of_redis() {
    for (a, b, expected) in [
        ("0.1", "0.2", "0.3"),
        ("10.50", "0.1", "10.6"),
        ("5.0e3", "2.0e2", "5200"),
        ("-0.5", "0.5", "0"),
        ("3", "-1.25", "1.75"),
        ("-1", "0.75", "-0.25"),
        ("1", "0.00000000000000001", "1.00000000000000001"),
        ("-1e-20", "0", "0"),
        ("0x1p-3", "0", "0.125"),
        ("3000", "0.1", "3000.10000000000000009"),
    ] {
        assert_eq!(sum(a, b), Some(Ok(expected.to_owned())), "{a} + {b}");
    }
    for text in ["x", "1 ", "", "1e4933", "1e-4960", "nan"] {
        assert_eq!(sum(text, "1"), None, "{text}");
    }
    assert_eq!(sum("inf", "1"), Some(Err(NotFinite)));
    assert_eq!(sum("inf", "-inf"), Some(Err(NotFinite)));
    assert_eq!(sum("1e4932", "1e4932"), Some(Err(NotFinite)));
}

#[test]
fn doubles_are_read_as_the_c_library_reads_them() {
    for (text, n) in [
        ("1.5", Some(1.5)),
        ("+.5e1", Some(5.0)),
        ("-inf", Some(f64::NEG_INFINITY)),
        ("Infinity", Some(f64::INFINITY)),
        ("0x1.8p1", Some(3.0)),
        ("-0x10", Some(-16.0)),
        ("1e308", Some(1e308)),
        ("1e309", None),
        ("1e-400", None),
        ("0x1p-2000", None),
        ("0e-400", Some(0.0)),
        ("nan", None),
        (" 1", None),
        ("", None),
    ] {
        assert_eq!(parse_double(text.as_bytes()), n, "{text}");
    }
}

#[test]
fn doubles_are_written_without_zeros_at_the_end() {
    for (n, text) in [(1.0, "1"), (-0.0, "0"), (0.5, "0.5"), (-1.25, "-1.25")] {
        assert_eq!(format_double(n), text);
    }
}

/// The digits of `mantissa` times two to a negative power, as an integer over ten to the 17th, rounded by the schoolbook.
fn scaled(numerator: u128, denominator: u128) -> u128 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    quotient + u128::from(rest * 2 > denominator || (rest * 2 == denominator && quotient % 2 == 1))
}

proptest! {
    /// Integers of 63 bits have exact sums in 64 bits of precision.
    #[test]
    fn integers_are_added_exactly(a in any::<i64>(), b in any::<i64>()) {
        let expected = i128::from(a / 2) + i128::from(b / 2);
        prop_assert_eq!(sum(&(a / 2).to_string(), &(b / 2).to_string()), Some(Ok(expected.to_string())));
    }

    /// A fraction with a few digits is read to the nearest multiple of a power of two, which a search in integers finds too.
    #[test]
    fn fractions_are_the_nearest(n in 1u64..1_000_000_000, digits in 0u32..9) {
        let text = format!("{n}e-{digits}");
        let ten = 10u128.pow(digits);
        // The 64 bits of the quotient, found by shifting until it has so many.
        let mut shift = 0;
        while scaled(u128::from(n) << shift, ten) >> 63 == 0 {
            shift += 1;
        }
        let mut mantissa = scaled(u128::from(n) << shift, ten);
        if mantissa >> 64 != 0 {
            shift -= 1;
            mantissa = scaled(u128::from(n) << shift, ten);
        }
        let expected = scaled(mantissa * 10u128.pow(17), 1 << shift);
        let got = sum(&text, "0").unwrap().unwrap();
        let (whole, part) = got.split_once('.').unwrap_or((&got, ""));
        let got = format!("{whole}{part:0<17}").parse::<u128>().unwrap();
        prop_assert_eq!(got, expected, "{}", text);
    }

    /// What is written with 17 digits behind the point is read as the same number where that is enough.
    #[test]
    fn numbers_survive_a_round_trip(n in 1u64..1_000_000_000_000_000_000, digits in 0u32..17) {
        let text = sum(&format!("-{n}e-{digits}"), "0").unwrap().unwrap();
        prop_assert_eq!(sum(&text, "0").unwrap().unwrap(), text);
    }

    /// Many digits give what a few give, if only zeros are added: the two are read in different ways.
    #[test]
    fn zeros_mean_nothing(n in 1u64.., digits in 0usize..27, zeros in 28usize..60) {
        let near = Extended::parse(format!("{n}e-{digits}").as_bytes());
        let exponent = (zeros + n.to_string().len()) as i64 - digits as i64;
        prop_assert_eq!(near, Extended::parse(format!("0.{}{n}e{exponent}", "0".repeat(zeros)).as_bytes()));
    }
}
