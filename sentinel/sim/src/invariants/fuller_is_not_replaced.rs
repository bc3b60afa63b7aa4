//! A node with less history never replaces one with more, if the fuller one could be had (design, 4.3 and section 9).

use bongsu_sentinel_core::{Addr, Decision, InfoReport, Reason, Rejection, Role, Verdict};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::invariants::told::Told;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct FullerIsNotReplaced {
    told: Told,
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
        let eligible = verdicts.iter().filter(|v| v.rejected.is_none());
        let highest = eligible.map(|v| self.offset(world, by, v)).max().unwrap_or(0);
        for other in verdicts.iter().filter(|v| !v.addr.same_place(chosen)) {
            self.check_rejection(world, by, other)?;
            let offset = self.offset(world, by, other);
            let comparable = other.rejected.is_none() && other.same_history == best.same_history;
            let as_preferred = other.priority <= best.priority;
            let fuller = offset > best_offset.saturating_add(window) || (as_preferred && offset > best_offset);
            let preferred = other.priority < best.priority && offset.saturating_add(window) >= highest;
            if comparable && (fuller || preferred) {
                return Err(format!(
                    "{} with offset {best_offset} and priority {} is chosen over {} with {offset} and {} (window {window})",
                    world.label_addr(chosen),
                    best.priority,
                    world.label_addr(&other.addr),
                    other.priority
                ));
            }
        }
        Ok(())
    }

    fn told(&self, world: &World, by: Pid, verdict: &Verdict) -> Option<&InfoReport> {
        world.find(&verdict.addr).and_then(|p| self.told.to(by, p))
    }

    /// What the node last said of itself, whatever the sentinel made of it.
    fn offset(&self, world: &World, by: Pid, verdict: &Verdict) -> u64 {
        let told = self.told(world, by, verdict);
        told.map_or(verdict.offset, |info| match info.role {
            Some(Role::Master) => info.master_offset.unwrap_or(0),
            _ => info.replica_offset.unwrap_or(0),
        })
    }

    /// A fuller node may not be argued away: what speaks against it is what it said itself.
    fn check_rejection(&self, world: &World, by: Pid, verdict: &Verdict) -> Result<(), String> {
        let (Some(rejection), Some(info)) = (&verdict.rejected, self.told(world, by, verdict)) else { return Ok(()) };
        let holds_data = info.keys.is_some_and(|k| k > 0);
        let true_to_it = match rejection {
            Rejection::Empty => !holds_data,
            Rejection::NeverSynced => !info.master_link_up && (!holds_data || info.sync_in_progress),
            Rejection::Amnesiac => info.amnesiac,
            Rejection::NotAReplica => info.role == Some(Role::Master),
            Rejection::PriorityZero => info.priority == Some(0),
            Rejection::LinkDownTooLong(_) => !info.master_link_up,
            Rejection::StaleInfo(age) => age.is_some(),
            _ => true,
        };
        if true_to_it {
            return Ok(());
        }
        Err(format!("{} is passed over although that is not so: {rejection}", world.label_addr(&verdict.addr)))
    }
}

impl Invariant for FullerIsNotReplaced {
    fn name(&self) -> &'static str {
        "fuller-is-not-replaced"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        self.told.see(fact);
        match fact {
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
