//! Connections of a link: when they are asked for, that they came or went, and when a silent one is given up.

use std::time::Duration;

use crate::action::Action;
use crate::input::{Channel, LinkFailure};
use crate::link::{Chan, Owner};
use crate::machine::Sentinel;
use crate::probe::HEARTBEATS_PER_LIMIT;
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{Addr, GroupId, LinkId};

/// Fastest probing of a host that refuses connections.
const MIN_REFUSED_PROBE: Duration = Duration::from_millis(20);

impl Sentinel {
    pub(crate) fn connect_if_due(&mut self, now: Time, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        let due = |chan: Chan| matches!(chan, Chan::Idle { retry_at } if retry_at <= now);
        let channel = if due(link.command) {
            Channel::Command
        } else if link.command.is_up() && link.pubsub.is_some_and(due) {
            Channel::PubSub
        } else if link.command.is_up() && link.write.is_some_and(due) {
            Channel::Write
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

    fn destination(&self, id: LinkId) -> Option<(Addr, Option<GroupId>)> {
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
        if channel != Channel::Write {
            link.last_message = now;
        }
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
        if channel == Channel::Write {
            self.writes_lost(id);
        }
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
            Channel::Write => link.write,
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
    pub(crate) fn close_if_dead(&mut self, now: Time, id: LinkId) {
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

    /// Gives all channels up and starts anew (new credentials, new address).
    pub(crate) fn reconnect(&mut self, now: Time, id: LinkId) {
        self.reconnect_after(now, id, Duration::ZERO);
    }

    /// As [`Self::reconnect`], after a pause.
    pub(crate) fn reconnect_after(&mut self, now: Time, id: LinkId, pause: Duration) {
        let Some(link) = self.link(id) else { return };
        let (has_pubsub, has_write) = (link.pubsub.is_some(), link.write.is_some());
        self.close_channel(now, id, Channel::Command);
        if has_pubsub {
            self.close_channel(now, id, Channel::PubSub);
        }
        if has_write {
            self.close_channel(now, id, Channel::Write);
            self.writes_lost(id);
        }
        if let Some(link) = self.link_mut(id) {
            link.command = Chan::Idle { retry_at: now + pause };
        }
        self.timers.at_latest(Timer::Link(id), now + pause);
    }
}
