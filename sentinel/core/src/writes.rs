//! Does a master take writes? Asked only where a group is configured for it.
//!
//! A master whose disk is full, whose memory is, or whose writes hang still answers heartbeats. With every heartbeat it is sent a small
//! write, and where that is refused for a reason of its own, or left without an answer, for `down-after-milliseconds`, it is sdown.
//! Errors that say nothing of the node (a missing permission, too few replicas) do not count; they are recorded once, so that somebody
//! notices that nothing is checked.
//!
//! The write has a connection of its own. While the writes of a node are paused a write waits, and what is sent behind it would too.
//!
//! All nodes of a group may have the same trouble. Who was replaced for it is not promoted for another such reason for a while, or the
//! group would be handed round for ever.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::action::Request;
use crate::input::{Channel, WriteAnswer};
use crate::link::{Chan, Owner};
use crate::machine::Sentinel;
use crate::reason::{DownCause, Reason, WriteFault};
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{LinkId, NodeId, RequestId, Role};
use crate::verdict::Rejection;

/// A planned hand-over pauses the master's writes, whoever leads it; none takes as long as this. Shorter silence of writes alone is
/// no fault.
const PAUSE_ALLOWED: Duration = Duration::from_secs(5);

/// For how long a node that was down for its writes is not chosen in place of another one that is.
const FAULT_REMEMBERED: Duration = Duration::from_secs(600);

/// The key that a check writes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteKey(Arc<str>);

impl WriteKey {
    /// Longest accepted key in bytes: it travels with every heartbeat.
    pub const MAX_LEN: usize = 255;

    /// Checks and wraps a key: not empty, not too long, without control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let fine = !text.is_empty() && text.len() <= Self::MAX_LEN && !text.chars().any(char::is_control);
        fine.then(|| Self(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the writes to a node show.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// The one without an answer, and when it was sent.
    asked: Option<(RequestId, Time)>,
    /// Since when writes have been without an answer, if their connection was given up for that.
    renewed_since: Option<Time>,
    /// All have been refused since, the last one for this.
    refused: Option<(Time, WriteFault)>,
    /// The silence has been looked at.
    silence_told: bool,
    /// It was recorded that the check does not work.
    void_told: bool,
    /// When it was down for its writes last.
    condemned: Option<Time>,
}

impl Writes {
    /// What they show is void: this process stood still.
    pub(crate) fn forgive(&mut self, now: Time) {
        if let Some((_, sent)) = &mut self.asked {
            *sent = now;
        }
        if let Some((since, _)) = &mut self.refused {
            *since = now;
        }
        self.renewed_since = None;
        self.silence_told = false;
    }

    /// The node has another role, or another connection: what was, was.
    pub(crate) fn begin_anew(&mut self) {
        *self = Self { condemned: self.condemned, void_told: self.void_told, ..Self::default() };
    }

    /// The node is down for its writes.
    pub(crate) fn condemn(&mut self, now: Time) {
        self.condemned = Some(now);
    }

    /// Why the node is down, if it refuses writes.
    pub(crate) fn refusal(&self, now: Time, down_after: Duration) -> Option<DownCause> {
        let (since, fault) = self.refused?;
        let lasting = now.since(since);
        (lasting > down_after).then_some(DownCause::WritesRefused { fault, lasting })
    }

    /// Why the node is down, if it leaves them unanswered.
    pub(crate) fn silence(&self, now: Time, down_after: Duration) -> Option<DownCause> {
        let waiting = now.since(self.asked?.1);
        (waiting > silence_allowed(down_after)).then_some(DownCause::WritesUnanswered(waiting))
    }

    /// When refusals will have lasted for too long.
    pub(crate) fn refused_until(&self, down_after: Duration) -> Option<Time> {
        self.refused.map(|(since, _)| since + down_after + Duration::from_millis(1))
    }

    /// Why it cannot take the place of a master that is down for its own writes.
    pub(crate) fn rejection(&self, now: Time) -> Option<Rejection> {
        let age = now.since(self.condemned?);
        (age < FAULT_REMEMBERED).then_some(Rejection::RefusedWrites(age))
    }
}

fn silence_allowed(down_after: Duration) -> Duration {
    down_after.max(PAUSE_ALLOWED)
}

impl Sentinel {
    /// Has the connection for writes where it is to be: to the master of a group that is configured for it.
    pub(crate) fn want_writes(&mut self, now: Time, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        let Owner::Node(node) = link.owner else { return };
        let (is_there, wanted) = (link.write.is_some(), self.is_write_checked(node));
        if wanted && !is_there {
            if let Some(link) = self.link_mut(id) {
                link.write = Some(Chan::Idle { retry_at: now });
            }
        } else if !wanted && is_there {
            self.close_channel(now, id, Channel::Write);
            if let Some(link) = self.link_mut(id) {
                link.write = None;
            }
            self.writes_lost(id);
        }
    }

    /// The connection for writes went away.
    pub(crate) fn writes_lost(&mut self, id: LinkId) {
        if let Some(Owner::Node(node)) = self.links.get(id)
            && let Some(node) = self.nodes.get_mut(*node)
        {
            node.writes.begin_anew();
        }
    }

    fn is_write_checked(&self, node: NodeId) -> bool {
        let group = self.nodes.get(node).and_then(|n| self.groups.get(n.group));
        group.is_some_and(|g| g.master == node && g.options.write_check_key.is_some())
    }

    /// Sends a write along with a heartbeat.
    pub(crate) fn check_writes(&mut self, now: Time, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        let (Owner::Node(node), true) = (link.owner, link.write.is_some_and(Chan::is_up)) else { return };
        if self.is_paused(node) {
            return;
        }
        let Some(n) = self.nodes.get(node) else { return };
        let Some(group) = self.groups.get(n.group) else { return };
        let (group_id, down_after) = (n.group, group.options.down_after);
        if let Some((_, sent)) = n.writes.asked {
            if n.writes.renewed_since.is_none() && now.since(sent) > silence_allowed(down_after) / 2 {
                return self.renew_writes(now, id, node, sent);
            }
            let is_late = n.writes.silence(now, down_after).is_some();
            if let Some(n) = self.nodes.get_mut(node)
                && is_late
                && !std::mem::replace(&mut n.writes.silence_told, true)
            {
                self.run_group(now, group_id);
            }
            return;
        }
        // One that says that it is a replica is no master that refuses writes.
        let Some(key) = group.options.write_check_key.clone().filter(|_| n.role_reported == Role::Master) else {
            return;
        };
        let request = self.emit(id, Request::CheckWrites { key });
        if let Some(n) = self.nodes.get_mut(node) {
            n.writes.asked = Some((request, n.writes.renewed_since.unwrap_or(now)));
        }
    }

    /// A connection may be gone without a word (a firewall forgot it) while the node is well: before its silence counts, the write is
    /// asked for once more on another one.
    fn renew_writes(&mut self, now: Time, id: LinkId, node: NodeId, since: Time) {
        self.close_channel(now, id, Channel::Write);
        if let Some(n) = self.nodes.get_mut(node) {
            n.writes.begin_anew();
            n.writes.renewed_since = Some(since);
        }
        self.timers.at_latest(Timer::Link(id), now);
    }

    /// The answer to a write.
    pub(crate) fn on_written(&mut self, now: Time, id: LinkId, request: RequestId, answer: WriteAnswer) {
        let Some(Owner::Node(node)) = self.links.get(id).copied() else { return };
        let Some(n) = self.nodes.get_mut(node) else { return };
        let Some((_, sent)) = n.writes.asked.take_if(|(asked, _)| *asked == request) else { return };
        (n.writes.silence_told, n.writes.renewed_since) = (false, None);
        let before = n.writes.refused;
        let mut complaint = None;
        match answer {
            WriteAnswer::Done => {
                n.writes = Writes::default();
            }
            WriteAnswer::Refused(fault) => {
                n.writes.refused = Some((before.map_or(sent, |(since, _)| since), fault));
            }
            WriteAnswer::Later => {}
            WriteAnswer::Void(error) => {
                n.writes.refused = None;
                complaint = Some(error).filter(|_| !std::mem::replace(&mut n.writes.void_told, true));
            }
        }
        let (group, addr) = (n.group, n.addr.clone());
        let changed = n.writes.refused.is_some() != before.is_some() || n.down.is_down();
        if let Some(error) = complaint {
            self.record(now, group, Reason::WriteCheckVoid { addr, error });
        }
        if changed {
            self.run_group(now, group);
        }
    }
}

/// The master is down for its writes.
pub(crate) const fn is_write_fault(cause: DownCause) -> bool {
    matches!(cause, DownCause::WritesRefused { .. } | DownCause::WritesUnanswered(_))
}
