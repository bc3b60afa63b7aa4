//! Sending replicas everything there is, as it was at one offset of the stream.
//!
//! The loop writes an image in small steps, a thread makes the payload from it, and the loop sends that. Each waits for the next one: what
//! is in between is bounded. How fast they go depends on what clients want meanwhile. All replicas that wait when an image begins share it.

mod begin;
mod pace;
mod walk;
mod worker;

use std::collections::VecDeque;

use bongsu_persist::rdb::encode::Version;

use super::Piece;
use super::replica::Transfer;
use pace::Pace;
use worker::Worker;

/// Bytes of a payload that are kept for replicas that share it. The slowest of them holds the others up.
const WINDOW_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes of an image that may wait to be encoded.
const QUEUED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Small chunks are put together up to this, so that there are few.
const CHUNK_BYTES: usize = 64 * 1024;

/// An image on its way to replicas.
struct Sync {
    id: u64,
    /// The offset of the stream at which the image is.
    offset: u64,
    version: Version,
    without_keys: bool,
    worker: Worker,
    /// The image is not written yet.
    is_walking: bool,
    /// The thread takes more of it.
    has_room: bool,
    pace: Pace,
    /// What the walk has written since, and of what was last taken. It may be much more than it was to be, because values are not divided.
    walked_bytes: usize,
    step_bytes: usize,
    payload: Payload,
}

/// A payload, as far as it is there.
enum Payload {
    /// Kept until every replica has been sent it.
    Window {
        /// The bytes of the first chunk begin here.
        from: u64,
        chunks: VecDeque<Vec<u8>>,
        /// Bytes of all chunks.
        len: u64,
        /// There are no more.
        is_complete: bool,
    },
    /// In a file, from which each replica is sent it; so long, once it is complete.
    File { len: Option<u64> },
}

/// All images on their way.
#[derive(Default)]
pub(super) struct Syncs {
    all: Vec<Sync>,
    last_id: u64,
    /// Replicas have taken bytes, so that there may be room for more.
    pub(super) has_moved: bool,
}

impl Syncs {
    /// One is being made.
    pub(super) fn is_making(&self) -> bool {
        self.all.iter().any(|sync| !sync.is_complete())
    }

    /// The image can go on.
    pub(super) fn can_walk(&self) -> bool {
        self.has_moved || self.all.iter().any(|sync| sync.is_walking && sync.has_room)
    }

    /// The payload comes from a file.
    pub(super) fn sends_file(&self, id: u64) -> bool {
        self.get(id).is_some_and(|sync| matches!(sync.payload, Payload::File { len: Some(_) }))
    }

    /// Something of the payload may have been sent.
    pub(super) fn has_begun(&self, id: u64) -> bool {
        self.get(id).is_some_and(|sync| !matches!(sync.payload, Payload::File { len: None }))
    }

    /// There is something to be sent.
    pub(super) fn has_more_for(&self, transfer: &Transfer) -> bool {
        matches!(self.piece_of(transfer), Piece::Bytes(_))
    }

    /// What is to be sent next.
    pub(super) fn piece_of<'a>(&'a self, transfer: &'a Transfer) -> Piece<'a> {
        match self.get(transfer.sync).map(|sync| &sync.payload) {
            None => Piece::Gone,
            Some(Payload::Window { from, chunks, .. }) => {
                let mut start = *from;
                for chunk in chunks {
                    let end = start + chunk.len() as u64;
                    if transfer.sent < end {
                        return chunk.get((transfer.sent - start) as usize..).map_or(Piece::Gone, Piece::Bytes);
                    }
                    start = end;
                }
                Piece::Nothing
            }
            Some(Payload::File { .. }) => {
                let part = &transfer.part;
                let rest = usize::try_from(transfer.sent - part.from).ok().and_then(|used| part.bytes.get(used..));
                rest.filter(|rest| !rest.is_empty()).map_or(Piece::Nothing, Piece::Bytes)
            }
        }
    }

    fn get(&self, id: u64) -> Option<&Sync> {
        self.all.iter().find(|sync| sync.id == id)
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut Sync> {
        self.all.iter_mut().find(|sync| sync.id == id)
    }
}

impl Sync {
    /// The whole payload is there.
    fn is_complete(&self) -> bool {
        match &self.payload {
            Payload::Window { is_complete, .. } => *is_complete,
            Payload::File { len } => len.is_some(),
        }
    }

    /// Bytes of the payload, once they are known.
    fn payload_len(&self) -> Option<u64> {
        match &self.payload {
            Payload::Window { from, len, is_complete, .. } => is_complete.then_some(from + len),
            Payload::File { len } => *len,
        }
    }
}

impl Payload {
    /// Adds bytes to what is kept.
    fn push(&mut self, chunk: Vec<u8>) {
        let Self::Window { chunks, len, .. } = self else { return };
        *len += chunk.len() as u64;
        match chunks.back_mut() {
            Some(last) if last.len() + chunk.len() <= CHUNK_BYTES => last.extend_from_slice(&chunk),
            _ => chunks.push_back(chunk),
        }
    }

    /// Gives up what everybody has been sent.
    fn forget(&mut self, sent: u64) {
        let Self::Window { from, chunks, len, .. } = self else { return };
        while let Some(chunk) = chunks.front()
            && *from + chunk.len() as u64 <= sent
        {
            *from += chunk.len() as u64;
            *len -= chunk.len() as u64;
            chunks.pop_front();
        }
    }

    /// No more is taken for now.
    fn is_full(&self) -> bool {
        matches!(self, Self::Window { len, .. } if *len >= WINDOW_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_has_been_sent_is_given_up() {
        let mut payload = Payload::Window { from: 0, chunks: VecDeque::new(), len: 0, is_complete: false };
        payload.push(vec![1; CHUNK_BYTES]);
        payload.push(vec![2; 10]);
        payload.push(vec![3; 10]);
        payload.forget(CHUNK_BYTES as u64 + 5);
        let Payload::Window { from, chunks, len, .. } = &payload else { panic!("it changed") };
        assert_eq!((*from, chunks.len(), *len), (CHUNK_BYTES as u64, 1, 20));
        assert!(!payload.is_full());
    }
}
