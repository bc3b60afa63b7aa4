//! Making nodes follow the master: the rest of the group after a promotion, and strays at any time.

use std::time::Duration;

use crate::action::{Request, SaveNeed};
use crate::event::Level;
use crate::failover::Failover;
use crate::group::{Group, Node};
use crate::hooks::Ending;
use crate::input::Reply;
use crate::link::{Owner, Purpose};
use crate::machine::Sentinel;
use crate::reason::{HandOverStep, Reason, RepointCause};
use crate::time::Time;
use crate::types::{Addr, GroupId, LinkId, NodeId, Role};
use crate::view::FailoverState;

/// Hello periods that a node must have said the wrong thing for before it is corrected, so that our own configuration can
/// turn out to be the outdated one.
const PATIENCE_PERIODS: u32 = 4;

/// How far the repointing of one replica has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Waiting,
    Sent(Time),
    InProgress,
    Done,
}

impl Target {
    pub(crate) const fn is_under_way(&self) -> bool {
        matches!(self, Self::Sent(_) | Self::InProgress)
    }
}

impl Sentinel {
    // --- after a promotion ----------------------------------------------------------------------------------------

    pub(crate) fn step_reconfiguration(&mut self, now: Time, id: GroupId) {
        self.keep_paused(now, id);
        self.finish_handover(now, id, false);
        self.expire_targets(now, id);
        self.send_to_targets(now, id);
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        let expired = now.since(f.state_since) >= group.options.failover_timeout;
        let left = f
            .targets
            .iter()
            .any(|(node, t)| *t != Target::Done && self.nodes.get(*node).is_some_and(|n| !n.down.is_down()));
        if expired || (!left && f.handover.is_none()) {
            self.finish_reconfiguration(now, id, expired && left);
        }
    }

    fn expire_targets(&mut self, now: Time, id: GroupId) {
        let limit = self.tunables.replica_reconf_timeout;
        let Some(f) = self.running_mut(id) else { return };
        let mut late = Vec::new();
        for (node, target) in &mut f.targets {
            if matches!(target, Target::Sent(at) if now.since(*at) > limit) {
                *target = Target::Done;
                late.push(*node);
            }
        }
        for node in late {
            self.tell_node(node, "-slave-reconf-sent-timeout", Level::Notice, "");
        }
    }

    fn send_to_targets(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        // Who died while it was being repointed keeps nobody from it.
        let is_down = |node: &NodeId| self.nodes.get(*node).is_none_or(|n| n.down.is_down());
        let under_way = f.targets.iter().filter(|(node, t)| t.is_under_way() && !is_down(node)).count();
        let room = usize::try_from(group.options.parallel_syncs.max(1)).unwrap_or(1).saturating_sub(under_way);
        let next: Vec<NodeId> = f
            .targets
            .iter()
            .filter(|(node, t)| {
                **t == Target::Waiting && self.nodes.get(**node).is_some_and(|n| n.link.command.is_up())
            })
            .map(|(node, _)| *node)
            .take(room)
            .collect();
        for node in next {
            if self.repoint(now, id, node) {
                if let Some(f) = self.running_mut(id) {
                    f.targets.insert(node, Target::Sent(now));
                }
                self.tell_node(node, "+slave-reconf-sent", Level::Notice, "");
                self.record_repointed(now, id, node, RepointCause::Failover);
                self.hasten_info(now, node);
            }
        }
    }

    /// When the repointing wants to be looked at again.
    pub(crate) fn next_reconfiguration(&self, f: &Failover) -> Option<Time> {
        let sent = f.targets.values().filter_map(|t| match t {
            Target::Sent(at) => Some(*at + self.tunables.replica_reconf_timeout + Duration::from_millis(1)),
            _ => None,
        });
        let handover = f.handover.as_ref().and_then(crate::handover::HandOver::next_deadline);
        sent.chain(handover).min()
    }

    /// Ends the failover. With `timed_out` what could not be repointed in time is told once more, without waiting.
    pub(crate) fn finish_reconfiguration(&mut self, now: Time, id: GroupId, timed_out: bool) {
        if timed_out {
            self.tell_master(id, "+failover-end-for-timeout", Level::Warning, "");
            let late: Vec<NodeId> = self
                .running(id)
                .map(|f| f.targets.iter().filter(|(_, t)| **t == Target::Waiting).map(|(n, _)| *n).collect())
                .unwrap_or_default();
            for node in late {
                if self.repoint(now, id, node) {
                    self.tell_node(node, "+slave-reconf-sent-be", Level::Notice, "");
                }
            }
        }
        self.tell_master(id, "+failover-end", Level::Warning, "");
        self.tell_ending(id, if timed_out { Ending::TimedOut } else { Ending::Complete });
        if let Some(group) = self.groups.get_mut(id) {
            group.failover = None;
            group.failed_attempts = 0;
        }
    }

    /// A replica that is being repointed said what it does.
    fn advance_target(&mut self, id: GroupId, node: NodeId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(target) = group.failover.as_ref().and_then(|f| f.targets.get(&node)).copied() else { return };
        let (Some(n), Some(master)) = (self.nodes.get(node), self.master_of(group)) else { return };
        let follows =
            n.role_reported == Role::Replica && n.info.master.as_ref().is_some_and(|m| self.means(m, &master.addr));
        let up = n.info.master_link_up;
        let mut now_at = target;
        if follows && matches!(now_at, Target::Sent(_)) {
            now_at = Target::InProgress;
            self.tell_node(node, "+slave-reconf-inprog", Level::Notice, "");
        }
        if follows && up && now_at == Target::InProgress {
            now_at = Target::Done;
            self.tell_node(node, "+slave-reconf-done", Level::Notice, "");
        }
        if let Some(f) = self.running_mut(id) {
            f.targets.insert(node, now_at);
        }
    }

    // --- strays ---------------------------------------------------------------------------------------------------

    /// Corrects a replica that is a master or follows somebody else. Called with every INFO of a replica.
    pub(crate) fn correct_replica(&mut self, now: Time, id: GroupId, node: NodeId) {
        self.advance_target(id, node);
        self.note_demotion(id, node);
        if self.tilt.is_on() {
            return;
        }
        let Some(group) = self.groups.get(id) else { return };
        let Some(n) = self.nodes.get(node) else { return };
        if !self.may_correct(now, group, n) {
            return;
        }
        let (cause, event, said_for) = if n.role_reported == Role::Master {
            (RepointCause::SaysMaster, "+convert-to-slave", now.since(n.role_reported_since))
        } else if self.follows_wrong_master(group, n) {
            (RepointCause::WrongMaster, "+fix-slave-config", now.since(n.master_reported_since))
        } else {
            return;
        };
        let patience = self.patience(now, group, n, cause);
        if !n.down.calm_for(now, patience) || said_for <= patience {
            return;
        }
        if self.repoint(now, id, node) {
            self.tell_node(node, event, Level::Notice, "");
            self.record_repointed(now, id, node, cause);
            self.hasten_info(now, node);
        }
    }

    /// The master is known to be sane, and the node is not what a running failover works on.
    fn may_correct(&self, now: Time, group: &Group, node: &Node) -> bool {
        let Some(master) = self.master_of(group) else { return false };
        let sane = master.role_reported == Role::Master
            && !master.down.is_down()
            && group.odown_since.is_none()
            && master.info_age(now).is_some_and(|age| age < self.tunables.info_period * 2);
        let in_failover = group
            .failover
            .as_ref()
            .is_some_and(|f| !f.is_committed() || f.targets.contains_key(&node.id) || f.handover.is_some());
        let just_sent = node.last_repointed.is_some_and(|t| now.since(t) < self.tunables.publish_period);
        sane && !in_failover && !just_sent && node.link.command.is_up()
    }

    /// How long the node must have said it. For a master that a switch has replaced there is nothing to wait for once a majority
    /// of the sentinels knows of the switch. Any other node may be one that somebody has just promoted.
    fn patience(&self, now: Time, group: &Group, node: &Node, cause: RepointCause) -> Duration {
        let settle = self.tunables.publish_period * PATIENCE_PERIODS;
        let confirmed = self.is_config_confirmed(now, group);
        match cause {
            RepointCause::SaysMaster if confirmed && node.is_replaced_master => Duration::ZERO,
            RepointCause::SaysMaster => settle,
            // A leader may still be repointing the replicas one by one.
            _ if confirmed => (settle + self.tunables.replica_reconf_timeout).min(group.options.failover_timeout),
            _ => group.options.failover_timeout,
        }
    }

    /// A majority, ourselves included, has lately said the same master under the same epoch.
    fn is_config_confirmed(&self, now: Time, group: &Group) -> bool {
        let Some(master) = self.master_of(group) else { return false };
        let fresh = self.tunables.publish_period * 3;
        let agreeing = group.peers.values().filter(|e| {
            now.since(e.last_hello) < fresh
                && e.config
                    .as_ref()
                    .is_some_and(|(epoch, addr)| *epoch == group.config_epoch && self.means(addr, &master.addr))
        });
        let votes = u32::try_from(agreeing.count()).unwrap_or(u32::MAX).saturating_add(1);
        group.voters() >= 3 && votes > group.voters() / 2
    }

    pub(crate) fn follows_wrong_master(&self, group: &Group, node: &Node) -> bool {
        let Some(master) = self.master_of(group) else { return false };
        node.info.master.as_ref().is_some_and(|m| !self.means(m, &master.addr))
    }

    /// Two addresses mean the same place, a name standing for any node that is known to resolve like it.
    pub(crate) fn means(&self, said: &Addr, known: &Addr) -> bool {
        if said.same_place(known) {
            return true;
        }
        // A name that we have not resolved may be an alias of the address that we know.
        said.port() == known.port()
            && said.ip().is_none()
            && self.nodes.values().any(|n| n.addr.host().eq_ignore_ascii_case(said.host()) && n.addr.ip() == known.ip())
    }

    /// Tells a node to follow the group's master.
    fn repoint(&mut self, now: Time, id: GroupId, node: NodeId) -> bool {
        let Some(group) = self.groups.get(id) else { return false };
        let Some((to, process)) = self.master_of(group).map(|m| (m.addr.clone(), m.info.run_id)) else { return false };
        let Some((link, run_id)) = self.nodes.get(node).map(|n| (n.link.id, n.info.run_id)) else { return false };
        if run_id.is_some() && run_id == process {
            // The master under another of its addresses: told to follow itself it would.
            self.forget_replica(id, node);
            return false;
        }
        let sent =
            self.send(now, link, Purpose::Repoint, Request::Reconfigure { to: Some(to), unpause: false }).is_some();
        if sent {
            self.info_now(now, link);
            if let Some(n) = self.nodes.get_mut(node) {
                n.last_repointed = Some(now);
            }
            self.displaced_is_told(id, node);
        }
        sent
    }

    /// A node whose memory is full refuses whatever a transaction would gather: it is told without one.
    pub(crate) fn on_repoint_reply(&mut self, now: Time, link: LinkId, reply: &Reply) {
        let is_full = matches!(reply, Reply::Failed(text) if text.starts_with("OOM"));
        let Some(Owner::Node(node)) = self.links.get(link).copied().filter(|_| is_full) else { return };
        let Some(group) = self.nodes.get(node).and_then(|n| self.groups.get(n.group)) else { return };
        if let Some(to) = self.master_of(group).filter(|m| m.id != node).map(|m| m.addr.clone()) {
            self.send(now, link, Purpose::Other, Request::Follow { to });
            self.info_now(now, link);
        }
    }

    /// An entry that stands for nobody.
    pub(crate) fn forget_replica(&mut self, id: GroupId, node: NodeId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.replicas.remove(&node);
        if let Some(f) = group.failover.as_mut() {
            f.targets.remove(&node);
        }
        self.drop_node(node);
        self.note_members(id);
        self.save(SaveNeed::Sometime);
    }

    fn record_repointed(&mut self, now: Time, id: GroupId, node: NodeId, cause: RepointCause) {
        if let Some(addr) = self.nodes.get(node).map(|n| n.addr.clone()) {
            self.record(now, id, Reason::Repointed { addr, cause });
        }
    }

    /// A failover was superseded by another master: what it was about to do is no longer ours.
    pub(crate) fn drop_superseded_failover(&mut self, now: Time, id: GroupId, master: &Addr) {
        let Some(f) = self.running(id) else { return };
        let (epoch, committed) = (f.epoch, f.state == FailoverState::ReconfReplicas);
        // The pause may be that of the hand-over to this very master: it is ended only if the paused node is the one to serve.
        let paused = f.handover.as_ref().and_then(|h| self.nodes.get(h.old()));
        if paused.is_some_and(|n| n.addr.same_place(master)) {
            self.roll_back_handover(now, id);
        } else if paused.is_some() {
            self.record(now, id, Reason::HandOver { step: HandOverStep::RolledBack });
        }
        self.tell_ending(id, Ending::Superseded);
        if let Some(group) = self.groups.get_mut(id) {
            group.failover = None;
        }
        if !committed {
            self.record(now, id, Reason::Aborted { epoch, cause: crate::reason::AbortCause::Superseded });
        }
    }
}
