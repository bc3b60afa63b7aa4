//! Connections that are silent for too long, or too slow.

use bongsu_protocol::session::ClientRole;

use super::Server;
use crate::limits::UNCOUNTED_BYTES;

/// How often some of the connections are looked at.
const LOOK_THROUGH_US: u64 = 100_000;

/// Each time, one in so many connections is looked at, so that a crowd of them keeps nobody waiting.
const PARTS: usize = 10;

/// Buffers of connections that have been silent for so long are given back.
const QUIET_MS: u128 = 2000;

impl Server {
    /// More waits to be sent to this connection than its limit allows. That is noted in the statistics.
    pub(super) fn is_too_slow(&mut self, index: usize) -> bool {
        let Some(conn) = self.conns[index].as_mut() else { return false };
        let unsent = conn.unsent();
        if unsent == 0 {
            conn.slow_since_us = None;
            return false;
        }
        let Some(session) = self.engine.clients.get(conn.client) else { return true };
        let limit = self.engine.limits.output(session.client_type());
        let now_us = self.engine.clock.now_us;
        let over_soft = limit.soft_bytes > 0 && unsent > limit.soft_bytes;
        conn.slow_since_us = over_soft.then(|| conn.slow_since_us.unwrap_or(now_us));
        let too_long = conn.slow_since_us.is_some_and(|since| u128::from(now_us - since) > limit.soft.as_micros());
        let too_slow = limit.hard_bytes > 0 && unsent > limit.hard_bytes || too_long;
        self.engine.stats.dropped_for_output_buffer += u64::from(too_slow);
        too_slow
    }

    /// Closes connections, those that take most first, until all together take no more than they may.
    pub(super) fn evict_clients(&mut self) {
        let limit = self.engine.limits.clients_bytes_max;
        if limit == 0 || self.engine.connection_bytes <= limit {
            return;
        }
        // Those with too many replies go anyway, and what they took need not be taken from others.
        for index in 0..self.conns.len() {
            if self.conns[index].as_ref().is_some_and(|conn| conn.unsent() > UNCOUNTED_BYTES) && self.is_too_slow(index)
            {
                self.close(index);
            }
        }
        let mut largest: Vec<(usize, usize)> = Vec::new();
        for (index, conn) in self.conns.iter().enumerate() {
            let Some(conn) = conn else { continue };
            let session = self.engine.clients.get(conn.client);
            let may_go = session.is_some_and(|session| !session.no_evict && session.role == ClientRole::Normal);
            if may_go {
                largest.push((conn.counted_bytes, index));
            }
        }
        largest.sort_unstable_by(|one, other| other.cmp(one));
        for (_, index) in largest {
            if self.engine.connection_bytes <= limit {
                return;
            }
            self.engine.stats.evicted_clients += 1;
            self.close(index);
        }
    }

    /// Closes connections that have been silent for too long, or to which too much could not be sent for too long.
    pub(super) fn look_through(&mut self) {
        let now_us = self.engine.clock.now_us;
        if self.engine.switches.rests || now_us - self.looked_through_us < LOOK_THROUGH_US {
            return;
        }
        self.looked_through_us = now_us;
        let now_ms = self.engine.shard.now_ms;
        let count = self.conns.len().div_ceil(PARTS);
        for _ in 0..count {
            let index = self.look_at_next;
            self.look_at_next = if index + 1 < self.conns.len() { index + 1 } else { 0 };
            self.note_figures_of(index);
            let Some(session) = self.conns[index].as_ref().and_then(|conn| self.engine.clients.get(conn.client)) else {
                continue;
            };
            let may_be_silent = session.blocked || session.role != ClientRole::Normal || session.subscriptions.any();
            let silent_ms = u128::from(now_ms.saturating_sub(session.last_interaction_ms));
            let too_silent = self.engine.limits.idle.is_some_and(|idle| silent_ms > idle.as_millis());
            if too_silent && !may_be_silent || self.is_too_slow(index) {
                self.close(index);
            } else if let Some(conn) = &mut self.conns[index] {
                conn.relax(silent_ms > QUIET_MS);
            }
        }
    }
}
