//! The group gets another master: as the leader of a failover, or because a peer announces a newer configuration.
//!
//! Nodes keep their identity and their links through a switch; only their roles change.

use crate::action::Action;
use crate::configured::Configured;
use crate::event::Level;
use crate::failover::Kind;
use crate::group::Lineage;
use crate::machine::Sentinel;
use crate::reason::Reason;
use crate::reconfigure::Target;
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{Addr, Epoch, GroupId, NodeId, Role, RunId};

impl Sentinel {
    /// Our own failover promoted `candidate`.
    pub(crate) fn lead_switch(&mut self, now: Time, id: GroupId, candidate: NodeId, epoch: Epoch) {
        let Some(group) = self.groups.get(id) else { return };
        let old = group.master;
        let targets = group.replicas.iter().filter(|r| **r != candidate).map(|r| (*r, Target::Waiting)).collect();
        if let Some(f) = self.running_mut(id) {
            f.targets = targets;
        }
        let from = self.nodes.get(old).map(|n| n.addr.clone());
        let to = self.nodes.get(candidate).map(|n| n.addr.clone());
        let (Some(from), Some(to)) = (from, to) else { return };
        if let Some(group) = self.groups.get_mut(id) {
            group.config_epoch = epoch;
        }
        self.reconfig_script(id, true, &from, &to);
        let planned = self.running(id).is_some_and(|f| f.kind == Kind::Planned);
        self.tell_configured(id, Configured::Led { planned });
        self.make_master(now, id, candidate, &from, &to);
        self.displace(id, old, epoch);
        self.note_new_config(id, true);
    }

    /// A peer announced a configuration with a higher epoch.
    pub(crate) fn adopt_config(&mut self, now: Time, id: GroupId, teller: RunId, epoch: Epoch, said: &Addr) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.config_epoch = epoch;
        let Some(group) = self.groups.get(id) else { return };
        let Some(master) = self.master_of(group) else { return };
        if self.means(said, &master.addr) {
            // Somebody has renewed this master: what we were about to put in its place was chosen under an older epoch.
            let said = master.addr.clone();
            if self.running(id).is_some_and(|f| !f.is_committed() && f.epoch <= epoch) {
                self.drop_superseded_failover(now, id, &said);
            }
            self.tell_configured(id, Configured::Adopted { from: teller });
            self.note_new_config(id, false);
            return;
        }
        let from = master.addr.clone();
        self.drop_superseded_failover(now, id, said);
        self.tell_peer(id, teller, "+config-update-from", Level::Warning, "");
        self.record(now, id, Reason::ConfigAdopted { from: teller, epoch, master: said.clone() });
        let Some(group) = self.groups.get(id) else { return };
        let node = match self.node_at(group, said) {
            Some(node) => node,
            None => self.add_node(now, id, said.clone(), Role::Replica),
        };
        let to = self.nodes.get(node).map_or_else(|| said.clone(), |n| n.addr.clone());
        self.make_master(now, id, node, &from, &to);
        self.reconfig_script(id, false, &from, &to);
        self.tell_configured(id, Configured::Adopted { from: teller });
        self.note_new_config(id, true);
    }

    /// The same master under a higher epoch, which everybody is to adopt.
    pub(crate) fn renew_config(&mut self, id: GroupId, epoch: Epoch) {
        if let Some(group) = self.groups.get_mut(id) {
            group.config_epoch = epoch;
            self.tell_configured(id, Configured::Renewed);
            self.note_new_config(id, true);
        }
    }

    fn reconfig_script(&mut self, id: GroupId, leader: bool, from: &Addr, to: &Addr) {
        if let Some(group) = self.groups.get(id).map(|g| g.name.clone()) {
            self.actions.push_back(Action::ReconfigScript { group, leader, from: from.clone(), to: to.clone() });
        }
    }

    fn make_master(&mut self, now: Time, id: GroupId, new: NodeId, from: &Addr, to: &Addr) {
        let (shown_from, shown_to) = (self.shown(from), self.shown(to));
        let Some(group) = self.groups.get_mut(id) else { return };
        let name = group.name.clone();
        let old = std::mem::replace(&mut group.master, new);
        group.replicas.remove(&new);
        group.replicas.insert(old);
        group.odown_since = None;
        group.hold = None;
        group.hold_told = false;
        group.failed_attempts = 0;
        group.switched_at = Some(now);
        group.lineage = Lineage::default();
        group.doubt = None;
        group.displaced = None;
        for entry in group.peers.values_mut() {
            entry.master_down = false;
            entry.opinion_at = None;
        }
        let replicas: Vec<NodeId> = group.replicas.iter().copied().collect();
        let detail = format!("{name} {} {} {} {}", shown_from.host, shown_from.port, shown_to.host, shown_to.port);
        self.tell_group(id, "+switch-master", Level::Warning, detail);
        self.become_role(now, new, Role::Master);
        self.become_role(now, old, Role::Replica);
        if let Some(node) = self.nodes.get_mut(old) {
            node.is_replaced_master = true;
        }
        for replica in replicas {
            self.tell_node(replica, "+slave", Level::Notice, "");
            self.hasten_info(now, replica);
        }
    }

    /// A node has another configured role. What it reports from now on is measured against that one; for how long it has
    /// said something else is counted anew.
    fn become_role(&mut self, now: Time, node: NodeId, role: Role) {
        let Some(n) = self.nodes.get_mut(node) else { return };
        n.role_reported_since = now;
        n.master_reported_since = now;
        n.rebooting_since = None;
        n.last_repointed = None;
        n.is_replaced_master = false;
        n.demotion = None;
        n.writes.begin_anew();
        // As a fresh entry would: a member that is still silent is told to be down again, in its new role.
        n.down.now = None;
        // What it was taken for is forgotten; what it said last stands.
        n.role_reported = n.info.role.unwrap_or(n.role_reported);
        let (group, link) = (n.group, n.link.id);
        if role == Role::Master {
            n.role_reported = Role::Master;
            let info = &n.info;
            if info.role == Some(Role::Master)
                && !info.amnesiac
                && let Some(g) = self.groups.get_mut(group)
            {
                g.lineage = Lineage::of(info);
            }
            self.info_now(now, link);
        }
        self.timers.at_latest(Timer::Link(link), now);
    }
}
