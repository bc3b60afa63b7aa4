//! Amounts of data as people write them.

use thiserror::Error;

/// Why a text is no amount of data.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{text}' is no amount of data: expected a number, which may be followed by B, kB, MB or GB (of 1024)")]
pub struct SizeError {
    text: String,
}

/// Reads `1048576`, `1024kB` or `1MB`, all of which are the same; units in any case, multiples of 1024.
pub fn parse_bytes(text: &str) -> Result<u64, SizeError> {
    let error = || SizeError { text: text.to_owned() };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return Err(error()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (text, bytes) in [("0", 0), ("10", 10), ("10B", 10), ("2kB", 2048), ("1MB", 1 << 20), ("3g", 3 << 30)] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "1.5MB", "1TB", "1 MB", "99999999999999999999", "99999999999GB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
