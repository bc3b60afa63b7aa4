//! What is asked of every node again and again, and how often: heartbeats, INFO, hellos.

use std::time::Duration;

use crate::action::Request;
use crate::amnesia::RECONNECTED_FOR;
use crate::group::{Group, Node};
use crate::link::{Chan, Link, MAX_PENDING, Owner, Purpose};
use crate::machine::Sentinel;
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{LinkId, NodeId, RequestId, Role};

/// From this number of data nodes on, heartbeats of replicas and hellos of masters are fewer while nothing happens in their
/// group.
const CROWD: usize = 1500;

/// INFO period of nodes that are of interest right now: while their group fails over or their link to the master is down.
const FAST_INFO: Duration = Duration::from_secs(1);

/// INFO period of replicas that are being repointed: the end of a failover waits for them.
const REPOINTED_INFO: Duration = Duration::from_millis(500);

/// An INFO without an answer for this long does not keep another one from being sent.
const INFO_IN_FLIGHT_LIMIT: Duration = Duration::from_secs(5);

/// Longest heartbeat period of replicas of a crowd in whose group nothing happens; half of `down-after` if that is shorter, so
/// that an answer may be late without anybody being held to be down.
const QUIET_HEARTBEAT: Duration = Duration::from_secs(3);

/// Hello periods between two messages to members that hear of us through the master anyway.
const SETTLED_HELLO_FACTOR: u32 = 5;

/// The same in a crowd.
const SETTLED_CROWD_HELLO_FACTOR: u32 = 10;

/// Half hello periods between two messages to a master of a crowd in whose group nothing happens. Newcomers need not wait for one: a
/// sentinel that hears of an unknown peer greets it at once. Only a peer that was told to forget us waits for the next.
const SETTLED_MASTER_HELLO_HALVES: u32 = 5;

impl Sentinel {
    pub(crate) fn ping_if_due(&mut self, now: Time, id: LinkId) {
        if self.link(id).is_none_or(|link| link.next_ping > now) {
            return;
        }
        let period = self.ping_period(id);
        let room = self.room(id);
        let Some(link) = self.link_mut(id) else { return };
        let grain = Self::grain_ms(period);
        // A heartbeat follows the last answer by a period, and the answer is a moment away.
        link.next_ping = (now + period + Duration::from_millis(1)).round_up(grain);
        if !room {
            return;
        }
        link.act_ping.get_or_insert(now);
        self.send(now, id, Purpose::Ping, Request::Ping);
        self.check_writes(now, id);
    }

    /// Heartbeats are what a sentinel of a crowd spends its time on. Its replicas, where nothing happens, get fewer: a frozen one is
    /// noticed a heartbeat later, a dead one, whose connection breaks, at once as ever.
    fn ping_period(&self, id: LinkId) -> Duration {
        let period = self.heartbeat(id);
        if !self.is_crowd() || period < self.tunables.ping_period {
            return period;
        }
        let Some(Owner::Node(node)) = self.links.get(id) else { return period };
        let group = self.nodes.get(*node).and_then(|n| self.groups.get(n.group));
        let may_wait = |g: &Group| g.master != *node && g.failover.is_none() && g.odown_since.is_none();
        let quiet = QUIET_HEARTBEAT.min(self.down_limit(id) / 2).max(period);
        if group.is_some_and(|g| may_wait(g)) { quiet } else { period }
    }

    fn is_crowd(&self) -> bool {
        self.nodes.len() >= CROWD
    }

    /// True while less is outstanding than a link may have.
    pub(crate) fn room(&self, id: LinkId) -> bool {
        let sharing = match self.links.get(id) {
            Some(Owner::Peer(peer)) => self.peers.get(peer).map_or(1, |p| p.groups.len().max(1)),
            _ => 1,
        };
        self.link(id).is_some_and(|l| l.pending.len() < MAX_PENDING * sharing)
    }

    pub(crate) fn info_if_due(&mut self, now: Time, id: LinkId) {
        let Some(Owner::Node(node)) = self.links.get(id).copied() else { return };
        let period = self.info_period(node);
        let room = self.room(id);
        let Some(link) = self.link_mut(id) else { return };
        if link.next_info > now {
            return;
        }
        let in_flight = link.has_pending(|p| p.purpose == Purpose::Info && now.since(p.sent) < INFO_IN_FLIGHT_LIMIT);
        link.next_info = now + period;
        if room && !in_flight {
            self.send(now, id, Purpose::Info, Request::Info);
        }
    }

    fn info_period(&self, id: NodeId) -> Duration {
        let usual = self.tunables.info_period;
        let Some(node) = self.nodes.get(id) else { return usual };
        let Some(group) = self.groups.get(node.group) else { return usual };
        if group.failover.as_ref().is_some_and(|f| f.is_waiting_for(id)) {
            return usual.min(REPOINTED_INFO);
        }
        let is_replica = group.master != id;
        let unsettled = group.odown_since.is_some() || group.failover.is_some();
        let link_down = is_replica && node.info_at.is_some() && !node.info.master_link_up;
        let wrong_role = (node.role_reported == Role::Master) == is_replica;
        let doubtful = group.doubt.is_some() || (!is_replica && self.may_have_restarted(node));
        if (is_replica && unsettled) || link_down || wrong_role || doubtful { usual.min(FAST_INFO) } else { usual }
    }

    /// The link was lost and is back, or the node is loading: soon it will say with what it restarted.
    fn may_have_restarted(&self, node: &Node) -> bool {
        let reconnected = node.link.last_failure.is_some()
            && matches!(node.link.command, Chan::Up { since } if self.present().since(since) < RECONNECTED_FOR);
        reconnected || node.info.loading
    }

    /// Asks for INFO now, whatever the period.
    pub(crate) fn info_now(&mut self, now: Time, id: LinkId) -> Option<RequestId> {
        if let Some(link) = self.link_mut(id) {
            link.next_info = link.next_info.max(now + FAST_INFO);
        }
        self.send(now, id, Purpose::Info, Request::Info)
    }

    /// Brings the next INFO forward after a change that shortens its period.
    pub(crate) fn hasten_info(&mut self, now: Time, node: NodeId) {
        let period = self.info_period(node);
        if let Some(n) = self.nodes.get_mut(node) {
            n.link.next_info = n.link.next_info.min(now + period);
            let (link, at) = (n.link.id, n.link.next_info);
            self.timers.at_latest(Timer::Link(link), at);
        }
    }

    pub(crate) fn greet_node_if_due(&mut self, now: Time, id: LinkId) {
        let Some(Owner::Node(node)) = self.links.get(id).copied() else { return };
        let heartbeat = self.heartbeat(id);
        let Some(link) = self.link_mut(id) else { return };
        // A hello that is almost due leaves together with the ping.
        let with_ping = link.has_pending(|p| p.purpose == Purpose::Ping && p.sent == now);
        let due = link.next_hello <= now || (with_ping && link.next_hello <= now + heartbeat / 2);
        if !due {
            return;
        }
        let period = self.hello_period(now, node);
        let sent = self.room(id) && self.greet_node(now, node);
        if let Some(link) = self.link_mut(id) {
            // What could not be sent is tried again with the next heartbeat.
            link.next_hello = now + if sent { period } else { heartbeat };
        }
    }

    fn hello_period(&self, now: Time, id: NodeId) -> Duration {
        let period = self.tunables.publish_period;
        let Some(node) = self.nodes.get(id) else { return period };
        let Some(group) = self.groups.get(node.group) else { return period };
        match self.is_settled(now, group) && !self.is_young(now, &node.link) {
            true if group.master == id && self.is_crowd() => period * SETTLED_MASTER_HELLO_HALVES / 2,
            true if group.master == id => period,
            true if self.is_crowd() => period * SETTLED_CROWD_HELLO_FACTOR,
            true => period * SETTLED_HELLO_FACTOR,
            false => period,
        }
    }

    fn is_young(&self, now: Time, link: &Link) -> bool {
        matches!(link.command, Chan::Up { since } if now.since(since) < self.tunables.publish_period * 2)
    }

    /// Nothing is happening in the group, so that its members and our peers need no frequent hello.
    pub(crate) fn is_settled(&self, now: Time, group: &Group) -> bool {
        let fresh = self.tunables.publish_period * 3;
        group.failover.is_none()
            && !group.peers.is_empty()
            && self.master_of(group).is_some_and(|m| !m.down.is_down() && m.link.is_complete())
            && group.switched_at.is_none_or(|t| now.since(t) > fresh)
    }

    /// Period of hellos to peers.
    pub(crate) fn peer_hello_period(&self, now: Time, group: &Group) -> Duration {
        let period = self.tunables.publish_period;
        if self.is_settled(now, group) { period * SETTLED_HELLO_FACTOR } else { period }
    }
}
