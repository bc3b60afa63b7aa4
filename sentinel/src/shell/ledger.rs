//! The latest decisions, kept in memory for `explain` and the operator's side.

mod text;

use std::collections::VecDeque;
use std::time::SystemTime;

use bongsu_sentinel_core::Decision;

pub(super) use text::{Text, level};

/// Decisions kept. A failover of one group makes about twenty, so this is the story of the last two hundred failovers, in
/// about a megabyte.
const ENTRIES_MAX: usize = 4_096;

/// One decision and when it was made.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Wall-clock time, for showing it to people.
    pub wall: SystemTime,
    /// What was decided, and why.
    pub decision: Decision,
}

impl Entry {
    /// The decision in words.
    pub fn text(&self) -> String {
        Text(&self.decision).to_string()
    }
}

#[derive(Default)]
pub(super) struct Ledger {
    entries: VecDeque<Entry>,
}

impl Ledger {
    pub(super) fn push(&mut self, decision: Decision) {
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { wall: SystemTime::now(), decision });
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}
