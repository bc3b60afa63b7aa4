//! Bytes for connections other than the one whose request runs.

use bongsu_protocol::session::ClientId;

/// Kept for the next messages. More than this was needed once only.
const KEPT_BYTES: usize = 1024 * 1024;
const KEPT_PARTS: usize = KEPT_BYTES / size_of::<(ClientId, usize)>();

/// What is to be appended to the output of connections, in order. One buffer serves all, so that a message to many costs no
/// allocation for each.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// For whom, and where each part ends.
    parts: Vec<(ClientId, usize)>,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds what `write` writes.
    pub(crate) fn send(&mut self, to: ClientId, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        write(&mut self.bytes);
        if self.bytes.len() > before {
            self.parts.push((to, self.bytes.len()));
        }
    }

    /// Adds what another one holds.
    pub(crate) fn append(&mut self, other: Self) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.parts.extend(other.parts.into_iter().map(|(to, end)| (to, start + end)));
    }

    /// Hands over what is for one connection, and keeps the rest.
    pub(crate) fn drain_of(&mut self, client: ClientId, out: &mut Vec<u8>) {
        let all = std::mem::take(self);
        let mut start = 0;
        for (to, end) in all.parts {
            let part = &all.bytes[start..end];
            if to == client {
                out.extend_from_slice(part);
            } else {
                self.send(to, |bytes| bytes.extend_from_slice(part));
            }
            start = end;
        }
    }

    /// Hands everything over and is empty afterwards.
    pub(crate) fn drain(&mut self, mut deliver: impl FnMut(ClientId, &[u8])) {
        let mut start = 0;
        for (to, end) in self.parts.drain(..) {
            deliver(to, &self.bytes[start..end]);
            start = end;
        }
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.parts.shrink_to(KEPT_PARTS);
    }
}
