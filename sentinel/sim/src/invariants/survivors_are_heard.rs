//! No acknowledged data are wiped while somebody has them: where a guarded master comes back without its data beside a node that is up
//! and has them, the last master has them too (design, 5.4).
//!
//! A case is closed when the last of those nodes lost its data by itself or stood still for longer than anybody waits, or when an
//! amnesiac of the group was told to go on without, which another invariant watches: what there was then is given up, and a node
//! that nobody could reach may have it for a long time yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::WriteId;
use crate::data::RestartKind;
use crate::facts::Fact;
use crate::faults::FaultKind;
use crate::invariants::Invariant;
use crate::shape::micros;
use crate::world::{Pid, World};

struct Case {
    group: usize,
    amnesiac: Pid,
    /// The oldest write of all, which whoever has the data has.
    first: WriteId,
    holders: BTreeSet<Pid>,
}

#[derive(Default)]
pub(super) struct SurvivorsAreHeard {
    cases: Vec<Case>,
    /// The newest write of each group when an amnesiac was told to go on without the data.
    given_up: BTreeMap<usize, WriteId>,
}

impl SurvivorsAreHeard {
    fn open(&mut self, world: &World, amnesiac: Pid) {
        let group = world.data(amnesiac).group;
        let nodes = world.groups[group].nodes.iter().filter(|n| world.proc(**n).up && !world.data(**n).foreign);
        let given_up = self.given_up.get(&group).copied();
        let first = |n: &Pid| {
            let oldest = world.data(*n).log.first().map(|e| e.write);
            oldest.filter(|write| given_up.is_none_or(|newest| *write > newest))
        };
        let Some(oldest) = nodes.clone().filter_map(first).min() else { return };
        let holders = nodes.filter(|n| first(n) == Some(oldest)).copied().collect();
        self.cases.push(Case { group, amnesiac, first: oldest, holders });
    }
}

impl Invariant for SurvivorsAreHeard {
    fn name(&self) -> &'static str {
        "survivors-are-heard"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::DataStarted { node, kind } => {
                if matches!(kind, RestartKind::Empty | RestartKind::Foreign) {
                    self.cases.iter_mut().for_each(|case| case.holders.retain(|n| n != node));
                    self.cases.retain(|case| !case.holders.is_empty());
                }
                if world.data(*node).amnesiac {
                    self.open(world, *node);
                }
            }
            Fact::Reconfigured { node, to: None, was_amnesiac: true, .. } => {
                let group = world.data(*node).group;
                self.cases.retain(|case| case.group != group);
                let logs = world.groups[group].nodes.iter().map(|n| &world.data(*n).log);
                if let Some(newest) = logs.filter_map(|log| log.last()).map(|e| e.write).max() {
                    self.given_up.insert(group, newest);
                }
            }
            // Nobody waits for those who have been silent for longer than `failover-timeout`.
            Fact::Reconfigured { node, to: None, .. } => {
                let group = world.data(*node).group;
                let limit = micros(world.shape.groups[group].failover_timeout);
                let is_lost = |n: &Pid| world.proc(*n).paused && world.now_us - world.proc(*n).paused_us > limit;
                let of_group = self.cases.iter_mut().filter(|case| case.group == group);
                of_group.for_each(|case| case.holders.retain(|n| !is_lost(n)));
                self.cases.retain(|case| !case.holders.is_empty());
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, world: &World) -> Result<(), String> {
        let confused = |kind: FaultKind| {
            matches!(
                kind,
                FaultKind::LyingInfo | FaultKind::Reset | FaultKind::ForcedFailover | FaultKind::AddressReuse
            )
        };
        if world.shape.faults.iter().any(|(_, kind)| confused(*kind)) {
            return Ok(());
        }
        for case in &self.cases {
            let named = world.sentinels.first().and_then(|s| world.master_by(*s, case.group));
            let Some(master) = named.and_then(|a| world.find(&a)) else { continue };
            if !world.data(master).log.iter().any(|e| e.write == case.first) {
                let who = world.label(case.amnesiac);
                return Err(format!(
                    "{} is master without the data that were there when {who} had lost them",
                    world.label(master)
                ));
            }
        }
        Ok(())
    }
}
