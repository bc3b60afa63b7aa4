//! Commands as a server reads them: arrays of bulk strings, or inline lines typed by hand.

use std::ops::{Index, Range};

use crate::conf::Words;

use super::number::parse_integer;

/// Longest inline command and longest length line, in bytes: what fits in Redis' own limit fits here.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Most arguments of one command.
const ARGS_MAX: usize = 1024 * 1024;
/// Longest argument in bytes, the default of `proto-max-bulk-len`.
const BULK_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Most arguments before authentication: enough for `HELLO 3 AUTH user password SETNAME name`.
const UNAUTHENTICATED_ARGS_MAX: usize = 10;
/// Longest argument before authentication, so that strangers cannot make the server hold memory.
const UNAUTHENTICATED_BULK_BYTES_MAX: usize = 16384;
/// Room for arguments that is kept from one command to the next.
const RANGES_KEPT_MAX: usize = 1024;

/// How much a client may send in one command.
///
/// They do not bound the whole command: the owner of the buffer does, with `client-query-buffer-limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Longest inline command, and longest line that announces a length, in bytes.
    pub line_bytes_max: usize,
    /// Most arguments of a command.
    pub args_max: usize,
    /// Longest argument in bytes (`proto-max-bulk-len`).
    pub bulk_bytes_max: usize,
    /// Whether the client has yet to authenticate, which lowers the two limits above and says so in the error.
    pub unauthenticated: bool,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            line_bytes_max: LINE_BYTES_MAX,
            args_max: ARGS_MAX,
            bulk_bytes_max: BULK_BYTES_MAX,
            unauthenticated: false,
        }
    }
}

/// A client broke the protocol. The text is the one Redis sends, after `-ERR `, before it closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// An inline command is longer than allowed.
    #[error("Protocol error: too big inline request")]
    InlineTooBig,
    /// Quotes of an inline command are not closed, or closed inside a word.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// The line with the number of arguments does not end.
    #[error("Protocol error: too big mbulk count string")]
    ArgCountLineTooBig,
    /// The number of arguments is not a number or too large.
    #[error("Protocol error: invalid multibulk length")]
    InvalidArgCount,
    /// More arguments than a client may send before it authenticates.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedArgCount,
    /// An argument does not begin with its length.
    #[error("Protocol error: expected '$', got '{}'", char::from(*.got))]
    ExpectedBulk {
        /// The byte found instead of `$`.
        got: u8,
    },
    /// The line with the length of an argument does not end.
    #[error("Protocol error: too big bulk count string")]
    BulkLengthLineTooBig,
    /// The length of an argument is not a number, too large, or not where the argument ends.
    #[error("Protocol error: invalid bulk length")]
    InvalidBulkLength,
    /// A longer argument than a client may send before it authenticates.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulkLength,
}

/// One command; its arguments lie in the bytes given to the parser. There is at least one, the command's name.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    data: &'a [u8],
    ranges: &'a [Range<usize>],
    /// Where `data` begins in the bytes given to the parser, if that is where it lies.
    base: Option<usize>,
}

impl<'a> Request<'a> {
    /// Number of arguments, the command's name included.
    #[allow(clippy::len_without_is_empty, reason = "a request is never empty")]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The command's name, as the client spelled it.
    pub fn name(&self) -> &'a [u8] {
        self.get(0).unwrap_or_default()
    }

    /// The argument at `index`; 0 is the command's name.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.ranges.get(index).map(|range| &self.data[range.clone()])
    }

    /// All arguments, the command's name first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let data = self.data;
        self.ranges.iter().map(move |range| &data[range.clone()])
    }

    /// Where the arguments lie in the bytes given to the parser; `None` if they do not, because they had quotes.
    pub fn positions(&self) -> Option<impl Iterator<Item = Range<usize>> + use<'a>> {
        let (base, ranges) = (self.base?, self.ranges);
        Some(ranges.iter().map(move |range| base + range.start..base + range.end))
    }

    /// A copy that outlives the read buffer.
    pub fn to_vec(&self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }
}

impl Index<usize> for Request<'_> {
    type Output = [u8];

    /// Like [`Request::get`]; panics if there is no such argument, so check [`Request::len`] first.
    fn index(&self, index: usize) -> &[u8] {
        &self.data[self.ranges[index].clone()]
    }
}

/// What a call of [`RequestParser::parse`] achieved.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Bytes to drop from the front of the buffer before the next call, also when there is no request yet.
    pub consumed: usize,
    /// The next command, if all of it has arrived.
    pub request: Option<Request<'a>>,
}

/// Finds commands in the bytes a client sends. One per connection.
///
/// A loop calls [`parse`](Self::parse) with all unread bytes, executes the request, drops `consumed` bytes and
/// calls again until there is no request. After an error the connection must be closed.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// The last call returned a request, whose state is cleared by the next one.
    complete: bool,
    /// Bytes of the present command that are understood.
    position: usize,
    /// How far beyond `position` no line end was found.
    scanned: usize,
    /// Arguments still to come; 0 while the head of the command is awaited.
    args_left: usize,
    /// Length of the argument whose bytes are awaited at `position`.
    bulk_len: Option<usize>,
    ranges: Vec<Range<usize>>,
    inline: Words,
}

/// The first line of a command.
enum Head {
    Incomplete,
    /// A line that asks for nothing.
    Nothing {
        used: usize,
    },
    Inline {
        used: usize,
    },
    Array {
        args: usize,
        used: usize,
    },
}

impl RequestParser {
    /// A parser at the start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for the next command in `buf`, which begins with the first byte not yet consumed.
    pub fn parse<'a>(&'a mut self, buf: &'a [u8], limits: &RequestLimits) -> Result<Progress<'a>, ProtocolError> {
        self.forget_completed();
        let mut consumed = 0;
        while self.args_left == 0 {
            match self.parse_head(&buf[consumed..], limits)? {
                Head::Incomplete => return Ok(Progress { consumed, request: None }),
                Head::Nothing { used } => consumed += used,
                Head::Array { args, used } => {
                    self.args_left = args;
                    self.position = used;
                }
                Head::Inline { used } => {
                    self.complete = true;
                    let request = Request { data: self.inline.text(), ranges: self.inline.ranges(), base: None };
                    return Ok(Progress { consumed: consumed + used, request: Some(request) });
                }
            }
        }
        let buf = &buf[consumed..];
        while self.args_left > 0 {
            if !self.parse_arg(buf, limits)? {
                return Ok(Progress { consumed, request: None });
            }
        }
        self.complete = true;
        let request = Request { data: buf, ranges: &self.ranges, base: Some(consumed) };
        Ok(Progress { consumed: consumed + self.position, request: Some(request) })
    }

    /// Least length of the buffer, counted from its first unconsumed byte, with which parsing can go on.
    /// Lets the owner of the buffer reserve room for a large argument at once.
    pub fn buffer_len_needed(&self) -> usize {
        match self.bulk_len {
            Some(len) if !self.complete => self.position + len + 2,
            _ => 0,
        }
    }

    /// Bytes at the front of the buffer that are understood already, though the command they belong to is not complete.
    pub fn understood(&self) -> usize {
        if self.complete { 0 } else { self.position }
    }

    fn forget_completed(&mut self) {
        if !self.complete {
            return;
        }
        self.complete = false;
        self.position = 0;
        self.scanned = 0;
        self.ranges.clear();
        self.ranges.shrink_to(RANGES_KEPT_MAX);
    }

    fn parse_head(&mut self, buf: &[u8], limits: &RequestLimits) -> Result<Head, ProtocolError> {
        let Some(&first) = buf.first() else { return Ok(Head::Incomplete) };
        let is_array = first == b'*';
        if is_array
            && self.scanned == 0
            && let Some((args @ 1.., used)) = short_length(buf, limits)
            && args <= limits.args_max
        {
            return Ok(Head::Array { args, used });
        }
        let too_big = if is_array { ProtocolError::ArgCountLineTooBig } else { ProtocolError::InlineTooBig };
        let Some(line) = self.take_line(buf, limits).ok_or(too_big)? else { return Ok(Head::Incomplete) };
        let used = line.len() + 1;
        if is_array {
            let args = parse_arg_count(line, limits)?;
            return Ok(if args == 0 { Head::Nothing { used } } else { Head::Array { args, used } });
        }
        self.inline.split(line).map_err(|_| ProtocolError::UnbalancedQuotes)?;
        Ok(if self.inline.ranges().is_empty() { Head::Nothing { used } } else { Head::Inline { used } })
    }

    /// Reads the next argument; false if it has not arrived completely.
    fn parse_arg(&mut self, buf: &[u8], limits: &RequestLimits) -> Result<bool, ProtocolError> {
        let len = match self.bulk_len {
            Some(len) => len,
            None => {
                let rest = &buf[self.position..];
                let Some(&first) = rest.first() else { return Ok(false) };
                if first != b'$' {
                    return Err(ProtocolError::ExpectedBulk { got: first });
                }
                let short =
                    short_length(rest, limits).filter(|(len, _)| self.scanned == 0 && *len <= limits.bulk_bytes_max);
                let (len, used) = if let Some(short) = short {
                    short
                } else {
                    let line = self.take_line(rest, limits).ok_or(ProtocolError::BulkLengthLineTooBig)?;
                    let Some(line) = line else { return Ok(false) };
                    (parse_bulk_len(line, limits)?, line.len() + 1)
                };
                self.position += used;
                self.bulk_len = Some(len);
                len
            }
        };
        let end = self.position + len;
        let Some(line_end) = buf.get(end..end + 2) else { return Ok(false) };
        if line_end != b"\r\n" {
            return Err(ProtocolError::InvalidBulkLength);
        }
        self.ranges.push(self.position..end);
        self.position = end + 2;
        self.bulk_len = None;
        self.args_left -= 1;
        Ok(true)
    }

    /// The line at the start of `buf` without its `\n`. The inner `None`: not here yet; the outer: too long.
    fn take_line<'a>(&mut self, buf: &'a [u8], limits: &RequestLimits) -> Option<Option<&'a [u8]>> {
        let from = self.scanned.min(buf.len());
        match memchr::memchr(b'\n', &buf[from..]) {
            Some(at) if from + at <= limits.line_bytes_max => {
                self.scanned = 0;
                Some(Some(&buf[..from + at]))
            }
            None if buf.len() <= limits.line_bytes_max => {
                self.scanned = buf.len();
                Some(None)
            }
            _ => None,
        }
    }
}

/// The number in a line such as `*3\r\n` or `$64\r\n`, and the length of that line, if the number has no more than three digits: nearly
/// all have not, and are read without looking for the end of the line first.
#[inline]
fn short_length(buf: &[u8], limits: &RequestLimits) -> Option<(usize, usize)> {
    let digit = |byte: u8| usize::from(byte - b'0');
    let found = match *buf {
        [_, a @ b'0'..=b'9', b'\r', b'\n', ..] => (digit(a), 4),
        [_, a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', b'\n', ..] => (digit(a) * 10 + digit(b), 5),
        [_, a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b'\r', b'\n', ..] => {
            (digit(a) * 100 + digit(b) * 10 + digit(c), 6)
        }
        _ => return None,
    };
    // Who has not proved who it is may do less, which is looked at where every length is.
    (!limits.unauthenticated).then_some(found)
}

/// The number in `*3\r`, 0 if it asks for nothing.
fn parse_arg_count(line: &[u8], limits: &RequestLimits) -> Result<usize, ProtocolError> {
    let count = length_digits(line).and_then(parse_integer).ok_or(ProtocolError::InvalidArgCount)?;
    let count = usize::try_from(count).unwrap_or(0);
    if count > limits.args_max {
        return Err(ProtocolError::InvalidArgCount);
    }
    if limits.unauthenticated && count > UNAUTHENTICATED_ARGS_MAX {
        return Err(ProtocolError::UnauthenticatedArgCount);
    }
    Ok(count)
}

/// The number in `$5\r`.
fn parse_bulk_len(line: &[u8], limits: &RequestLimits) -> Result<usize, ProtocolError> {
    let len = length_digits(line)
        .and_then(parse_integer)
        .and_then(|len| usize::try_from(len).ok())
        .filter(|&len| len <= limits.bulk_bytes_max)
        .ok_or(ProtocolError::InvalidBulkLength)?;
    if limits.unauthenticated && len > UNAUTHENTICATED_BULK_BYTES_MAX {
        return Err(ProtocolError::UnauthenticatedBulkLength);
    }
    Ok(len)
}

fn length_digits(line: &[u8]) -> Option<&[u8]> {
    line.get(1..)?.strip_suffix(b"\r")
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
