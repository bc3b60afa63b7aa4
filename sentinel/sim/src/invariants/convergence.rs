//! After all faults ended there is exactly one master per group, all sentinels agree on it and on its epoch, and everybody
//! follows it, within the time that the shape allows (design, section 9).

use std::collections::BTreeSet;

use bongsu_sentinel_core::{Addr, Epoch, Time};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Body, Pid, World};

pub(super) struct Convergence;

impl Invariant for Convergence {
    fn name(&self) -> &'static str {
        "convergence"
    }

    fn see(&mut self, _world: &World, _fact: &Fact<'_>) -> Result<(), String> {
        Ok(())
    }

    fn end(&mut self, world: &World) -> Result<(), String> {
        (0..world.groups.len()).try_for_each(|g| check_group(world, g))
    }
}

fn check_group(world: &World, g: usize) -> Result<(), String> {
    if world.resets.struck(g) && is_torn(world, g) {
        return Ok(());
    }
    let mut agreed: Option<(Pid, Epoch)> = None;
    for sentinel in &world.sentinels {
        let who = world.label(*sentinel);
        let master = world.master_by(*sentinel, g).and_then(|a| world.find(&a));
        let Some(master) = master else { return Err(format!("{who} knows no master of group {g}")) };
        let view = (master, config_epoch(world, *sentinel, g));
        let first = *agreed.get_or_insert(view);
        if first != view {
            return Err(format!(
                "group {g}: {who} holds {} in epoch {} to be the master, s0 {} in epoch {}",
                world.label(view.0),
                view.1,
                world.label(first.0),
                first.1
            ));
        }
    }
    let Some((master, _)) = agreed else { return Ok(()) };
    let reset = world.resets.struck(g);
    let known = |node: Pid| !reset || is_known(world, g, node);
    // One that came to follow somebody before the resets leaves nobody who could take its place.
    let alone = reset && !world.groups[g].nodes.iter().any(|n| *n != master && known(*n));
    if alone && !world.data(master).is_master() {
        return Ok(());
    }
    for node in &world.groups[g].nodes {
        // A reset forgets replicas that do not follow the master just then; nobody can set right what nobody knows.
        if *node != master && !known(*node) {
            continue;
        }
        check_node(world, *node, master)?;
    }
    check_views(world, g, master)
}

/// True if resets left sentinels without a node or a peer in common with the others, so that they can never meet.
fn is_torn(world: &World, g: usize) -> bool {
    let mut parts: Vec<BTreeSet<Pid>> = Vec::new();
    for sentinel in &world.sentinels {
        let mut part = BTreeSet::from([*sentinel]);
        part.extend(world.master_by(*sentinel, g).and_then(|a| world.find(&a)));
        part.extend(replicas_by(world, *sentinel, g));
        part.extend(peers_by(world, *sentinel, g));
        let (touching, apart): (Vec<_>, Vec<_>) = parts.into_iter().partition(|p| !p.is_disjoint(&part));
        part.extend(touching.into_iter().flatten());
        parts = apart;
        parts.push(part);
    }
    parts.len() > 1
}

/// The other sentinels of a group as a sentinel knows them.
fn peers_by(world: &World, sentinel: Pid, g: usize) -> Vec<Pid> {
    let name = &world.groups[g].name;
    let addrs: Vec<Addr> = match &world.proc(sentinel).body {
        Body::Core(node) => {
            let views = node.core.as_ref().and_then(|c| c.peers(Time::ZERO, name.as_str())).unwrap_or_default();
            views.into_iter().map(|p| p.instance.addr).collect()
        }
        Body::Real(node) => node.peers(name),
        Body::Data(_) => Vec::new(),
    };
    addrs.iter().filter_map(|a| world.find(a)).collect()
}

/// True if some sentinel has the node among the replicas of the group.
fn is_known(world: &World, g: usize, node: Pid) -> bool {
    world.sentinels.iter().any(|s| replicas_by(world, *s, g).contains(&node))
}

/// The replicas of a group as a sentinel knows them.
fn replicas_by(world: &World, sentinel: Pid, g: usize) -> Vec<Pid> {
    let name = &world.groups[g].name;
    let addrs: Vec<Addr> = match &world.proc(sentinel).body {
        Body::Core(node) => {
            let views = node.core.as_ref().and_then(|c| c.replicas(Time::ZERO, name.as_str())).unwrap_or_default();
            views.into_iter().map(|r| r.base.instance.addr).collect()
        }
        Body::Real(node) => node.replicas(name),
        Body::Data(_) => Vec::new(),
    };
    addrs.iter().filter_map(|a| world.find(a)).collect()
}

fn config_epoch(world: &World, sentinel: Pid, g: usize) -> Epoch {
    let name = &world.groups[g].name;
    let found = match &world.proc(sentinel).body {
        Body::Core(node) => node.core.as_ref().and_then(|c| c.group(Time::ZERO, name.as_str())).map(|v| v.config_epoch),
        Body::Real(node) => node.config_epoch(name),
        Body::Data(_) => None,
    };
    found.unwrap_or_default()
}

fn check_node(world: &World, node: Pid, master: Pid) -> Result<(), String> {
    let who = world.label(node);
    let data = world.data(node);
    if !world.proc(node).up || data.loading {
        return Err(format!("{who} is not up"));
    }
    if data.amnesiac {
        return Err(format!("{who} still waits to be told what to be"));
    }
    if data.paused_until_us.is_some() {
        return Err(format!("writes of {who} are still paused"));
    }
    if node == master {
        let fine = data.is_master();
        return if fine { Ok(()) } else { Err(format!("{who} should be a master and follows {:?}", data.following)) };
    }
    if data.is_master() {
        return Err(format!("{who} is a second master beside {}", world.label(master)));
    }
    if !world.follows(node, master) {
        return Err(format!("{who} does not follow {}: {:?} {:?}", world.label(master), data.following, data.upstream));
    }
    Ok(())
}

/// The cores see the group as healthy, and know each other.
fn check_views(world: &World, g: usize, master: Pid) -> Result<(), String> {
    let name = world.groups[g].name.as_str();
    for sentinel in &world.sentinels {
        let Some(node) = world.core_node(*sentinel) else { continue };
        let now = node.clock.show(world.now_us);
        let who = world.label(*sentinel);
        let Some(core) = node.core.as_ref() else { return Err(format!("{who} is down")) };
        let Some(view) = core.group(now, name) else { return Err(format!("{who} lost its group")) };
        if view.master.instance.sdown || view.odown {
            return Err(format!("{who} holds the master of group {g} to be down"));
        }
        if view.failover_state != bongsu_sentinel_core::FailoverState::None {
            return Err(format!("{who} is still in {}", view.failover_state.as_str()));
        }
        if view.peer_count + 1 != world.sentinels.len() {
            return Err(format!("{who} knows {} peers of {}", view.peer_count, world.sentinels.len() - 1));
        }
        let known = replicas_by(world, *sentinel, g);
        if known.len() != view.replica_count || view.replica_count >= world.groups[g].nodes.len() {
            return Err(format!("{who} knows {} replicas, some of them strangers", view.replica_count));
        }
        // Who follows the master is named by it, so that even a reset does not keep it unknown.
        let unknown = world.groups[g].nodes.iter().find(|n| world.follows(**n, master) && !known.contains(n));
        if let Some(unknown) = unknown {
            return Err(format!("{who} does not know {}", world.label(*unknown)));
        }
    }
    Ok(())
}
