//! Replies as a client reads them.
//!
//! Two steps: the frame scanner finds where a reply ends, remembering its place between calls; then the whole reply is
//! built in one go. So a reply that arrives in a thousand pieces is still looked at only twice.

use std::borrow::Cow;

use super::frame::{Element, FrameScanner, read_element};
use super::value::Value;

/// Longest reply in bytes; an `INFO` or a list of a thousand replicas is far below.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Deepest nesting; the deepest reply of Redis, `COMMAND DOCS`, stays under ten.
const NESTING_MAX: usize = 32;
/// Most elements in one reply, in all its levels.
const ELEMENTS_MAX: usize = 1024 * 1024;
/// Room reserved for an aggregate before its elements are seen, whatever its head announces.
const RESERVED_ELEMENTS_MAX: usize = 1024;

/// How large a reply may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLimits {
    /// Longest reply in bytes.
    pub bytes_max: usize,
    /// Most aggregates inside one another.
    pub nesting_max: usize,
    /// Most elements of one reply, in all its levels; the key and the value of a map count as two.
    pub elements_max: usize,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self { bytes_max: REPLY_BYTES_MAX, nesting_max: NESTING_MAX, elements_max: ELEMENTS_MAX }
    }
}

/// A server broke the protocol or went beyond a limit. The connection is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} of the reply: {kind}")]
pub struct ReplyError {
    /// Where in the reply, in bytes from its start.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ReplyErrorKind,
}

/// What can be wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyErrorKind {
    /// No reply starts with this byte.
    #[error("unknown type byte 0x{0:02x}")]
    UnknownType(u8),
    /// A length or an integer is not a number.
    #[error("invalid number")]
    InvalidNumber,
    /// A truth value, a null or a verbatim string is malformed.
    #[error("malformed value")]
    Malformed,
    /// A line or a string does not end with CR LF.
    #[error("missing CR LF")]
    MissingLineEnd,
    /// Longer than [`ReplyLimits::bytes_max`].
    #[error("reply is too long")]
    TooLong,
    /// Deeper than [`ReplyLimits::nesting_max`].
    #[error("reply is nested too deeply")]
    TooDeep,
    /// More elements than [`ReplyLimits::elements_max`].
    #[error("reply has too many elements")]
    TooManyElements,
}

/// Finds replies in the bytes a server sends. One per connection.
#[derive(Debug, Default)]
pub struct ReplyDecoder {
    limits: ReplyLimits,
    scanner: FrameScanner,
}

impl ReplyDecoder {
    /// A decoder at the start of a connection.
    pub fn new(limits: ReplyLimits) -> Self {
        Self { limits, scanner: FrameScanner::default() }
    }

    /// The reply at the start of `buf` and its length, which must be dropped from the buffer before the next call;
    /// `None` if it has not arrived completely. Attributes are skipped.
    pub fn decode<'a>(&mut self, buf: &'a [u8]) -> Result<Option<(Value<'a>, usize)>, ReplyError> {
        let Some(len) = self.scanner.scan(buf, &self.limits)? else { return Ok(None) };
        self.scanner = FrameScanner::default();
        let mut builder = Builder { frame: &buf[..len], position: 0 };
        Ok(Some((builder.value()?, len)))
    }

    /// Least length of the buffer with which decoding can go on; lets its owner reserve room for a long string.
    pub fn buffer_len_needed(&self) -> usize {
        self.scanner.len_needed()
    }
}

/// Builds the tree of a frame that the scanner found complete, so its nesting is within the limit.
struct Builder<'a> {
    frame: &'a [u8],
    position: usize,
}

impl<'a> Builder<'a> {
    fn value(&mut self) -> Result<Value<'a>, ReplyError> {
        loop {
            let start = self.position;
            let fail = |kind| ReplyError { offset: start, kind };
            let (element, used) =
                read_element(self.frame, start)?.ok_or_else(|| fail(ReplyErrorKind::MissingLineEnd))?;
            self.position += used;
            return match element {
                Element::Line { kind, text } => line_value(kind, text).map_err(fail),
                Element::Blob { kind, len } => {
                    let bytes = self.frame.get(self.position..self.position + len).unwrap_or_default();
                    self.position += len + 2;
                    blob_value(kind, bytes).map_err(fail)
                }
                Element::Null => Ok(Value::Null),
                Element::Aggregate { kind: b'|', len } => {
                    self.items(len)?;
                    continue;
                }
                Element::Aggregate { kind: b'%', len } => self.pairs(len / 2).map(Value::Map),
                Element::Aggregate { kind: b'~', len } => self.items(len).map(Value::Set),
                Element::Aggregate { kind: b'>', len } => self.items(len).map(Value::Push),
                Element::Aggregate { len, .. } => self.items(len).map(Value::Array),
            };
        }
    }

    fn items(&mut self, len: usize) -> Result<Vec<Value<'a>>, ReplyError> {
        let mut items = Vec::with_capacity(len.min(RESERVED_ELEMENTS_MAX));
        for _ in 0..len {
            items.push(self.value()?);
        }
        Ok(items)
    }

    fn pairs(&mut self, len: usize) -> Result<Vec<(Value<'a>, Value<'a>)>, ReplyError> {
        let mut pairs = Vec::with_capacity(len.min(RESERVED_ELEMENTS_MAX));
        for _ in 0..len {
            pairs.push((self.value()?, self.value()?));
        }
        Ok(pairs)
    }
}

fn line_value(kind: u8, text: &[u8]) -> Result<Value<'_>, ReplyErrorKind> {
    Ok(match (kind, text) {
        (b'+', _) => Value::Simple(Cow::Borrowed(text)),
        (b'-', _) => Value::Error(Cow::Borrowed(text)),
        (b':', _) => Value::Integer(super::parse_integer(text).ok_or(ReplyErrorKind::InvalidNumber)?),
        (b',', _) => Value::Double(parse_double(text).ok_or(ReplyErrorKind::InvalidNumber)?),
        (b'(', _) => match text.strip_prefix(b"-").unwrap_or(text) {
            digits if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                Value::BigNumber(Cow::Borrowed(text))
            }
            _ => return Err(ReplyErrorKind::InvalidNumber),
        },
        (b'#', b"t") => Value::Boolean(true),
        (b'#', b"f") => Value::Boolean(false),
        (b'_', b"") => Value::Null,
        _ => return Err(ReplyErrorKind::Malformed),
    })
}

fn blob_value(kind: u8, bytes: &[u8]) -> Result<Value<'_>, ReplyErrorKind> {
    Ok(match (kind, bytes) {
        (b'!', _) => Value::Error(Cow::Borrowed(bytes)),
        (b'=', &[a, b, c, b':', ref text @ ..]) => Value::Verbatim { format: [a, b, c], text: Cow::Borrowed(text) },
        (b'=', _) => return Err(ReplyErrorKind::Malformed),
        _ => Value::Bulk(Cow::Borrowed(bytes)),
    })
}

fn parse_double(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
