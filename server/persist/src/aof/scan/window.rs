//! The bytes of a file that are being looked at.

use std::io::{self, Read};

/// Bytes that are asked for at a time. Larger steps read no faster, and these stay in the processor's cache.
const STEP: usize = 128 << 10;

/// A reader with the bytes that have been read from it and are not done with.
#[derive(Debug)]
pub(super) struct Window<R> {
    reader: R,
    /// Those from `start` to `end` are to be looked at; the rest is room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<R: Read> Window<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), start: 0, end: 0 }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Bytes of memory.
    #[cfg(test)]
    pub(super) const fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// Is done with the first bytes.
    #[inline]
    pub(super) fn discard(&mut self, len: usize) {
        self.start += len;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads until there are so many bytes; `false` if the file ends before.
    #[inline]
    pub(super) fn fill(&mut self, len: usize) -> io::Result<bool> {
        if self.end - self.start >= len {
            return Ok(true);
        }
        self.read_until(len)
    }

    #[inline(never)]
    fn read_until(&mut self, len: usize) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        // What was long once is not kept for what is short.
        if self.buffer.len() > 16 * STEP && len <= STEP && self.end <= STEP {
            self.buffer.truncate(STEP);
            self.buffer.shrink_to_fit();
        }
        while self.end < len {
            if self.buffer.len() == self.end {
                // Room doubles with what has been read, however much is announced.
                let room = (2 * self.end).clamp(STEP, len.max(STEP));
                self.buffer.resize(room, 0);
            }
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
