//! One element of a listpack: how it is written, and how long it is.
//!
//! ```text
//! 0xxxxxxx                    integer 0..=127        11110001 + 2 bytes   integer of 16 bits
//! 10xxxxxx + bytes            string up to 63        11110010 + 3 bytes   integer of 24 bits
//! 110xxxxx yyyyyyyy           integer of 13 bits     11110011 + 4 bytes   integer of 32 bits
//! 1110xxxx yyyyyyyy + bytes   string up to 4095      11110100 + 8 bytes   integer of 64 bits
//! 11110000 + 4 bytes + bytes  longer string
//! ```
//! Behind each element its length stands again, in groups of seven bits, to be read from the end.

use bongsu_protocol::resp::parse_integer;

const STRING_6: u8 = 0b1000_0000;
const INT_13: u8 = 0b1100_0000;
const STRING_12: u8 = 0b1110_0000;
const STRING_32: u8 = 0xf0;
const INT_16: u8 = 0xf1;
const INT_24: u8 = 0xf2;
const INT_32: u8 = 0xf3;
const INT_64: u8 = 0xf4;

/// An element: integers in their canonical form are kept as such.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'a> {
    /// The bytes are the digits of this integer.
    Int(i64),
    /// Any other bytes.
    Bytes(&'a [u8]),
}

impl<'a> Item<'a> {
    /// What these bytes are kept as.
    #[inline]
    pub fn of(bytes: &'a [u8]) -> Self {
        // No integer of 64 bits is longer, and most strings are told apart by their first byte.
        match bytes {
            [b'0'..=b'9' | b'-', ..] if bytes.len() <= 20 => parse_integer(bytes).map_or(Self::Bytes(bytes), Self::Int),
            _ => Self::Bytes(bytes),
        }
    }

    /// The bytes; digits are written into `digits`.
    #[inline]
    pub fn bytes<'b>(self, digits: &'b mut Digits) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Int(n) => digits.write(n),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// A copy of the bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.bytes(&mut Digits::default()).to_vec()
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.bytes(&mut Digits::default()).len()
    }

    /// No bytes.
    pub fn is_empty(self) -> bool {
        self == Self::Bytes(b"")
    }
}

/// Room for the digits of an integer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Digits {
    room: [u8; 20],
}

impl Digits {
    /// The digits of `n`.
    #[inline]
    pub fn write(&mut self, n: i64) -> &[u8] {
        let mut at = self.room.len();
        let mut rest = n.unsigned_abs();
        loop {
            at -= 1;
            self.room[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if n < 0 {
            at -= 1;
            self.room[at] = b'-';
        }
        &self.room[at..]
    }
}

/// Bytes that the element takes, without the length behind it.
#[inline]
pub(super) fn encoded_len(item: Item<'_>) -> usize {
    match item {
        Item::Int(0..=127) => 1,
        Item::Int(-4096..=4095) => 2,
        Item::Int(-32768..=32767) => 3,
        Item::Int(-8_388_608..=8_388_607) => 4,
        Item::Int(-2_147_483_648..=2_147_483_647) => 5,
        Item::Int(_) => 9,
        Item::Bytes(bytes) => match bytes.len() {
            len @ 0..=63 => 1 + len,
            len @ 64..=4095 => 2 + len,
            len => 5 + len,
        },
    }
}

/// Bytes that the length behind an element of `len` bytes takes.
#[inline]
pub(super) fn backlen_len(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// Writes an element and its length behind it; `into` is exactly as long as both.
pub(super) fn write(item: Item<'_>, into: &mut [u8]) {
    let len = encoded_len(item);
    let (element, behind) = into.split_at_mut(len);
    match item {
        Item::Int(n) => write_int(n, element),
        Item::Bytes(bytes) => write_string(bytes, element),
    }
    let groups = behind.len();
    for (index, byte) in behind.iter_mut().enumerate() {
        let more = if index == 0 { 0 } else { 0x80 };
        *byte = (len >> (7 * (groups - 1 - index))) as u8 & 0x7f | more;
    }
}

fn write_int(n: i64, element: &mut [u8]) {
    let bytes = n.to_le_bytes();
    match element.len() {
        1 => element[0] = n as u8,
        2 => {
            let bits = (n as u16) & 0x1fff;
            element[0] = INT_13 | (bits >> 8) as u8;
            element[1] = bits as u8;
        }
        len => {
            element[0] = match len {
                3 => INT_16,
                4 => INT_24,
                5 => INT_32,
                _ => INT_64,
            };
            element[1..].copy_from_slice(&bytes[..len - 1]);
        }
    }
}

fn write_string(bytes: &[u8], element: &mut [u8]) {
    let head = element.len() - bytes.len();
    write_string_head(bytes.len(), &mut element[..head]);
    element[head..].copy_from_slice(bytes);
}

fn write_string_head(len: usize, head: &mut [u8]) {
    match head.len() {
        1 => head[0] = STRING_6 | len as u8,
        2 => {
            head[0] = STRING_12 | (len >> 8) as u8;
            head[1] = len as u8;
        }
        _ => {
            head[0] = STRING_32;
            head[1..5].copy_from_slice(&(len as u32).to_le_bytes());
        }
    }
}

/// Bytes of the longest integer. What comes before the bytes of a string is shorter.
pub(super) const HEAD_MAX: usize = 9;

/// Writes an integer, or what comes before the bytes of a string.
#[inline]
pub(super) fn write_head<'a>(item: Item<'_>, into: &'a mut [u8; HEAD_MAX]) -> &'a [u8] {
    let len = encoded_len(item);
    match item {
        Item::Int(n) => {
            write_int(n, &mut into[..len]);
            &into[..len]
        }
        Item::Bytes(bytes) => {
            let head = &mut into[..len - bytes.len()];
            write_string_head(bytes.len(), head);
            head
        }
    }
}

/// The element that begins at `at`, and the bytes it takes without the length behind it.
#[inline]
pub(super) fn read(bytes: &[u8], at: usize) -> (Item<'_>, usize) {
    let first = bytes[at];
    if first < 0x80 {
        return (Item::Int(i64::from(first)), 1);
    }
    if first < INT_13 {
        let len = usize::from(first & 0x3f);
        return (Item::Bytes(&bytes[at + 1..at + 1 + len]), 1 + len);
    }
    if first < STRING_12 {
        let bits = i64::from(first & 0x1f) << 8 | i64::from(bytes[at + 1]);
        return (Item::Int(if bits >= 4096 { bits - 8192 } else { bits }), 2);
    }
    if first < STRING_32 {
        let len = usize::from(first & 0x0f) << 8 | usize::from(bytes[at + 1]);
        return (Item::Bytes(&bytes[at + 2..at + 2 + len]), 2 + len);
    }
    match first {
        STRING_32 => {
            let len = little_endian(&bytes[at + 1..at + 5]) as u32 as usize;
            (Item::Bytes(&bytes[at + 5..at + 5 + len]), 5 + len)
        }
        INT_16 => (Item::Int(little_endian(&bytes[at + 1..at + 3])), 3),
        INT_24 => (Item::Int(little_endian(&bytes[at + 1..at + 4])), 4),
        INT_32 => (Item::Int(little_endian(&bytes[at + 1..at + 5])), 5),
        _ => (Item::Int(little_endian(&bytes[at + 1..at + 9])), 9),
    }
}

/// Bytes that say how long an element is which begins with this one. `None` if none does.
pub(super) fn head_len(first: u8) -> Option<usize> {
    match first {
        0..STRING_12 => Some(1),
        STRING_12..STRING_32 => Some(2),
        STRING_32 => Some(5),
        INT_16..=INT_64 => Some(1),
        _ => None,
    }
}

/// Bytes of the element that begins at `at`, without the length behind it.
#[inline]
pub(super) fn len_at(bytes: &[u8], at: usize) -> usize {
    let first = bytes[at];
    match first {
        0..0x80 => 1,
        STRING_6..INT_13 => 1 + usize::from(first & 0x3f),
        INT_13..STRING_12 => 2,
        STRING_12..STRING_32 => 2 + (usize::from(first & 0x0f) << 8 | usize::from(bytes[at + 1])),
        STRING_32 => 5 + little_endian(&bytes[at + 1..at + 5]) as u32 as usize,
        INT_16 => 3,
        INT_24 => 4,
        INT_32 => 5,
        _ => 9,
    }
}

/// Bytes of the element that begins at `at`, with the length behind it.
#[inline]
pub(super) fn whole_len_at(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        0..STRING_6 => 2,
        first @ STRING_6..INT_13 => 2 + usize::from(first & 0x3f),
        _ => wide_len_at(bytes, at),
    }
}

/// As [`whole_len_at`], of what is neither small nor short.
#[inline(never)]
fn wide_len_at(bytes: &[u8], at: usize) -> usize {
    let len = len_at(bytes, at);
    len + backlen_len(len)
}

/// A signed integer of up to eight bytes.
fn little_endian(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let shift = 64 - 8 * bytes.len() as u32;
    i64::from_le_bytes(wide) << shift >> shift
}

/// The length written behind the element that ends before `end`, and the bytes that it takes.
pub(super) fn read_backlen(bytes: &[u8], end: usize) -> (usize, usize) {
    let (mut len, mut taken) = (0, 0);
    loop {
        let byte = bytes[end - 1 - taken];
        len |= usize::from(byte & 0x7f) << (7 * taken);
        taken += 1;
        if byte & 0x80 == 0 || taken == 5 {
            return (len, taken);
        }
    }
}
