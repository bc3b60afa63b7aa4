//! Replies that have to wait for the disk.
//!
//! What a turn has answered leaves together, once what it has changed is as safe as `appendfsync` promises. Until then nothing more of
//! those connections is run, so that a client's pipeline and all others that came with it share one wait.

use super::Server;

impl Server {
    /// Sends the replies of the turn, now or when they may leave.
    pub(super) fn flush_all(&mut self) {
        let flushing = std::mem::take(&mut self.flushing);
        if flushing.is_empty() {
            return;
        }
        let Some(gate) = self.engine.gate() else {
            flushing.into_iter().for_each(|index| self.flush(index));
            return;
        };
        for index in flushing {
            if let Some(conn) = &mut self.conns[index] {
                conn.withheld = true;
                self.withheld.push_back((gate, conn.client));
            }
        }
    }

    /// Lets replies leave that have waited long enough, and their connections go on.
    pub(super) fn release(&mut self, awake: &mut Vec<usize>) {
        while let Some((gate, client)) = self.withheld.front().copied() {
            if !self.engine.is_passed(gate) {
                return;
            }
            self.withheld.pop_front();
            let Some(index) = self.slots.get(&client).copied() else { continue };
            let Some(conn) = &mut self.conns[index] else { continue };
            conn.withheld = false;
            if conn.unread {
                awake.push(index);
            }
            // It has been in the list ever since, as far as it knows.
            self.flushing.push(index);
        }
    }
}
