//! Sending replicas what they have not got yet, straight from where it is kept.

use super::Server;
use crate::replication::Piece;

/// Sent to a replica in a turn, so that one that is fast and far behind leaves room for clients.
const SENT_BYTES_MAX: usize = 1024 * 1024;

impl Server {
    /// Sends every replica as much as its socket takes, but not without end.
    pub(super) fn feed_replicas(&mut self) {
        self.can_feed = false;
        for position in 0..self.engine.master.replicas().len() {
            let Some(client) = self.engine.master.replicas().get(position).map(|replica| replica.client) else {
                return;
            };
            let Some(index) = self.slots.get(&client).copied() else { continue };
            if !self.feed_replica(position, index) {
                // It leaves the list when it is closed, which is not now.
                self.engine.closing.push(client);
            }
        }
        self.engine.drop_slow_replicas();
        if !self.engine.closing.is_empty() {
            self.deliver_all();
        }
    }

    /// False if the connection is over.
    fn feed_replica(&mut self, position: usize, index: usize) -> bool {
        let Some(conn) = self.conns[index].as_mut() else { return true };
        let mut room = SENT_BYTES_MAX;
        loop {
            let bytes = match self.engine.piece_for(position) {
                Piece::Nothing => return true,
                Piece::Gone => return false,
                Piece::Bytes(bytes) => &bytes[..bytes.len().min(room)],
            };
            if bytes.is_empty() {
                // The rest goes in the next turn, which is not waited for.
                self.can_feed = true;
                return true;
            }
            match conn.send(bytes) {
                // What waits before it goes first, or the socket takes no more.
                Ok(0) => return true,
                Ok(sent) => {
                    room -= sent;
                    self.engine.stats.output_bytes += sent as u64;
                    self.engine.sent_to(position, sent);
                }
                Err(_) => return false,
            }
        }
    }
}
