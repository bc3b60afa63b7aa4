//! A key with its value in one cell: header, expiry, key, value.
//!
//! ```text
//! kind, flags and mark 1 | access clock 3 | key length 1 or 4 | value length 1 or 4 | expiry 6 or none | key | value
//! ```
//! A key of 16 and a value of 64 bytes take 86 bytes. The value of a large collection is the number of its object.

/// What the value of a key is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Bytes.
    Text = 0,
    /// An integer of 64 bits, as eight bytes.
    Int = 1,
    /// A collection: four bytes that number its object.
    Object = 2,
    /// Bytes that were changed in place, which `OBJECT ENCODING` tells.
    Raw = 3,
}

const KIND_BITS: u8 = 0b0000_0011;
const HAS_EXPIRY: u8 = 0b0000_0100;
const WIDE_KEY: u8 = 0b0000_1000;
const WIDE_VALUE: u8 = 0b0001_0000;
const LAYOUT_BITS: u8 = HAS_EXPIRY | WIDE_KEY | WIDE_VALUE;
const MARK_SHIFT: u32 = 5;

/// The highest mark. Which image an entry needs not be written to any more is said in three bits; none is 0.
pub(crate) const MARK_MAX: u8 = 7;

/// The kind, the flags and the clock.
const FIXED: usize = 4;
const EXPIRY: usize = 6;

/// The last expiry that fits, in milliseconds of the epoch: the year 10889.
pub(crate) const EXPIRY_MS_MAX: u64 = (1 << 48) - 1;

/// How an entry lies in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    flags: u8,
    /// Where the key begins.
    key: usize,
    /// Where the value begins.
    value: usize,
    /// Where the value ends.
    end: usize,
}

impl Layout {
    /// Of an entry to be written. Lengths are below 2^32, as `proto-max-bulk-len` sees to.
    #[inline]
    pub(crate) fn of(key_len: usize, value_len: usize, has_expiry: bool) -> Self {
        let (wide_key, wide_value) = (key_len > 255, value_len > 255);
        let lengths = if wide_key { 4 } else { 1 } + if wide_value { 4 } else { 1 };
        let key = FIXED + lengths + if has_expiry { EXPIRY } else { 0 };
        let flag = |yes: bool, bit: u8| if yes { bit } else { 0 };
        Self {
            flags: flag(has_expiry, HAS_EXPIRY) | flag(wide_key, WIDE_KEY) | flag(wide_value, WIDE_VALUE),
            key,
            value: key + key_len,
            end: key + key_len + value_len,
        }
    }

    /// Of what lies in a cell.
    #[inline]
    fn read(cell: &[u8]) -> Self {
        let flags = cell[0] & LAYOUT_BITS;
        let mut at = FIXED;
        let key_len = length(cell, &mut at, flags & WIDE_KEY != 0);
        let value_len = length(cell, &mut at, flags & WIDE_VALUE != 0);
        let key = if flags & HAS_EXPIRY != 0 { at + EXPIRY } else { at };
        Self { flags, key, value: key + key_len, end: key + key_len + value_len }
    }

    /// Bytes of the entry.
    #[inline]
    pub(crate) fn bytes(self) -> usize {
        self.end
    }

    /// Writes header and key; the value is the caller's. The clock starts as given, the expiry, if there is one, too.
    #[inline]
    pub(crate) fn write(self, cell: &mut [u8], kind: Kind, mark: u8, clock: u32, expiry_ms: Option<u64>, key: &[u8]) {
        cell[0] = kind as u8 | self.flags | mark << MARK_SHIFT;
        cell[1..FIXED].copy_from_slice(&clock.to_le_bytes()[..3]);
        let mut at = FIXED;
        put_length(cell, &mut at, self.flags & WIDE_KEY != 0, key.len());
        put_length(cell, &mut at, self.flags & WIDE_VALUE != 0, self.end - self.value);
        if let Some(ms) = expiry_ms {
            cell[at..at + EXPIRY].copy_from_slice(&ms.min(EXPIRY_MS_MAX).to_le_bytes()[..EXPIRY]);
        }
        cell[self.key..self.value].copy_from_slice(key);
    }

    /// The value's place in the cell.
    #[inline]
    pub(crate) fn value_range(self) -> std::ops::Range<usize> {
        self.value..self.end
    }
}

#[inline]
fn length(cell: &[u8], at: &mut usize, wide: bool) -> usize {
    if wide {
        let bytes = [cell[*at], cell[*at + 1], cell[*at + 2], cell[*at + 3]];
        *at += 4;
        return u32::from_le_bytes(bytes) as usize;
    }
    *at += 1;
    usize::from(cell[*at - 1])
}

#[inline]
fn put_length(cell: &mut [u8], at: &mut usize, wide: bool, len: usize) {
    if wide {
        cell[*at..*at + 4].copy_from_slice(&(len as u32).to_le_bytes());
        *at += 4;
    } else {
        cell[*at] = len as u8;
        *at += 1;
    }
}

/// An entry in its cell.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    cell: &'a [u8],
    layout: Layout,
}

impl<'a> Entry<'a> {
    /// What lies at the start of `cell`, which [`Layout::write`] wrote.
    #[inline]
    pub(crate) fn read(cell: &'a [u8]) -> Self {
        Self { cell, layout: Layout::read(cell) }
    }

    #[inline]
    pub(crate) fn layout(self) -> Layout {
        self.layout
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        match self.cell[0] & KIND_BITS {
            0 => Kind::Text,
            1 => Kind::Int,
            3 => Kind::Raw,
            _ => Kind::Object,
        }
    }

    /// Which image the entry needs not be written to any more.
    #[inline]
    pub(crate) fn mark(self) -> u8 {
        self.cell[0] >> MARK_SHIFT
    }

    #[inline]
    pub(crate) fn key(self) -> &'a [u8] {
        &self.cell[self.layout.key..self.layout.value]
    }

    /// Key and value, one behind the other.
    pub(crate) fn body(self) -> &'a [u8] {
        &self.cell[self.layout.key..self.layout.end]
    }

    #[inline]
    pub(crate) fn value(self) -> &'a [u8] {
        &self.cell[self.layout.value..self.layout.end]
    }

    /// The value of [`Kind::Int`].
    #[inline]
    pub(crate) fn int(self) -> i64 {
        self.value().try_into().map_or(0, i64::from_le_bytes)
    }

    /// The value of [`Kind::Object`].
    #[inline]
    pub(crate) fn object(self) -> u32 {
        self.value().try_into().map_or(u32::MAX, u32::from_le_bytes)
    }

    /// Milliseconds of the epoch.
    #[inline]
    pub(crate) fn expiry_ms(self) -> Option<u64> {
        expiry_ms(self.cell)
    }

    /// 24 bits that the eviction policy reads.
    #[inline]
    pub(crate) fn clock(self) -> u32 {
        clock(self.cell)
    }
}

/// The expiry of an entry, in milliseconds of the epoch. Most have none, which their first byte tells.
#[inline]
pub(crate) fn expiry_ms(cell: &[u8]) -> Option<u64> {
    if cell[0] & HAS_EXPIRY == 0 {
        return None;
    }
    let key = Layout::read(cell).key;
    let mut bytes = [0; 8];
    bytes[..EXPIRY].copy_from_slice(&cell[key - EXPIRY..key]);
    Some(u64::from_le_bytes(bytes))
}

/// 24 bits that the eviction policy reads.
#[inline]
pub(crate) fn clock(cell: &[u8]) -> u32 {
    u32::from_le_bytes([cell[1], cell[2], cell[3], 0])
}

/// The first byte of an entry is that of a collection.
#[inline]
pub(crate) fn is_object(first: u8) -> bool {
    first & KIND_BITS == Kind::Object as u8
}

/// Sets the 24 bits that the eviction policy reads.
#[inline]
pub(crate) fn set_clock(cell: &mut [u8], clock: u32) {
    cell[1..FIXED].copy_from_slice(&clock.to_le_bytes()[..3]);
}

/// Overwrites the expiry of an entry that has one.
pub(crate) fn set_expiry(cell: &mut [u8], expiry_ms: u64) {
    let key = Layout::read(cell).key;
    cell[key - EXPIRY..key].copy_from_slice(&expiry_ms.min(EXPIRY_MS_MAX).to_le_bytes()[..EXPIRY]);
}

/// Makes the value of an entry shorter or longer within its cell, if the lengths are written alike. What is new is unspecified.
pub(crate) fn set_value_len(cell: &mut [u8], len: usize) -> bool {
    let layout = Layout::read(cell);
    if (layout.flags & WIDE_VALUE != 0) != (len > 255) {
        return false;
    }
    let mut at = FIXED + if layout.flags & WIDE_KEY != 0 { 4 } else { 1 };
    put_length(cell, &mut at, len > 255, len);
    true
}

/// Two entries with the same key differ in nothing but the length of their values.
pub(crate) fn is_alike(one: Layout, other: Layout) -> bool {
    (one.flags, one.key, one.value) == (other.flags, other.key, other.value)
}

/// Says which image the entry needs not be written to any more.
#[inline]
pub(crate) fn set_mark(cell: &mut [u8], mark: u8) {
    cell[0] = cell[0] & (KIND_BITS | LAYOUT_BITS) | mark << MARK_SHIFT;
}

/// Says what the value is.
pub(crate) fn set_kind(cell: &mut [u8], kind: Kind) {
    cell[0] = cell[0] & !KIND_BITS | kind as u8;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            key in proptest::collection::vec(any::<u8>(), 0..600),
            value in proptest::collection::vec(any::<u8>(), 0..600),
            expiry in proptest::option::of(0..=EXPIRY_MS_MAX),
            clock in 0u32..1 << 24,
            mark in 0..=MARK_MAX,
        ) {
            let layout = Layout::of(key.len(), value.len(), expiry.is_some());
            let mut cell = vec![0xaa; layout.bytes() + 8];
            layout.write(&mut cell, Kind::Raw, mark, clock, expiry, &key);
            cell[layout.value_range()].copy_from_slice(&value);
            let entry = Entry::read(&cell);
            prop_assert_eq!(entry.layout(), layout);
            prop_assert_eq!((entry.kind(), entry.key(), entry.value()), (Kind::Raw, &key[..], &value[..]));
            prop_assert_eq!((entry.expiry_ms(), entry.clock(), entry.mark()), (expiry, clock, mark));
            if expiry.is_some() {
                set_expiry(&mut cell, 77);
                prop_assert_eq!(Entry::read(&cell).expiry_ms(), Some(77));
            }
            let shorter = value.len() / 2;
            if set_value_len(&mut cell, shorter) {
                prop_assert_eq!(Entry::read(&cell).value(), &value[..shorter]);
                prop_assert_eq!(Entry::read(&cell).key(), &key[..]);
            }
            set_kind(&mut cell, Kind::Int);
            prop_assert_eq!((Entry::read(&cell).mark(), Entry::read(&cell).kind()), (mark, Kind::Int));
            set_mark(&mut cell, 0);
            prop_assert_eq!((Entry::read(&cell).mark(), Entry::read(&cell).kind()), (0, Kind::Int));
        }
    }

    #[test]
    fn small_entries_are_small() {
        assert_eq!(Layout::of(16, 64, false).bytes(), 86);
        assert_eq!(Layout::of(16, 8, true).bytes(), 36);
    }
}
