//! Why a command did nothing.

use std::borrow::Cow;

/// An error reply. The texts are those of Redis, which clients match on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The key holds something of another type.
    WrongType,
    /// The arguments make no sense together.
    Syntax,
    /// An argument, or the value of the key, is no integer of 64 bits.
    NotAnInteger,
    /// An argument, or the value of the key, is no number.
    NotAFloat,
    /// The result would not fit in 64 bits.
    Overflow,
    /// The key does not exist, and must.
    NoSuchKey,
    /// An index is out of range.
    IndexOutOfRange,
    /// An argument is not within its limits.
    OutOfRange(&'static str),
    /// A string would become longer than `proto-max-bulk-len`.
    StringTooLong,
    /// Anything else, with its code.
    Other(Cow<'static, str>),
}

impl Fault {
    /// With a text that is known now.
    pub const fn text(text: &'static str) -> Self {
        Self::Other(Cow::Borrowed(text))
    }

    /// With a text that is made now.
    pub fn made(text: String) -> Self {
        Self::Other(Cow::Owned(text))
    }

    /// The error line, without the leading `-`.
    pub fn line(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Self::Syntax => "ERR syntax error",
            Self::NotAnInteger => "ERR value is not an integer or out of range",
            Self::NotAFloat => "ERR value is not a valid float",
            Self::Overflow => "ERR increment or decrement would overflow",
            Self::NoSuchKey => "ERR no such key",
            Self::IndexOutOfRange => "ERR index out of range",
            Self::StringTooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            Self::OutOfRange(text) => return Cow::Owned(format!("ERR {text}")),
            Self::Other(text) => return text.clone(),
        })
    }
}
