//! What a file of a log begins with.

/// As many bytes of a file as tell its format.
pub const MAGIC_LEN: usize = 6;

/// How a file, or the first part of one, is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// As an RDB file. Commands may follow it.
    Rdb,
    /// As commands.
    Commands,
}

impl Format {
    /// The format of a file that begins with these bytes; the first [`MAGIC_LEN`] are enough.
    pub fn of(start: &[u8]) -> Self {
        let is_rdb = start.starts_with(b"REDIS") || start.starts_with(b"VALKEY");
        if is_rdb { Self::Rdb } else { Self::Commands }
    }

    /// What the name of a base in this format ends with.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Rdb => ".rdb",
            Self::Commands => ".aof",
        }
    }
}
