//! Listpacks from outside. Those of [`bongsu_store::listpack`] are trusted; this decides which bytes may become one.

use std::borrow::Cow;

use bongsu_store::listpack::{Digits, Item, Listpack};

use super::Damage;

const HEADER: usize = 6;
const END: u8 = 0xff;

/// The header does not say how many elements there are.
const UNKNOWN: u16 = u16::MAX;

/// A listpack that holds together.
#[derive(Clone, Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Number of elements.
    pub(crate) len: usize,
}

impl Checked<'_> {
    /// All elements.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item<'_>> {
        Items::of(&self.bytes).map_while(Result::ok).map(|element| element.item)
    }
}

/// Checks every byte. What is written otherwise than by [`Listpack`], and means the same, is written anew: there an element is looked for
/// by its bytes.
pub(crate) fn check(bytes: &[u8]) -> Result<Checked<'_>, Damage> {
    let [t0, t1, t2, t3, c0, c1, ..] = *bytes else { return Err(Damage::Header) };
    let (total, count) = (u32::from_le_bytes([t0, t1, t2, t3]), u16::from_le_bytes([c0, c1]));
    if total as usize != bytes.len() || bytes.len() > Listpack::BYTES_MAX || bytes.last() != Some(&END) {
        return Err(Damage::Header);
    }
    let (mut len, mut is_plain) = (0, true);
    for element in Items::of(bytes) {
        let element = element?;
        len += 1;
        is_plain &= element.is_plain;
    }
    if count != UNKNOWN && usize::from(count) != len {
        return Err(Damage::Count);
    }
    if is_plain {
        return Ok(Checked { bytes: Cow::Borrowed(bytes), len });
    }
    let bytes = collect(Items::of(bytes).map_while(Result::ok).map(|element| element.item))?;
    Ok(Checked { bytes: Cow::Owned(bytes), len })
}

/// A listpack of these elements.
pub(crate) fn collect<'a>(items: impl Iterator<Item = Item<'a>>) -> Result<Vec<u8>, Damage> {
    let mut list = Listpack::new();
    let mut digits = Digits::default();
    for item in items {
        let bytes = item.bytes(&mut digits);
        if list.byte_len() + Listpack::cost_of(bytes) > Listpack::BYTES_MAX {
            return Err(Damage::TooLong);
        }
        list.push_back(bytes);
    }
    Ok(list.as_bytes().to_vec())
}

/// An element as it lies there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Element<'a> {
    pub(crate) item: Item<'a>,
    /// It is written in the only way in which it is looked for.
    is_plain: bool,
}

/// Elements one after the other, until one of them is damaged.
#[derive(Clone, Debug)]
pub(crate) struct Items<'a> {
    /// Elements only.
    rest: &'a [u8],
}

impl<'a> Items<'a> {
    /// The elements of a listpack whose length was checked.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.get(HEADER..bytes.len().saturating_sub(1)).unwrap_or_default() }
    }

    fn element(&mut self) -> Result<Element<'a>, Damage> {
        let (item, len, is_plain) = read(self.rest)?;
        let behind = self.rest.get(len..).ok_or(Damage::Element)?;
        let taken = check_back_length(len, behind)?;
        self.rest = &behind[taken..];
        Ok(Element { item, is_plain })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Element<'a>, Damage>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let element = self.element();
        if element.is_err() {
            self.rest = &[];
        }
        Some(element)
    }
}

/// The element at the beginning, its bytes, and whether it is written as [`Listpack`] would.
#[inline]
fn read(bytes: &[u8]) -> Result<(Item<'_>, usize, bool), Damage> {
    let [first, rest @ ..] = bytes else { return Err(Damage::Element) };
    match first {
        0..=0x7f => Ok((Item::Int(i64::from(*first)), 1, true)),
        0x80..=0xbf => text(rest, usize::from(first & 0x3f), 1, 0),
        0xc0..=0xdf => {
            let second = rest.first().ok_or(Damage::Element)?;
            let bits = i64::from(first & 0x1f) << 8 | i64::from(*second);
            let n = if bits >= 1 << 12 { bits - (1 << 13) } else { bits };
            Ok((Item::Int(n), 2, !(0..=127).contains(&n)))
        }
        0xe0..=0xef => {
            let second = rest.first().ok_or(Damage::Element)?;
            text(&rest[1..], usize::from(first & 0x0f) << 8 | usize::from(*second), 2, 64)
        }
        0xf0 => {
            let (len, rest) = rest.split_first_chunk().ok_or(Damage::Element)?;
            text(rest, u32::from_le_bytes(*len) as usize, 5, 4096)
        }
        0xf1 => integer::<2>(rest, -4096..=4095),
        0xf2 => integer::<3>(rest, -(1 << 15)..=(1 << 15) - 1),
        0xf3 => integer::<4>(rest, -(1 << 23)..=(1 << 23) - 1),
        0xf4 => integer::<8>(rest, i64::from(i32::MIN)..=i64::from(i32::MAX)),
        0xf5.. => Err(Damage::Element),
    }
}

/// A string of `len` bytes behind `head` bytes; shorter ones than `shortest` have a shorter head.
#[inline]
fn text(rest: &[u8], len: usize, head: usize, shortest: usize) -> Result<(Item<'_>, usize, bool), Damage> {
    let bytes = rest.get(..len).ok_or(Damage::Element)?;
    let is_plain = len >= shortest && matches!(Item::of(bytes), Item::Bytes(_));
    Ok((Item::Bytes(bytes), head + len, is_plain))
}

/// An integer of so many bytes; those of a smaller range have fewer.
fn integer<const N: usize>(
    rest: &[u8],
    smaller: std::ops::RangeInclusive<i64>,
) -> Result<(Item<'_>, usize, bool), Damage> {
    let bytes = rest.first_chunk::<N>().ok_or(Damage::Element)?;
    let mut wide = [0; 8];
    wide[8 - N..].copy_from_slice(bytes);
    let n = i64::from_le_bytes(wide) >> (64 - 8 * N as u32);
    Ok((Item::Int(n), 1 + N, !smaller.contains(&n)))
}

/// Checks the length that stands behind an element of `len` bytes. Gives the bytes that it takes.
#[inline]
fn check_back_length(len: usize, behind: &[u8]) -> Result<usize, Damage> {
    if len < 128 {
        return if behind.first() == Some(&(len as u8)) { Ok(1) } else { Err(Damage::Link) };
    }
    let groups = match len {
        0..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    };
    let behind = behind.get(..groups).ok_or(Damage::Link)?;
    let is_right = behind.iter().enumerate().all(|(index, byte)| {
        let more = if index == 0 { 0 } else { 0x80 };
        *byte == (len >> (7 * (groups - 1 - index))) as u8 & 0x7f | more
    });
    if is_right { Ok(groups) } else { Err(Damage::Link) }
}
