//! Views of the machine's state.

use std::time::Duration;

use crate::group::{Group, Node, Peer, PeerEntry};
use crate::link::Link;
use crate::machine::Sentinel;
use crate::reconfigure::Target;
use crate::time::Time;
use crate::types::{Addr, Epoch, GroupName, RunId};
use crate::verdict::Verdict;
use crate::view::{FailoverState, GroupView, InstanceView, NodeView, PeerView, QuorumCheck, ReplicaView};

impl Sentinel {
    /// Our identity.
    pub const fn my_id(&self) -> RunId {
        self.my_id
    }

    /// The highest epoch seen.
    pub const fn current_epoch(&self) -> Epoch {
        self.current_epoch
    }

    /// How many groups are watched.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Their names, in order.
    pub fn group_names(&self) -> impl Iterator<Item = &GroupName> {
        self.names.keys()
    }

    /// All groups, by name.
    pub fn groups(&self, now: Time) -> Vec<GroupView> {
        self.names.values().filter_map(|id| self.view_group(now, self.groups.get(*id)?)).collect()
    }

    /// One group.
    pub fn group(&self, now: Time, name: &str) -> Option<GroupView> {
        self.view_group(now, self.group_by_name(name)?)
    }

    /// Where clients find the group's master.
    pub fn current_addr(&self, name: &str) -> Option<Addr> {
        self.master_of(self.group_by_name(name)?).map(|m| m.addr.clone())
    }

    /// The replicas of a group.
    pub fn replicas(&self, now: Time, name: &str) -> Option<Vec<ReplicaView>> {
        let group = self.group_by_name(name)?;
        let nodes = group.replicas.iter().filter_map(|r| self.nodes.get(*r));
        Some(nodes.map(|n| self.view_replica(now, group, n)).collect())
    }

    /// The other sentinels of a group.
    pub fn peers(&self, now: Time, name: &str) -> Option<Vec<PeerView>> {
        let group = self.group_by_name(name)?;
        let peers = group.peers.iter().filter_map(|(id, entry)| self.peers.get(id).map(|p| (*id, p, entry)));
        Some(peers.map(|(id, peer, entry)| view_peer(now, group, id, peer, entry)).collect())
    }

    /// What would be promoted if a failover were decided now, and why not the others; best first.
    pub fn candidates(&self, now: Time, name: &str) -> Option<Vec<Verdict>> {
        Some(self.choose(now, self.group_by_name(name)?, false).verdicts)
    }

    /// `SENTINEL CKQUORUM`.
    pub fn check_quorum(&self, name: &str) -> Option<QuorumCheck> {
        let group = self.group_by_name(name)?;
        let up = group.peers.values().filter(|p| !p.down.is_down()).count();
        let usable = u32::try_from(up + 1).unwrap_or(u32::MAX);
        Some(QuorumCheck {
            usable,
            quorum_ok: usable >= group.options.quorum.get(),
            majority_ok: usable > group.voters() / 2,
        })
    }

    fn view_group(&self, now: Time, group: &Group) -> Option<GroupView> {
        let master = self.master_of(group)?;
        let view = self.view_node(now, group, master);
        Some(GroupView {
            id: group.id,
            name: group.name.clone(),
            current_addr: master.addr.clone(),
            master: view,
            odown: group.odown_since.is_some(),
            failover_state: group.failover.as_ref().map_or(FailoverState::None, |f| f.state),
            failover_epoch: group.failover.as_ref().map_or(Epoch::ZERO, |f| f.epoch),
            config_epoch: group.config_epoch,
            leader_epoch: group.leader_epoch,
            leader: group.leader,
            replica_count: group.replicas.len(),
            peer_count: group.peers.len(),
            options: group.options.clone(),
        })
    }

    fn view_node(&self, now: Time, group: &Group, node: &Node) -> NodeView {
        let is_master = group.master == node.id;
        let odown_for = group.odown_since.filter(|_| is_master).map(|t| now.since(t));
        let flags = node_flags(group, node);
        let sdown_for = node.down.now.map(|(t, _)| now.since(t));
        let mut instance = view_instance(now, &node.link, &node.addr, flags, sdown_for, group.options.down_after);
        instance.run_id = node.info.run_id;
        instance.odown_for = odown_for;
        NodeView {
            instance,
            node: node.id,
            info_age: node.info_age(now),
            role_reported: node.role_reported,
            role_reported_for: now.since(node.role_reported_since),
            offset: node.offset(),
            replid: node.info.replid,
            keys: node.info.keys,
        }
    }

    fn view_replica(&self, now: Time, group: &Group, node: &Node) -> ReplicaView {
        ReplicaView {
            base: self.view_node(now, group, node),
            master_link_down: if node.info.master_link_up {
                Duration::ZERO
            } else {
                node.info.master_link_down.unwrap_or_default()
            },
            master_link_up: node.info.master_link_up,
            master: node.info.master.clone(),
            priority: node.priority(),
            announced: node.info.announced.unwrap_or(true),
        }
    }
}

fn view_instance(
    now: Time,
    link: &Link,
    addr: &Addr,
    flags: Vec<&'static str>,
    sdown_for: Option<Duration>,
    down_after: Duration,
) -> InstanceView {
    InstanceView {
        link: link.id,
        addr: addr.clone(),
        run_id: None,
        flags: flags.join(","),
        sdown: sdown_for.is_some(),
        disconnected: !link.is_complete(),
        pending: u32::try_from(link.pending.len()).unwrap_or(u32::MAX),
        link_refcount: 1,
        last_ping_sent: link.act_ping.map_or(Duration::ZERO, |t| now.since(t)),
        last_ok_ping_reply: now.since(link.last_avail),
        last_ping_reply: now.since(link.last_pong),
        sdown_for,
        odown_for: None,
        down_after,
    }
}

fn view_peer(now: Time, group: &Group, id: RunId, peer: &Peer, entry: &PeerEntry) -> PeerView {
    let mut flags = Vec::new();
    if entry.down.is_down() {
        flags.push("s_down");
    }
    flags.push("sentinel");
    if !peer.link.is_complete() {
        flags.push("disconnected");
    }
    if entry.master_down {
        flags.push("master_down");
    }
    let sdown_for = entry.down.now.map(|(t, _)| now.since(t));
    let mut instance = view_instance(now, &peer.link, &peer.addr, flags, sdown_for, group.options.down_after);
    instance.run_id = Some(id);
    instance.link_refcount = u32::try_from(peer.groups.len()).unwrap_or(u32::MAX);
    PeerView {
        instance,
        last_hello: now.since(entry.last_hello),
        voted_leader: entry.vote.map(|(leader, _)| leader),
        voted_epoch: entry.vote.map_or(Epoch::ZERO, |(_, epoch)| epoch),
    }
}

/// The words of `flags`, in Sentinel's order.
fn node_flags(group: &Group, node: &Node) -> Vec<&'static str> {
    let is_master = group.master == node.id;
    let failover = group.failover.as_ref();
    let target = failover.and_then(|f| f.targets.get(&node.id)).copied();
    let promoted = failover.is_some_and(|f| !f.is_committed() && f.candidate == Some(node.id));
    let words = [
        (node.down.is_down(), "s_down"),
        (is_master && group.odown_since.is_some(), "o_down"),
        (is_master, "master"),
        (!is_master, "slave"),
        (!node.link.is_complete(), "disconnected"),
        (is_master && failover.is_some(), "failover_in_progress"),
        (promoted, "promoted"),
        (matches!(target, Some(Target::Sent(_))), "reconf_sent"),
        (matches!(target, Some(Target::InProgress)), "reconf_inprog"),
        (matches!(target, Some(Target::Done)), "reconf_done"),
        (is_master && failover.is_some_and(crate::failover::Failover::is_forced), "force_failover"),
        (node.script_kill_sent, "script_kill_sent"),
        (node.rebooting_since.is_some(), "master_reboot"),
        (is_master && group.doubt.is_some_and(|d| d.convicted), "amnesia"),
    ];
    words.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect()
}
