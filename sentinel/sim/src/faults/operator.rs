//! Operators at work, rightly and wrongly.

use std::time::Duration;

use bongsu_sentinel_core::{FailoverKind, GroupChange};

use crate::faults::FaultKind;
use crate::transcript::Detail;
use crate::world::{Body, Pid, World};

impl World {
    pub(super) fn operate(&mut self, kind: FaultKind) {
        let group = self.rng.index(self.groups.len());
        let pid = *self.rng.pick(&self.sentinels);
        if !self.proc(pid).up || self.proc(pid).paused {
            return;
        }
        match kind {
            FaultKind::HandOver | FaultKind::ForcedFailover => self.order_failover(pid, group, kind),
            FaultKind::Reset => self.reset(pid, group),
            FaultKind::ChangeOptions => self.change_options(pid, group),
            _ => self.slip(group),
        }
    }

    fn order_failover(&mut self, pid: Pid, group: usize, kind: FaultKind) {
        if matches!(self.proc(pid).body, Body::Real(_)) {
            return self.real_force(pid, group);
        }
        let name = self.groups[group].name.clone();
        let how = match kind {
            FaultKind::ForcedFailover => FailoverKind::Forced,
            _ => *self.rng.pick(&[FailoverKind::Auto, FailoverKind::Coordinated]),
        };
        let result = self.command(pid, |core, now| core.failover(now, name.as_str(), how));
        if let Some(result) = result {
            let word = if result.is_ok() { "accepted" } else { "refused" };
            self.say_more(pid, "FAILOVER", &format!("{name} {how:?} {word}"), Detail::Short);
        }
    }

    fn change_options(&mut self, pid: Pid, group: usize) {
        let name = self.groups[group].name.clone();
        let shape = &self.shape.groups[group];
        let menu = [
            GroupChange::DownAfter(Duration::from_millis(self.rng.range(300, 8000))),
            GroupChange::DownAfter(shape.down_after),
            GroupChange::FailoverTimeout(shape.failover_timeout),
            GroupChange::ParallelSyncs(self.rng.range(1, 4) as u32),
            GroupChange::ProcessDeathAfter(Some(Duration::from_millis(self.rng.range(50, 500)))),
            GroupChange::PriorityLagWindow(self.rng.below(2000)),
        ];
        let change = self.rng.pick(&menu).clone();
        let text = format!("{name} {change:?}");
        if self.command(pid, |core, now| core.set(now, name.as_str(), change)).is_some() {
            self.say_more(pid, "SET", &text, Detail::Short);
        }
    }

    /// Somebody logs into a data node and types the wrong thing.
    fn slip(&mut self, group: usize) {
        let node = self.some_node(group);
        let target = self.some_node(group);
        if !self.proc(node).up || self.proc(node).paused || self.data(node).loading {
            return;
        }
        // Where only one may be promoted and that one is made a replica nobody can set it right.
        let promotable = self.groups[group].nodes.iter().filter(|n| self.data(**n).priority > 0).count();
        if self.rng.chance(1, 2) || node == target || promotable < 2 {
            self.reconfigure(node, None, None);
        } else {
            let to = self.proc(target).addr.clone();
            self.reconfigure(node, None, Some(&to));
        }
    }
}
