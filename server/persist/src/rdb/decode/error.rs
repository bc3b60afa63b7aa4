//! What can be wrong with a snapshot.

use crate::blob::Damage;
use crate::lzf::Damaged;

use super::super::code::type_name;

/// Bytes of a key that an error keeps.
const KEY_SHOWN: usize = 128;

/// Why reading stopped, and where.
#[derive(Debug, thiserror::Error)]
#[error("at offset {offset}{}: {fault}", of_key(key.as_deref()))]
pub struct Error {
    /// Bytes consumed before it was noticed.
    pub offset: u64,
    /// The beginning of the key that it happened in.
    pub key: Option<Vec<u8>>,
    /// The type of its value, or of the value of the key that was to come.
    pub kind: Option<u8>,
    /// What was wrong.
    #[source]
    pub fault: Fault,
}

impl Error {
    pub(super) fn new(offset: u64, key: Option<&[u8]>, kind: Option<u8>, fault: Fault) -> Self {
        Self { offset, key: key.map(|key| key[..key.len().min(KEY_SHOWN)].to_vec()), kind, fault }
    }
}

fn of_key(key: Option<&[u8]>) -> String {
    key.map_or_else(String::new, |key| format!(", key '{}'", key.escape_ascii()))
}

/// What was wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Reading failed.
    #[error("cannot read: {0}")]
    Io(#[source] std::io::Error),
    /// There is no more, where there should be.
    #[error("it ends early")]
    Truncated,
    /// It does not begin as it should.
    #[error("no snapshot in the RDB format")]
    Magic,
    /// The format is newer than what is read here, or not one of these servers.
    #[error("version {0} of the format is not supported")]
    Version(u32),
    /// No server has a type or opcode of this number.
    #[error("no type or opcode has the number {0}")]
    Unknown(u8),
    /// The type is known, but values of it cannot be kept.
    #[error("{name} (type {0}) is not supported", name = type_name(*.0))]
    Unsupported(u8),
    /// A length of no known form, or a string where a length should be.
    #[error("a length of an unknown form")]
    Length,
    /// A string of an unknown form.
    #[error("a string of an unknown form")]
    Text,
    /// A string that is longer than any can be.
    #[error("a string of {0} bytes is too long")]
    TooLong(u64),
    /// A number of elements or databases beyond all bounds.
    #[error("a count of {0} is too large")]
    TooMany(u64),
    /// A compressed string is damaged.
    #[error("a damaged string: {0}")]
    Compressed(#[from] Damaged),
    /// A collection in one run of bytes is damaged.
    #[error("{name}: {damage}", name = type_name(*.kind))]
    Collection {
        /// Its type.
        kind: u8,
        /// What is wrong with it.
        damage: Damage,
    },
    /// A score is no number.
    #[error("a score that is no number")]
    Score,
    /// A member or a field is there twice.
    #[error("a duplicate element")]
    Duplicate,
    /// A node of a list is of no known kind.
    #[error("a list node of the unknown kind {0}")]
    Node(u64),
    /// There are bytes behind a value that should be the last.
    #[error("bytes behind the end")]
    Trailing,
    /// A node of a long list is empty.
    #[error("an empty node in a list")]
    EmptyNode,
}
