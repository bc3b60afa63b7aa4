//! `SENTINEL RESET`, and what it excuses.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::SEC;
use crate::world::{Pid, World};

/// For this long after a reset the forgotten peers count towards the majority, unless a restart forgets that too.
const COUNTED_US: u64 = 299 * SEC;

/// What operators made sentinels forget.
#[derive(Default)]
pub(crate) struct Resets {
    /// Groups in which a sentinel was reset.
    done: BTreeSet<usize>,
    /// From when on a sentinel may take fewer than all for the whole.
    miscounts_from_us: BTreeMap<(Pid, usize), u64>,
}

impl Resets {
    /// True if replicas of the group were forgotten by somebody.
    pub(crate) fn struck(&self, group: usize) -> bool {
        self.done.contains(&group)
    }
}

impl World {
    pub(super) fn reset(&mut self, pid: Pid, group: usize) {
        let knows_all = self.knows_all_peers(pid, group);
        let name = self.groups[group].name.clone();
        if self.command(pid, |core, now| core.reset(now, &|n| n == name.as_str())).is_none() {
            return;
        }
        self.resets.done.insert(group);
        let from = self.now_us + COUNTED_US;
        let entry = self.resets.miscounts_from_us.entry((pid, group)).or_insert(from);
        if knows_all {
            *entry = from;
        }
    }

    /// A sentinel starts with the peers that it has on disk.
    pub(crate) fn restarted_after_reset(&mut self, pid: Pid) {
        let now = self.now_us;
        for group in 0..self.groups.len() {
            if self.knows_all_peers(pid, group) {
                self.resets.miscounts_from_us.remove(&(pid, group));
            } else if let Some(from) = self.resets.miscounts_from_us.get_mut(&(pid, group)) {
                *from = now;
            }
        }
    }

    /// True if a core may need a smaller majority than the world's.
    pub(crate) fn may_miscount(&self, pid: Pid, group: usize) -> bool {
        self.resets.miscounts_from_us.get(&(pid, group)).is_some_and(|from| self.now_us >= *from)
    }

    fn knows_all_peers(&self, pid: Pid, group: usize) -> bool {
        self.known_sentinels(pid, group) == self.sentinels.len()
    }

    /// How many sentinels a core knows of in a group, itself included.
    pub(crate) fn known_sentinels(&self, pid: Pid, group: usize) -> usize {
        let now = bongsu_sentinel_core::Time::ZERO;
        let core = self.core_node(pid).and_then(|n| n.core.as_ref());
        core.and_then(|c| c.peers(now, self.groups[group].name.as_str())).map_or(1, |p| p.len() + 1)
    }
}
