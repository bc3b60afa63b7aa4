//! A command as it stands in a file.

use std::slice;

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    bytes: &'a [u8],
    ranges: &'a [(usize, usize)],
    offset: u64,
}

impl<'a> Command<'a> {
    pub(super) const fn new(bytes: &'a [u8], ranges: &'a [(usize, usize)], offset: u64) -> Self {
        Self { bytes, ranges, offset }
    }

    /// As it stands in the file.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where it begins.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Its arguments, the first of which is its name. There is at least that one.
    pub fn arguments(&self) -> Arguments<'a> {
        Arguments { bytes: self.bytes, ranges: self.ranges.iter() }
    }

    /// The argument of this number, counted from 0.
    pub fn argument(&self, index: usize) -> Option<&'a [u8]> {
        let (start, end) = *self.ranges.get(index)?;
        Some(&self.bytes[start..end])
    }

    /// Its name, in whatever case.
    pub fn name(&self) -> &'a [u8] {
        self.argument(0).unwrap_or_default()
    }
}

/// Arguments in order.
#[derive(Clone, Debug)]
pub struct Arguments<'a> {
    bytes: &'a [u8],
    ranges: slice::Iter<'a, (usize, usize)>,
}

impl<'a> Iterator for Arguments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (start, end) = *self.ranges.next()?;
        Some(&self.bytes[start..end])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranges.size_hint()
    }
}

impl ExactSizeIterator for Arguments<'_> {}
