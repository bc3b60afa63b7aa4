//! The elements of a listpack that lies somewhere in memory, without trust in its bytes.

use bongsu_store::listpack::Item;

use super::Misfit;

/// Total bytes and number of elements.
const HEADER: usize = 6;
const END: u8 = 0xff;

/// The elements of a listpack.
#[derive(Clone, Debug)]
pub(super) struct Items<'a> {
    /// Those that are still to come, with the end.
    rest: &'a [u8],
}

impl<'a> Items<'a> {
    /// Of a listpack; `None` if its head says that it is none.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let total = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        let is_whole = total == bytes.len() && total > HEADER && bytes.last() == Some(&END);
        is_whole.then(|| Self { rest: &bytes[HEADER..] })
    }

    /// The first element, and the bytes that it takes with its length behind it.
    fn read(&self) -> Option<(Item<'a>, usize)> {
        let first = *self.rest.first()?;
        let at = |index: usize| self.rest.get(index).copied().map(usize::from);
        let text = |head: usize, len: usize| {
            let bytes = self.rest.get(head..head.checked_add(len)?)?;
            Some((Item::Bytes(bytes), head + len))
        };
        let int = |width: usize| {
            let bytes = self.rest.get(1..=width)?;
            let mut wide = [0; 8];
            wide[8 - width..].copy_from_slice(bytes);
            Some((Item::Int(i64::from_le_bytes(wide) >> (64 - 8 * width)), 1 + width))
        };
        let (item, len) = match first {
            0x00..=0x7f => (Item::Int(first.into()), 1),
            0x80..=0xbf => text(1, usize::from(first & 0x3f))?,
            0xc0..=0xdf => {
                let bits = i64::from(first & 0x1f) << 8 | at(1)? as i64;
                (Item::Int(if bits >= 1 << 12 { bits - (1 << 13) } else { bits }), 2)
            }
            0xe0..=0xef => text(2, usize::from(first & 0x0f) << 8 | at(1)?)?,
            0xf0 => text(5, u32::from_le_bytes(*self.rest.get(1..)?.first_chunk()?) as usize)?,
            0xf1 => int(2)?,
            0xf2 => int(3)?,
            0xf3 => int(4)?,
            0xf4 => int(8)?,
            _ => return None,
        };
        // Seven bits of the length a byte.
        let behind = match len {
            0..=127 => 1,
            128..=16_382 => 2,
            16_383..=2_097_150 => 3,
            2_097_151..=268_435_454 => 4,
            _ => 5,
        };
        Some((item, len + behind))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, Misfit>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest == [END] {
            return None;
        }
        let read =
            self.read().and_then(|(item, len)| Some((item, self.rest.get(len..).filter(|rest| !rest.is_empty())?)));
        let Some((item, rest)) = read else {
            self.rest = &[END];
            return Some(Err(Misfit::Malformed));
        };
        self.rest = rest;
        Some(Ok(item))
    }
}
