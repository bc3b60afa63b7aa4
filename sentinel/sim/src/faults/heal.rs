//! The end of trouble.

use crate::data::RestartKind;
use crate::net::Partition;
use crate::sentinel::HEALTHY_US;
use crate::world::{Pid, World};

/// What ends one fault. Harmless if everything was healed already.
#[derive(Clone, Debug)]
pub(crate) enum Repair {
    Mend(Partition),
    Resume(Pid),
    /// A data node answers INFO quickly and truly again.
    Honest(Pid),
    Disk(Pid),
    Calm,
}

impl World {
    pub(crate) fn repair(&mut self, repair: Repair) {
        match repair {
            Repair::Mend(partition) => {
                if self.unsafe_phase {
                    self.note("a partition heals");
                    self.mend(&partition);
                }
            }
            Repair::Resume(pid) => self.resume(pid),
            Repair::Honest(pid) => {
                let node = self.data_mut(pid);
                node.lie = None;
                node.slow_us = 0;
            }
            Repair::Disk(pid) => {
                if let Some(node) = self.core_node_mut(pid) {
                    node.disk.failing = false;
                    node.disk.latency_us = HEALTHY_US;
                }
            }
            Repair::Calm => self.net.extra_delay_us = 0,
        }
    }

    /// The liveness phase begins: nothing goes wrong any more.
    pub(crate) fn heal_all(&mut self) {
        self.note("--- all faults end ---");
        self.unsafe_phase = false;
        let all = self.all_cuts();
        self.mend(&all);
        self.repair(Repair::Calm);
        for pid in self.sentinels.clone() {
            self.resume(pid);
            self.repair(Repair::Disk(pid));
            if let Some(node) = self.core_node_mut(pid) {
                node.crash_in = None;
            }
            self.start_sentinel(pid);
        }
        self.heal_stores();
        let nodes: Vec<Pid> = self.groups.iter().flat_map(|g| g.nodes.clone()).collect();
        for pid in nodes {
            self.resume(pid);
            self.repair(Repair::Honest(pid));
            self.start_data(pid, RestartKind::Intact);
        }
    }
}
