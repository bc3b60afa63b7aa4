//! No failover without enough witnesses and enough votes, all of them real (Sentinel documentation, "Quorum").

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Decision, Epoch, Reason, RunId};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::units::SEC;
use crate::world::{Pid, World};

/// A peer's opinion may be this old; five ask periods, the way and the drift of the clocks.
const OPINION_US: u64 = 8 * SEC;

#[derive(Default)]
pub(super) struct QuorumAndMajority {
    /// For whom a sentinel voted in a group and epoch.
    votes: BTreeMap<(RunId, usize, Epoch), RunId>,
    /// When a sentinel last said of a group's master that it is down.
    opinions: BTreeMap<(RunId, usize), u64>,
    /// Failovers that an operator asked for.
    ordered: BTreeMap<(Pid, usize), Epoch>,
}

impl QuorumAndMajority {
    fn decided(&mut self, world: &World, by: Pid, decision: &Decision) -> Result<(), String> {
        let (Some(me), Some(group)) = (world.run_id(by), world.group_index(&decision.group)) else { return Ok(()) };
        match &decision.reason {
            Reason::FailoverStarted { epoch, by_operator: true, .. } => {
                self.ordered.insert((by, group), *epoch);
                Ok(())
            }
            Reason::ObjectivelyDown { witnesses, .. } => self.check_witnesses(world, me, group, witnesses),
            Reason::Elected { epoch, forced: true, .. } => {
                let ordered = self.ordered.get(&(by, group)) == Some(epoch);
                if ordered { Ok(()) } else { Err(format!("nobody asked {} to force epoch {epoch}", world.label(by))) }
            }
            Reason::Elected { epoch, voters, .. } => self.check_voters(world, by, me, group, *epoch, voters),
            _ => Ok(()),
        }
    }

    fn check_witnesses(&self, world: &World, me: RunId, group: usize, witnesses: &[RunId]) -> Result<(), String> {
        let quorum = world.shape.groups[group].quorum as usize;
        let distinct: std::collections::BTreeSet<&RunId> = witnesses.iter().collect();
        if distinct.len() < quorum {
            return Err(format!("odown with {} witnesses of {quorum}", distinct.len()));
        }
        for witness in distinct {
            let said = self.opinions.get(&(*witness, group));
            let recent = said.is_some_and(|t| world.now_us - t <= OPINION_US);
            if *witness != me && !recent {
                return Err(format!("{witness} is counted as a witness but did not say so"));
            }
        }
        Ok(())
    }

    fn check_voters(
        &self,
        world: &World,
        by: Pid,
        me: RunId,
        group: usize,
        epoch: Epoch,
        voters: &[RunId],
    ) -> Result<(), String> {
        let distinct: std::collections::BTreeSet<&RunId> = voters.iter().collect();
        for voter in &distinct {
            let vote = self.votes.get(&(**voter, group, epoch));
            if **voter != me && vote != Some(&me) {
                return Err(format!("{voter} is counted as a voter in epoch {epoch} but voted for {vote:?}"));
            }
        }
        let quorum = world.shape.groups[group].quorum as usize;
        let all = if world.may_miscount(by, group) { world.known_sentinels(by, group) } else { world.sentinels.len() };
        let needed = quorum.max(all / 2 + 1);
        if distinct.len() < needed {
            return Err(format!("{} elected by {} of {all}, needs {needed}", world.label(by), distinct.len()));
        }
        Ok(())
    }
}

impl Invariant for QuorumAndMajority {
    fn name(&self) -> &'static str {
        "quorum-and-majority"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::VoteAnswered { by, group: Some(group), reply, .. } => {
                let Some(voter) = world.run_id(*by) else { return Ok(()) };
                if reply.down {
                    self.opinions.insert((voter, *group), world.now_us);
                }
                if let Some((leader, epoch)) = reply.leader {
                    self.votes.insert((voter, *group, epoch), leader);
                }
                Ok(())
            }
            Fact::Decided { by, decision } => self.decided(world, *by, decision),
            _ => Ok(()),
        }
    }
}
