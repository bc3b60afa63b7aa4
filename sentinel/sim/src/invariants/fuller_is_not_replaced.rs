//! A node with less history never replaces one with more, if the fuller one could be had (design, 4.3 and section 9).

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Addr, Decision, Reason, Rejection, Role, Verdict};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct FullerIsNotReplaced {
    /// Offset and number of keys in the last INFO of a node that reached a sentinel.
    told: BTreeMap<(Pid, Pid), (u64, Option<u64>)>,
}

impl FullerIsNotReplaced {
    fn selected(
        &self,
        world: &World,
        by: Pid,
        decision: &Decision,
        chosen: &Addr,
        verdicts: &[Verdict],
    ) -> Result<(), String> {
        let core = world.core_node(by).and_then(|n| n.core.as_ref());
        let group = core.and_then(|c| c.group(decision.at, decision.group.as_str()));
        let window = group.map_or(0, |g| g.options.priority_lag_window);
        let Some(best) = verdicts.iter().find(|v| v.addr.same_place(chosen)) else { return Ok(()) };
        let best_offset = self.offset(world, by, best);
        for other in verdicts.iter().filter(|v| !v.addr.same_place(chosen)) {
            self.check_rejection(world, by, other)?;
            let offset = self.offset(world, by, other);
            let comparable = other.rejected.is_none() && other.same_history == best.same_history;
            let as_preferred = other.priority <= best.priority;
            if comparable && (offset > best_offset.saturating_add(window) || (as_preferred && offset > best_offset)) {
                return Err(format!(
                    "{} with offset {best_offset} is chosen over {} with {offset} (window {window})",
                    world.label_addr(chosen),
                    world.label_addr(&other.addr)
                ));
            }
        }
        Ok(())
    }

    /// What the node last said of itself, whatever the sentinel made of it.
    fn offset(&self, world: &World, by: Pid, verdict: &Verdict) -> u64 {
        let told = world.find(&verdict.addr).and_then(|p| self.told.get(&(by, p)));
        told.map_or(verdict.offset, |(offset, _)| *offset)
    }

    /// A fuller node may not be argued away.
    fn check_rejection(&self, world: &World, by: Pid, verdict: &Verdict) -> Result<(), String> {
        let told = world.find(&verdict.addr).and_then(|p| self.told.get(&(by, p)));
        let keys = told.and_then(|(_, keys)| *keys);
        match (&verdict.rejected, keys) {
            (Some(Rejection::Empty), Some(keys)) if keys > 0 => {
                Err(format!("{} is called empty and has {keys} keys", world.label_addr(&verdict.addr)))
            }
            _ => Ok(()),
        }
    }
}

impl Invariant for FullerIsNotReplaced {
    fn name(&self) -> &'static str {
        "fuller-is-not-replaced"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::InfoSeen { by, node, report, .. } => {
                let offset = match report.role {
                    Some(Role::Master) => report.master_offset,
                    _ => report.replica_offset,
                };
                self.told.insert((*by, *node), (offset.unwrap_or(0), report.keys));
                Ok(())
            }
            Fact::Decided { by, decision } => match &decision.reason {
                Reason::Selected { chosen: Some(chosen), verdicts } => {
                    self.selected(world, *by, decision, chosen, verdicts)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
