//! What clients were promised.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::WriteId;

#[derive(Default)]
pub(crate) struct Oracle {
    writes: u64,
    acked: BTreeMap<usize, BTreeSet<WriteId>>,
}

impl Oracle {
    pub(crate) const fn next_write(&mut self) -> WriteId {
        self.writes += 1;
        WriteId(self.writes)
    }

    pub(crate) fn acked(&mut self, group: usize, write: WriteId) {
        self.acked.entry(group).or_default().insert(write);
    }

    pub(crate) fn was_acked(&self, group: usize, write: WriteId) -> bool {
        self.acked.get(&group).is_some_and(|w| w.contains(&write))
    }

    /// How many writes of a group were acknowledged.
    pub(crate) fn count(&self, group: usize) -> usize {
        self.acked.get(&group).map_or(0, BTreeSet::len)
    }
}
