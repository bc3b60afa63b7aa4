//! What INFO tells: roles, restarts, new replicas, the history of the master.

use crate::action::SaveNeed;
use crate::event::Level;
use crate::input::InfoReport;
use crate::link::Owner;
use crate::machine::{MAX_REPLICAS, Sentinel};
use crate::reason::{HandOverStep, HoldCause, Reason};
use crate::time::Time;
use crate::types::{Addr, GroupId, LinkId, NodeId, RequestId, Role};
use crate::view::FailoverState;

impl Sentinel {
    pub(crate) fn on_info(&mut self, now: Time, link: LinkId, request: RequestId, info: Box<InfoReport>) {
        let Some(Owner::Node(id)) = self.links.get(link).copied() else { return };
        let Some(group) = self.nodes.get(id).map(|n| n.group) else { return };
        self.note_restart(now, group, id, &info);
        self.note_role(now, group, id, &info);
        self.note_master(now, id, &info);
        let is_master = self.groups.get(group).is_some_and(|g| g.master == id);
        if is_master {
            self.discover_replicas(now, group, &info);
            self.note_history(now, group, &info);
        }
        let Some(node) = self.nodes.get_mut(id) else { return };
        let is_new_process = info.run_id.is_some() && info.run_id != node.info.run_id;
        node.info = info;
        node.info_at = Some(now);
        let info = node.info.clone();
        if is_new_process {
            self.note_members(group);
        }
        self.handover_info(now, group, id, request, &info);
        self.note_promotion(now, group, id, &info);
        if !is_master {
            self.displaced_says(now, group, id, request);
            self.correct_replica(now, group, id);
        }
        self.run_group(now, group);
    }

    fn note_restart(&mut self, now: Time, group: GroupId, id: NodeId, info: &InfoReport) {
        let is_master = self.groups.get(group).is_some_and(|g| g.master == id);
        let watches_reboots = self.options_of(group).is_some_and(|o| !o.reboot_down_after.is_zero());
        let Some(node) = self.nodes.get_mut(id) else { return };
        let restarted = match (node.info.run_id, info.run_id) {
            (Some(before), Some(after)) => before != after,
            _ => false,
        };
        if restarted {
            if is_master && watches_reboots {
                node.rebooting_since = Some(now);
            }
            self.tell_node(id, "+reboot", Level::Notice, "");
        }
    }

    fn note_role(&mut self, now: Time, group: GroupId, id: NodeId, info: &InfoReport) {
        let Some(role) = info.role else { return };
        let configured = match self.groups.get(group) {
            Some(g) if g.master == id => Role::Master,
            _ => Role::Replica,
        };
        let Some(node) = self.nodes.get_mut(id) else { return };
        node.is_replaced_master &= role == Role::Master;
        if node.role_reported == role {
            return;
        }
        node.assume_role(now, role);
        if role == Role::Replica {
            node.master_reported_since = now;
        }
        let name = if role == configured { "+role-change" } else { "-role-change" };
        self.tell_node(id, name, Level::Verbose, format!("new reported role is {}", role.as_str()));
        self.hasten_info(now, id);
    }

    fn note_master(&mut self, now: Time, id: NodeId, info: &InfoReport) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        if info.role == Some(Role::Replica) && node.info.master != info.master {
            node.master_reported_since = now;
        }
    }

    fn discover_replicas(&mut self, now: Time, group: GroupId, info: &InfoReport) {
        if info.role == Some(Role::Replica) {
            return;
        }
        for line in &info.replicas {
            self.discover_replica(now, group, &line.addr);
        }
    }

    /// Files a replica that is not known yet.
    pub(crate) fn discover_replica(&mut self, now: Time, group: GroupId, addr: &Addr) {
        let Some(g) = self.groups.get(group) else { return };
        let known = g.members().any(|id| self.nodes.get(id).is_some_and(|n| self.means(addr, &n.addr)));
        if known || (g.replicas.len() >= MAX_REPLICAS && !self.forget_longest_dead(group)) {
            return;
        }
        let id = self.add_node(now, group, addr.clone(), Role::Replica);
        if let Some(g) = self.groups.get_mut(group) {
            g.replicas.insert(id);
            g.hold = g.hold.filter(|(_, cause)| *cause != HoldCause::KnowsNoReplica);
        }
        self.tell_node(id, "+slave", Level::Notice, "");
        self.note_members(group);
        self.save(SaveNeed::Sometime);
    }

    /// Makes room for a replica where a group has had very many: of those that are down and that the master does not name the one
    /// that has been so for longest goes.
    fn forget_longest_dead(&mut self, id: GroupId) -> bool {
        let Some(group) = self.groups.get(id).filter(|g| g.failover.is_none()) else { return false };
        let named = self.master_of(group).map(|m| m.info.replicas.as_slice()).unwrap_or_default();
        let dead = group.replicas.iter().filter_map(|r| self.nodes.get(*r)).filter_map(|n| {
            let (since, _) = n.down.now?;
            (!named.iter().any(|line| self.means(&line.addr, &n.addr))).then_some((since, n.id))
        });
        let Some((_, longest)) = dead.min() else { return false };
        self.forget_replica(id, longest);
        true
    }

    /// The candidate of a running failover says that it is a master.
    fn note_promotion(&mut self, now: Time, group: GroupId, id: NodeId, info: &InfoReport) {
        let Some(f) = self.running(group) else { return };
        let awaited = f.candidate == Some(id) && f.state == FailoverState::WaitPromotion;
        if awaited && info.role == Some(Role::Master) && !self.tilt.is_on() {
            // There is no way back from a promotion; that its history is another one is at least recorded.
            if !self.continues_frozen_history(group, info) {
                self.record(now, group, Reason::HandOver { step: HandOverStep::Diverged });
            }
            self.complete_promotion(now, group);
        }
    }

    /// A host name has a (new) address: everything that lives there follows it.
    pub(crate) fn on_resolved(&mut self, now: Time, host: &str, ip: std::net::IpAddr) {
        let moved = |addr: &Addr| addr.host().eq_ignore_ascii_case(host) && addr.ip() != Some(ip);
        let mut links = Vec::new();
        let mut groups = Vec::new();
        for node in self.nodes.values_mut().filter(|n| moved(&n.addr)) {
            let first = node.addr.ip().is_none();
            node.addr = node.addr.resolved(ip);
            links.push((node.link.id, first));
            groups.push(node.group);
        }
        self.changed.extend(groups);
        for peer in self.peers.values_mut().filter(|p| moved(&p.addr)) {
            let first = peer.addr.ip().is_none();
            peer.addr = peer.addr.resolved(ip);
            links.push((peer.link.id, first));
        }
        for (link, first) in links {
            // The first answer changes nothing for a link that is being established by name.
            if !first {
                self.reconnect(now, link);
            }
            self.tick_link(now, link);
        }
    }
}
