//! Letting clients wait, and running their requests when there is something for them.

use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, UnblockReason};
use bongsu_store::call::Wait;
use bongsu_store::keyspace::Stored;

use super::Engine;
use super::blocked::{Copies, Until, Waiting};
use super::watch::DbKey;

/// What `WAITAOF` is told that asks for this server's disk.
pub(crate) const NO_LOG: &str = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

impl Engine {
    /// The client gets no reply until one of the keys has something, or its time is over.
    pub(super) fn wait_for_keys(&mut self, client: ClientId, db: usize, argv: &[&[u8]], wait: Wait) {
        let deadline_ms = match self.again_until.take() {
            // Its time began when it first came.
            Some(deadline_ms) => deadline_ms,
            None => wait.timeout_ms.map(|timeout| self.shard.now_ms.saturating_add(timeout)),
        };
        let keys = wait.keys.into_iter().map(|key| (db, key)).collect();
        self.block(client, argv, Until::Keys { keys, type_name: wait.type_name, deadline_ms });
    }

    /// The client gets no reply until the pause is over.
    pub(super) fn hold(&mut self, client: ClientId, argv: &[&[u8]]) {
        self.block(client, argv, Until::Unpaused);
    }

    /// The client gets no reply until what it wrote is in enough places, or its time is over.
    pub(crate) fn block_for_copies(
        &mut self,
        client: ClientId,
        argv: &[&[u8]],
        wanted: Copies,
        deadline_ms: Option<u64>,
    ) {
        self.block(client, argv, Until::Copies { wanted, deadline_ms });
    }

    /// The client gets no reply until another server has answered.
    pub(crate) fn block_for_handover(&mut self, client: ClientId, argv: &[&[u8]]) {
        self.block(client, argv, Until::HandedOver);
    }

    /// The request runs when a migration has ended, if it need not wait for another one then.
    pub(crate) fn wait_for_migrations(&mut self, client: ClientId, argv: &[&[u8]]) {
        self.block(client, argv, Until::MigrationEnds);
    }

    pub(super) fn block(&mut self, client: ClientId, argv: &[&[u8]], until: Until) {
        let argv = argv.iter().map(|arg| arg.to_vec()).collect();
        if let Some(session) = self.clients.get_mut(client) {
            session.blocked = true;
            session.paused = matches!(until, Until::Unpaused | Until::End);
        }
        self.blocked.add(client, Waiting { argv, until });
        self.update_interest();
    }

    pub(super) fn unblock(&mut self, client: ClientId) -> Option<Waiting> {
        let waiting = self.blocked.remove(client)?;
        if let Some(session) = self.clients.get_mut(client) {
            session.blocked = false;
            session.paused = false;
        }
        self.woken.push(client);
        self.update_interest();
        Some(waiting)
    }

    /// Runs the requests of those who wait for keys that have something now. What they do may serve others.
    pub(super) fn serve_waiting(&mut self) {
        while let Some(key) = self.blocked.next_ready() {
            for client in self.blocked.waiting_for(&key) {
                let Some(present) = self.type_of(&key) else { break };
                let Some(Waiting { until: Until::Keys { type_name, deadline_ms, .. }, .. }) = self.blocked.get(client)
                else {
                    continue;
                };
                if *type_name != present {
                    continue;
                }
                self.again_until = Some(*deadline_ms);
                if let Some(waiting) = self.unblock(client) {
                    self.run_again(client, &waiting);
                }
                self.again_until = None;
            }
        }
    }

    /// A key whose time is over has nothing for those who wait, and goes when somebody else looks.
    fn type_of(&self, key: &DbKey) -> Option<&'static str> {
        let (db, found) = (self.shard.db(key.0), self.shard.find(key.0, &key.1)?);
        if db.expiry_ms(found).is_some_and(|at| at <= self.clock.wall_ms()) {
            return None;
        }
        match db.value(found) {
            Stored::Object(object) => Some(object.type_name()),
            _ => Some("string"),
        }
    }

    /// Runs a request that waited, if it still may run: what the user may do can have changed since.
    fn run_again(&mut self, client: ClientId, waiting: &Waiting) {
        let argv: Vec<&[u8]> = waiting.argv.iter().map(Vec::as_slice).collect();
        let mut reply = Vec::new();
        let before = std::mem::take(&mut self.outbox);
        self.execute(client, &argv, &mut reply);
        // The reply comes before what the request makes the client hear of.
        let told = std::mem::replace(&mut self.outbox, before);
        self.send_late(client, &reply);
        if let Some(session) = self.clients.get_mut(client).filter(|session| !session.blocked) {
            session.end_request();
        }
        self.outbox.append(told);
    }

    /// Sends the reply of a request that had to wait.
    fn send_late(&mut self, client: ClientId, reply: &[u8]) {
        let Some(session) = self.clients.get_mut(client) else { return };
        session.io.count(|totals| totals.requests += u64::from(!reply.is_empty()));
        // The mode was that of the request, which has not ended until now.
        if session.sends_reply() {
            self.outbox.send(client, |out| out.extend_from_slice(reply));
        }
    }

    /// Answers those who waited in vain, and lets those go on whom a pause held back.
    pub(super) fn end_waits(&mut self) {
        while let Some(client) = self.blocked.overdue(self.shard.now_ms) {
            self.end_wait(client, UnblockReason::Timeout);
        }
        if self.pause_mode().is_some() {
            return;
        }
        for client in self.blocked.paused() {
            let Some(waiting) = self.unblock(client) else { continue };
            self.run_again(client, &waiting);
            self.serve_waiting();
        }
    }

    /// A request that waited in vain ran, too. What it did took no time.
    fn count_wait(&mut self, waiting: &Waiting, reason: UnblockReason) {
        let argv: Vec<&[u8]> = waiting.argv.iter().map(Vec::as_slice).collect();
        let Ok(command) = self.table.resolve(&argv) else { return };
        let tracks_latency = self.stats.tracks_latency;
        self.stats.commands += 1;
        if let Some(stats) = self.stats.by_command.get_mut(command.id.index()) {
            stats.ran(0, tracks_latency);
            stats.failed += u64::from(reason == UnblockReason::Error);
        }
    }

    /// A client waits no longer for keys, or for copies.
    pub(crate) fn end_wait(&mut self, client: ClientId, reason: UnblockReason) {
        let ends_early = |waiting: &Waiting| matches!(waiting.until, Until::Keys { .. } | Until::Copies { .. });
        if !self.blocked.get(client).is_some_and(ends_early) {
            return;
        }
        let Some(waiting) = self.unblock(client) else { return };
        let mut reply = Vec::new();
        match (reason, &waiting.until) {
            (UnblockReason::Error, _) => {
                let text = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
                Writer::new(&mut reply, self.protocol(client)).error(text);
                self.stats.error(&reply);
            }
            (UnblockReason::Timeout, Until::Copies { wanted, .. }) => self.tell_copies(client, wanted, &mut reply),
            (UnblockReason::Timeout, _) => Writer::new(&mut reply, self.protocol(client)).null_array(),
        }
        self.count_wait(&waiting, reason);
        self.end_late(client, &reply);
    }

    /// A client waits in vain for this server's disk: nothing is written there any more.
    pub(crate) fn refuse_copies(&mut self, client: ClientId) {
        let Some(waiting) = self.unblock(client) else { return };
        let mut reply = Vec::new();
        Writer::new(&mut reply, self.protocol(client)).error(NO_LOG);
        self.stats.error(&reply);
        self.count_wait(&waiting, UnblockReason::Error);
        self.end_late(client, &reply);
    }

    /// Another server has answered: so does this one, if the client is still there.
    pub(crate) fn end_handover(&mut self, client: ClientId, outcome: Result<(), String>) {
        let is_waiting = |waiting: &Waiting| matches!(waiting.until, Until::HandedOver);
        if !self.blocked.get(client).is_some_and(is_waiting) {
            return;
        }
        let Some(waiting) = self.unblock(client) else { return };
        let mut reply = Vec::new();
        let mut writer = Writer::new(&mut reply, self.protocol(client));
        match outcome {
            Ok(()) => writer.simple("OK"),
            Err(text) => {
                writer.error(text);
                self.count_failure(&waiting, &reply);
            }
        }
        self.end_late(client, &reply);
    }

    /// A request ran when it began to wait, and has failed now.
    fn count_failure(&mut self, waiting: &Waiting, reply: &[u8]) {
        let argv: Vec<&[u8]> = waiting.argv.iter().map(Vec::as_slice).collect();
        self.stats.error(reply);
        if let Ok(command) = self.table.resolve(&argv)
            && let Some(stats) = self.stats.by_command.get_mut(command.id.index())
        {
            stats.failed += 1;
        }
    }

    /// Lets those go on who waited for the end of a migration.
    pub(crate) fn resume_after_migrations(&mut self) {
        for client in self.blocked.waiting_for_migrations() {
            let Some(waiting) = self.unblock(client) else { continue };
            self.run_again(client, &waiting);
            self.serve_waiting();
        }
    }

    /// Sends the reply of a request that waited and does not run again.
    pub(super) fn end_late(&mut self, client: ClientId, reply: &[u8]) {
        self.send_late(client, reply);
        if let Some(session) = self.clients.get_mut(client) {
            session.end_request();
        }
    }

    /// Those who wait for keys are told that nothing will come, and are disconnected: this server is not a master any more.
    pub(crate) fn dismiss_waiting(&mut self) {
        let for_copies = self.blocked.waiting_for_copies();
        for client in self.blocked.waiting_for_any_key().into_iter().chain(for_copies) {
            let Some(waiting) = self.unblock(client) else { continue };
            let mut reply = Vec::new();
            let text = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
            Writer::new(&mut reply, self.protocol(client)).error(text);
            self.stats.error(&reply);
            self.count_wait(&waiting, UnblockReason::Error);
            self.send_late(client, &reply);
            if let Some(session) = self.clients.get_mut(client) {
                session.close_after_reply = true;
            }
        }
    }
}
