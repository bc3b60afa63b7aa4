//! A sentinel votes at most once per group and epoch, restarts included (sentinel-protocol.md 1.6; Raft, 5.2).

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Epoch, Reason, RunId};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct OneVotePerEpoch {
    votes: BTreeMap<(Pid, usize, Epoch), RunId>,
}

impl OneVotePerEpoch {
    fn cast(&mut self, world: &World, by: Pid, group: usize, epoch: Epoch, leader: RunId) -> Result<(), String> {
        let first = *self.votes.entry((by, group, epoch)).or_insert(leader);
        if first == leader {
            return Ok(());
        }
        Err(format!("{} votes for {leader} and for {first} in epoch {epoch} of group {group}", world.label(by)))
    }
}

impl Invariant for OneVotePerEpoch {
    fn name(&self) -> &'static str {
        "one-vote-per-epoch"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::VoteAnswered { by, group: Some(group), reply, .. } => match reply.leader {
                Some((leader, epoch)) => self.cast(world, *by, *group, epoch, leader),
                None => Ok(()),
            },
            // The own vote counts without leaving the process: it is the failover of its own epoch.
            Fact::Decided { by, decision } => match (&decision.reason, world.group_index(&decision.group)) {
                (Reason::Elected { epoch, forced: false, .. }, Some(group)) => {
                    let Some(me) = world.run_id(*by) else { return Ok(()) };
                    self.cast(world, *by, group, *epoch, me)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
