//! Reading parts from bytes.

use super::write::{HAS_EXPIRY, HAS_FREQUENCY, HAS_IDLE, Tag};
use super::{Head, Part, Usage, Value};

/// Parts that are announced together: some more than processors read from memory at once.
const FEW: usize = 32;

/// The bytes are no image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Bytes before the part that is none.
    pub offset: usize,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no part of an image at offset {}", self.offset)
    }
}

impl std::error::Error for Malformed {}

/// The parts of an image, in order. Whether as many elements follow a head as it says is the reader's affair.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Of these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes of the parts that have been read.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Reads the next parts into `few`, in place of what was there: as many as are worth announcing together, and none at the end.
    ///
    /// # Errors
    /// If one of them is no part.
    pub fn next_few(&mut self, few: &mut Vec<Part<'a>>) -> Result<bool, Malformed> {
        few.clear();
        while few.len() < FEW
            && let Some(part) = self.next()
        {
            few.push(part?);
        }
        Ok(!few.is_empty())
    }

    fn part(&mut self) -> Option<Part<'a>> {
        let tag = usize::from(self.take(1)?[0]);
        Some(match *Tag::ALL.get(tag)? {
            Tag::Chunk => Part::Chunk(self.take_bytes()?),
            Tag::Member => Part::Member(self.take_bytes()?),
            Tag::Field => Part::Field(self.take_bytes()?, self.take_bytes()?),
            Tag::Scored => Part::Scored(self.take_bytes()?, f64::from_le_bytes(self.take_array()?)),
            tag => Part::Head(self.head(tag)?),
        })
    }

    fn head(&mut self, tag: Tag) -> Option<Head<'a>> {
        let db = u32::from_le_bytes(self.take_array()?);
        let flags = self.take(1)?[0];
        let expiry_ms = if flags & HAS_EXPIRY == 0 { None } else { Some(u64::from_le_bytes(self.take_array()?)) };
        let usage = if flags & (HAS_IDLE | HAS_FREQUENCY) == 0 {
            Usage::Unknown
        } else {
            let usage = u32::from_le_bytes(self.take_array()?);
            if flags & HAS_IDLE != 0 { Usage::IdleSeconds(usage) } else { Usage::Frequency(usage.try_into().ok()?) }
        };
        let key = self.take_bytes()?;
        let value = match tag {
            Tag::Int => Value::Int(i64::from_le_bytes(self.take_array()?)),
            Tag::Text => Value::Text(self.take_bytes()?),
            Tag::Ints => Value::Ints(self.take_bytes()?),
            Tag::SmallSet => Value::SmallSet(self.take_bytes()?),
            Tag::SmallHash => Value::SmallHash(self.take_bytes()?),
            Tag::SmallZset => Value::SmallZset(self.take_bytes()?),
            Tag::List => Value::List { chunks: self.take_count()? },
            Tag::Set => Value::Set { members: self.take_count()? },
            Tag::Hash => Value::Hash { fields: self.take_count()? },
            Tag::Zset => Value::Zset { members: self.take_count()? },
            Tag::Chunk | Tag::Member | Tag::Field | Tag::Scored => return None,
        };
        Some(Head { db, key, expiry_ms, usage, value })
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(bytes)
    }

    fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take_count(&mut self) -> Option<u64> {
        self.take_array().map(u64::from_le_bytes)
    }

    fn take_bytes(&mut self) -> Option<&'a [u8]> {
        let len = u32::from_le_bytes(self.take_array()?);
        self.take(len as usize)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Part<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let offset = self.at;
        Some(self.part().ok_or_else(|| {
            // Nothing behind it can be told.
            self.at = self.bytes.len();
            Malformed { offset }
        }))
    }
}
