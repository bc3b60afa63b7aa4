//! Counting bits and looking for them.

use std::ops::Range;

use crate::call::{Call, Fault, Outcome};

use super::bits;

/// A part of a string as a client gives it: first and last position, counted from the end if negative.
struct Part {
    start: i64,
    /// `None`: up to the end.
    end: Option<i64>,
    in_bits: bool,
}

impl Part {
    /// The part given by arguments from `index` on, if there are any.
    fn read(call: &Call<'_>, index: usize) -> Result<Option<Self>, Fault> {
        let given = call.argc().saturating_sub(index);
        if given == 0 {
            return Ok(None);
        }
        if given > 3 {
            return Err(Fault::Syntax);
        }
        let start = call.int(index)?;
        let in_bits = given == 3 && call.is(index + 2, "BIT");
        if given == 3 && !in_bits && !call.is(index + 2, "BYTE") {
            return Err(Fault::Syntax);
        }
        let end = if given > 1 { Some(call.int(index + 1)?) } else { None };
        Ok(Some(Self { start, end, in_bits }))
    }

    /// The bits that are meant in a string of so many bytes.
    fn bits_of(&self, len: usize) -> Range<u64> {
        let unit = if self.in_bits { 1 } else { 8 };
        // Strings are shorter than an eighth of what an integer holds.
        let total = len as i64 * (8 / unit);
        let from_start = |n: i64| (if n < 0 { n + total } else { n }).max(0);
        let first = from_start(self.start);
        let last = self.end.map_or(total - 1, from_start).min(total - 1);
        if first > last { 0..0 } else { (first * unit) as u64..((last + 1) * unit) as u64 }
    }

    /// Both ends are counted from the end, and the wrong way round.
    fn is_backwards(&self) -> bool {
        matches!(self.end, Some(end) if self.start < 0 && end < 0 && self.start > end)
    }
}

const WHOLE: Part = Part { start: 0, end: None, in_bits: false };

pub(super) fn bitcount(call: &mut Call<'_>) -> Outcome {
    // Unlike with BITPOS, a part has both ends.
    if call.argc() == 3 {
        return Err(Fault::Syntax);
    }
    let part = Part::read(call, 2)?.unwrap_or(WHOLE);
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let mut digits = Vec::new();
    let text = call.string(found, &mut digits)?;
    let count = if part.is_backwards() { 0 } else { bits::count(text, part.bits_of(text.len())) };
    call.number(count.cast_signed())
}

pub(super) fn bitpos(call: &mut Call<'_>) -> Outcome {
    let wanted = match call.int(2)? {
        0 => false,
        1 => true,
        _ => return Err(Fault::OutOfRange("The bit argument must be 1 or 0.")),
    };
    let part = Part::read(call, 3)?.unwrap_or(WHOLE);
    let Some(found) = call.read(call.arg(1)) else { return call.number(if wanted { -1 } else { 0 }) };
    let mut digits = Vec::new();
    let text = call.string(found, &mut digits)?;
    let range = part.bits_of(text.len());
    // A string whose end nobody named goes on with zeros.
    let behind = (!wanted && part.end.is_none() && !range.is_empty()).then_some(range.end);
    let at = bits::position(text, range, wanted).or(behind);
    call.number(at.map_or(-1, u64::cast_signed))
}
