//! Why a file cannot be read on.

use std::fmt;
use std::io;

use thiserror::Error;

/// A file cannot be read on.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The reader failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file ends too early: it has been cut off.
    #[error("{missing}")]
    CutOff {
        /// Where what is missing begins.
        offset: u64,
        /// What is missing.
        missing: Missing,
    },
    /// No server writes this.
    #[error("{damage}")]
    Damaged {
        /// Where.
        offset: u64,
        /// What.
        damage: Damage,
    },
}

impl ScanError {
    /// Where the file stops to make sense, if the file is to blame.
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Io(_) => None,
            Self::CutOff { offset, .. } | Self::Damaged { offset, .. } => Some(*offset),
        }
    }
}

/// What a file that has been cut off does not hold any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Missing {
    /// Bytes of an argument and its line end.
    #[error("Expected to read {expected} bytes, got {there} bytes")]
    Bytes {
        /// As many as there should be.
        expected: usize,
        /// As many as there are.
        there: usize,
    },
    /// The next argument of a command.
    #[error("Reached EOF before the last argument of a command")]
    Argument,
    /// The rest of a line.
    #[error("Reached EOF before the end of a line")]
    LineEnd,
    /// The end of a transaction.
    #[error("Reached EOF before reading EXEC for MULTI")]
    Exec,
}

/// What cannot stand where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Damage {
    /// Neither a command nor an annotation.
    #[error("Expected a command or an annotation, got: '{}'", Shown(*found))]
    NoEntry {
        /// The first byte.
        found: u8,
    },
    /// Another kind of line.
    #[error("Expected prefix '{}', got: '{}'", Shown(*expected), Shown(*found))]
    Prefix {
        /// What the line should begin with.
        expected: u8,
        /// What it begins with.
        found: u8,
    },
    /// A line that should hold a length.
    #[error("Expected a length and \\r\\n")]
    Length,
    /// An argument that does not end after its length.
    #[error("Expected \\r\\n, got: {:02x}{:02x}", found[0], found[1])]
    NoLineEnd {
        /// What is there.
        found: [u8; 2],
    },
    /// A command of nothing.
    #[error("Expected a command of at least one argument")]
    NoArguments,
    /// More arguments than a command may have.
    #[error("Expected a command, got {count} arguments")]
    ManyArguments {
        /// As many.
        count: usize,
    },
    /// An argument longer than one may be.
    #[error("Expected to read string of {len} bytes, which is not in the suitable range")]
    LongArgument {
        /// So long.
        len: usize,
    },
    /// A command longer than one may be.
    #[error("Expected the end of a command that is too long")]
    LongCommand,
    /// An annotation longer than one may be.
    #[error("Expected the end of an annotation that is too long")]
    LongAnnotation,
    /// A transaction within a transaction.
    #[error("Unexpected MULTI")]
    NestedMulti,
    /// The end of a transaction that has not begun.
    #[error("Unexpected EXEC")]
    LoneExec,
}

/// A byte to be shown on a terminal.
struct Shown(u8);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}
