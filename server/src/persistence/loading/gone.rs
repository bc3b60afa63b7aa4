//! Keys that a master leaves out of what it loads, because their time is over. Replicas that go on from there have them still, and wait to
//! be told.

use crate::engine::Feed;
use crate::replication::History;

/// About as many bytes a request takes in the stream that removes a key, besides its name: with `SELECT`, if it is in another database.
const REQUEST_BYTES: usize = 48;

/// Such keys, as long as replicas can be told of all of them.
pub(super) struct Gone {
    keys: Vec<(usize, Box<[u8]>)>,
    /// So many bytes of the stream may still be needed for them.
    room: usize,
    is_complete: bool,
}

impl Gone {
    /// None yet. Replicas that come back can be told so many bytes.
    pub(super) fn new(backlog_bytes: usize) -> Self {
        Self { keys: Vec::new(), room: backlog_bytes, is_complete: true }
    }

    /// A key has been left out.
    pub(super) fn note(&mut self, db: usize, key: &[u8]) {
        match self.room.checked_sub(key.len() + REQUEST_BYTES) {
            Some(room) if self.is_complete => {
                self.room = room;
                self.keys.push((db, key.into()));
            }
            _ => {
                self.is_complete = false;
                self.keys = Vec::new();
            }
        }
    }

    /// Replicas that go on can be told of all of them.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Replicas that go on are told.
    pub(super) fn tell(self, history: &mut History) {
        for (db, key) in self.keys {
            let mut feed = Feed::default();
            feed.change(db, &[b"DEL", &key]);
            history.tell(&feed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_kept_than_can_be_told() {
        let mut gone = Gone::new(2 * (REQUEST_BYTES + 1));
        gone.note(0, b"a");
        gone.note(1, b"b");
        assert!(gone.is_complete() && gone.keys.len() == 2);
        gone.note(2, b"c");
        gone.note(0, b"");
        assert!(!gone.is_complete() && gone.keys.is_empty());
    }
}
