//! Nobody is held to have lost data who came back with all of it (design, 5.4; `core/src/amnesia.rs`, the table).

use std::collections::BTreeSet;

use bongsu_sentinel_core::{DownCause, Loss, Reason};

use crate::data::RestartKind;
use crate::facts::Fact;
use crate::faults::FaultKind;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct AmnesiaNeedsLoss {
    /// Nodes that came back with less than they had, and have had no other role since.
    lossy: BTreeSet<Pid>,
}

impl Invariant for AmnesiaNeedsLoss {
    fn name(&self) -> &'static str {
        "amnesia-needs-loss"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::DataStarted { node, kind } if *kind != RestartKind::Intact => {
                self.lossy.insert(*node);
                Ok(())
            }
            // Another role begins with what the node has now. A master that is told to be one has lost what it had all the same.
            Fact::Reconfigured { node, to, was_master, .. } if to.is_some() || !was_master => {
                self.lossy.remove(node);
                Ok(())
            }
            Fact::Decided { by, decision } => {
                let Reason::SubjectivelyDown { addr, cause: DownCause::Amnesia(loss) } = &decision.reason else {
                    return Ok(());
                };
                let Some(node) = world.find(addr) else { return Err(format!("{addr} is nobody")) };
                let lied_to = world.shape.faults.iter().any(|(_, kind)| *kind == FaultKind::LyingInfo);
                if lied_to || *loss == Loss::Admitted || self.lossy.contains(&node) {
                    return Ok(());
                }
                Err(format!("{} holds {} to have lost data: {loss:?}", world.label(*by), world.label(node)))
            }
            _ => Ok(()),
        }
    }
}
