//! How much of the stream is on disk, as the append-only file tells of its own bytes.

use std::collections::VecDeque;

/// Marks that are kept. With more, some are left out, and the disk seems to be a little further behind than it is.
const MARKS_MAX: usize = 256;

/// Offsets of the append-only file with those of the stream that belong to them, of what is not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    marks: VecDeque<(u64, u64)>,
    durable: Option<u64>,
}

impl Trail {
    /// All of the stream up to an offset is in the append-only file up to another one, which is on disk up to a third one. `None`:
    /// what is on disk does not lead to these data.
    pub(crate) fn note(&mut self, stream: u64, logged: u64, synced: Option<u64>) {
        let is_full = self.marks.len() >= MARKS_MAX;
        match self.marks.back_mut() {
            Some(last) if is_full || last.0 == logged => *last = (logged, stream),
            _ => self.marks.push_back((logged, stream)),
        }
        while let Some((logged, stream)) = self.marks.front().copied()
            && synced.is_some_and(|synced| logged <= synced)
        {
            self.durable = Some(stream);
            self.marks.pop_front();
        }
    }

    /// The stream is on disk up to here, if it is written there.
    pub(crate) const fn durable(&self) -> Option<u64> {
        self.durable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_durable_as_far_as_the_file_is() {
        let mut trail = Trail::default();
        trail.note(90, 0, None);
        assert_eq!(trail.durable(), None);
        trail.note(100, 10, Some(0));
        trail.note(200, 20, Some(10));
        assert_eq!(trail.durable(), Some(100));
        // The stream has grown, and the file has not: nothing of that has to be in it.
        trail.note(237, 20, Some(20));
        assert_eq!(trail.durable(), Some(237));
        for n in 0..3 * MARKS_MAX as u64 {
            trail.note(1000 + n, 100 + n, Some(20));
        }
        assert_eq!((trail.durable(), trail.marks.len()), (Some(237), MARKS_MAX));
        trail.note(9999, 5000, Some(5000));
        assert_eq!(trail.durable(), Some(9999));
    }
}
