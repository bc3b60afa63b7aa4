//! Numbers with a fraction, as Redis reads and writes them.

mod binary;
mod extended;
mod general;
mod literal;
mod natural;
#[cfg(test)]
mod tests;

pub use bongsu_protocol::resp::double_text as score_text;
pub use extended::Extended;
pub use general::general_text;

use literal::{Literal, Size};

/// The number that a text means: digits with an optional exponent, `inf`, or a hexadecimal number; nothing around it. `None` also if it
/// is too large, or so small that nothing is left of it.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let literal = Literal::parse(text)?;
    let size = match literal.size {
        Size::Infinite => f64::INFINITY,
        Size::Short(0, _) | Size::Binary(0, ..) => 0.0,
        Size::Short(..) | Size::Long(..) => {
            let n = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?.abs();
            Some(n).filter(|n| n.is_finite() && *n != 0.0)?
        }
        Size::Binary(bits, exponent, is_exact) => {
            let rounded = binary::DOUBLE.round(bits, exponent, is_exact)?;
            Some(binary::double_of(rounded)).filter(|n| *n != 0.0)?
        }
    };
    Some(if literal.negative { -size } else { size })
}

/// A number with up to 17 digits behind the point and no zeros at the end, as counters are written.
pub fn format_double(n: f64) -> String {
    let text = format!("{n:.17}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The sum of two numbers, as text, counted in numbers of 80 bits. `None` if a text is no number, or the sum is not finite.
pub fn add_texts(one: &[u8], other: &[u8]) -> Option<Result<String, NotFinite>> {
    let (one, other) = (Extended::parse(one)?, Extended::parse(other)?);
    Some(one.add_to_text(other).ok_or(NotFinite))
}

/// A sum that is infinite or no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotFinite;
