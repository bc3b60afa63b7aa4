//! What is done once for many requests: before and after a turn of the loop.

use std::time::Duration;

use bongsu_protocol::session::ClientId;

use super::Engine;
use super::rates::Totals;

impl Engine {
    /// Reads the time, and takes over the wall clock.
    pub(crate) fn begin_turn(&mut self) {
        self.clock.adjust();
        self.clock.advance();
        self.turn_begun_us = self.clock.now_us;
        self.shard.now_ms = self.clock.wall_ms();
        if !self.shard.may_expire {
            self.update_pause();
        }
    }

    /// What is due by time, and what is better done once for many requests. To be called after every turn.
    pub(crate) fn end_turn(&mut self) {
        self.end_waits();
        self.serve_waiting();
        self.tend_migrations();
        self.serve_waiting();
        self.tend_replicas();
        self.tend_end();
        self.note_peak();
        self.clock.advance();
        let begun_us = self.clock.now_us;
        self.continue_eviction();
        self.sweep();
        if self.shard.has_garbage() {
            self.helpers.free(self.shard.take_garbage());
        }
        self.tend_files(begun_us);
        self.tend_dataset();
        self.tracking.tidy();
        self.tracking.trim(&mut self.clients, &mut self.outbox);
        self.tracking.broadcast(&mut self.clients, &mut self.outbox);
        self.clock.advance();
        // What is shorter counts as one: it would never be seen otherwise.
        self.stats.upkeep_usec += (self.clock.now_us - begun_us).max(1);
    }

    /// How much of the append-only file has to be with the disk before what was just answered may leave.
    pub(crate) fn gate(&mut self) -> Option<u64> {
        let now_us = self.clock.now_us;
        let aof = self.log_on_its_way()?;
        let gate = aof.gate(now_us);
        aof.note_replies(now_us);
        gate
    }

    /// How long the loop may wait at most before it has to look after what the append-only file has been told.
    pub(crate) fn log_patience(&self) -> Option<Duration> {
        let patience_us = self.aof.as_ref()?.patience_us(self.clock.now_us)?;
        Some(Duration::from_micros(patience_us))
    }

    /// How long the loop waits for more to be told before that is handed over. `None` if it does not have to be now.
    pub(crate) fn log_pause(&self) -> Option<Duration> {
        self.aof.as_ref()?.pause_us().map(Duration::from_micros)
    }

    /// What the append-only file has been told is on its way to the disk.
    pub(crate) fn hand_over_log(&mut self) {
        if let Some(aof) = &mut self.aof {
            aof.hand_over(self.clock.advanced());
        }
    }

    /// The other side has sent its last request. True if its replies have to wait, after which the connection is over.
    pub(crate) fn end_after_replies(&mut self, client: ClientId) -> bool {
        let now_us = self.clock.now_us;
        if self.log_on_its_way().is_none_or(|aof| aof.gate(now_us).is_none()) {
            return false;
        }
        let session = self.clients.get_mut(client);
        session.map(|session| session.close_after_reply = true).is_some()
    }

    /// As much as a gate asks for is with the disk.
    pub(crate) fn is_passed(&self, gate: u64) -> bool {
        self.aof.as_ref().or(self.rewrites.ended.as_ref()).is_none_or(|aof| aof.is_passed(gate))
    }

    /// Something is left to be done that does not wait for clients.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_evicting || self.sweeper.is_busy && !self.switches.expires_lazily && !self.switches.rests
    }

    /// When [`Self::end_turn`] is to be called at the latest, in milliseconds of the epoch.
    pub(crate) fn next_due_ms(&self) -> Option<u64> {
        self.blocked.next_deadline_ms()
    }

    /// Everything of a turn is done, and its replies are sent.
    pub(crate) fn close_turn(&mut self) {
        self.clock.advance();
        let (now_us, stats) = (self.clock.now_us, &mut self.stats);
        let usec = now_us.saturating_sub(self.turn_begun_us);
        stats.turns += 1;
        stats.turn_usec += usec;
        stats.turn_usec_max = stats.turn_usec_max.max(usec);
        let commands = stats.commands.saturating_sub(stats.commands_before_turn);
        stats.turn_commands_max = stats.turn_commands_max.max(commands);
        stats.commands_before_turn = stats.commands;
        if self.rates.is_due(now_us) {
            let stats = &self.stats;
            let totals = Totals {
                commands: stats.commands,
                input_bytes: stats.input_bytes,
                output_bytes: stats.output_bytes,
                turns: stats.turns,
                turn_usec: stats.turn_usec,
            };
            self.rates.sample(now_us, totals);
        }
    }
}
