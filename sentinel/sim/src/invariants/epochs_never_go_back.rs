//! Epochs only grow, on every channel and across restarts (Sentinel documentation, "Configuration epochs").

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Epoch, Request};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Series {
    /// The current epoch in hello messages.
    Current,
    /// The config epoch of a group in hello messages.
    Config(usize),
    /// The epoch of votes given in a group.
    Vote(usize),
    /// The epoch of votes asked for in a group.
    Candidacy(usize),
}

#[derive(Default)]
pub(super) struct EpochsNeverGoBack {
    highest: BTreeMap<(Pid, Series), Epoch>,
}

impl EpochsNeverGoBack {
    fn say(&mut self, world: &World, by: Pid, series: Series, epoch: Epoch) -> Result<(), String> {
        let highest = self.highest.entry((by, series)).or_default();
        if epoch >= *highest {
            *highest = epoch;
            return Ok(());
        }
        Err(format!("{} says {series:?} {epoch} after {highest}", world.label(by)))
    }
}

impl Invariant for EpochsNeverGoBack {
    fn name(&self) -> &'static str {
        "epochs-never-go-back"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            // What a failing disk kept from being saved may have been told, and is learned again from those who saved it.
            Fact::SentinelStarted { pid } => {
                let disk = world.core_node(*pid).map(|n| &n.disk).filter(|d| d.failed);
                for group in disk.iter().flat_map(|d| &d.durable.groups) {
                    if let Some(g) = world.group_index(&group.name) {
                        self.highest.insert((*pid, Series::Config(g)), group.config_epoch);
                    }
                }
                Ok(())
            }
            Fact::Asked { by, request: Request::Hello(hello), .. } => {
                self.say(world, *by, Series::Current, hello.current_epoch)?;
                match world.group_index(&hello.group) {
                    Some(group) => self.say(world, *by, Series::Config(group), hello.config_epoch),
                    None => Ok(()),
                }
            }
            Fact::Asked { by, request: Request::AskDown { addr, epoch, candidate: Some(_) }, .. } => {
                match world.group_of(addr) {
                    Some(group) => self.say(world, *by, Series::Candidacy(group), *epoch),
                    None => Ok(()),
                }
            }
            Fact::VoteAnswered { by, group: Some(group), reply, .. } => match reply.leader {
                Some((_, epoch)) => self.say(world, *by, Series::Vote(*group), epoch),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
