//! The serial form of keys with their values: what goes into a snapshot, and what comes out of a file that is loaded.
//!
//! An image is a run of *parts* in bytes. A key is a head; a list or another large collection is followed by its elements, as many as
//! the head says, so that neither side ever has to hold all of it at once. The bytes are made for speed (nothing is compressed, small
//! collections are the runs of bytes that they are in memory) and live no longer than the process: files and replicas get
//! something else made from them.

mod admit;
#[cfg(test)]
mod admit_tests;
mod blob;
mod capture;
mod hold;
mod inspect;
mod read;
#[cfg(test)]
mod tests;
mod usage;
mod write;

pub use admit::{Admission, AdmissionOptions, NotAdmitted};
pub(crate) use capture::{Capture, Large};
pub use capture::{ImageOf, ImageUnderWay};
pub(crate) use hold::{Budget, Holds, Origin};
pub use read::{Malformed, Reader};
pub(crate) use usage::Clocks;
pub use write::Writer;

/// What the eviction policy knows of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Usage {
    /// Nothing that is worth keeping.
    #[default]
    Unknown,
    /// It has not been used for so many seconds.
    IdleSeconds(u32),
    /// It is used about so often, on the logarithmic scale of `OBJECT FREQ`.
    Frequency(u8),
}

/// A value, or as much of it as goes into the head.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// Bytes.
    Text(&'a [u8]),
    /// An integer.
    Int(i64),
    /// A set of integers, as the bytes of an intset.
    Ints(&'a [u8]),
    /// A small set: the bytes of a listpack.
    SmallSet(&'a [u8]),
    /// A small hash: the bytes of a listpack, each field followed by its value.
    SmallHash(&'a [u8]),
    /// A small sorted set: the bytes of a listpack, each member followed by its score, in order.
    SmallZset(&'a [u8]),
    /// A list; so many [`Part::Chunk`] follow.
    List {
        /// Number of chunks.
        chunks: u64,
    },
    /// A set; so many [`Part::Member`] follow.
    Set {
        /// Number of members.
        members: u64,
    },
    /// A hash; so many [`Part::Field`] follow.
    Hash {
        /// Number of fields.
        fields: u64,
    },
    /// A sorted set; so many [`Part::Scored`] follow, in no order that means anything.
    Zset {
        /// Number of members.
        members: u64,
    },
}

impl Value<'_> {
    /// How many parts follow the head.
    pub const fn elements(self) -> u64 {
        match self {
            Self::List { chunks: n }
            | Self::Set { members: n }
            | Self::Hash { fields: n }
            | Self::Zset { members: n } => n,
            _ => 0,
        }
    }
}

/// A key.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Head<'a> {
    /// The database.
    pub db: u32,
    /// The key.
    pub key: &'a [u8],
    /// When its time is over, in milliseconds of the epoch.
    pub expiry_ms: Option<u64>,
    /// How much it is used.
    pub usage: Usage,
    /// Its value.
    pub value: Value<'a>,
}

/// A part of an image.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Part<'a> {
    /// The next key.
    Head(Head<'a>),
    /// Elements of a list: the bytes of a listpack that is not empty.
    Chunk(&'a [u8]),
    /// A member of a set.
    Member(&'a [u8]),
    /// A field of a hash, and its value.
    Field(&'a [u8], &'a [u8]),
    /// A member of a sorted set, and its score.
    Scored(&'a [u8], f64),
}
