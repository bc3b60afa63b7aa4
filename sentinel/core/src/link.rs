//! What is known of one link: its channels, what is outstanding on it, and when the other side last gave a sign of life.

use std::collections::VecDeque;
use std::time::Duration;

use crate::input::{Channel, LinkFailure};
use crate::time::Time;
use crate::types::{GroupId, LinkId, NodeId, RequestId, RunId};

/// Whom a link leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Owner {
    Node(NodeId),
    Peer(RunId),
}

/// State of one channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Chan {
    /// Not there; the next attempt is due at the given time.
    Idle { retry_at: Time },
    /// Asked for.
    Connecting,
    /// There, since the given time.
    Up { since: Time },
}

impl Chan {
    pub(crate) const fn is_up(self) -> bool {
        matches!(self, Self::Up { .. })
    }
}

/// What a request was sent for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    Ping,
    Info,
    /// A hello; to a peer, about this group.
    Hello {
        group: GroupId,
    },
    /// An opinion or a vote, for the group and (if a vote) in the epoch.
    Ask {
        group: GroupId,
        vote_in: Option<crate::types::Epoch>,
        /// The master that the opinion is about.
        master: NodeId,
    },
    /// The promotion of a candidate.
    Promote {
        group: GroupId,
    },
    /// Repointing a replica.
    Repoint,
    /// Pausing the master's writes before a hand-over.
    Pause {
        group: GroupId,
    },
    /// Demoting the old master at the end of a hand-over.
    Demote {
        group: GroupId,
    },
    /// Cutting the clients of the master before.
    Cut,
    /// Ending a pause, killing a script: nobody waits.
    Other,
}

/// A request without an answer yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) id: RequestId,
    pub(crate) purpose: Purpose,
    pub(crate) sent: Time,
}

/// Requests that may be outstanding per sharing group; beyond it nothing periodic is sent. The figure is Sentinel's.
pub(crate) const MAX_PENDING: usize = 100;

/// One link.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) owner: Owner,
    pub(crate) command: Chan,
    /// `None` for peers, which have no such channel.
    pub(crate) pubsub: Option<Chan>,
    /// `None` unless the node's writes are checked.
    pub(crate) write: Option<Chan>,
    pub(crate) pending: VecDeque<Pending>,
    /// Oldest ping without a valid answer.
    pub(crate) act_ping: Option<Time>,
    /// The shortest `down-after` among the groups that the link serves.
    pub(crate) limit: Duration,
    /// The present silence has outlasted the shortest limit, and the groups have looked at it.
    pub(crate) silence_told: bool,
    /// Last valid answer to a ping.
    pub(crate) last_avail: Time,
    /// Last answer of any kind to a ping.
    pub(crate) last_pong: Time,
    pub(crate) next_ping: Time,
    pub(crate) next_info: Time,
    pub(crate) next_hello: Time,
    /// First hello that the node accepted from us and that no message has followed, if it is later than `last_message`: ours
    /// comes back, so silence after it means a dead subscription.
    pub(crate) unheard_since: Option<Time>,
    pub(crate) last_message: Time,
    /// Since when a reachable host has been refusing us.
    pub(crate) refused_since: Option<Time>,
    /// Why the command channel went away last.
    pub(crate) last_failure: Option<LinkFailure>,
}

impl Link {
    pub(crate) fn new(now: Time, id: LinkId, owner: Owner, limit: Duration) -> Self {
        let idle = Chan::Idle { retry_at: now };
        Self {
            id,
            owner,
            command: idle,
            pubsub: matches!(owner, Owner::Node(_)).then_some(idle),
            write: None,
            pending: VecDeque::new(),
            // A node that can never be reached must become sdown too: the clock runs from its creation.
            act_ping: Some(now),
            limit,
            silence_told: false,
            last_avail: now,
            last_pong: now,
            next_ping: now,
            next_info: now,
            next_hello: now,
            unheard_since: None,
            last_message: now,
            refused_since: None,
            last_failure: None,
        }
    }

    /// All channels that it needs are there.
    pub(crate) fn is_complete(&self) -> bool {
        self.command.is_up() && self.pubsub.is_none_or(Chan::is_up)
    }

    /// The last attempt to connect was refused by a reachable host.
    pub(crate) fn is_refused(&self) -> bool {
        !self.command.is_up() && self.last_failure == Some(LinkFailure::Refused)
    }

    pub(crate) fn channel_mut(&mut self, channel: Channel) -> Option<&mut Chan> {
        match channel {
            Channel::Command => Some(&mut self.command),
            Channel::PubSub => self.pubsub.as_mut(),
            Channel::Write => self.write.as_mut(),
        }
    }

    pub(crate) fn has_pending(&self, wanted: impl Fn(&Pending) -> bool) -> bool {
        self.pending.iter().any(wanted)
    }

    /// Takes the request with this id; requests before it were never answered and are dropped with it.
    pub(crate) fn take_pending(&mut self, id: RequestId) -> Option<Pending> {
        let at = self.pending.iter().position(|p| p.id == id)?;
        self.pending.drain(..=at).next_back()
    }

    /// How long the other side has given no valid sign of life.
    pub(crate) fn silence(&self, now: Time) -> Duration {
        match self.act_ping {
            Some(t) => now.since(t),
            None if !self.command.is_up() => now.since(self.last_avail),
            None => Duration::ZERO,
        }
    }

    /// When `silence` reaches `limit`, if it is running.
    pub(crate) fn silent_at(&self, limit: Duration) -> Option<Time> {
        match self.act_ping {
            Some(t) => Some(t + limit),
            None if !self.command.is_up() => Some(self.last_avail + limit),
            None => None,
        }
    }

    /// A channel went away.
    pub(crate) fn lost(&mut self, now: Time, channel: Channel, cause: LinkFailure, retry_at: Time) {
        if let Some(chan) = self.channel_mut(channel) {
            *chan = Chan::Idle { retry_at };
        }
        if channel == Channel::Command {
            // Silence is counted from the last sign of life, whatever a new connection that answers nothing may pretend.
            self.act_ping.get_or_insert(self.last_avail);
            self.pending.clear();
            self.last_failure = Some(cause);
            if cause.shows_dead_process() {
                self.refused_since.get_or_insert(now);
            } else {
                self.refused_since = None;
            }
        }
    }

    /// The observations of a process that stood still are void: silence is counted from now on.
    pub(crate) fn forgive(&mut self, now: Time) {
        if let Some(t) = self.act_ping.as_mut() {
            *t = now;
        }
        self.silence_told = false;
        if self.refused_since.is_some() {
            self.refused_since = Some(now);
        }
        self.last_avail = now;
        self.last_pong = now;
        self.last_message = now;
    }
}
