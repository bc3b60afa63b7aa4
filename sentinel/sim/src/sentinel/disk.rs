//! A sentinel's disk: what is written is on it after a while, unless it fails or the process dies first.

use std::collections::VecDeque;

use bongsu_sentinel_core::{Decisive, Durable, SaveSeq};

use crate::rng::Rng;

pub(crate) struct Disk {
    /// What a restart finds.
    pub(crate) durable: Durable,
    /// Writes under way, oldest first.
    writing: VecDeque<(SaveSeq, Durable)>,
    pub(crate) failing: bool,
    /// The last write failed.
    pub(crate) failed: bool,
    pub(crate) latency_us: (u64, u64),
}

/// Latency of a healthy disk.
pub(crate) const HEALTHY_US: (u64, u64) = (200, 15_000);

impl Disk {
    pub(crate) const fn new(durable: Durable) -> Self {
        Self { durable, writing: VecDeque::new(), failing: false, failed: false, latency_us: HEALTHY_US }
    }

    /// What the disk holds once all writes under way have ended and this is in the journal.
    pub(crate) fn with_decisive(&self, decisive: Option<Decisive>) -> Durable {
        let mut state = self.writing.back().map_or(&self.durable, |(_, state)| state).clone();
        if let Some(decisive) = decisive {
            decisive.apply(&mut state.current_epoch, &mut state.groups);
        }
        state
    }

    pub(crate) fn begin(&mut self, seq: SaveSeq, state: Durable) {
        self.writing.push_back((seq, state));
    }

    /// A write ends; with `ok` its state, and with it all older ones, is on disk.
    pub(crate) fn finish(&mut self, seq: SaveSeq, ok: bool) {
        self.failed = !ok;
        if !ok {
            self.writing.retain(|(s, _)| *s != seq);
            return;
        }
        while self.writing.front().is_some_and(|(s, _)| *s <= seq) {
            if let Some((_, state)) = self.writing.pop_front() {
                self.durable = state;
            }
        }
    }

    /// The process dies. A write that was under way may have reached the platter all the same.
    pub(crate) fn crash(&mut self, rng: &mut Rng) {
        let survivors = rng.index(self.writing.len() + 1);
        for (_, state) in self.writing.drain(..).take(survivors) {
            self.durable = state;
        }
    }
}
