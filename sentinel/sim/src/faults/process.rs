//! Processes die, stop, lie, and come back.

use crate::data::{Lie, RestartKind};
use crate::faults::{FaultKind, Repair};
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

impl World {
    pub(super) fn strike_node(&mut self, kind: FaultKind) {
        let group = self.rng.index(self.groups.len());
        let node = match kind {
            FaultKind::KillMaster | FaultKind::PauseMaster => self.some_master(group),
            _ => self.some_node(group),
        };
        if !self.proc(node).up || self.proc(node).paused {
            return;
        }
        match kind {
            FaultKind::PauseMaster | FaultKind::PauseNode => {
                self.pause(node);
                let after = self.rng.range(300 * MS, 25 * SEC);
                self.at(after, Job::Repair(Repair::Resume(node)));
            }
            FaultKind::AddressReuse => {
                self.crash(node, false);
                let after = self.rng.range(SEC, 20 * SEC);
                self.at(after, Job::StartData(node, RestartKind::Foreign));
            }
            _ => {
                self.crash(node, kind != FaultKind::PowerLoss);
                let after = self.rng.range(100 * MS, 40 * SEC);
                let how = self.draw_restart(group);
                self.at(after, Job::StartData(node, how));
            }
        }
    }

    fn draw_restart(&mut self, group: usize) -> RestartKind {
        let tail = 1 + self.rng.index(20);
        // Empty nodes in a circle of wrong roles have nobody who could rightly become master.
        let slips = self.shape.faults.iter().any(|(_, kind)| *kind == FaultKind::WrongRole);
        let guarded = self.shape.groups[group].guarded;
        let empty = match (slips, guarded) {
            (true, _) => 0,
            (false, false) => 2,
            // Guarded nodes have more to lose, and more to show.
            (false, true) => 6,
        };
        *self.rng.weighted(&[(6, RestartKind::Intact), (3, RestartKind::TailLost(tail)), (empty, RestartKind::Empty)])
    }

    pub(super) fn some_node(&mut self, group: usize) -> Pid {
        let n = self.rng.index(self.groups[group].nodes.len());
        self.groups[group].nodes[n]
    }

    /// A node that is a master now, if there is one.
    pub(super) fn some_master(&mut self, group: usize) -> Pid {
        let masters: Vec<Pid> = self.groups[group]
            .nodes
            .iter()
            .copied()
            .filter(|p| self.proc(*p).up && self.data(*p).is_master())
            .collect();
        if masters.is_empty() { self.some_node(group) } else { *self.rng.pick(&masters) }
    }

    pub(super) fn strike_info(&mut self, kind: FaultKind) {
        let group = self.rng.index(self.groups.len());
        let node = self.some_node(group);
        let slow = self.rng.range(100 * MS, 8 * SEC);
        let boast = self.rng.range(100, 1_000_000);
        let stale = Lie::Stale(Box::new(self.true_info(node)));
        let lie =
            self.rng.weighted(&[(2, stale), (2, Lie::Terse), (1, Lie::Boast(boast)), (1, Lie::WrongRole)]).clone();
        let text = match kind {
            FaultKind::SlowInfo => format!("{} is slow to answer INFO", self.label(node)),
            _ => format!("{} lies: {}", self.label(node), lie.name()),
        };
        self.note(&text);
        let data = self.data_mut(node);
        match kind {
            FaultKind::SlowInfo => data.slow_us = slow,
            _ => data.lie = Some(lie),
        }
        let after = self.rng.range(SEC, 40 * SEC);
        self.at(after, Job::Repair(Repair::Honest(node)));
    }

    pub(super) fn strike_sentinel(&mut self, kind: FaultKind) {
        let pid = *self.rng.pick(&self.sentinels);
        match kind {
            FaultKind::KillSentinel => {
                let kernel_lives = self.rng.chance(2, 3);
                self.crash(pid, kernel_lives);
                let after = self.rng.range(50 * MS, 30 * SEC);
                self.at(after, Job::StartSentinel(pid));
            }
            FaultKind::PauseSentinel => self.pause_sentinel(pid),
            FaultKind::PauseManySentinels => {
                for pid in self.sentinels.clone() {
                    if self.rng.chance(2, 3) {
                        self.pause_sentinel(pid);
                    }
                }
            }
            FaultKind::CrashAtAction => {
                let after = self.rng.below(60) as u32;
                if let Some(node) = self.core_node_mut(pid).filter(|n| n.core.is_some()) {
                    node.crash_in = Some(after);
                }
            }
            FaultKind::ClockJump => {
                let ahead = self.rng.range(100 * MS, 30 * SEC);
                let text = format!("{}: clock jumps {} ms ahead", self.label(pid), ahead / MS);
                self.note(&text);
                self.jumped_us = Some(self.now_us);
                if let Some(node) = self.core_node_mut(pid) {
                    node.clock.jump(ahead);
                }
                self.core_resumed(pid, ahead);
                self.wake(pid);
            }
            _ => self.strike_disk(pid, kind),
        }
    }

    fn strike_disk(&mut self, pid: Pid, kind: FaultKind) {
        let failing = kind == FaultKind::FailingDisk;
        let text = format!("{}: disk {}", self.label(pid), if failing { "fails" } else { "is slow" });
        self.note(&text);
        if let Some(node) = self.core_node_mut(pid) {
            node.disk.failing = failing;
            if !failing {
                node.disk.latency_us = (200 * MS, 3 * SEC);
            }
        }
        let after = self.rng.range(2 * SEC, 40 * SEC);
        self.at(after, Job::Repair(Repair::Disk(pid)));
    }

    fn pause_sentinel(&mut self, pid: Pid) {
        self.pause(pid);
        let after = self.rng.range(200 * MS, 40 * SEC);
        self.at(after, Job::Repair(Repair::Resume(pid)));
    }
}

impl Lie {
    const fn name(&self) -> &'static str {
        match self {
            Self::Stale(_) => "the same old INFO",
            Self::Terse => "an INFO without ids",
            Self::Boast(_) => "an offset too high",
            Self::WrongRole => "the other role",
        }
    }
}
