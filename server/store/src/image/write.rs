//! Appending parts to bytes.
//!
//! ```text
//! head     kind 1 | db 4 | flags 1 | expiry 8 or none | usage 4 or none | key length 4 | key | value
//! element  kind 1 | content
//! bytes    length 4 | bytes
//! ```
//! Integers are little-endian.

use super::{Head, Part, Usage, Value};

/// What a part is. Values of heads and elements share the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Text,
    Int,
    Ints,
    SmallSet,
    SmallHash,
    SmallZset,
    List,
    Set,
    Hash,
    Zset,
    Chunk,
    Member,
    Field,
    Scored,
}

impl Tag {
    pub(super) const ALL: [Self; 14] = [
        Self::Text,
        Self::Int,
        Self::Ints,
        Self::SmallSet,
        Self::SmallHash,
        Self::SmallZset,
        Self::List,
        Self::Set,
        Self::Hash,
        Self::Zset,
        Self::Chunk,
        Self::Member,
        Self::Field,
        Self::Scored,
    ];
}

pub(super) const HAS_EXPIRY: u8 = 1 << 0;
pub(super) const HAS_IDLE: u8 = 1 << 1;
pub(super) const HAS_FREQUENCY: u8 = 1 << 2;

/// Bytes before the key of a head: kind, database, flags, expiry, usage, and the key's length.
const HEAD_MAX: usize = 1 + 4 + 1 + 8 + 4 + 4;

/// Appends parts to bytes.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to these.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends a part.
    pub fn part(&mut self, part: &Part<'_>) {
        match *part {
            Part::Head(head) => self.head(&head),
            Part::Chunk(chunk) => self.element(Tag::Chunk, chunk),
            Part::Member(member) => self.element(Tag::Member, member),
            Part::Field(field, value) => {
                self.element(Tag::Field, field);
                self.bytes(value);
            }
            Part::Scored(member, score) => {
                self.element(Tag::Scored, member);
                self.out.extend_from_slice(&score.to_le_bytes());
            }
        }
    }

    /// Appends a head. As many elements as it says are to follow.
    pub fn head(&mut self, head: &Head<'_>) {
        let tag = match head.value {
            Value::Text(_) => Tag::Text,
            Value::Int(_) => Tag::Int,
            Value::Ints(_) => Tag::Ints,
            Value::SmallSet(_) => Tag::SmallSet,
            Value::SmallHash(_) => Tag::SmallHash,
            Value::SmallZset(_) => Tag::SmallZset,
            Value::List { .. } => Tag::List,
            Value::Set { .. } => Tag::Set,
            Value::Hash { .. } => Tag::Hash,
            Value::Zset { .. } => Tag::Zset,
        };
        let usage = match head.usage {
            Usage::Unknown => None,
            Usage::IdleSeconds(seconds) => Some((HAS_IDLE, seconds)),
            Usage::Frequency(frequency) => Some((HAS_FREQUENCY, u32::from(frequency))),
        };
        let has_expiry = if head.expiry_ms.is_some() { HAS_EXPIRY } else { 0 };
        // In one piece, as this is done for every key of a database.
        let mut room = [0; HEAD_MAX];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            room[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&[tag as u8]);
        put(&head.db.to_le_bytes());
        put(&[has_expiry | usage.map_or(0, |(flag, _)| flag)]);
        if let Some(ms) = head.expiry_ms {
            put(&ms.to_le_bytes());
        }
        if let Some((_, usage)) = usage {
            put(&usage.to_le_bytes());
        }
        put(&(head.key.len() as u32).to_le_bytes());
        self.out.extend_from_slice(&room[..at]);
        self.out.extend_from_slice(head.key);
        match head.value {
            Value::Int(n) => self.out.extend_from_slice(&n.to_le_bytes()),
            Value::Text(bytes)
            | Value::Ints(bytes)
            | Value::SmallSet(bytes)
            | Value::SmallHash(bytes)
            | Value::SmallZset(bytes) => self.bytes(bytes),
            Value::List { .. } | Value::Set { .. } | Value::Hash { .. } | Value::Zset { .. } => {
                self.out.extend_from_slice(&head.value.elements().to_le_bytes());
            }
        }
    }

    fn element(&mut self, tag: Tag, bytes: &[u8]) {
        self.out.push(tag as u8);
        self.bytes(bytes);
    }

    /// Nothing in a database is longer than 2^32 bytes.
    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.out.extend_from_slice(bytes);
    }
}
