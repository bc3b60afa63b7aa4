//! One link: what is due on it, what silence on it means, and what its answers are for.
//!
//! Deadlines of one link are served together, and rounded to a grain, so that what goes to one node leaves in one write and
//! many nodes are served by one wake-up.

use std::time::Duration;

use crate::action::Request;
use crate::input::{Pong, Reply};
use crate::link::{Chan, Owner, Purpose};
use crate::machine::Sentinel;
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{GroupId, LinkId, NodeId, RequestId};

/// No heartbeat is more frequent than this, however short `down-after` is.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);

/// Heartbeats per `down-after`: one lost answer must not decide.
pub(crate) const HEARTBEATS_PER_LIMIT: u32 = 4;

impl Sentinel {
    /// Serves one link: everything that is due on it, and its next deadline.
    pub(crate) fn tick_link(&mut self, now: Time, id: LinkId) {
        self.tell_silence(now, id);
        self.close_if_dead(now, id);
        self.want_writes(now, id);
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
    pub(crate) fn down_limit(&self, id: LinkId) -> Duration {
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
    pub(crate) const fn grain_ms(heartbeat: Duration) -> u64 {
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
            for chan in [link.pubsub, link.write] {
                if let Some(Chan::Idle { retry_at }) = chan {
                    consider(retry_at);
                }
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

    // --- replies --------------------------------------------------------------------------------------------------

    pub(crate) fn on_reply(&mut self, now: Time, id: LinkId, request: RequestId, reply: Reply) {
        if let Reply::Written(answer) = reply {
            return self.on_written(now, id, request, answer);
        }
        let Some(link) = self.link_mut(id) else { return };
        let Some(pending) = link.take_pending(request) else { return };
        match (pending.purpose, reply) {
            (Purpose::Ping, Reply::Pong(pong)) => self.on_pong(now, id, pong),
            (Purpose::Ping, _) => self.on_pong(now, id, Pong::Error),
            (Purpose::Info, Reply::Info(info)) => self.on_info(now, id, request, info),
            (Purpose::Hello { group }, Reply::Done) => self.on_greeted(now, id, group, pending.sent),
            (Purpose::Ask { group, vote_in, master }, Reply::Vote(vote)) => {
                self.on_opinion(now, id, group, (vote_in, master), (pending.sent, vote))
            }
            (Purpose::Promote { group }, reply) => self.on_promotion_reply(now, group, id, &reply),
            (Purpose::Pause { group }, reply) => self.on_pause_reply(now, group, id, pending.sent, &reply),
            (Purpose::Demote { group }, reply) => self.on_demote_reply(now, group, id, &reply),
            (Purpose::Repoint, reply) => self.on_repoint_reply(now, id, &reply),
            (Purpose::Cut, reply) => self.on_cut_reply(now, id, &reply),
            // Errors to INFO, hellos and opinions change nothing: age will tell.
            (Purpose::Info | Purpose::Hello { .. } | Purpose::Ask { .. } | Purpose::Other, _) => {}
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

    fn on_node_pong(&mut self, now: Time, id: NodeId, pong: Pong) {
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
