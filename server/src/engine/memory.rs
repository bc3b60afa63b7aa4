//! How much memory is in use, and what is done when it is too much.

use std::time::Instant;

use bongsu_protocol::command::CommandFlags;
use bongsu_protocol::session::{ClientId, Session};
use bongsu_store::maintenance::Sweep;

use super::Engine;
use crate::config::Directive;
use crate::info::process;

/// How long keys may be removed before a request is run; the rest goes after the next ones.
const EVICTION_US: u128 = 500;

/// How long keys whose time is over may be removed in a turn.
const SWEEP_US: u128 = 1000;

/// How often that is begun anew.
const SWEEP_EVERY_US: u64 = 100_000;

/// How long clients are served in between, if not all is done: with [`SWEEP_US`], a quarter of the time goes to the sweep at most.
pub(crate) const SWEEP_PAUSE_US: u64 = 3000;

/// What a watched key, a channel or a prefix takes in the tables that lead from it to its client, in bytes.
const NAME_BYTES: usize = 64;

/// What was in use at the start, and the most since. In bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// What the process took before there was any data.
    pub(crate) startup: usize,
    /// The part of that which empty databases take.
    empty: usize,
    /// The most that was ever in use.
    pub(crate) peak: usize,
}

impl Memory {
    /// Of a server whose databases are empty and take so many bytes.
    pub(super) fn new(empty: usize) -> Self {
        let startup = empty + process::anonymous_bytes();
        Self { startup, empty, peak: startup }
    }
}

/// What the stream of changes takes, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BacklogBytes {
    /// Kept for replicas that may come back.
    pub(crate) kept: usize,
    /// Kept beyond that, for those who are slow.
    pub(crate) for_replicas: usize,
}

/// The search for keys whose time is over.
#[derive(Default)]
pub(crate) struct Sweeper {
    at: Sweep,
    /// When it goes on, in microseconds since the start.
    next_us: u64,
    /// It found so much that it is not through yet.
    pub(crate) is_busy: bool,
}

impl Engine {
    /// Memory in use: that of the process without data, keys and values, and connections. In bytes.
    pub(crate) fn used_bytes(&self) -> usize {
        let data = self.shard.heap_bytes().saturating_sub(self.memory.empty);
        self.memory.startup + data + self.connection_bytes + self.history.heap_bytes()
    }

    /// What the stream of changes takes.
    pub(crate) fn backlog_bytes(&self) -> BacklogBytes {
        let all = self.history.heap_bytes();
        let kept = all.min(self.config.size(Directive::ReplBacklogSize));
        BacklogBytes { kept, for_replicas: all - kept }
    }

    /// Memory that removing keys may make room in: what is kept for replicas only comes and goes with them.
    fn evictable_bytes(&self) -> usize {
        self.used_bytes() - self.backlog_bytes().for_replicas
    }

    /// What is kept for a connection beside its buffers: requests of a transaction, and what it watches, listens to and caches. In
    /// bytes, the latter roughly.
    pub(crate) fn held_bytes(&self, client: ClientId) -> usize {
        let Some(session) = self.clients.get(client) else { return 0 };
        let subscriptions = session.subscriptions;
        let channels = subscriptions.channels + subscriptions.patterns + subscriptions.shard_channels;
        let prefixes = session.tracking.as_ref().map_or(0, |tracking| tracking.prefixes.len());
        let names = channels + prefixes + self.watches.of(client).len();
        session.io.queued_requests + names * NAME_BYTES
    }

    /// Looks whether more is in use than ever before.
    #[inline]
    pub(crate) fn note_peak(&mut self) {
        self.memory.peak = self.memory.peak.max(self.used_bytes());
    }

    /// Removes keys until memory is below `maxmemory`, or for as long as that may take. False if no key may go.
    pub(crate) fn make_room(&mut self) -> bool {
        if !self.may_evict() || self.evictable_bytes() <= self.memory_max {
            return true;
        }
        let began = Instant::now();
        let made = self.evict_since(began);
        self.latency.note("eviction-cycle", began.elapsed().as_millis() as u64, self.shard.now_ms / 1000);
        made
    }

    /// What is above the limit since it was lowered may go little by little, but nothing is ever added to it: what one request has
    /// brought is gone before the next one runs.
    fn evict_since(&mut self, began: Instant) -> bool {
        while self.evictable_bytes() > self.memory_max {
            self.effects.clear();
            if !self.shard.evict(&mut self.effects) {
                return false;
            }
            self.tell_removals(Directive::LazyfreeLazyEviction);
            self.settle(None);
            let used_bytes = self.used_bytes();
            if used_bytes <= self.memory_tolerated && began.elapsed().as_micros() > EVICTION_US {
                self.memory_tolerated = used_bytes;
                self.is_evicting = true;
                return true;
            }
        }
        self.memory_tolerated = self.memory_max;
        self.is_evicting = false;
        true
    }

    /// There is another limit. What is there already is tolerated, and goes little by little.
    pub(crate) fn set_memory_max(&mut self, bytes: usize) {
        if bytes != self.memory_max {
            self.memory_max = bytes;
            self.memory_tolerated = usize::MAX;
        }
    }

    /// Room is made when the turn ends, if there has to be any: not amid a transaction.
    pub(crate) fn room_is_due(&mut self) {
        self.is_evicting = true;
    }

    /// Goes on with what was not done in time.
    pub(super) fn continue_eviction(&mut self) {
        if self.is_evicting {
            self.is_evicting = self.may_evict() && self.make_room() && self.evictable_bytes() > self.memory_max;
        }
    }

    /// There is a limit, and no pause, in which nothing changes.
    fn may_evict(&self) -> bool {
        let is_paused = self.pause_mode().is_some();
        self.memory_max > 0 && !is_paused && self.minds_its_memory()
    }

    /// The request would need memory that there is not.
    pub(super) fn is_out_of_memory(
        &mut self,
        client: ClientId,
        flags: CommandFlags,
        is_queued: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let has_room = self.make_room();
        // That keys had to go was before the request, so the client hears of it before the reply.
        if !self.outbox.is_empty() && self.clients.get(client).is_some_and(Session::sends_reply) {
            self.outbox.drain_of(client, out);
        }
        if has_room {
            return false;
        }
        let planned = self.transactions.get(&client).map_or(CommandFlags::NONE, |transaction| transaction.flags);
        let is_exec = self.clients.get(client).and_then(|session| session.last_command.as_deref()) == Some("exec");
        is_queued || flags.contains(CommandFlags::DENYOOM) || is_exec && planned.contains(CommandFlags::DENYOOM)
    }

    /// Removes keys whose time is over.
    pub(super) fn sweep(&mut self) {
        if self.switches.expires_lazily || self.switches.rests || self.clock.now_us < self.sweeper.next_us {
            return;
        }
        let began = Instant::now();
        self.sweeper.is_busy = true;
        while self.sweeper.is_busy && began.elapsed().as_micros() < SWEEP_US {
            self.effects.clear();
            self.sweeper.is_busy = self.shard.expire_some(&mut self.sweeper.at, &mut self.effects);
            self.tell_removals(Directive::LazyfreeLazyExpire);
            self.settle(None);
        }
        self.stats.sweep_usec += began.elapsed().as_micros() as u64;
        self.stats.sweeps_cut_short += u64::from(self.sweeper.is_busy);
        self.latency.note("expire-cycle", began.elapsed().as_millis() as u64, self.shard.now_ms / 1000);
        let pause_us = if self.sweeper.is_busy { SWEEP_PAUSE_US } else { SWEEP_EVERY_US };
        self.clock.advance();
        self.sweeper.next_us = self.clock.now_us + pause_us;
    }
}
