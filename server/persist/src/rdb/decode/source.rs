//! Bytes as they come in, counted and summed up.

use std::io::{ErrorKind, Read};

use super::Fault;
use crate::crc64::Crc64;

/// Bytes that are asked for at a time: enough to make each call worth it, and little enough to stay in a near cache.
const BUFFER: usize = 256 << 10;

/// A buffer that has grown over so many times its size for a long string is given back.
const KEPT_TIMES: usize = 4;

/// A reader with a buffer, which grows with what has come in, and not with what was announced.
#[derive(Debug)]
pub(super) struct Source<R> {
    read: R,
    buffer: Vec<u8>,
    /// What of the buffer is still to be consumed.
    start: usize,
    end: usize,
    /// What of the buffer is in the sum already.
    summed: usize,
    sum: Option<Crc64>,
    /// Bytes before the buffer.
    offset: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(read: R) -> Self {
        Self::with_buffer(read, BUFFER)
    }

    /// With a buffer of so many bytes.
    pub(super) fn with_buffer(read: R, len: usize) -> Self {
        Self { read, buffer: vec![0; len.max(1)], start: 0, end: 0, summed: 0, sum: Some(Crc64::new()), offset: 0 }
    }

    /// Bytes consumed.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Nobody wants to know the sum.
    pub(super) fn forget_sum(&mut self) {
        self.sum = None;
    }

    /// The sum of all that was consumed so far; nothing is added to it any more.
    pub(super) fn take_sum(&mut self) -> Option<u64> {
        self.add_to_sum();
        self.sum.take().map(Crc64::value)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        self.ensure(1)?;
        self.start += 1;
        Ok(self.buffer[self.start - 1])
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// The next `len` bytes.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&[u8], Fault> {
        self.ensure(len)?;
        self.start += len;
        Ok(&self.buffer[self.start - len..self.start])
    }

    #[inline]
    fn ensure(&mut self, len: usize) -> Result<(), Fault> {
        if self.end - self.start >= len { Ok(()) } else { self.fill(len) }
    }

    #[cold]
    fn fill(&mut self, len: usize) -> Result<(), Fault> {
        while self.end - self.start < len {
            if self.end == self.buffer.len() || self.start == self.end {
                self.compact();
            }
            if self.end == self.buffer.len() {
                let doubled = self.buffer.len().saturating_mul(2);
                self.buffer.resize(doubled.min(len.max(BUFFER)), 0);
            }
            match self.read.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(Fault::Truncated),
                // More than there was room for is nothing that a reader may say.
                Ok(n) => self.end = (self.end + n).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
        Ok(())
    }

    /// Moves what is still to be consumed to the beginning.
    fn compact(&mut self) {
        self.add_to_sum();
        self.buffer.copy_within(self.start..self.end, 0);
        self.offset += self.start as u64;
        self.end -= self.start;
        (self.start, self.summed) = (0, 0);
        if self.buffer.len() > KEPT_TIMES * BUFFER && self.end < BUFFER {
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
    }

    fn add_to_sum(&mut self) {
        if let Some(sum) = &mut self.sum {
            sum.update(&self.buffer[self.summed..self.start]);
        }
        self.summed = self.start;
    }

    /// The reader, and what was read from it and not consumed.
    pub(super) fn into_rest(self) -> (R, Vec<u8>) {
        let rest = self.buffer[self.start..self.end].to_vec();
        (self.read, rest)
    }
}
