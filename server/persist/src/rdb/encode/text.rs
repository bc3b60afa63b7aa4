//! Lengths and strings.

use bongsu_protocol::resp::parse_integer;
use bongsu_store::listpack::{Digits, Item};

use super::super::code::length;
use crate::lzf::Compressor;

/// Longest string that may be the digits of an integer of 32 bits.
const DIGITS_MAX: usize = 11;

/// Shorter strings are not compressed.
const COMPRESS_MIN: usize = 21;

/// What compression has to save at least.
const SAVED_MIN: usize = 4;

/// Appends a length.
#[inline]
pub(crate) fn put_length(out: &mut Vec<u8>, len: u64) {
    match len {
        0..=0x3f => out.push(len as u8),
        0x40..=0x3fff => out.extend_from_slice(&[length::BITS_14 | (len >> 8) as u8, len as u8]),
        _ => put_long_length(out, len),
    }
}

#[cold]
fn put_long_length(out: &mut Vec<u8>, len: u64) {
    if let Ok(len) = u32::try_from(len) {
        out.push(length::BITS_32);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(length::BITS_64);
        out.extend_from_slice(&len.to_be_bytes());
    }
}

/// Appends an integer as a string.
pub(crate) fn put_int(out: &mut Vec<u8>, n: i64) {
    if let Ok(n) = i8::try_from(n) {
        out.extend_from_slice(&[length::INT_8, n as u8]);
    } else if let Ok(n) = i16::try_from(n) {
        out.push(length::INT_16);
        out.extend_from_slice(&n.to_le_bytes());
    } else if let Ok(n) = i32::try_from(n) {
        out.push(length::INT_32);
        out.extend_from_slice(&n.to_le_bytes());
    } else {
        put_plain(out, Digits::default().write(n));
    }
}

#[inline]
fn put_plain(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// After so many strings in a row that did not compress, only one of so many is tried until one does: much data is compressed already, or random,
/// and to find that out takes longer than all else.
const HOPELESS_AFTER: u32 = 64;
const HOPELESS_TRY: u32 = 8;

/// Longer strings are always tried: it is they that make a payload long.
const SKIPPED_MAX: usize = 4096;

/// Appends strings, compressed where that helps.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    compressor: Option<Compressor>,
    scratch: Vec<u8>,
    /// Strings in a row that did not compress, or were not tried.
    misses: u32,
}

impl Texts {
    pub(crate) fn new(compress: bool) -> Self {
        Self { compressor: compress.then(Compressor::new), scratch: Vec::new(), misses: 0 }
    }

    /// Appends a string in its shortest form.
    #[inline]
    pub(crate) fn put(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        if let [b'0'..=b'9' | b'-', ..] = bytes
            && bytes.len() <= DIGITS_MAX
            && let Some(n) = parse_integer(bytes)
            && let Ok(n) = i32::try_from(n)
        {
            return put_int(out, n.into());
        }
        self.put_bytes(out, bytes);
    }

    /// Appends a string that is no integer.
    #[inline]
    pub(crate) fn put_bytes(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        let is_compressed = bytes.len() >= COMPRESS_MIN && self.put_compressed(out, bytes);
        if !is_compressed {
            put_plain(out, bytes);
        }
    }

    /// Appends an element of a listpack.
    pub(crate) fn put_item(&mut self, out: &mut Vec<u8>, item: Item<'_>) {
        match item {
            Item::Int(n) => put_int(out, n),
            Item::Bytes(bytes) => self.put(out, bytes),
        }
    }

    fn put_compressed(&mut self, out: &mut Vec<u8>, bytes: &[u8]) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        let is_tried =
            self.misses < HOPELESS_AFTER || self.misses.is_multiple_of(HOPELESS_TRY) || bytes.len() > SKIPPED_MAX;
        self.scratch.clear();
        if !is_tried || !compressor.compress(bytes, bytes.len() - SAVED_MIN, &mut self.scratch) {
            self.misses = self.misses.wrapping_add(1);
            return false;
        }
        self.misses = 0;
        out.push(length::LZF);
        put_length(out, self.scratch.len() as u64);
        put_length(out, bytes.len() as u64);
        out.extend_from_slice(&self.scratch);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_compresses_is_seldom_tried_until_something_does() {
        let mut texts = Texts::new(true);
        // No three bytes occur twice, within one of them.
        let random: Vec<u8> = (0..200).collect();
        let same = [b'x'; 200];
        let mut is_shorter = |bytes: &[u8]| {
            let mut out = Vec::new();
            texts.put(&mut out, bytes);
            out.len() < bytes.len()
        };
        assert!((0..HOPELESS_AFTER).all(|_| !is_shorter(&random)));
        let tried = (0..2 * HOPELESS_TRY).position(|_| is_shorter(&same));
        assert!(tried.is_some_and(|tried| tried < HOPELESS_TRY as usize), "{tried:?}");
        assert!((0..HOPELESS_AFTER).all(|_| is_shorter(&same)));
    }
}
