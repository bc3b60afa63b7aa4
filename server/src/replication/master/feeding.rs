//! What each replica is sent next.

use super::replica::State;
use crate::engine::Engine;

/// What a replica is sent next.
pub(crate) enum Piece<'a> {
    /// Nothing for now.
    Nothing,
    /// These bytes, or as many of them as its socket takes.
    Bytes(&'a [u8]),
    /// What it needs is gone.
    Gone,
}

/// A payload moves if so many bytes of it have been sent. With `repl-timeout` it is the least that a replica has to take.
const MOVE_BYTES: u64 = 64 * 1024;

impl Engine {
    /// What the replica of this index is sent next.
    pub(crate) fn piece_for(&self, index: usize) -> Piece<'_> {
        let Some(replica) = self.master.replicas.get(index) else { return Piece::Nothing };
        match &replica.state {
            State::Online => match self.history.backlog.as_ref().and_then(|backlog| backlog.read(replica.next)) {
                Some([]) => Piece::Nothing,
                Some(bytes) => Piece::Bytes(bytes),
                None => Piece::Gone,
            },
            State::Receives(transfer) => self.master.syncs.piece_of(transfer),
            State::Waits { .. } | State::Loads | State::HasData => Piece::Nothing,
        }
    }

    /// The replica of this index has been sent so many bytes of its piece.
    pub(crate) fn sent_to(&mut self, index: usize, bytes: usize) {
        let Some(replica) = self.master.replicas.get_mut(index) else { return };
        self.master.counts.sent_bytes += bytes as u64;
        match &mut replica.state {
            State::Online => replica.next += bytes as u64,
            State::Receives(transfer) => {
                let before = transfer.sent;
                transfer.sent += bytes as u64;
                // Who takes a byte now and then does not move.
                if transfer.sent / MOVE_BYTES != before / MOVE_BYTES {
                    transfer.moved_us = self.clock.now_us;
                }
                self.master.syncs.has_moved = true;
                let client = replica.client;
                self.ask_for_part(client);
            }
            State::Waits { .. } | State::Loads | State::HasData => {}
        }
    }

    /// Something has come from a client. That a replica does not say how far it is says that it is busy, but alive.
    #[inline]
    pub(crate) fn heard(&mut self, client: bongsu_protocol::session::ClientId) {
        if self.master.replicas.is_empty() {
            return;
        }
        let now_us = self.clock.now_us;
        if let Some(replica) = self.master.get_mut(client) {
            replica.heard_us = now_us;
        }
    }
}
