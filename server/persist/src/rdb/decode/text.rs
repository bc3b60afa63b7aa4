//! Lengths, strings and scores.

use std::io::Read;

use bongsu_store::listpack::{Digits, Item};
use bongsu_store::number::parse_double;

use super::super::code::length;
use super::Fault;
use super::source::Source;
use crate::lzf::decompress;

/// Longest string: images have their lengths in 32 bits.
const STRING_MAX: u64 = u32::MAX as u64;

/// A length, or the first byte of what stands in its place.
enum Length {
    Of(u64),
    Special(u8),
}

fn length_or_special<R: Read>(source: &mut Source<R>) -> Result<Length, Fault> {
    let first = source.byte()?;
    Ok(Length::Of(match first {
        0..length::BITS_14 => first.into(),
        length::BITS_14..length::BITS_32 => u64::from(first & 0x3f) << 8 | u64::from(source.byte()?),
        length::BITS_32 => u32::from_be_bytes(source.array()?).into(),
        length::BITS_64 => u64::from_be_bytes(source.array()?),
        length::SPECIAL.. => return Ok(Length::Special(first)),
        _ => return Err(Fault::Length),
    }))
}

/// A length, or a number that is written as one.
pub(super) fn length<R: Read>(source: &mut Source<R>) -> Result<u64, Fault> {
    match length_or_special(source)? {
        Length::Of(len) => Ok(len),
        Length::Special(_) => Err(Fault::Length),
    }
}

/// A string: integers as such where they are written so, and other bytes where they lie. What was compressed goes through `scratch`.
#[inline]
pub(super) fn string<'a, R: Read>(source: &'a mut Source<R>, scratch: &'a mut Vec<u8>) -> Result<Item<'a>, Fault> {
    match length_or_special(source)? {
        Length::Of(len) => Ok(Item::Bytes(source.take(checked(len)?)?)),
        Length::Special(length::INT_8) => Ok(Item::Int(i8::from_le_bytes(source.array()?).into())),
        Length::Special(length::INT_16) => Ok(Item::Int(i16::from_le_bytes(source.array()?).into())),
        Length::Special(length::INT_32) => Ok(Item::Int(i32::from_le_bytes(source.array()?).into())),
        Length::Special(length::LZF) => compressed(source, scratch),
        Length::Special(_) => Err(Fault::Text),
    }
}

fn compressed<'a, R: Read>(source: &mut Source<R>, scratch: &'a mut Vec<u8>) -> Result<Item<'a>, Fault> {
    let (packed, len) = (length(source)?, length(source)?);
    let (packed, len) = (checked(packed)?, checked(len)?);
    scratch.clear();
    decompress(source.take(packed)?, len, scratch)?;
    Ok(Item::Bytes(scratch))
}

fn checked(len: u64) -> Result<usize, Fault> {
    usize::try_from(len).ok().filter(|_| len <= STRING_MAX).ok_or(Fault::TooLong(len))
}

/// A string, in place of what `into` held.
pub(super) fn string_into<R: Read>(
    source: &mut Source<R>,
    scratch: &mut Vec<u8>,
    into: &mut Vec<u8>,
) -> Result<(), Fault> {
    let item = string(source, scratch)?;
    into.clear();
    into.extend_from_slice(item.bytes(&mut Digits::default()));
    Ok(())
}

/// A score of eight bytes.
pub(super) fn score<R: Read>(source: &mut Source<R>) -> Result<f64, Fault> {
    Some(f64::from_le_bytes(source.array()?)).filter(|score| !score.is_nan()).ok_or(Fault::Score)
}

/// A score as digits, with its length before it, or a number in place of that.
pub(super) fn score_text<R: Read>(source: &mut Source<R>) -> Result<f64, Fault> {
    match source.byte()? {
        253 => Err(Fault::Score),
        254 => Ok(f64::INFINITY),
        255 => Ok(f64::NEG_INFINITY),
        len => parse_double(source.take(len.into())?).ok_or(Fault::Score),
    }
}
