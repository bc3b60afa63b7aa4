//! Links and heartbeats: connecting, pinging, asking for INFO, noticing that a channel is dead.
//!
//! Deadlines of one link are served together, and rounded to a grain, so that what goes to one node leaves in one write and
//! many nodes are served by one wake-up.

use std::time::Duration;

use crate::action::{Action, Request};
use crate::input::{Channel, LinkFailure, Pong, Reply};
use crate::link::{Chan, Link, MAX_PENDING, Owner, Purpose};
use crate::machine::Sentinel;
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{GroupId, LinkId, RequestId};

/// No heartbeat is more frequent than this, however short `down-after` is.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);

/// Heartbeats per `down-after`: one lost answer must not decide.
const HEARTBEATS_PER_LIMIT: u32 = 4;

/// Fastest probing of a host that refuses connections.
const MIN_REFUSED_PROBE: Duration = Duration::from_millis(20);

/// INFO period of nodes that are of interest right now: while their group fails over or their link to the master is down.
const FAST_INFO: Duration = Duration::from_secs(1);

/// INFO period of replicas that are being repointed: the end of a failover waits for them.
const REPOINTED_INFO: Duration = Duration::from_millis(500);

/// An INFO without an answer for this long does not keep another one from being sent.
const INFO_IN_FLIGHT_LIMIT: Duration = Duration::from_secs(5);

/// Hello periods between two messages to members that hear of us through the master anyway.
const SETTLED_HELLO_FACTOR: u32 = 5;

/// Half hello periods between two messages to a master in whose group nothing happens. Newcomers need not wait for one: a
/// sentinel that hears of an unknown peer greets it at once. Only a peer that was told to forget us waits for the next.
const SETTLED_MASTER_HELLO_HALVES: u32 = 5;

impl Sentinel {
    /// Serves one link: everything that is due on it, and its next deadline.
    pub(crate) fn tick_link(&mut self, now: Time, id: LinkId) {
        self.tell_silence(now, id);
        self.close_if_dead(now, id);
        self.connect_if_due(now, id);
        if self.link(id).is_some_and(|l| l.command.is_up()) {
            self.ping_if_due(now, id);
            self.info_if_due(now, id);
            self.greet_node_if_due(now, id);
        }
        let next = self.next_link_deadline(now, id).map(|t| t.max(now + Duration::from_millis(1)));
        self.timers.set(Timer::Link(id), next);
    }

    /// Period of heartbeats on a link.
    pub(crate) fn heartbeat(&self, id: LinkId) -> Duration {
        let limit = self.down_limit(id);
        self.tunables.ping_period.min((limit / HEARTBEATS_PER_LIMIT).max(MIN_HEARTBEAT))
    }

    /// The shortest `down-after` among the groups of a link.
    fn down_limit(&self, id: LinkId) -> Duration {
        self.link(id).map_or(self.tunables.default_down_after, |l| l.limit)
    }

    /// Looks at the groups of a link again after one came, went, or changed its limit.
    pub(crate) fn refresh_limit(&mut self, id: LinkId) {
        let groups = self.groups_of_link(id);
        let limit = groups.iter().filter_map(|g| self.options_of(*g)).map(|o| o.down_after).min();
        if let (Some(limit), Some(link)) = (limit, self.link_mut(id)) {
            link.limit = limit;
        }
    }

    /// Deadlines of slow links are rounded up to this many milliseconds.
    const fn grain_ms(heartbeat: Duration) -> u64 {
        if heartbeat.as_millis() >= 500 { 50 } else { 10 }
    }

    fn next_link_deadline(&self, now: Time, id: LinkId) -> Option<Time> {
        let link = self.link(id)?;
        let mut next: Option<Time> = None;
        let mut consider = |t: Time| next = Some(next.map_or(t, |n: Time| n.min(t)));
        if let Chan::Idle { retry_at } = link.command {
            consider(retry_at);
        }
        if link.command.is_up() {
            if let Some(Chan::Idle { retry_at }) = link.pubsub {
                consider(retry_at);
            }
            consider(link.next_ping);
            if matches!(link.owner, Owner::Node(_)) {
                consider(link.next_info);
                consider(link.next_hello.max(link.next_ping.min(link.next_hello + self.heartbeat(id))));
            }
        }
        let limit = self.down_limit(id);
        for silence in [limit / 2, limit + Duration::from_millis(1)] {
            // Where silence is to be acted upon; in the past it has been looked at already.
            if let Some(at) = link.silent_at(silence).filter(|at| *at > now) {
                consider(at);
            }
        }
        next
    }

    /// Lets the groups look at a silence once it has outlasted the shortest limit among them; longer limits are the groups'
    /// own deadlines from then on.
    fn tell_silence(&mut self, now: Time, id: LinkId) {
        let limit = self.down_limit(id);
        let Some(link) = self.link_mut(id) else { return };
        if link.silence_told || link.silence(now) <= limit {
            return;
        }
        link.silence_told = true;
        self.run_groups_of(now, id);
    }

    // --- connecting -----------------------------------------------------------------------------------------------

    fn connect_if_due(&mut self, now: Time, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        let due = |chan: Chan| matches!(chan, Chan::Idle { retry_at } if retry_at <= now);
        let channel = if due(link.command) {
            Channel::Command
        } else if link.command.is_up() && link.pubsub.is_some_and(due) {
            Channel::PubSub
        } else {
            return;
        };
        let Some((to, group)) = self.destination(id) else { return };
        let later = now + self.heartbeat(id);
        let Some(chan) = self.link_mut(id).and_then(|link| link.channel_mut(channel)) else { return };
        // A node that announces port 0 cannot be reached, but may announce another one later.
        if to.port() == 0 {
            *chan = Chan::Idle { retry_at: later };
        } else {
            *chan = Chan::Connecting;
            self.actions.push_back(Action::Connect { link: id, channel, to, group });
        }
    }

    fn destination(&self, id: LinkId) -> Option<(crate::types::Addr, Option<GroupId>)> {
        match self.links.get(id)? {
            Owner::Node(node) => self.nodes.get(*node).map(|n| (n.addr.clone(), Some(n.group))),
            Owner::Peer(peer) => self.peers.get(peer).map(|p| (p.addr.clone(), None)),
        }
    }

    pub(crate) fn on_connected(&mut self, now: Time, id: LinkId, channel: Channel) {
        let phase = self.heartbeat(id);
        let jitter = self.rng.up_to(phase);
        let grain = Self::grain_ms(phase);
        let Some(link) = self.link_mut(id) else { return };
        let Some(chan) = link.channel_mut(channel) else { return };
        *chan = Chan::Up { since: now };
        link.last_message = now;
        if channel == Channel::Command {
            link.refused_since = None;
            link.next_info = now;
            link.next_hello = now;
            link.next_ping = now;
            self.tick_link(now, id);
            if let Some(link) = self.link_mut(id) {
                // The first ping leaves at once; the later ones are spread over the period.
                link.next_ping = (now + jitter + Duration::from_millis(grain)).round_up(grain);
            }
        }
        self.tick_link(now, id);
        self.run_groups_of(now, id);
    }

    pub(crate) fn on_disconnected(&mut self, now: Time, id: LinkId, channel: Channel, cause: LinkFailure) {
        let retry = self.reconnect_delay(now, id, channel, cause);
        let Some(link) = self.link_mut(id) else { return };
        let was_up = link.command.is_up();
        link.lost(now, channel, cause, now + retry);
        if channel == Channel::Command {
            self.forget_asked(now, id);
            if was_up {
                self.failover_lost_link(now, id);
            }
        }
        if matches!(cause, LinkFailure::Unreachable | LinkFailure::Unresolved)
            && let Some((to, _)) = self.destination(id)
        {
            self.resolve_if_needed(&to);
        }
        self.tick_link(now, id);
        self.run_groups_of(now, id);
    }

    /// A channel that lived is tried again at once: the other side may only have cut its clients. One that did not is
    /// tried once per heartbeat, and faster where refusals alone may decide.
    fn reconnect_delay(&self, now: Time, id: LinkId, channel: Channel, cause: LinkFailure) -> Duration {
        let heartbeat = self.heartbeat(id);
        let Some(link) = self.link(id) else { return heartbeat };
        let chan = match channel {
            Channel::Command => Some(link.command),
            Channel::PubSub => link.pubsub,
        };
        let lived = matches!(chan, Some(Chan::Up { since }) if now.since(since) >= heartbeat / 2);
        if lived && cause != LinkFailure::Rejected {
            return Duration::ZERO;
        }
        match self.process_death_limit(id) {
            Some(limit) if cause.shows_dead_process() && limit < self.down_limit(id) => {
                (limit / HEARTBEATS_PER_LIMIT).clamp(MIN_REFUSED_PROBE, heartbeat)
            }
            _ => heartbeat,
        }
    }

    /// `process-death-after-milliseconds` of the node at the other end.
    pub(crate) fn process_death_limit(&self, id: LinkId) -> Option<Duration> {
        match self.links.get(id)? {
            Owner::Node(node) => {
                let node = self.nodes.get(*node)?;
                self.options_of(node.group)?.process_death_after
            }
            Owner::Peer(_) => None,
        }
    }

    pub(crate) fn run_groups_of(&mut self, now: Time, id: LinkId) {
        for group in self.groups_of_link(id) {
            self.run_group(now, group);
        }
    }

    /// Closes channels on which the other side has been silent for suspiciously long: a new connection may get through
    /// where an old one hangs.
    fn close_if_dead(&mut self, now: Time, id: LinkId) {
        let (limit, old_enough) = (self.down_limit(id) / 2, self.tunables.min_link_reconnect_period);
        let subscription_limit = self.tunables.publish_period * 3;
        let Some(link) = self.link_mut(id) else { return };
        let aged = |chan: Chan| matches!(chan, Chan::Up { since } if now.since(since) > old_enough);
        let mute = link.act_ping.is_some_and(|t| now.since(t) > limit) && now.since(link.last_pong) > limit;
        let mut close = Vec::new();
        if aged(link.command) && mute {
            close.push(Channel::Command);
        }
        // Our own hello comes back on the subscription; silence after one means that it is dead.
        let published_unheard =
            link.unheard_since.is_some_and(|t| t > link.last_message && now.since(t) > subscription_limit);
        if link.pubsub.is_some_and(aged) && published_unheard {
            close.push(Channel::PubSub);
        }
        for channel in close {
            self.close_channel(now, id, channel);
        }
    }

    pub(crate) fn close_channel(&mut self, now: Time, id: LinkId, channel: Channel) {
        if let Some(link) = self.link_mut(id) {
            link.lost(now, channel, LinkFailure::Requested, now);
            self.actions.push_back(Action::Close { link: id, channel });
            if channel == Channel::Command {
                self.forget_asked(now, id);
            }
        }
    }

    /// Gives both channels up and starts anew (new credentials, new address).
    pub(crate) fn reconnect(&mut self, now: Time, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        let has_pubsub = link.pubsub.is_some();
        self.close_channel(now, id, Channel::Command);
        if has_pubsub {
            self.close_channel(now, id, Channel::PubSub);
        }
        self.timers.at_latest(Timer::Link(id), now);
    }

    // --- periodic requests ----------------------------------------------------------------------------------------

    fn ping_if_due(&mut self, now: Time, id: LinkId) {
        let period = self.heartbeat(id);
        let room = self.room(id);
        let Some(link) = self.link_mut(id) else { return };
        if link.next_ping > now {
            return;
        }
        let grain = Self::grain_ms(period);
        // A heartbeat follows the last answer by a period, and the answer is a moment away.
        link.next_ping = (now + period + Duration::from_millis(1)).round_up(grain);
        if !room {
            return;
        }
        link.act_ping.get_or_insert(now);
        self.send(now, id, Purpose::Ping, Request::Ping);
    }

    /// True while less is outstanding than a link may have.
    pub(crate) fn room(&self, id: LinkId) -> bool {
        let sharing = match self.links.get(id) {
            Some(Owner::Peer(peer)) => self.peers.get(peer).map_or(1, |p| p.groups.len().max(1)),
            _ => 1,
        };
        self.link(id).is_some_and(|l| l.pending.len() < MAX_PENDING * sharing)
    }

    fn info_if_due(&mut self, now: Time, id: LinkId) {
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

    fn info_period(&self, id: crate::types::NodeId) -> Duration {
        let usual = self.tunables.info_period;
        let Some(node) = self.nodes.get(id) else { return usual };
        let Some(group) = self.groups.get(node.group) else { return usual };
        if group.failover.as_ref().is_some_and(|f| f.is_waiting_for(id)) {
            return usual.min(REPOINTED_INFO);
        }
        let is_replica = group.master != id;
        let unsettled = group.odown_since.is_some() || group.failover.is_some();
        let link_down = is_replica && node.info_at.is_some() && !node.info.master_link_up;
        let wrong_role = (node.role_reported == crate::types::Role::Master) == is_replica;
        if (is_replica && unsettled) || link_down || wrong_role { usual.min(FAST_INFO) } else { usual }
    }

    /// Asks for INFO now, whatever the period.
    pub(crate) fn info_now(&mut self, now: Time, id: LinkId) -> Option<RequestId> {
        if let Some(link) = self.link_mut(id) {
            link.next_info = link.next_info.max(now + FAST_INFO);
        }
        self.send(now, id, Purpose::Info, Request::Info)
    }

    /// Brings the next INFO forward after a change that shortens its period.
    pub(crate) fn hasten_info(&mut self, now: Time, node: crate::types::NodeId) {
        let period = self.info_period(node);
        if let Some(n) = self.nodes.get_mut(node) {
            n.link.next_info = n.link.next_info.min(now + period);
            let (link, at) = (n.link.id, n.link.next_info);
            self.timers.at_latest(Timer::Link(link), at);
        }
    }

    fn greet_node_if_due(&mut self, now: Time, id: LinkId) {
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

    fn hello_period(&self, now: Time, id: crate::types::NodeId) -> Duration {
        let period = self.tunables.publish_period;
        let Some(node) = self.nodes.get(id) else { return period };
        let Some(group) = self.groups.get(node.group) else { return period };
        match self.is_settled(now, group) && !self.is_young(now, &node.link) {
            true if group.master == id => period * SETTLED_MASTER_HELLO_HALVES / 2,
            true => period * SETTLED_HELLO_FACTOR,
            false => period,
        }
    }

    fn is_young(&self, now: Time, link: &Link) -> bool {
        matches!(link.command, Chan::Up { since } if now.since(since) < self.tunables.publish_period * 2)
    }

    /// Nothing is happening in the group, so that its members and our peers need no frequent hello.
    pub(crate) fn is_settled(&self, now: Time, group: &crate::group::Group) -> bool {
        let fresh = self.tunables.publish_period * 3;
        group.failover.is_none()
            && !group.peers.is_empty()
            && self.master_of(group).is_some_and(|m| !m.down.is_down() && m.link.is_complete())
            && group.switched_at.is_none_or(|t| now.since(t) > fresh)
    }

    /// Period of hellos to peers.
    pub(crate) fn peer_hello_period(&self, now: Time, group: &crate::group::Group) -> Duration {
        let period = self.tunables.publish_period;
        if self.is_settled(now, group) { period * SETTLED_HELLO_FACTOR } else { period }
    }

    // --- replies --------------------------------------------------------------------------------------------------

    pub(crate) fn on_reply(&mut self, now: Time, id: LinkId, request: RequestId, reply: Reply) {
        let Some(link) = self.link_mut(id) else { return };
        let Some(pending) = link.take_pending(request) else { return };
        match (pending.purpose, reply) {
            (Purpose::Ping, Reply::Pong(pong)) => self.on_pong(now, id, pong),
            (Purpose::Ping, _) => self.on_pong(now, id, Pong::Error),
            (Purpose::Info, Reply::Info(info)) => self.on_info(now, id, request, info),
            (Purpose::Hello { group }, Reply::Done) => self.on_greeted(now, id, group, pending.sent),
            (Purpose::Ask { group, vote_in }, Reply::Vote(vote)) => {
                self.on_opinion(now, id, group, vote_in, (pending.sent, vote))
            }
            (Purpose::Promote { group }, reply) => self.on_promotion_reply(now, group, id, &reply),
            (Purpose::Pause { group }, reply) => self.on_pause_reply(now, group, id, pending.sent, &reply),
            (Purpose::Demote { group }, reply) => self.on_demote_reply(now, group, id, &reply),
            // Errors to INFO, hellos and opinions change nothing: age will tell.
            (Purpose::Info | Purpose::Hello { .. } | Purpose::Ask { .. } | Purpose::Repoint | Purpose::Other, _) => {}
        }
    }

    fn on_pong(&mut self, now: Time, id: LinkId, pong: Pong) {
        let Some(link) = self.link_mut(id) else { return };
        link.last_pong = now;
        if pong.is_valid() {
            link.last_avail = now;
            link.act_ping = None;
            link.silence_told = false;
        }
        match self.links.get(id).copied() {
            Some(Owner::Node(node)) => self.on_node_pong(now, node, pong),
            Some(Owner::Peer(peer)) => {
                let Some(peer) = self.peers.get(&peer) else { return };
                let groups: Vec<_> = peer.groups.iter().copied().collect();
                for group in groups {
                    if self.peer_is_down(group, id) {
                        self.run_group(now, group);
                    }
                }
            }
            None => {}
        }
    }

    fn peer_is_down(&self, group: GroupId, link: LinkId) -> bool {
        let Some(Owner::Peer(peer)) = self.links.get(link) else { return false };
        self.groups.get(group).and_then(|g| g.peers.get(peer)).is_some_and(|e| e.down.is_down())
    }

    fn on_node_pong(&mut self, now: Time, id: crate::types::NodeId, pong: Pong) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        if pong == Pong::Pong {
            node.rebooting_since = None;
        }
        let (group, link, down) = (node.group, node.link.id, node.down.is_down());
        if pong == Pong::Busy && down && !node.script_kill_sent {
            node.script_kill_sent = true;
            self.send(now, link, Purpose::Other, Request::ScriptKill);
        }
        // A valid answer of a healthy node changes nothing that a group would have to look at.
        if down || !pong.is_valid() {
            self.run_group(now, group);
        }
    }
}
