//! A sentinel's disk: what is written is on it after a while, unless it fails or the process dies first.

use std::collections::{BTreeSet, VecDeque};

use bongsu_sentinel_core::{Durable, GroupId, SaveNeed, SaveSeq, Sentinel};

use crate::rng::Rng;

pub(crate) struct Disk {
    /// What a restart finds.
    pub(crate) durable: Durable,
    /// Writes under way, oldest first.
    writing: VecDeque<(SaveSeq, Durable)>,
    /// Groups whose entries the journal owes since a write failed.
    owed: BTreeSet<GroupId>,
    pub(crate) failing: bool,
    /// The last write failed.
    pub(crate) failed: bool,
    pub(crate) latency_us: (u64, u64),
    /// The last write whose end was reported. A later one contains all earlier ones, whose ends are not reported any more.
    reported: SaveSeq,
}

/// Latency of a healthy disk.
pub(crate) const HEALTHY_US: (u64, u64) = (200, 15_000);

impl Disk {
    pub(crate) const fn new(durable: Durable) -> Self {
        Self {
            durable,
            writing: VecDeque::new(),
            owed: BTreeSet::new(),
            failing: false,
            failed: false,
            latency_us: HEALTHY_US,
            reported: SaveSeq(0),
        }
    }

    /// What the disk is to hold after a save: everything, or what it holds once all writes under way have ended and the
    /// group's entry is in the journal.
    pub(crate) fn wanted(&mut self, core: &Sentinel, need: SaveNeed) -> Durable {
        let SaveNeed::Group(group) = need else { return core.durable() };
        self.owed.insert(group);
        let mut state = self.writing.back().map_or(&self.durable, |(_, state)| state).clone();
        for entry in self.owed.iter().filter_map(|group| core.decisive(*group)) {
            entry.apply(&mut state.current_epoch, &mut state.groups);
        }
        state
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.writing.is_empty()
    }

    pub(crate) fn begin(&mut self, seq: SaveSeq, state: Durable) {
        self.owed.clear();
        self.writing.push_back((seq, state));
    }

    /// A write ends, and with it all older ones. False if a later one has ended already.
    pub(crate) fn finish(&mut self, seq: SaveSeq, ok: bool) -> bool {
        let repeated = seq == self.reported && self.failed;
        if seq <= self.reported && !repeated {
            return false;
        }
        self.reported = seq;
        self.failed = !ok;
        // What failed never began; what was begun before it is on disk by now.
        while self.writing.front().is_some_and(|(s, _)| *s <= seq) {
            if let Some((_, state)) = self.writing.pop_front() {
                self.durable = state;
            }
        }
        true
    }

    /// The process dies. A write that was under way may have reached the platter all the same.
    pub(crate) fn crash(&mut self, rng: &mut Rng) {
        self.owed.clear();
        self.reported = SaveSeq(0);
        let survivors = rng.index(self.writing.len() + 1);
        for (_, state) in self.writing.drain(..).take(survivors) {
            self.durable = state;
        }
    }
}
