//! Strings.

mod counters;
mod get;
mod lcs;
mod parts;
mod set;
mod table;
#[cfg(test)]
mod tests;

pub(super) use table::COMMANDS;

use bongsu_protocol::resp::parse_integer;

use crate::keyspace::New;

/// Longest text of an integer of 64 bits.
const INTEGER_LEN_MAX: usize = 20;

/// A string as it is stored: what is the text of an integer as that integer.
#[inline]
pub(crate) fn new_string(text: &[u8]) -> New<'_> {
    if text.len() <= INTEGER_LEN_MAX
        && let Some(n) = parse_integer(text)
    {
        return New::Int(n);
    }
    New::Text(text)
}
