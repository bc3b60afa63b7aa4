//! Replicas that are too far behind, for whom too much would have to be kept.

use bongsu_protocol::session::{ClientId, ClientType};

use crate::config::Directive;
use crate::engine::Engine;

impl Engine {
    /// Gives up replicas for whom more of the stream is kept than `client-output-buffer-limit` allows. As much as is kept for those
    /// who come back is allowed in any case. To be called once they were sent what they take: however much a request brings, who
    /// takes all of it is not behind.
    pub(crate) fn drop_slow_replicas(&mut self) {
        if self.master.replicas.is_empty() {
            return;
        }
        let mut limit = self.limits.output(ClientType::Replica);
        if limit.hard_bytes > 0 {
            limit.hard_bytes = limit.hard_bytes.max(self.config.size(Directive::ReplBacklogSize));
        }
        let (now_us, end) = (self.clock.now_us, self.history.offset + 1);
        let mut slow: Vec<ClientId> = Vec::new();
        for replica in &mut self.master.replicas {
            let behind =
                replica.needs().map_or(0, |next| usize::try_from(end.saturating_sub(next)).unwrap_or(usize::MAX));
            let over_soft = limit.soft_bytes > 0 && behind > limit.soft_bytes;
            replica.slow_since_us = over_soft.then(|| replica.slow_since_us.unwrap_or(now_us));
            let too_long =
                replica.slow_since_us.is_some_and(|since| u128::from(now_us - since) > limit.soft.as_micros());
            if limit.hard_bytes > 0 && behind > limit.hard_bytes || too_long {
                slow.push(replica.client);
            }
        }
        for client in slow {
            self.stats.dropped_for_output_buffer += 1;
            self.drop_replica(client, "replica that is too far behind for client-output-buffer-limit");
        }
    }
}
