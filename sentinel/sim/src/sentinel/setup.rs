//! Configuration, start and death of a core.

use bongsu_sentinel_core::{Addr, Durable, Epoch, GroupOptions, GroupSpec, Quorum, RunId, Sentinel, Setup, Tunables};

use crate::facts::Fact;
use crate::mutant::Mutant;
use crate::sentinel::{Disk, HookShape};
use crate::shape::GroupShape;
use crate::world::{Body, Pid, World};

impl World {
    /// Writes the configuration that a sentinel starts with.
    pub(crate) fn configure(&mut self, pid: Pid, members: &[(RunId, Addr)]) {
        let groups: Vec<GroupSpec> = (0..self.groups.len()).map(|g| self.spec(g, pid, members)).collect();
        match &mut self.proc_mut(pid).body {
            Body::Core(node) => {
                let durable = Durable { my_id: node.id, current_epoch: Epoch::ZERO, groups };
                node.disk = Disk::new(durable);
            }
            Body::Real(node) => node.configure(&groups),
            Body::Data(_) => {}
        }
    }

    fn spec(&self, g: usize, pid: Pid, members: &[(RunId, Addr)]) -> GroupSpec {
        let group = &self.groups[g];
        let own = self.run_id(pid);
        let known = if members.is_empty() { 1 } else { group.nodes.len() };
        let mut nodes = group.nodes.iter().take(known).map(|p| self.proc(*p).addr.clone());
        let master = nodes.next().unwrap_or_else(|| self.proc(pid).addr.clone());
        GroupSpec {
            name: group.name.clone(),
            master,
            options: GroupOptions { published: self.stores.show(g), ..options(&self.shape.groups[g]) },
            config_epoch: Epoch::ZERO,
            leader_epoch: Epoch::ZERO,
            replicas: nodes.collect(),
            peers: members.iter().filter(|(id, _)| Some(*id) != own).cloned().collect(),
        }
    }

    pub(crate) fn start_core(&mut self, pid: Pid) {
        let now_us = self.now_us;
        let seed = self.rng.next();
        let forgetful = self.mutant == Some(Mutant::ForgetOnRestart);
        if forgetful {
            self.forget_epochs(pid);
        }
        self.stores.forget(pid);
        let hooks = self.shape.hooks.map(HookShape::plans).unwrap_or_default();
        let Some(node) = self.core_node_mut(pid) else { return };
        let durable = node.disk.durable.clone();
        let setup = Setup {
            my_id: node.id,
            current_epoch: durable.current_epoch,
            groups: durable.groups,
            tunables: node.tunables,
            announce_hostnames: false,
            seed,
        };
        node.resumed_us = now_us;
        let mut core = Sentinel::new(node.clock.show(now_us), setup);
        core.set_hooks(hooks);
        node.core = Some(core);
        self.restarted_after_reset(pid);
        self.say(pid, "start");
        self.observe(&Fact::SentinelStarted { pid });
        self.drain(pid);
    }

    fn forget_epochs(&mut self, pid: Pid) {
        if let Some(node) = self.core_node_mut(pid) {
            node.disk.durable.current_epoch = Epoch::ZERO;
            for group in &mut node.disk.durable.groups {
                group.leader_epoch = Epoch::ZERO;
            }
        }
    }

    pub(crate) fn core_crashed(&mut self, pid: Pid) {
        let mut rng = self.rng.fork();
        let Some(node) = self.core_node_mut(pid) else { return };
        node.core = None;
        node.links.clear();
        node.calls.clear();
        node.tick_at_us = u64::MAX;
        node.crash_in = None;
        node.disk.crash(&mut rng);
    }
}

fn options(shape: &GroupShape) -> GroupOptions {
    let quorum = Quorum::new(shape.quorum.max(1)).unwrap_or_else(|| unreachable!("at least one"));
    GroupOptions {
        down_after: shape.down_after,
        failover_timeout: shape.failover_timeout,
        parallel_syncs: shape.parallel_syncs,
        reboot_down_after: shape.reboot_down_after,
        process_death_after: shape.process_death_after,
        max_lag_on_failover: shape.max_lag,
        priority_lag_window: shape.priority_lag_window,
        ..GroupOptions::new(quorum, &Tunables::default())
    }
}
