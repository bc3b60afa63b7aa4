//! Buffers for replies, which go from connection to connection, so that a silent one needs none.

use crate::net::conn::KEPT_BYTES;

/// What is kept in all, in bytes: enough for a turn with thousands of short replies, and too little to be counted.
const SPARE_BYTES_MAX: usize = 1024 * 1024;

/// Empty buffers.
#[derive(Default)]
pub(super) struct Spares {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Spares {
    /// Replaces a buffer that has no memory by one that has, if there is one.
    pub(super) fn lend(&mut self, buffer: &mut Vec<u8>) {
        if buffer.capacity() == 0
            && let Some(spare) = self.buffers.pop()
        {
            self.bytes -= spare.capacity();
            *buffer = spare;
        }
    }

    /// Takes the memory of a buffer with nothing in it.
    pub(super) fn take_back(&mut self, buffer: &mut Vec<u8>) {
        if !buffer.is_empty() || buffer.capacity() == 0 {
            return;
        }
        let buffer = std::mem::take(buffer);
        let bytes = self.bytes + buffer.capacity();
        if buffer.capacity() <= KEPT_BYTES && bytes <= SPARE_BYTES_MAX {
            self.bytes = bytes;
            self.buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_round_up_to_a_limit() {
        let mut spares = Spares::default();
        let mut buffer = Vec::with_capacity(1000);
        spares.take_back(&mut buffer);
        assert_eq!(buffer.capacity(), 0);
        spares.lend(&mut buffer);
        assert!(buffer.capacity() >= 1000 && spares.bytes == 0);
        buffer.push(1);
        spares.take_back(&mut buffer);
        assert_eq!(buffer, [1], "it is in use");
        spares.take_back(&mut Vec::with_capacity(KEPT_BYTES + 1));
        assert_eq!(spares.bytes, 0);
        for _ in 0..100 {
            spares.take_back(&mut Vec::with_capacity(KEPT_BYTES));
        }
        assert_eq!(spares.bytes, SPARE_BYTES_MAX);
    }
}
