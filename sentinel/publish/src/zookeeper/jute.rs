//! Jute, the encoding of ZooKeeper's messages: big-endian numbers, and strings and buffers behind their length.
//!
//! Source: `zookeeper.jute` and `BinaryOutputArchive` of ZooKeeper 3.8.

use thiserror::Error;

/// A message that is being written.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn int(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn boolean(mut self, value: bool) -> Self {
        self.0.push(u8::from(value));
        self
    }

    pub(super) fn buffer(self, value: &[u8]) -> Self {
        // Nothing that is written is near this limit.
        let mut me = self.int(i32::try_from(value.len()).unwrap_or(i32::MAX));
        me.0.extend_from_slice(value);
        me
    }

    pub(super) fn string(self, value: &str) -> Self {
        self.buffer(value.as_bytes())
    }

    pub(super) fn append(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// The message behind its length.
    pub(super) fn frame(&self) -> Vec<u8> {
        Self::default().buffer(&self.0).0
    }
}

/// A message that ends too early or holds an impossible length.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a message that is cut off")]
pub(super) struct CutOff;

/// A message that is being read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], CutOff> {
        let (head, rest) = self.0.split_first_chunk().ok_or(CutOff)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn int(&mut self) -> Result<i32, CutOff> {
        self.take().map(i32::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Result<i64, CutOff> {
        self.take().map(i64::from_be_bytes)
    }

    pub(super) fn boolean(&mut self) -> Result<bool, CutOff> {
        self.take().map(|[byte]| byte != 0)
    }

    /// A buffer; one of length -1 is none, and is read as empty.
    pub(super) fn buffer(&mut self) -> Result<&'a [u8], CutOff> {
        let length = match self.int()? {
            -1 => 0,
            length => usize::try_from(length).map_err(|_| CutOff)?,
        };
        let (head, rest) = self.0.split_at_checked(length).ok_or(CutOff)?;
        self.0 = rest;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let frame = Writer::default().int(-2).long(1 << 40).boolean(true).string("/a").frame();
        assert_eq!(frame.len(), 4 + 4 + 8 + 1 + 4 + 2);
        let mut reader = Reader::new(&frame);
        let mut inner = Reader::new(reader.buffer().unwrap());
        assert_eq!((inner.int(), inner.long(), inner.boolean()), (Ok(-2), Ok(1 << 40), Ok(true)));
        assert_eq!(inner.buffer(), Ok(&b"/a"[..]));
        assert_eq!(inner.int(), Err(CutOff));
    }

    #[test]
    fn lengths_are_not_believed() {
        for bad in [&[0x7f, 0xff, 0xff, 0xff, 1][..], &[0x80, 0, 0, 0], &[0xff, 0xff, 0xff, 0xfe], &[0, 0]] {
            assert_eq!(Reader::new(bad).buffer(), Err(CutOff), "{bad:?}");
        }
        assert_eq!(Reader::new(&[0xff; 4]).buffer(), Ok(&[][..]));
    }
}
