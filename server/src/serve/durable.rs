//! Replies that have to wait for the disk.
//!
//! What a turn has answered leaves together, once what it has changed is as safe as `appendfsync` promises. Until then nothing more of
//! those connections is run, so that a client's pipeline and all others that came with it share one wait. Those who were just answered
//! are likely to ask again: it is worth a moment to have what they want brought to disk together.

use std::time::Duration;

use super::Server;
use crate::net::conn::Conn;

/// Connections whose replies have left since something was last handed over, and which have not asked for anything since.
pub(super) struct Answered {
    /// Its number is in those connections.
    round: u64,
    missing: usize,
}

impl Default for Answered {
    fn default() -> Self {
        // New connections belong to none.
        Self { round: 1, missing: 0 }
    }
}

impl Answered {
    /// Its replies leave.
    fn left(&mut self, conn: &mut Conn) {
        if conn.answered_in != self.round {
            conn.answered_in = self.round;
            self.missing += 1;
        }
    }

    /// It asks for something, or is over.
    #[inline]
    pub(super) fn came(&mut self, conn: &mut Conn) {
        if conn.answered_in == self.round {
            conn.answered_in = 0;
            self.missing -= 1;
        }
    }

    /// Something was handed over: nobody is waited for.
    fn begin_round(&mut self) {
        self.round += 1;
        self.missing = 0;
    }
}

impl Server {
    /// With `appendfsync always`: how long the loop waits for more before it hands over what it has. `None` if it has nothing, or if the
    /// disk is still busy with what it has got.
    pub(super) fn pause(&self) -> Option<Duration> {
        let pause = self.engine.log_pause()?;
        Some(if self.answered.missing == 0 { Duration::ZERO } else { pause })
    }

    /// What has been told is on its way to the disk.
    pub(super) fn hand_over(&mut self) {
        self.answered.begin_round();
        self.engine.hand_over_log();
    }

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
            self.answered.left(conn);
            if conn.unread {
                awake.push(index);
            }
            // It has been in the list ever since, as far as it knows.
            self.flushing.push(index);
        }
    }
}
