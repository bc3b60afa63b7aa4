//! Replies as a server writes them.

use super::Protocol;
use super::command::{push_arg, push_header};
use super::double::double_text;
use super::number::{digits_of, push_integer};

/// Appends replies to a buffer in the protocol version of the connection.
///
/// What RESP2 does not have is written as Redis writes it there: maps as flat arrays, sets and pushes as arrays,
/// booleans as 0 and 1, doubles, verbatim strings and big numbers as bulk strings.
/// A header of an aggregate must be followed by as many replies as it announces.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Self { out, protocol }
    }

    /// The version this writer writes.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Number of bytes in the buffer, to measure or cut back a reply.
    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// A status such as `OK`; line breaks become spaces.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error, given with its code: `ERR unknown command`; line breaks become spaces.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        self.line(b'-', text.as_ref());
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        self.out.push(b':');
        push_integer(self.out, value);
        self.end_line();
    }

    /// A string of any bytes.
    pub fn bulk(&mut self, bytes: impl AsRef<[u8]>) {
        push_arg(self.out, bytes.as_ref());
    }

    /// The text of an integer, as a string.
    pub fn bulk_integer(&mut self, value: i64) {
        let (digits, start) = digits_of(value);
        push_arg(self.out, &digits[start..]);
    }

    /// No value, in a place where a string could be.
    pub fn null(&mut self) {
        self.null_as(b"$-1\r\n");
    }

    /// No value, in a place where an array could be.
    pub fn null_array(&mut self) {
        self.null_as(b"*-1\r\n");
    }

    /// Head of an array of `len` replies.
    pub fn array(&mut self, len: usize) {
        push_header(self.out, b'*', len);
    }

    /// Head of a map of `pairs` keys, each followed by its value.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp2 => self.array(pairs * 2),
            Protocol::Resp3 => push_header(self.out, b'%', pairs),
        }
    }

    /// Head of a set of `len` replies.
    pub fn set(&mut self, len: usize) {
        self.resp3_header(b'~', len);
    }

    /// Head of an out-of-band message of `len` parts.
    pub fn push(&mut self, len: usize) {
        self.resp3_header(b'>', len);
    }

    /// A floating-point number.
    pub fn double(&mut self, value: f64) {
        self.number(b',', double_text(value).as_bytes());
    }

    /// A floating-point number, given by its digits.
    pub fn decimal(&mut self, digits: &str) {
        self.number(b',', digits.as_bytes());
    }

    /// A truth value.
    pub fn boolean(&mut self, value: bool) {
        match (self.protocol, value) {
            (Protocol::Resp2, _) => self.integer(i64::from(value)),
            (Protocol::Resp3, true) => self.out.extend_from_slice(b"#t\r\n"),
            (Protocol::Resp3, false) => self.out.extend_from_slice(b"#f\r\n"),
        }
    }

    /// Text for humans; `format` names its syntax, `txt` or `mkd`.
    pub fn verbatim(&mut self, format: [u8; 3], text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                push_header(self.out, b'=', text.len() + format.len() + 1);
                self.out.extend_from_slice(&format);
                self.out.push(b':');
                self.out.extend_from_slice(text);
                self.end_line();
            }
        }
    }

    /// An integer of any size, given by its decimal digits.
    pub fn big_number(&mut self, digits: &str) {
        self.number(b'(', digits.as_bytes());
    }

    /// Bytes that are already a reply.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    fn null_as(&mut self, resp2: &[u8]) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => resp2,
            Protocol::Resp3 => b"_\r\n",
        });
    }

    fn resp3_header(&mut self, kind: u8, len: usize) {
        match self.protocol {
            Protocol::Resp2 => self.array(len),
            Protocol::Resp3 => push_header(self.out, kind, len),
        }
    }

    fn number(&mut self, kind: u8, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(kind, text),
        }
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.push(kind);
        self.out.extend(text.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
        self.end_line();
    }

    fn end_line(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(resp2: &[u8], resp3: &[u8], write: impl Fn(&mut Writer<'_>)) {
        for (protocol, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
            let mut out = Vec::new();
            write(&mut Writer::new(&mut out, protocol));
            assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{protocol:?}");
        }
    }

    #[test]
    fn types_that_both_versions_have() {
        check(b"+OK\r\n", b"+OK\r\n", |w| w.simple("OK"));
        check(b"-ERR a  b\r\n", b"-ERR a  b\r\n", |w| w.error("ERR a\r\nb"));
        check(b":-42\r\n", b":-42\r\n", |w| w.integer(-42));
        check(b"$3\r\na\r\n\r\n", b"$3\r\na\r\n\r\n", |w| w.bulk("a\r\n"));
        check(b"*2\r\n", b"*2\r\n", |w| w.array(2));
    }

    #[test]
    fn types_that_differ() {
        check(b"$-1\r\n", b"_\r\n", |w| w.null());
        check(b"*-1\r\n", b"_\r\n", |w| w.null_array());
        check(b"*4\r\n", b"%2\r\n", |w| w.map(2));
        check(b"*2\r\n", b"~2\r\n", |w| w.set(2));
        check(b"*3\r\n", b">3\r\n", |w| w.push(3));
        check(b":1\r\n", b"#t\r\n", |w| w.boolean(true));
        check(b"$3\r\nabc\r\n", b"=7\r\ntxt:abc\r\n", |w| w.verbatim(*b"txt", "abc"));
        check(b"$4\r\n-123\r\n", b"(-123\r\n", |w| w.big_number("-123"));
        check(b"$3\r\n1.5\r\n", b",1.5\r\n", |w| w.double(1.5));
        check(b"$4\r\n1.50\r\n", b",1.50\r\n", |w| w.decimal("1.50"));
    }
}
