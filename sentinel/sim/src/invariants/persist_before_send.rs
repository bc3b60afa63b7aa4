//! What others may rely on is on disk before it leaves: votes, epochs, configurations (design, "Persist before send").

use bongsu_sentinel_core::{Durable, Epoch, GroupName, Reason, Request};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Body, Pid, World};

pub(super) struct PersistBeforeSend;

fn durable(world: &World, by: Pid) -> Option<&Durable> {
    world.core_node(by).map(|n| &n.disk.durable)
}

fn need(what: &str, said: Epoch, on_disk: Epoch) -> Result<(), String> {
    if said <= on_disk {
        return Ok(());
    }
    Err(format!("{what} {said} leaves while the disk has {on_disk}"))
}

/// A start takes the highest epoch that it finds.
fn highest_epoch(disk: &Durable) -> Epoch {
    let groups = disk.groups.iter().flat_map(|g| [g.config_epoch, g.leader_epoch]);
    groups.fold(disk.current_epoch, Epoch::max)
}

fn leader_epoch(disk: &Durable, group: &GroupName) -> Epoch {
    disk.groups.iter().find(|g| &g.name == group).map_or(Epoch::ZERO, |g| g.leader_epoch)
}

/// The highest config epoch that is safe from being forgotten. A sentinel whose disk fails goes on telling what others made durable,
/// and of the failover that a durable vote gave to it or to them.
fn config_epoch(world: &World, disk: &Durable, failed: bool, group: &GroupName) -> Epoch {
    let of = |disk: &Durable| disk.groups.iter().find(|g| &g.name == group).map_or(Epoch::ZERO, |g| g.config_epoch);
    if !failed {
        return of(disk);
    }
    let others = world.sentinels.iter().filter_map(|s| match &world.proc(*s).body {
        Body::Core(node) => Some(of(&node.disk.durable).max(leader_epoch(&node.disk.durable, group))),
        Body::Real(node) => node.config_epoch(group),
        Body::Data(_) => None,
    });
    others.fold(leader_epoch(disk, group), Epoch::max)
}

impl Invariant for PersistBeforeSend {
    fn name(&self) -> &'static str {
        "persist-before-send"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::VoteAnswered { by, group: Some(group), reply, .. } => {
                let (Some(disk), Some((_, epoch))) = (durable(world, *by), reply.leader) else { return Ok(()) };
                need("a vote in epoch", epoch, leader_epoch(disk, &world.groups[*group].name))
            }
            Fact::Asked { by, request, .. } => {
                let Some(disk) = durable(world, *by) else { return Ok(()) };
                match request {
                    Request::AskDown { epoch, candidate: Some(_), .. } => {
                        need("a candidacy in epoch", *epoch, highest_epoch(disk))
                    }
                    Request::Hello(hello) => {
                        need("current epoch", hello.current_epoch, highest_epoch(disk))?;
                        let failed = world.core_node(*by).is_some_and(|n| n.disk.failed);
                        need("config epoch", hello.config_epoch, config_epoch(world, disk, failed, &hello.group))
                    }
                    _ => Ok(()),
                }
            }
            Fact::Decided { by, decision } => {
                let Some(disk) = durable(world, *by) else { return Ok(()) };
                match &decision.reason {
                    Reason::Elected { epoch, forced: false, .. } => {
                        need("the own vote in epoch", *epoch, leader_epoch(disk, &decision.group))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}
