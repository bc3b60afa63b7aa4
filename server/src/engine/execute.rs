//! One request: may it run, shall it run now, and what comes of it.

use std::borrow::Cow;

use bongsu_protocol::acl::DeniedReason;
use bongsu_protocol::command::{CommandFlags, CommandId};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, ClientRole, PauseMode, Refusal};
use bongsu_store::call::{Call, Caller, Done, Otherwise, Outcome, Wait};
use bongsu_store::keyspace::Object;

use crate::commands::PayloadRules;
use crate::config::Directive;

use super::tracking::TrackingTable;
use super::{Engine, Run, secrets};

/// Commands that a transaction does not keep but obeys.
const RULES_OF_TRANSACTIONS: [&str; 6] = ["exec", "discard", "multi", "watch", "quit", "reset"];

/// What clients hear while data are loaded.
const LOADING: &str = "LOADING Redis is loading the dataset in memory";

/// Most requests that are prefetched for.
pub(crate) const PREFETCH_MAX: usize = 16;

/// Whether the running command has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Yes,
    /// It waits, and will be run again.
    Waits,
}

impl Engine {
    /// Reads what the next few requests will read, so that they wait for memory together. `arguments` gives the first arguments of
    /// each. Gives the hashes of their keys. A wrong guess of what is a key does no harm.
    pub(crate) fn prefetch<'k>(
        &self,
        client: ClientId,
        count: usize,
        arguments: impl Fn(usize) -> [Option<&'k [u8]>; 3],
        hashes: &mut Vec<Option<u64>>,
    ) {
        let Some(session) = self.clients.get(client) else { return };
        let (hasher, db) = (self.shard.hasher(), self.shard.db(session.db as usize));
        // Each step is done for all before the next one: none of them waits for another one's memory.
        hashes.extend((0..count).map(|index| arguments(index)[0].map(|key| hasher.hash(key))));
        let mut entries = [None; PREFETCH_MAX];
        for (entry, hash) in entries.iter_mut().zip(hashes.iter()) {
            *entry = hash.and_then(|hash| db.announce(hash));
        }
        let first_bytes = entries.map(|entry| entry.map_or(0, |entry| db.touch(entry)));
        let mut seen = first_bytes.iter().fold(0, |seen, byte| seen ^ byte);
        // Requests that follow one another often have the same key.
        let mut last: Option<(u64, Option<&Object>)> = None;
        let mut members = [None; PREFETCH_MAX];
        for (index, member) in members.iter_mut().enumerate().take(count) {
            let ([Some(key), Some(second), third], Some(Some(hash))) = (arguments(index), hashes.get(index)) else {
                continue;
            };
            let object = match last {
                Some((known, object)) if known == *hash => object,
                _ => db.touched_object(first_bytes[index], *hash, key),
            };
            last = Some((*hash, object));
            let probable = object.and_then(|object| object.probable_member([Some(second), third]));
            *member = probable.map(|(members, member)| (members, members.hash(member)));
        }
        if last.is_some_and(|(_, object)| object.is_some()) {
            let announced =
                members.map(|member| member.and_then(|(members, hash)| Some((members, members.announce(hash)?))));
            seen ^= announced.iter().flatten().fold(0, |seen, (members, member)| seen ^ members.touch(*member));
        }
        std::hint::black_box(seen);
    }

    /// As [`Self::run`], with the hash of the first argument.
    pub(crate) fn run_hashed(
        &mut self,
        client: ClientId,
        argv: &[&[u8]],
        hash: Option<u64>,
        out: &mut Vec<u8>,
    ) -> bool {
        self.first_hash = hash;
        self.run(client, argv, out)
    }

    /// Runs one request. False if the client's next one must not be run now: it waits, or the connection is over.
    fn run(&mut self, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let reads_stream = self.reads_stream(client);
        self.execute(client, argv, out);
        // It holds for this request only.
        self.first_hash = None;
        if reads_stream && self.reject_stray(client, before, out) {
            return false;
        }
        let Some(session) = self.clients.get_mut(client) else { return false };
        if !session.sends_reply() {
            out.truncate(before);
        }
        if session.blocked {
            return false;
        }
        session.end_request();
        session.io.count(|totals| totals.requests += 1);
        let goes_on = !(session.close_now || session.close_after_reply);
        self.serve_waiting();
        goes_on
    }

    pub(crate) fn execute(&mut self, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
        self.shard.now_ms = self.clock.wall_ms();
        let Some(session) = self.clients.get_mut(client) else { return };
        session.last_interaction_ms = self.shard.now_ms;
        let command = match self.table.resolve(argv) {
            Ok(command) => command,
            Err(error) => {
                let id = self.table.find(argv).ok().map(|command| command.id);
                return self.refuse(client, id, &error.to_string(), out);
            }
        };
        let (id, name, flags) = (command.id, command.spec.name, command.spec.flags);
        if session.last_command.as_ref().is_none_or(|last| !std::sync::Arc::ptr_eq(last, &command.full_name)) {
            session.last_command = Some(std::sync::Arc::clone(&command.full_name));
        }
        if session.role == ClientRole::Master {
            return self.obey(client, id, flags, argv, out);
        }
        if let Err(refusal) = session.admit(&mut self.acl, command, argv, self.shard.now_ms) {
            self.count_refusal(&refusal);
            return self.refuse(client, Some(id), &refusal.to_string(), out);
        }
        let command_name = command.spec.name;
        let is_queued = session.queued.is_some() && !RULES_OF_TRANSACTIONS.contains(&command.spec.name);
        if self.memory_max > 0 && self.is_out_of_memory(client, flags, is_queued, out) {
            return self.refuse(client, Some(id), "OOM command not allowed when used memory > 'maxmemory'.", out);
        }
        if let Some(text) = self.state_refusal(client, flags) {
            return self.refuse(client, Some(id), text, out);
        }
        // Whoever only asks whether all is well is told, too: that is how a watcher finds out.
        if let Some(text) = self.refusal_for_disk()
            && (name == "ping" || self.does(client, flags, CommandFlags::WRITE))
        {
            return self.refuse(client, Some(id), &text, out);
        }
        if self.is_incomplete() && self.needs_all_data(name, self.permits(client, flags)) {
            return self.refuse(client, Some(id), LOADING, out);
        }
        if let Some(text) = self.refusal_of_amnesiac(name, flags) {
            return self.refuse(client, Some(id), text, out);
        }
        if self.is_paused(client, flags) {
            return self.hold(client, argv);
        }
        if !self.migrations.is_empty() && self.is_barred(client, id, argv) {
            return self.wait_for_migrations(client, argv);
        }
        if !is_queued {
            return self.call(client, id, argv, true, out);
        }
        let waits_for_others = command_name == "migrate";
        if waits_for_others || flags.contains(CommandFlags::NO_MULTI) {
            return self.refuse(client, Some(id), "ERR Command not allowed inside a transaction", out);
        }
        self.queue(client, id, flags, argv, out);
    }

    /// Answers with an error. A transaction that the request was meant for will not run.
    pub(super) fn refuse(&mut self, client: ClientId, id: Option<CommandId>, text: &str, out: &mut Vec<u8>) {
        let mut text = Cow::Borrowed(text);
        if id.and_then(|id| self.table.get(id)).is_some_and(|command| command.spec.name == "exec") {
            self.discard(client);
            text = format!("EXECABORT Transaction discarded because of: {}", text.trim_start_matches("ERR ")).into();
        } else {
            self.fail_transaction(client);
        }
        if let Some(stats) = id.and_then(|id| self.stats.by_command.get_mut(id.index())) {
            stats.rejected += 1;
        }
        let before = out.len();
        Writer::new(out, self.protocol(client)).error(&*text);
        self.stats.error(&out[before..]);
    }

    fn count_refusal(&mut self, refusal: &Refusal) {
        let Refusal::Denied { reason, .. } = refusal else { return };
        let counter = match reason {
            DeniedReason::Command => &mut self.stats.acl_denied_command,
            DeniedReason::Key => &mut self.stats.acl_denied_key,
            DeniedReason::Channel => &mut self.stats.acl_denied_channel,
        };
        *counter += 1;
    }

    /// Why the state of the server does not allow a command.
    fn state_refusal(&self, client: ClientId, flags: CommandFlags) -> Option<&'static str> {
        let session = self.clients.get(client)?;
        const KEYSPACE: CommandFlags =
            CommandFlags::WRITE.with(CommandFlags::READONLY).with(CommandFlags::MAY_REPLICATE);
        if session.role == ClientRole::Replica && flags.intersects(KEYSPACE) {
            return Some("ERR Replica can't interact with the keyspace");
        }
        let writes = self.does(client, flags, CommandFlags::WRITE);
        if self.is_replica() {
            return self.refusal_of_replica(self.permits(client, flags), writes);
        }
        (writes && self.lacks_replicas()).then_some("NOREPLICAS Not enough good replicas to write.")
    }

    fn is_paused(&self, client: ClientId, flags: CommandFlags) -> bool {
        let Some(mode) = self.pause_mode() else { return false };
        let Some(session) = self.clients.get(client) else { return false };
        if session.role == ClientRole::Replica {
            return false;
        }
        const WRITES: CommandFlags = CommandFlags::WRITE.with(CommandFlags::MAY_REPLICATE);
        mode == PauseMode::All || self.does(client, flags, WRITES)
    }

    /// Runs what the master has run: it has asked all questions already.
    fn obey(&mut self, client: ClientId, id: CommandId, flags: CommandFlags, argv: &[&[u8]], out: &mut Vec<u8>) {
        let Some(session) = self.clients.get(client) else { return };
        // No master says such things, and whoever does is to have no say in what this server is.
        if flags.contains(CommandFlags::ADMIN) {
            return self.refuse(client, Some(id), "ERR this command is not for replicas", out);
        }
        let is_rule = self.table.get(id).is_some_and(|command| RULES_OF_TRANSACTIONS.contains(&command.spec.name));
        if session.queued.is_some() && !is_rule {
            return self.queue(client, id, flags, argv, out);
        }
        self.call(client, id, argv, false, out);
    }

    /// Runs a command that may run.
    pub(super) fn call(&mut self, client: ClientId, id: CommandId, argv: &[&[u8]], may_wait: bool, out: &mut Vec<u8>) {
        let Some(run) = self.runs.get(id.index()).copied().flatten() else { return };
        let before = out.len();
        // A request that waited was shown when it came.
        let is_shown = !self.monitors.is_empty() && self.again_until.is_none();
        let may_wait = may_wait && !self.in_transaction;
        let ended = match run {
            Run::Data(run) => self.call_data(run, client, argv, may_wait, true, out),
            Run::Roaming(run) => {
                let reads_all_keys = self.may_read_all_keys(client, id, argv);
                self.call_data(run, client, argv, may_wait, reads_all_keys, out)
            }
            Run::Payload(run) => {
                let rules = PayloadRules::of(self);
                let mut remark = None;
                let ended = self.call_data(|call| run(call, rules, &mut remark), client, argv, may_wait, true, out);
                if let Some(remark) = remark {
                    self.log.warning(remark);
                }
                ended
            }
            Run::Server(run) => {
                run(self, client, argv, out);
                Ended::Yes
            }
        };
        if !self.in_transaction {
            self.end_unit_of(client);
        }
        let usec = self.clock.advance();
        if is_shown {
            self.show_monitors(client, id, argv);
        }
        if ended == Ended::Waits {
            return;
        }
        self.stats.commands += 1;
        self.stats.command_usec += usec;
        if let Some(stats) = self.stats.by_command.get_mut(id.index()) {
            stats.ran(usec, self.stats.tracks_latency);
            if out.get(before) == Some(&b'-') {
                stats.failed += 1;
                self.stats.error(&out[before..]);
                // What stands alone is seen by whoever applies it.
                if self.in_transaction && self.master_client() == Some(client) {
                    self.complain_of_master(argv, &out[before..]);
                }
            }
        }
        if self.slowlog.wants(usec) || self.latency.wants_usec(usec) {
            self.note_slow(client, id, argv, usec);
        }
        if !self.tracking.is_empty() {
            self.remember_keys(client, id, argv);
        }
    }

    fn may_read_all_keys(&self, client: ClientId, id: CommandId, argv: &[&[u8]]) -> bool {
        let user = self.clients.get(client).and_then(|session| self.acl.user(&session.user));
        user.zip(self.table.get(id)).is_some_and(|(user, command)| user.may_read_all_keys(command, argv))
    }

    fn call_data(
        &mut self,
        run: impl FnOnce(&mut Call<'_>) -> Outcome,
        client: ClientId,
        argv: &[&[u8]],
        may_wait: bool,
        reads_all_keys: bool,
        out: &mut Vec<u8>,
    ) -> Ended {
        let Some(session) = self.clients.get(client) else { return Ended::Yes };
        let (no_touch, is_master) = (session.no_touch, session.role == ClientRole::Master);
        let reply_bytes_max = self.limits.reply_bytes_max(session.client_type());
        let caller = Caller { may_wait, no_touch, is_master, is_script: false, reads_all_keys, reply_bytes_max };
        let (db, before) = (session.db as usize, out.len());
        let reply = Writer::new(out, session.protocol);
        self.effects.clear();
        let (first_hash, effects) = (self.first_hash.take(), &mut self.effects);
        let mut call = Call { shard: &mut self.shard, db, argv, first_hash, reply, effects, caller };
        let mut ended = Ended::Yes;
        match run(&mut call) {
            Ok(Done::Replied) => {}
            Ok(Done::Wait(wait)) if may_wait => {
                self.wait_for_keys(client, db, argv, wait);
                ended = Ended::Waits;
            }
            Ok(Done::Wait(Wait { otherwise, .. })) => match otherwise {
                Otherwise::NullArray => call.reply.null_array(),
                Otherwise::Null => call.reply.null(),
            },
            Ok(Done::CutOff) => {
                out.truncate(before);
                self.cut_off(client);
            }
            Err(fault) => {
                out.truncate(before);
                Writer::new(out, self.protocol(client)).error(fault.line().as_bytes());
            }
        }
        if self.feed.is_wanted {
            let lazily = self.config.is_on(Directive::LazyfreeLazyExpire);
            self.feed.effects(db, argv, &self.effects, lazily);
        }
        self.settle(Some(client));
        ended
    }

    /// The reply would be longer than what may wait to be sent. Who wants no replies has none that is too long.
    fn cut_off(&mut self, client: ClientId) {
        let Some(session) = self.clients.get_mut(client).filter(|session| session.sends_reply()) else { return };
        session.close_now = true;
        self.stats.dropped_for_output_buffer += 1;
    }

    /// A client that caches has read keys.
    fn remember_keys(&mut self, client: ClientId, id: CommandId, argv: &[&[u8]]) {
        let Some(command) = self.table.get(id) else { return };
        let Some(session) = self.clients.get_mut(client) else { return };
        if command.spec.flags.contains(CommandFlags::READONLY)
            && TrackingTable::remembers(session)
            && let Some(keys) = command.spec.keys_of(argv)
        {
            self.tracking.remember(client, keys.iter().filter_map(|key| argv.get(key.position).copied()));
        }
        // What CLIENT CACHING said holds for one request, or for a whole transaction.
        if let Some(tracking) = &mut session.tracking
            && !self.in_transaction
            && session.queued.is_none()
            && &*command.full_name != "client|caching"
        {
            tracking.caching = None;
        }
    }

    /// Shows a request to those who want to see all.
    fn show_monitors(&mut self, client: ClientId, id: CommandId, argv: &[&[u8]]) {
        const HIDDEN: CommandFlags = CommandFlags::SKIP_MONITOR.with(CommandFlags::ADMIN);
        let Some(command) = self.table.get(id).filter(|command| !command.spec.flags.intersects(HIDDEN)) else { return };
        let shown = secrets::hidden(&command.full_name, argv);
        let Some(session) = self.clients.get(client) else { return };
        let now_us = self.clock.wall_us();
        let source = if session.unix_socket {
            format!("unix:{}", session.addr.trim_end_matches(":0"))
        } else {
            session.addr.clone()
        };
        let mut line = format!("{}.{:06} [{} {source}]", now_us / 1_000_000, now_us % 1_000_000, session.db);
        for arg in shown {
            line.push(' ');
            bongsu_protocol::conf::push_quoted(&mut line, arg);
        }
        for monitor in &self.monitors {
            let protocol = self.clients.get(*monitor).map_or_else(Default::default, |session| session.protocol);
            self.outbox.send(*monitor, |out| Writer::new(out, protocol).simple(&line));
        }
    }
}
