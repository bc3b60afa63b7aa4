//! Clients that wait until replicas have what they wrote.

use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, UnblockReason};

use crate::engine::{Copies, Engine};

impl Engine {
    /// A client wants its changes to be in enough places. It is answered at once, or waits.
    pub(crate) fn wait_for_copies(
        &mut self,
        client: ClientId,
        argv: &[&[u8]],
        mut wanted: Copies,
        timeout_ms: u64,
        out: &mut Vec<u8>,
    ) {
        if let Some(session) = self.clients.get(client) {
            (wanted.offset, wanted.logged) = (session.written_to, session.logged_to);
        }
        if self.has_copies(&wanted) || self.in_transaction {
            return self.tell_copies(client, &wanted, out);
        }
        let deadline_ms = (timeout_ms > 0).then(|| self.shard.now_ms.saturating_add(timeout_ms));
        self.block_for_copies(client, argv, wanted, deadline_ms);
        self.master.wants_acks = true;
    }

    /// Answers a client with how many copies there are.
    pub(crate) fn tell_copies(&self, client: ClientId, wanted: &Copies, out: &mut Vec<u8>) {
        let mut reply = Writer::new(out, self.protocol(client));
        let [local, replicas] = self.copies(wanted);
        if wanted.on_disk {
            reply.array(2);
            reply.integer(local as i64);
        }
        reply.integer(replicas as i64);
    }

    /// How many copies there are here and at replicas.
    fn copies(&self, wanted: &Copies) -> [usize; 2] {
        if wanted.on_disk {
            [self.is_on_disk(wanted.logged).into(), self.master.count_on_disk_at(wanted.offset)]
        } else {
            [0, self.master.count_at(wanted.offset)]
        }
    }

    fn has_copies(&self, wanted: &Copies) -> bool {
        let [local, replicas] = self.copies(wanted);
        local >= wanted.local && replicas >= wanted.replicas
    }

    /// The append-only file is on disk up to this offset.
    fn is_on_disk(&self, logged: u64) -> bool {
        self.aof.as_ref().and_then(|aof| aof.durable()).is_some_and(|durable| durable >= logged)
    }

    /// A line of the log for each replica that does not have everything.
    pub(crate) fn lagging_replicas(&self) -> Vec<String> {
        let (end, now_us) = (self.history.offset, self.clock.now_us);
        let lags = |replica: &&super::Replica| !replica.about.only_data && replica.acknowledged != end;
        let line = |replica: &super::Replica| {
            let (name, lag_s) = (replica.name(), replica.lag_s(now_us));
            let (behind, state) =
                (end.saturating_sub(replica.acknowledged), replica.state_name(self.master.sends_file(replica)));
            format!("Lagging replica {name} reported offset {behind} behind master, lag={lag_s}, state={state}.")
        };
        self.master.replicas.iter().filter(lags).map(line).collect()
    }

    /// Answers those whose changes are in enough places now.
    pub(crate) fn end_waits_for_copies(&mut self) {
        for client in self.blocked.waiting_for_copies() {
            let Some(wanted) = self.blocked.copies_for(client).copied() else { continue };
            if wanted.local > 0 && self.aof.is_none() {
                self.refuse_copies(client);
            } else if self.has_copies(&wanted) {
                self.end_wait(client, UnblockReason::Timeout);
            }
        }
    }
}
