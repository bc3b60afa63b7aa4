//! sdown: an instance that we ourselves hold to be down.

use std::time::Duration;

use crate::event::Level;
use crate::group::{Down, Group, Node};
use crate::link::Link;
use crate::machine::Sentinel;
use crate::options::GroupOptions;
use crate::reason::{DownCause, Reason};
use crate::time::Time;
use crate::types::{GroupId, NodeId, Role, RunId};
use crate::writes::is_write_fault;

impl Sentinel {
    /// Checks every member of a group.
    pub(crate) fn check_members(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let nodes: Vec<_> = group.members().collect();
        let peers: Vec<_> = group.peers.keys().copied().collect();
        for node in nodes {
            self.check_node(now, id, node);
        }
        for peer in peers {
            self.check_peer(now, id, peer);
        }
    }

    fn check_node(&mut self, now: Time, group: GroupId, id: NodeId) {
        let info_period = self.tunables.info_period;
        let Some(g) = self.groups.get(group) else { return };
        let Some(node) = self.nodes.get(id) else { return };
        let cause = node_down_cause(now, node, g, info_period);
        let was = node.down.now;
        let Some(node) = self.nodes.get_mut(id) else { return };
        match (was, cause) {
            (None, Some(cause)) => {
                node.down = Down { now: Some((now, cause)), last_onset: Some(now) };
                if is_write_fault(cause) {
                    node.writes.condemn(now);
                }
                let addr = node.addr.clone();
                self.tell_node(id, "+sdown", Level::Warning, "");
                self.record(now, group, Reason::SubjectivelyDown { addr, cause });
                self.on_node_down(now, group, id);
            }
            (Some((since, _)), None) => {
                node.down.now = None;
                node.script_kill_sent = false;
                let addr = node.addr.clone();
                self.tell_node(id, "-sdown", Level::Warning, "");
                self.record(now, group, Reason::Up { addr, after: now.since(since) });
            }
            _ => {}
        }
    }

    /// The master is down: what a failover will need is fetched while the peers are being asked.
    fn on_node_down(&mut self, now: Time, group: GroupId, id: NodeId) {
        let Some(g) = self.groups.get(group) else { return };
        if g.master != id {
            return;
        }
        let replicas: Vec<_> = g.replicas.iter().filter_map(|r| self.nodes.get(*r).map(|n| n.link.id)).collect();
        for link in replicas {
            self.info_now(now, link);
        }
        self.ask_everyone_at(now, group);
    }

    fn check_peer(&mut self, now: Time, group: GroupId, id: RunId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let silence = peer.link.silence(now);
        let addr = peer.addr.clone();
        let Some(g) = self.groups.get_mut(group) else { return };
        let limit = g.options.down_after;
        let Some(entry) = g.peers.get_mut(&id) else { return };
        match (entry.down.now, silence > limit) {
            (None, true) => {
                let cause = DownCause::Silent(silence);
                entry.down = Down { now: Some((now, cause)), last_onset: Some(now) };
                self.tell_peer(group, id, "+sdown", Level::Warning, "");
                self.record(now, group, Reason::SubjectivelyDown { addr, cause });
            }
            (Some((since, _)), false) => {
                entry.down.now = None;
                self.tell_peer(group, id, "-sdown", Level::Warning, "");
                self.record(now, group, Reason::Up { addr, after: now.since(since) });
            }
            _ => {}
        }
    }

    /// When a member's state may change by the passing of time alone.
    pub(crate) fn next_member_deadline(&self, now: Time, group: &Group) -> Option<Time> {
        let nodes = group.members().filter_map(|id| {
            let node = self.nodes.get(id)?;
            next_down_time(node, group, self.tunables.info_period).filter(|t| *t > now && !node.down.is_down())
        });
        let peers = group.peers.iter().filter_map(|(id, entry)| {
            let peer = self.peers.get(id)?;
            // One millisecond past the limit, as "longer than" is meant.
            let at = peer.link.silent_at(group.options.down_after + Duration::from_millis(1))?;
            (at > now && !entry.down.is_down()).then_some(at)
        });
        nodes.chain(peers).min()
    }
}

fn refused_for(now: Time, link: &Link) -> Option<Duration> {
    link.refused_since.map(|t| now.since(t))
}

fn node_down_cause(now: Time, node: &Node, group: &Group, info_period: Duration) -> Option<DownCause> {
    let options: &GroupOptions = &group.options;
    let silence = node.link.silence(now);
    if let (Some(limit), Some(refused)) = (options.process_death_after, refused_for(now, &node.link))
        && refused >= limit
        && node.link.is_refused()
    {
        return Some(DownCause::ProcessDead(refused));
    }
    let writes = &node.writes;
    if let Some(refusal) = writes.refusal(now, options.down_after) {
        // Redis that cannot write to its disk refuses heartbeats too: this says more than the silence of those.
        return Some(refusal);
    }
    if silence > options.down_after {
        return Some(DownCause::Silent(silence));
    }
    if let Some(unanswered) = writes.silence(now, options.down_after) {
        return Some(unanswered);
    }
    if let Some(amnesia) = Sentinel::amnesia_of(group, node) {
        return Some(amnesia);
    }
    if group.master == node.id && node.role_reported == Role::Replica {
        let said = now.since(node.role_reported_since);
        if said > options.down_after + info_period * 2 {
            return Some(DownCause::SaysReplica(said));
        }
    }
    let loading = node.rebooting_since.map(|t| now.since(t))?;
    (group.master == node.id && !options.reboot_down_after.is_zero() && loading > options.reboot_down_after)
        .then_some(DownCause::StillLoading(loading))
}

fn next_down_time(node: &Node, group: &Group, info_period: Duration) -> Option<Time> {
    let past = Duration::from_millis(1);
    let options = &group.options;
    let is_master = group.master == node.id;
    let silent = node.link.silent_at(options.down_after + past);
    let refused = match (node.link.refused_since, options.process_death_after) {
        (Some(since), Some(limit)) if node.link.is_refused() => Some(since + limit),
        _ => None,
    };
    let says_replica = (is_master && node.role_reported == Role::Replica)
        .then(|| node.role_reported_since + options.down_after + info_period * 2 + past);
    let loading = node
        .rebooting_since
        .filter(|_| is_master && !options.reboot_down_after.is_zero())
        .map(|t| t + options.reboot_down_after + past);
    let refuses_writes = node.writes.refused_until(options.down_after);
    [silent, refused, says_replica, loading, refuses_writes].into_iter().flatten().min()
}
