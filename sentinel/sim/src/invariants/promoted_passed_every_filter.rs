//! A promoted node passed every filter, in the explanation and in what the sentinel was truly told (design, 4.3 "Candidates").

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sentinel_core::{Addr, InfoReport, Reason, Rejection, Request, Role, Verdict};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct PromotedPassedEveryFilter {
    /// The last INFO of a node that reached a sentinel.
    told: BTreeMap<(Pid, Pid), InfoReport>,
    chosen: BTreeMap<(Pid, usize), Pid>,
    /// Who was to be told to go on with what it has.
    last_resorts: BTreeSet<(Pid, Pid)>,
}

impl PromotedPassedEveryFilter {
    fn selected(&mut self, world: &World, by: Pid, chosen: &Addr, verdicts: &[Verdict]) -> Result<(), String> {
        let Some(node) = world.find(chosen) else { return Err(format!("{chosen} is nobody")) };
        let Some(group) = world.group_of(chosen) else { return Err(format!("{chosen} belongs to no group")) };
        self.chosen.insert((by, group), node);
        let name = world.label(node);
        let verdict = verdicts.iter().find(|v| v.addr.same_place(chosen));
        let Some(verdict) = verdict else { return Err(format!("{name} was chosen without a verdict")) };
        if let Some(rejection) = &verdict.rejected {
            return Err(format!("{name} was chosen although {rejection}"));
        }
        let Some(info) = self.told.get(&(by, node)) else { return Err(format!("{name} never answered INFO")) };
        // One that was promoted from this very history already is as good as any replica, and so is any while the master itself
        // says that it is a replica.
        let promoted = info.replid2.is_some() && verdict.same_history;
        let master = world.master_by(by, group).and_then(|a| world.find(&a));
        let headless =
            master.and_then(|m| self.told.get(&(by, m))).is_some_and(|i| i.amnesiac || i.role == Some(Role::Replica));
        if info.role != Some(Role::Replica) && !promoted && !headless {
            return Err(format!("{name} is no replica"));
        }
        let no_history = info.replica_offset.unwrap_or(0) <= 1 && info.keys.unwrap_or(0) == 0;
        let half_done = info.never_synced && info.sync_in_progress;
        if ((no_history && !info.master_link_up) || half_done) && info.role == Some(Role::Replica) {
            return Err(format!("{name} never finished a synchronisation"));
        }
        if info.amnesiac {
            return Err(format!("{name} lost its data"));
        }
        if info.priority == Some(0) {
            return Err(format!("{name} has priority 0"));
        }
        let has_data = |v: &&Verdict| {
            let other = world.find(&v.addr).and_then(|p| self.told.get(&(by, p)));
            v.rejected != Some(Rejection::Down) && other.is_some_and(|i| i.keys.is_some_and(|k| k > 0))
        };
        let fuller: Vec<&Verdict> = verdicts.iter().filter(has_data).collect();
        // A flush reaches one replica before another; data of another history was not flushed.
        let flushed = verdict.lag_bytes == Some(0) && fuller.iter().all(|v| v.same_history);
        if info.keys == Some(0) && !fuller.is_empty() && !flushed {
            return Err(format!("{name} is empty and another replica is not"));
        }
        let same_elsewhere = verdicts.iter().any(|v| v.rejected.is_none() && v.same_history);
        if !verdict.same_history && same_elsewhere {
            return Err(format!("{name} has a foreign history and another eligible replica has not"));
        }
        Ok(())
    }
}

impl Invariant for PromotedPassedEveryFilter {
    fn name(&self) -> &'static str {
        "promoted-passed-every-filter"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::InfoSeen { by, node, report, .. } => {
                self.told.insert((*by, *node), (*report).clone());
                Ok(())
            }
            Fact::Decided { by, decision } => match &decision.reason {
                Reason::Selected { chosen: Some(chosen), verdicts } => self.selected(world, *by, chosen, verdicts),
                Reason::LastResort { addr } => {
                    self.last_resorts.extend(world.find(addr).map(|node| (*by, node)));
                    Ok(())
                }
                _ => Ok(()),
            },
            Fact::Asked { by, to: Some(to), request: Request::Reconfigure { to: None, .. }, .. } => {
                if world.core_node(*by).is_none() {
                    return Ok(());
                }
                let group = world.data(*to).group;
                if self.last_resorts.remove(&(*by, *to)) {
                    // Whether it may go on with what it has is looked at elsewhere.
                    return Ok(());
                }
                if self.chosen.get(&(*by, group)) == Some(to) {
                    return Ok(());
                }
                Err(format!("{} promotes {}, which it did not choose", world.label(*by), world.label(*to)))
            }
            Fact::SentinelStarted { pid } => {
                self.told.retain(|(by, _), _| by != pid);
                self.chosen.retain(|(by, _), _| by != pid);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
