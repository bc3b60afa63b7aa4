//! At most one sentinel leads a group's failover in one epoch (Sentinel documentation, "Configuration epochs"; Raft, 5.2).

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Epoch, Reason};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct OneLeaderPerEpoch {
    leaders: BTreeMap<(usize, Epoch), Pid>,
}

impl Invariant for OneLeaderPerEpoch {
    fn name(&self) -> &'static str {
        "one-leader-per-epoch"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        let (by, group, epoch) = match fact {
            Fact::Decided { by, decision } => match decision.reason {
                // Who was forced by an operator asked nobody, and claims no vote.
                Reason::Elected { forced: true, .. } => return Ok(()),
                // A reset made it forget whom it needs; that it may count so few votes is another invariant's matter.
                Reason::Elected { ref voters, .. } if !world.is_majority(voters.len()) => return Ok(()),
                Reason::Elected { epoch, .. } => (*by, world.group_index(&decision.group), epoch),
                _ => return Ok(()),
            },
            Fact::RealElected { by, group, epoch, forced: false } => (*by, Some(*group), *epoch),
            _ => return Ok(()),
        };
        let Some(group) = group else { return Ok(()) };
        let first = *self.leaders.entry((group, epoch)).or_insert(by);
        if first == by {
            return Ok(());
        }
        Err(format!("{} and {} both lead group {group} in epoch {epoch}", world.label(first), world.label(by)))
    }
}
