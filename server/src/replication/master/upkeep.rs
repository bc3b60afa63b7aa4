//! What is due by time: signs of life, silence, and a history that nobody comes for.

use bongsu_protocol::session::ClientId;

use super::replica::State;
use crate::config::Directive;
use crate::engine::{Engine, push_request};
use crate::replication::ReplicationId;

/// How often time is looked at.
const LOOK_US: u64 = 1_000_000;

const US_PER_S: u64 = 1_000_000;

impl Engine {
    /// After a turn.
    pub(crate) fn tend_replicas(&mut self) {
        self.history.note_durable(self.aof.as_ref().map(|aof| (aof.offset(), aof.durable())));
        self.end_waits_for_copies();
        if self.master.replicas.is_empty() && self.history.backlog.is_none() {
            return;
        }
        self.ask_replicas();
        self.tend_syncs();
        self.tend_failover();
        if self.clock.now_us >= self.master.next_look_us && !self.switches.rests {
            self.master.next_look_us = self.clock.now_us + LOOK_US;
            self.look_after_replicas();
        }
        if let Some(backlog) = &mut self.history.backlog {
            backlog.trim(self.master.replicas.iter().filter_map(super::Replica::needs).min());
        }
    }

    fn look_after_replicas(&mut self) {
        self.ping_replicas();
        self.drop_silent_replicas();
        self.count_good_replicas();
        self.forget_history();
    }

    /// All replicas tell how far they are. They are not asked amid a pause, in which the stream does not grow.
    fn ask_replicas(&mut self) {
        if !self.master.wants_acks || self.pause_mode().is_some() {
            return;
        }
        self.master.wants_acks = false;
        if !self.master.replicas.is_empty() {
            self.tell_replicas(&[b"REPLCONF", b"GETACK", b"*"]);
        }
    }

    /// Something goes into the stream that changes no data. The stream of a replica is its master's alone.
    pub(crate) fn tell_replicas(&mut self, argv: &[&[u8]]) {
        if self.is_replica() {
            return;
        }
        let mut request = Vec::new();
        push_request(&mut request, argv);
        self.history.append(&request);
    }

    /// Whoever waits learns that this server lives.
    fn ping_replicas(&mut self) {
        let now_us = self.clock.now_us;
        for replica in &self.master.replicas {
            // These bytes are no part of the stream. They are skipped before a payload, and only there.
            let is_made_wait = match &replica.state {
                State::Waits { .. } => true,
                State::Receives(transfer) => !self.master.syncs.has_begun(transfer.sync),
                State::Loads | State::HasData | State::Online => false,
            };
            if is_made_wait {
                self.outbox.send(replica.client, |out| out.push(b'\n'));
            }
        }
        let period_us = self.config.size(Directive::ReplPingReplicaPeriod) as u64 * US_PER_S;
        let silent_us = now_us - self.master.pinged_us;
        // The stream is still amid a pause, unless that lasts so long that replicas would give this server up.
        let is_patient = silent_us < self.replica_patience_us() / 2;
        let is_still = self.fails_over() || self.pause_mode().is_some() && is_patient;
        if silent_us >= period_us && !is_still && !self.master.replicas.is_empty() {
            self.master.pinged_us = now_us;
            self.tell_replicas(&[b"PING"]);
        }
    }

    pub(super) fn replica_patience_us(&self) -> u64 {
        self.config.size(Directive::ReplTimeout) as u64 * US_PER_S
    }

    fn drop_silent_replicas(&mut self) {
        let (now_us, patience_us) = (self.clock.now_us, self.replica_patience_us());
        let is_silent = |replica: &&super::Replica| match &replica.state {
            // Those who know no histories do not say how far they are.
            State::Online if replica.about.is_old => false,
            State::Online | State::Loads | State::HasData => now_us - replica.heard_us > patience_us,
            State::Receives(transfer) => {
                self.master.syncs.has_more_for(transfer) && now_us - transfer.moved_us > patience_us
            }
            State::Waits { .. } => false,
        };
        let silent: Vec<(ClientId, bool)> = (self.master.replicas.iter().filter(is_silent))
            .map(|replica| (replica.client, matches!(replica.state, State::Receives(_))))
            .collect();
        for (client, is_receiving) in silent {
            let phase = if is_receiving { "full sync" } else { "streaming sync" };
            self.drop_replica(client, &format!("timedout replica ({phase})"));
        }
    }

    /// Counts the replicas that may be relied on.
    pub(crate) fn count_good_replicas(&mut self) {
        let (now_us, lag_max_s) = (self.clock.now_us, self.config.size(Directive::MinReplicasMaxLag) as u64);
        self.master.good = self.master.count(|replica| replica.lag_s(now_us) <= lag_max_s);
    }

    /// Too few replicas may be relied on for a change to be accepted.
    pub(crate) fn lacks_replicas(&self) -> bool {
        let wanted = self.config.size(Directive::MinReplicasToWrite);
        wanted > 0 && self.config.size(Directive::MinReplicasMaxLag) > 0 && self.master.good < wanted
    }

    /// Nobody comes for the stream any more. What happens from now on is nowhere, so it goes on under another name.
    fn forget_history(&mut self) {
        let ttl_us = self.config.size(Directive::ReplBacklogTtl) as u64 * US_PER_S;
        let alone_us = self.master.alone_since_us.map_or(0, |since| self.clock.now_us - since);
        if ttl_us == 0 || alone_us <= ttl_us || self.history.backlog.is_none() || self.is_replica() {
            return;
        }
        self.history.backlog = None;
        self.history.before = None;
        self.history.id = ReplicationId::random();
        self.update_interest();
        let seconds = ttl_us / US_PER_S;
        self.log.notice(format_args!("Replication backlog freed after {seconds} seconds without connected replicas."));
    }
}
