//! A connection becomes a replica, and a replica is lost.

use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::{ClientId, ClientRole};

use super::replica::{Replica, State};
use crate::config::Directive;
use crate::engine::Engine;
use crate::replication::ReplicationId;

impl Engine {
    /// A connection asks for the stream under a name of the history, from the byte of a number on (`PSYNC`). If that cannot be had it
    /// will be sent everything.
    pub(crate) fn follow(&mut self, client: ClientId, id: &[u8], from: &[u8], out: &mut Vec<u8>) {
        let Some(from) = parse_integer(from) else {
            let name = self.new_replica(client).name();
            self.log.warning(format_args!("Replica {name} asks for synchronization but with a wrong offset"));
            return Writer::new(out, self.protocol(client)).error("ERR value is not an integer or out of range");
        };
        if !self.may_follow(client, out) {
            return;
        }
        let name = self.new_replica(client).name();
        self.log.notice(format_args!("Replica {name} asks for synchronization"));
        match self.resumption(id, from) {
            Ok(from) => self.resume(client, from, out),
            Err(reason) => {
                // Who names no history wants everything.
                if id != b"?" {
                    self.master.counts.refused += 1;
                }
                self.log.notice(format_args!("Full resync requested by replica {name}: {reason}"));
                self.restart(client);
            }
        }
    }

    /// A connection asks for everything, without knowing histories (`SYNC`).
    pub(crate) fn follow_from_scratch(&mut self, client: ClientId, out: &mut Vec<u8>) {
        if self.may_follow(client, out) {
            let name = self.new_replica(client).name();
            self.log.notice(format_args!("Replica {name} asks for synchronization, in the old way"));
            self.master.about_mut(client).is_old = true;
            self.restart(client);
        }
    }

    /// Who follows already is not answered, because that would come amid the stream.
    fn may_follow(&mut self, client: ClientId, out: &mut Vec<u8>) -> bool {
        if self.master.get(client).is_some() {
            return false;
        }
        if let Some(text) = self.refuses_replicas() {
            Writer::new(out, self.protocol(client)).error(text);
            return false;
        }
        true
    }

    /// Where the stream goes on for somebody who has it up to before `from`.
    fn resumption(&self, id: &[u8], from: i64) -> Result<u64, &'static str> {
        let id = ReplicationId::parse(id).ok_or("it names no history")?;
        let from = u64::try_from(from).ok().filter(|from| *from > 0).ok_or("it names no offset")?;
        if self.history.continues(&id, from - 1) { Ok(from) } else { Err("what it missed is not there") }
    }

    fn new_replica(&self, client: ClientId) -> Replica {
        let now_us = self.clock.now_us;
        Replica {
            client,
            about: self.master.introductions.get(&client).cloned().unwrap_or_default(),
            address: self.clients.get(client).map_or_else(String::new, |session| session.addr.clone()),
            state: State::Waits { since_us: now_us },
            next: self.history.offset + 1,
            acknowledged: 0,
            on_disk: 0,
            heard_us: now_us,
            slow_since_us: None,
        }
    }

    fn resume(&mut self, client: ClientId, from: u64, out: &mut Vec<u8>) {
        let mut replica = self.new_replica(client);
        replica.next = from;
        // It has what comes before what it asks for.
        replica.acknowledged = from - 1;
        replica.state = State::Online;
        let mut reply = Writer::new(out, self.protocol(client));
        if replica.about.takes_new_id {
            reply.simple(&format!("CONTINUE {}", self.history.id.as_str()));
        } else {
            reply.simple("CONTINUE");
        }
        self.log.notice(format_args!(
            "Partial resynchronization request from {} accepted. Sending {} bytes of backlog starting from offset {from}.",
            replica.name(),
            self.history.offset + 1 - from,
        ));
        self.master.counts.partial += 1;
        self.admit_replica(replica);
        self.count_good_replicas();
    }

    /// It will be sent everything, and what comes after that.
    fn restart(&mut self, client: ClientId) {
        self.master.counts.full += 1;
        if self.master.replicas.is_empty() && self.history.backlog.is_none() {
            // What was done meanwhile is nowhere, so that the old name must not lead to what comes from now on.
            self.history.id = ReplicationId::random();
            self.history.before = None;
            self.history.select_anew();
            self.keep_history();
            let id = self.history.id.as_str();
            self.log.notice(format_args!("Replication backlog created, my new replication ID is '{id}'"));
        }
        self.admit_replica(self.new_replica(client));
    }

    /// The last part of the stream is kept from now on.
    pub(crate) fn keep_history(&mut self) {
        self.history.keep(self.config.size(Directive::ReplBacklogSize));
        if self.master.replicas.is_empty() {
            self.master.alone_since_us = Some(self.clock.now_us);
        }
        self.update_interest();
    }

    fn admit_replica(&mut self, replica: Replica) {
        if let Some(session) = self.clients.get_mut(replica.client) {
            session.role = ClientRole::Replica;
        }
        self.master.introductions.remove(&replica.client);
        self.master.alone_since_us = None;
        self.master.replicas.push(replica);
    }

    /// A connection is gone, which may have been a replica.
    pub(crate) fn lose_replica(&mut self, client: ClientId) {
        self.master.introductions.remove(&client);
        let Some(index) = self.master.replicas.iter().position(|replica| replica.client == client) else { return };
        let replica = self.master.replicas.remove(index);
        self.log.notice(format_args!("Connection with replica {} lost.", replica.name()));
        if self.master.replicas.is_empty() {
            self.master.alone_since_us = Some(self.clock.now_us);
        }
        self.count_good_replicas();
    }

    /// A replica is given up. The reason says what it is.
    pub(super) fn drop_replica(&mut self, client: ClientId, reason: &str) {
        if let Some(replica) = self.master.get(client) {
            self.log.warning(format_args!("Disconnecting {reason}: {}", replica.name()));
            self.closing.push(client);
        }
    }
}
