//! Small collections in one run of bytes: Redis' listpack format, byte for byte, so that dumps are copies.
//!
//! ```text
//! total bytes 4 | elements 2 (65535: not known) | elements ... | 0xff
//! ```

mod check;
mod entry;
mod search;
#[cfg(test)]
mod tests;

pub use entry::{Digits, Item};

const HEADER: usize = 6;
const END: u8 = 0xff;

/// The number of elements is not written from this one on.
const UNKNOWN: u16 = u16::MAX;

/// Spare bytes that are kept where the list grows step by step: one part in so many.
const SPARE_SHARE: usize = 16;

/// Spare bytes that are not worth giving back.
const SPARE_KEPT: usize = 8;

/// The place of an element, until the listpack changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct At(u32);

/// Elements one behind the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listpack {
    bytes: Vec<u8>,
}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl Listpack {
    /// Bytes that a collection is to have at most as a single listpack, whatever the directives say: they are counted in 32 bits.
    pub const BYTES_MAX: usize = 1 << 30;

    /// Without elements.
    pub fn new() -> Self {
        let mut bytes = Vec::with_capacity(HEADER + 1);
        bytes.extend_from_slice(&[(HEADER + 1) as u8, 0, 0, 0, 0, 0, END]);
        Self { bytes }
    }

    /// The bytes of Redis' format.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As [`Self::as_bytes`], for good.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes in use.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Memory.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes that a listpack has more if this element is added.
    pub fn cost_of(bytes: &[u8]) -> usize {
        let len = entry::encoded_len(Item::of(bytes));
        len + entry::backlen_len(len)
    }

    /// Elements.
    pub fn len(&self) -> usize {
        match u16::from_le_bytes([self.bytes[4], self.bytes[5]]) {
            UNKNOWN => self.iter().count(),
            len => usize::from(len),
        }
    }

    /// No elements.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER + 1
    }

    fn at(&self, offset: usize) -> Option<At> {
        (self.bytes[offset] != END).then_some(At(offset as u32))
    }

    /// The first element.
    #[inline]
    pub fn first(&self) -> Option<At> {
        self.at(HEADER)
    }

    /// The last element.
    pub fn last(&self) -> Option<At> {
        self.before(self.bytes.len() - 1)
    }

    /// The element behind this one.
    #[inline]
    pub fn next(&self, at: At) -> Option<At> {
        self.at(self.end_of(at))
    }

    /// The element before this one.
    pub fn previous(&self, at: At) -> Option<At> {
        self.before(at.0 as usize)
    }

    fn before(&self, end: usize) -> Option<At> {
        if end <= HEADER {
            return None;
        }
        let (len, taken) = entry::read_backlen(&self.bytes, end);
        Some(At((end - taken - len) as u32))
    }

    #[inline]
    fn end_of(&self, at: At) -> usize {
        at.0 as usize + entry::whole_len_at(&self.bytes, at.0 as usize)
    }

    /// The element there.
    #[inline]
    pub fn get(&self, at: At) -> Item<'_> {
        entry::read(&self.bytes, at.0 as usize).0
    }

    /// The element with this index, from the end if that is negative (-1 is the last).
    pub fn seek(&self, index: i64) -> Option<At> {
        let len = self.len() as i64;
        let index = if index < 0 { index + len } else { index };
        if index < 0 || index >= len {
            return None;
        }
        if index <= len / 2 {
            let mut at = self.first()?;
            for _ in 0..index {
                at = self.next(at)?;
            }
            return Some(at);
        }
        let mut at = self.last()?;
        for _ in index + 1..len {
            at = self.previous(at)?;
        }
        Some(at)
    }

    /// All elements from this place on.
    pub fn iter_from(&self, at: Option<At>) -> Iter<'_> {
        Iter { list: self, at }
    }

    /// All elements.
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(self.first())
    }

    /// The first of every `step` elements from the beginning on that has these bytes: fields of a hash are every second one.
    pub fn find(&self, bytes: &[u8], step: usize) -> Option<At> {
        search::find(&self.bytes, HEADER, bytes, step).map(|at| At(at as u32))
    }

    /// Adds an element at the end.
    pub fn push_back(&mut self, bytes: &[u8]) {
        self.insert_item(self.bytes.len() - 1, Item::of(bytes));
    }

    /// Adds an element at the beginning.
    pub fn push_front(&mut self, bytes: &[u8]) {
        self.insert_item(HEADER, Item::of(bytes));
    }

    /// Adds an element before this one, or at the end.
    pub fn insert_before(&mut self, at: Option<At>, bytes: &[u8]) {
        let offset = at.map_or(self.bytes.len() - 1, |at| at.0 as usize);
        self.insert_item(offset, Item::of(bytes));
    }

    /// Adds an element behind this one.
    pub fn insert_after(&mut self, at: At, bytes: &[u8]) {
        self.insert_item(self.end_of(at), Item::of(bytes));
    }

    /// Puts an element in place of this one. The place stays valid.
    pub fn replace(&mut self, at: At, bytes: &[u8]) {
        let item = Item::of(bytes);
        let len = entry::encoded_len(item);
        self.splice(at.0 as usize, self.end_of(at), len + entry::backlen_len(len));
        let start = at.0 as usize;
        entry::write(item, &mut self.bytes[start..start + len + entry::backlen_len(len)]);
    }

    /// Removes this element and those behind it, `count` in all or as many as there are. Gives the element that follows.
    pub fn remove(&mut self, at: At, count: usize) -> Option<At> {
        let (mut end, mut removed) = (at.0 as usize, 0);
        while removed < count && self.bytes[end] != END {
            end = self.end_of(At(end as u32));
            removed += 1;
        }
        self.splice(at.0 as usize, end, 0);
        self.count(-(removed as i64));
        self.bytes.shrink_to(self.bytes.len() + self.bytes.len() / SPARE_SHARE);
        self.at(at.0 as usize)
    }

    /// Takes the elements from this one on into a listpack of their own.
    pub fn split_off(&mut self, at: At) -> Self {
        let tail = &self.bytes[at.0 as usize..];
        let mut bytes = Vec::with_capacity(HEADER + tail.len());
        bytes.extend_from_slice(&[0; HEADER]);
        bytes.extend_from_slice(tail);
        let mut other = Self { bytes };
        other.recount();
        self.bytes.truncate(at.0 as usize);
        self.bytes.push(END);
        self.bytes.shrink_to_fit();
        self.recount();
        other
    }

    /// Adds all elements of another listpack at the end.
    pub fn append(&mut self, other: &Self) {
        let end = self.bytes.len() - 1;
        let elements = other.len();
        let added = &other.bytes[HEADER..other.bytes.len() - 1];
        self.splice(end, end, added.len());
        self.bytes[end..end + added.len()].copy_from_slice(added);
        self.count(elements as i64);
    }

    /// Gives spare memory back, if it is more than an allocator's step.
    pub fn shrink(&mut self) {
        if self.bytes.capacity() - self.bytes.len() >= SPARE_KEPT {
            self.bytes.shrink_to_fit();
        }
    }

    fn insert_item(&mut self, offset: usize, item: Item<'_>) {
        let len = entry::encoded_len(item);
        let whole = len + entry::backlen_len(len);
        self.splice(offset, offset, whole);
        entry::write(item, &mut self.bytes[offset..offset + whole]);
        self.count(1);
    }

    /// Makes room for `len` bytes in place of those from `start` to `end`.
    fn splice(&mut self, start: usize, end: usize, len: usize) {
        if end - start == len {
            return;
        }
        let old = self.bytes.len();
        let new = old - (end - start) + len;
        if new > old {
            if new > self.bytes.capacity() {
                // An allocator's steps are of 16 bytes, of which it keeps eight.
                let wanted = (new + new / SPARE_SHARE + 8).next_multiple_of(16) - 8;
                self.bytes.reserve_exact(wanted - old);
            }
            self.bytes.resize(new, 0);
        }
        self.bytes.copy_within(end..old, start + len);
        self.bytes.truncate(new);
        self.bytes[..4].copy_from_slice(&(new as u32).to_le_bytes());
    }

    fn count(&mut self, change: i64) {
        let known = u16::from_le_bytes([self.bytes[4], self.bytes[5]]);
        if known == UNKNOWN {
            if change < 0 {
                self.recount();
            }
            return;
        }
        self.write_count((i64::from(known) + change) as usize);
    }

    fn recount(&mut self) {
        self.write_count(UNKNOWN.into());
        let elements = self.iter().count();
        self.write_count(elements);
        let total = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
    }

    fn write_count(&mut self, elements: usize) {
        let known = u16::try_from(elements).unwrap_or(UNKNOWN);
        self.bytes[4..6].copy_from_slice(&known.to_le_bytes());
    }
}

/// Elements in order.
#[derive(Clone)]
pub struct Iter<'a> {
    list: &'a Listpack,
    at: Option<At>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let at = self.at?;
        let (item, len) = entry::read(&self.list.bytes, at.0 as usize);
        self.at = self.list.at(at.0 as usize + len + entry::backlen_len(len));
        Some(item)
    }
}
