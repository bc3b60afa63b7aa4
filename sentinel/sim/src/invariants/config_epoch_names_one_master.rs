//! Under one config epoch all sentinels announce one master (Sentinel documentation, "Configuration propagation").

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sentinel_core::{Epoch, Reason, Request};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct ConfigEpochNamesOneMaster {
    masters: BTreeMap<(usize, Epoch), (Pid, Pid)>,
    /// Epochs that somebody took without a majority: because an operator forced a failover or made it forget its peers, or to
    /// settle a rivalry. Another may have taken or won the same one.
    taken: BTreeSet<(usize, Epoch)>,
}

impl Invariant for ConfigEpochNamesOneMaster {
    fn name(&self) -> &'static str {
        "config-epoch-names-one-master"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::RealElected { forced: true, group, epoch, .. } => {
                self.taken.insert((*group, *epoch));
            }
            Fact::Decided { decision, .. } => {
                let taken = match &decision.reason {
                    Reason::Elected { forced, voters, epoch, .. } if *forced || !world.is_majority(voters.len()) => {
                        epoch
                    }
                    Reason::RivalrySettled { epoch, .. } => epoch,
                    _ => return Ok(()),
                };
                self.taken.extend(world.group_index(&decision.group).map(|g| (g, *taken)));
            }
            _ => {}
        }
        let Fact::Asked { by, request: Request::Hello(hello), .. } = fact else { return Ok(()) };
        // A real sentinel that cannot resolve or find a new master adopts the epoch without it; only our own word counts.
        if world.core_node(*by).is_none() {
            return Ok(());
        }
        let (Some(group), Some(master)) = (world.group_index(&hello.group), world.find(&hello.master)) else {
            return Ok(());
        };
        let (first, teller) = *self.masters.entry((group, hello.config_epoch)).or_insert((master, *by));
        if first == master || self.taken.contains(&(group, hello.config_epoch)) {
            return Ok(());
        }
        Err(format!(
            "in config epoch {} {} announces {} and {} announces {}",
            hello.config_epoch,
            world.label(teller),
            world.label(first),
            world.label(*by),
            world.label(master)
        ))
    }
}
