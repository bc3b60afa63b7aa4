//! The last part of the stream of changes, kept for replicas that come back, and for those that are slow.

use std::collections::VecDeque;

/// Bytes of a block. What is given back is never less, which must not be much for those who keep little (`repl-backlog-size` may be 16 KiB),
/// nor is what a replica is sent in one go, which must not be little.
const BLOCK_BYTES: usize = 16 * 1024;

/// Places for blocks that are not given back, so that what comes and goes costs nothing.
const SPARE_BLOCKS: usize = 16;

/// Part of the stream. Its bytes are numbered: the first one after the offset 0 has the number 1.
#[derive(Debug)]
pub(crate) struct Backlog {
    blocks: VecDeque<Vec<u8>>,
    /// The number of the first byte that is kept.
    first: u64,
    len: usize,
    /// Bytes that are kept for replicas that may come back.
    size: usize,
}

impl Backlog {
    /// Nothing yet, after so many bytes.
    pub(crate) fn new(offset: u64, size: usize) -> Self {
        Self { blocks: VecDeque::new(), first: offset + 1, len: 0, size }
    }

    /// The number of the first byte that is there, or of the next one to come.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Bytes that are there.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes up to the end of what is there, counted from the beginning of the stream.
    pub(crate) fn offset(&self) -> u64 {
        self.first - 1 + self.len as u64
    }

    /// Memory.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.blocks.len() * BLOCK_BYTES + self.blocks.capacity() * size_of::<Vec<u8>>()
    }

    /// How many bytes are kept from now on.
    pub(crate) fn set_size(&mut self, size: usize) {
        self.size = size;
    }

    /// Appends to the stream.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len();
        while !bytes.is_empty() {
            let room = self.blocks.back().map_or(0, |block| BLOCK_BYTES - block.len());
            if room == 0 {
                self.blocks.push_back(Vec::with_capacity(BLOCK_BYTES));
                continue;
            }
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            if let Some(block) = self.blocks.back_mut() {
                block.extend_from_slice(now);
            }
            bytes = rest;
        }
    }

    /// Gives up what is beyond the size, except for bytes from the number `needed` on, which somebody has still to be sent.
    pub(crate) fn trim(&mut self, needed: Option<u64>) {
        while let Some(block) = self.blocks.front() {
            let next = self.first + block.len() as u64;
            let is_needed = needed.is_some_and(|needed| needed < next);
            if is_needed || self.len < self.size + block.len() {
                break;
            }
            self.len -= block.len();
            self.first = next;
            self.blocks.pop_front();
        }
        if self.blocks.capacity() > SPARE_BLOCKS + 2 * self.blocks.len() {
            self.blocks.shrink_to(SPARE_BLOCKS + self.blocks.len());
        }
    }

    /// The stream from the byte of this number on can be told.
    pub(crate) fn holds(&self, from: u64) -> bool {
        from >= self.first && from <= self.offset() + 1
    }

    /// Bytes from this number on: as many as lie together, none at the end. `None` if they are not there any more, or not yet.
    pub(crate) fn read(&self, from: u64) -> Option<&[u8]> {
        if !self.holds(from) {
            return None;
        }
        // All blocks but the last are full, and the first one begins the bytes.
        let at = usize::try_from(from - self.first).ok()?;
        let Some(block) = self.blocks.get(at / BLOCK_BYTES) else { return Some(&[]) };
        block.get(at % BLOCK_BYTES..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_from(backlog: &Backlog, mut from: u64) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let bytes = backlog.read(from)?;
            if bytes.is_empty() {
                return Some(all);
            }
            all.extend_from_slice(bytes);
            from += bytes.len() as u64;
        }
    }

    #[test]
    fn any_rest_of_the_stream_can_be_read() {
        let mut backlog = Backlog::new(1000, 10 * BLOCK_BYTES);
        let stream: Vec<u8> = (0..3 * BLOCK_BYTES + 17).map(|n| (n % 251) as u8).collect();
        stream.chunks(1013).for_each(|part| backlog.push(part));
        assert_eq!((backlog.first(), backlog.offset()), (1001, 1000 + stream.len() as u64));
        for skipped in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES, stream.len()] {
            assert_eq!(all_from(&backlog, 1001 + skipped as u64).as_deref(), Some(&stream[skipped..]), "{skipped}");
        }
        assert_eq!(backlog.read(1000), None);
        assert_eq!(backlog.read(1002 + stream.len() as u64), None);
    }

    #[test]
    fn as_much_as_its_size_is_kept_and_what_is_needed() {
        let mut backlog = Backlog::new(0, BLOCK_BYTES);
        backlog.push(&vec![b'x'; 5 * BLOCK_BYTES]);
        backlog.trim(Some(2 * BLOCK_BYTES as u64));
        assert_eq!(backlog.first(), BLOCK_BYTES as u64 + 1);
        backlog.trim(None);
        assert_eq!((backlog.first(), backlog.len()), (4 * BLOCK_BYTES as u64 + 1, BLOCK_BYTES));
        backlog.push(b"y");
        backlog.trim(None);
        assert_eq!(backlog.len(), BLOCK_BYTES + 1);
        assert_eq!(all_from(&backlog, backlog.offset()).as_deref(), Some(&b"y"[..]));
    }

    #[test]
    fn what_was_needed_once_takes_no_memory() {
        let mut backlog = Backlog::new(0, BLOCK_BYTES);
        backlog.push(&vec![b'x'; 1000 * BLOCK_BYTES]);
        backlog.trim(None);
        assert!(backlog.heap_bytes() < 2 * BLOCK_BYTES, "{}", backlog.heap_bytes());
    }
}
