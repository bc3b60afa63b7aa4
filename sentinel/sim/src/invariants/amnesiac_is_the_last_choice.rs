//! A master that knows that it lost its data is told to go on without only if no replica is known to have any, or after
//! `failover-timeout` (design, 5.4; `core/src/amnesia.rs`, "Nobody is left without a master").

use std::collections::BTreeMap;

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::invariants::told::Told;
use crate::shape::micros;
use crate::units::SEC;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct AmnesiacIsTheLastChoice {
    told: Told,
    /// When a node came up as an amnesiac.
    since: BTreeMap<Pid, u64>,
}

/// Clocks of sentinels drift, and requests are under way.
const TOLERANCE_US: u64 = SEC;

impl AmnesiacIsTheLastChoice {
    fn believed(&self, world: &World, node: Pid, by: Pid) -> Result<(), String> {
        let group = world.data(node).group;
        let waited = world.now_us - self.since.get(&node).copied().unwrap_or(0);
        if waited + TOLERANCE_US >= micros(world.shape.groups[group].failover_timeout) {
            return Ok(());
        }
        let others = world.groups[group].nodes.iter().filter(|n| **n != node);
        let fuller = others.filter_map(|n| Some((n, self.told.to(by, *n)?)));
        let fuller = fuller.filter(|(_, info)| info.keys.is_some_and(|k| k > 0)).map(|(n, _)| world.label(*n));
        let fuller: Vec<String> = fuller.collect();
        if fuller.is_empty() {
            return Ok(());
        }
        Err(format!("{} is told to go on without data by {}; {fuller:?} have some", world.label(node), world.label(by)))
    }
}

impl Invariant for AmnesiacIsTheLastChoice {
    fn name(&self) -> &'static str {
        "amnesiac-is-the-last-choice"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        self.told.see(fact);
        match fact {
            Fact::DataStarted { node, .. } if world.data(*node).amnesiac => {
                self.since.insert(*node, world.now_us);
                Ok(())
            }
            Fact::Reconfigured { node, by: Some(by), to: None, was_amnesiac: true, .. } => {
                self.believed(world, *node, *by)
            }
            _ => Ok(()),
        }
    }
}
