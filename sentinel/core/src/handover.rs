//! The planned hand-over that loses no write.
//!
//! While the master is reachable: pause its writes, read the offset at which its history is frozen, wait until the chosen
//! replica has all of it, promote, check that the promoted history continues the frozen one, tell everybody, and only then
//! demote the old master, cut its clients and end the pause, in one transaction. If a step before the promotion fails the pause is
//! ended and nothing has changed.

use std::time::Duration;

use crate::action::Request;
use crate::group::Group;
use crate::input::{InfoReport, Reply};
use crate::link::Purpose;
use crate::machine::Sentinel;
use crate::reason::{AbortCause, HandOverStep, Reason};
use crate::time::Time;
use crate::types::{GroupId, LinkId, NodeId, RequestId, Role, RunId};
use crate::view::FailoverState;

/// The master resumes writing by itself after this, should we die. Renewed while the hand-over needs it.
const PAUSE: Duration = Duration::from_secs(3);

/// How long pausing and catching up may take together; well inside [`PAUSE`].
const CATCH_UP_LIMIT: Duration = Duration::from_millis(1500);

/// The pause is renewed this long before it would end, while the promotion or its announcement is not through yet.
const RENEWAL_MARGIN: Duration = Duration::from_millis(1500);

/// A renewal that could not be sent is tried again after this long.
const RENEWAL_RETRY: Duration = Duration::from_millis(50);

/// Bytes by which a history may grow although writes are paused (pings to the replicas). A replica that claims more is not
/// talking of this history.
const DRIFT_MAX: u64 = 64 * 1024;

/// How often the candidate is asked for its offset.
const CATCH_UP_POLL: Duration = Duration::from_millis(5);

/// How long the demotion waits for a majority of the peers to have heard of the new master.
const ANNOUNCE_LIMIT: Duration = Duration::from_millis(50);

/// How long it waits for the new master to be published, where it is: clients that are cut shall find it. Well inside
/// [`RENEWAL_MARGIN`], so that the pause outlasts it.
const PUBLISH_LIMIT: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The pause was asked for; behind it, in the same pipeline, the INFO that will show the frozen offset.
    Pausing { frozen_by: Option<RequestId> },
    /// The candidate has to reach the frozen offset.
    CatchingUp { offset: u64, next_poll: Time },
    /// It has; it may be promoted.
    Ready { offset: u64 },
    /// The new master is being announced; the old one is demoted afterwards.
    Announcing { offset: u64, until: Time },
    /// The demotion was sent, or there is nobody left to demote.
    Demoted { offset: u64 },
}

/// A hand-over under way.
#[derive(Debug)]
pub(crate) struct HandOver {
    stage: Stage,
    old: NodeId,
    replid: Option<RunId>,
    began: Time,
    /// When the pause is to be asked for again.
    renew_at: Time,
    /// The pause lasts at least until then, by what the master has confirmed.
    held_until: Time,
    /// When the announcement began, once the configuration was durable.
    announced: Time,
    /// Peers that have taken our hello with the new configuration.
    told: u32,
}

impl HandOver {
    pub(crate) const fn frozen_offset(&self) -> Option<u64> {
        match self.stage {
            Stage::Pausing { .. } => None,
            Stage::CatchingUp { offset, .. }
            | Stage::Ready { offset }
            | Stage::Announcing { offset, .. }
            | Stage::Demoted { offset } => Some(offset),
        }
    }

    /// The master that hands over.
    pub(crate) const fn old(&self) -> NodeId {
        self.old
    }

    /// When it is to be looked at again, where the candidate is there.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        match self.stage {
            Stage::CatchingUp { next_poll, .. } => Some(next_poll.min(self.limit())),
            Stage::Announcing { until, .. } => Some(until),
            Stage::Pausing { .. } => Some(self.limit()),
            Stage::Ready { .. } => Some(self.renew_at),
            // The old master answers, or its link breaks.
            Stage::Demoted { .. } => None,
        }
    }

    /// When pausing and catching up have taken too long.
    pub(crate) fn limit(&self) -> Time {
        self.began + CATCH_UP_LIMIT
    }

    /// When the pause is to be asked for again, while the promotion is unconfirmed.
    pub(crate) const fn renew_at(&self) -> Time {
        self.renew_at
    }
}

impl Sentinel {
    /// Takes the hand-over towards the promotion; true once the candidate may be promoted.
    pub(crate) fn step_handover(&mut self, now: Time, id: GroupId) -> bool {
        let Some(f) = self.running(id) else { return false };
        let Some(h) = f.handover.as_ref() else {
            self.begin_handover(now, id);
            return false;
        };
        // However far it has come: a pause that may run out before the promotion is announced is worth nothing.
        if now.since(h.began) >= CATCH_UP_LIMIT {
            self.abort_with_event(now, id, AbortCause::MasterTimeout);
            return false;
        }
        match h.stage {
            Stage::Ready { .. } => return true,
            Stage::CatchingUp { next_poll, .. } if next_poll <= now => self.poll_candidate(now, id),
            _ => {}
        }
        false
    }

    fn begin_handover(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(master) = self.master_of(group) else { return };
        if master.down.is_down() || !master.link.command.is_up() {
            return self.abort_with_event(now, id, AbortCause::MasterDown);
        }
        let (old, link, replid) = (master.id, master.link.id, master.info.replid);
        self.send(now, link, Purpose::Pause { group: id }, Request::PauseWrites { limit: PAUSE });
        let frozen_by = self.info_now(now, link);
        if let Some(f) = self.running_mut(id) {
            let stage = Stage::Pausing { frozen_by };
            f.handover = Some(HandOver {
                stage,
                old,
                replid,
                began: now,
                renew_at: now + (PAUSE - RENEWAL_MARGIN),
                held_until: now,
                announced: now,
                told: 0,
            });
        }
    }

    /// The pause that was asked for at `sent` began or was prolonged, or was refused: an old server, a missing permission.
    pub(crate) fn on_pause_reply(&mut self, now: Time, id: GroupId, link: LinkId, sent: Time, reply: &Reply) {
        let Some(h) = self.running(id).and_then(|f| f.handover.as_ref()) else { return };
        if self.nodes.get(h.old).is_none_or(|n| n.link.id != link) || sent < h.began {
            return;
        }
        let waiting = matches!(h.stage, Stage::Pausing { .. });
        match reply {
            Reply::Failed(_) if waiting => {
                self.abort_with_event(now, id, AbortCause::MasterTimeout);
                self.run_group(now, id);
            }
            Reply::Done => {
                if let Some(h) = self.running_mut(id).and_then(|f| f.handover.as_mut()) {
                    h.held_until = h.held_until.max(sent + PAUSE);
                }
            }
            _ => {}
        }
    }

    /// INFO of a node of a group whose hand-over is under way.
    pub(crate) fn handover_info(
        &mut self,
        now: Time,
        id: GroupId,
        node: NodeId,
        request: RequestId,
        info: &InfoReport,
    ) {
        let Some(f) = self.running_mut(id) else { return };
        let (candidate, Some(h)) = (f.candidate, f.handover.as_mut()) else { return };
        match h.stage {
            Stage::Pausing { frozen_by } if node == h.old && frozen_by == Some(request) => {
                let (Some(offset), Some(Role::Master)) = (info.master_offset, info.role) else {
                    return self.abort_with_event(now, id, AbortCause::MasterTimeout);
                };
                h.replid = info.replid.or(h.replid);
                h.stage = Stage::CatchingUp { offset, next_poll: now };
                let waited = now.since(h.began);
                self.record(now, id, Reason::HandOver { step: HandOverStep::Frozen { offset, waited } });
            }
            Stage::CatchingUp { offset, .. } if Some(node) == candidate => {
                let caught_up = info.role == Some(Role::Replica)
                    && info.master_link_up
                    && info.replid == h.replid
                    && info.replica_offset.is_some_and(|o| (offset..=offset.saturating_add(DRIFT_MAX)).contains(&o));
                if caught_up {
                    h.stage = Stage::Ready { offset };
                    let waited = now.since(h.began);
                    let has = info.replica_offset.unwrap_or(offset);
                    self.record(now, id, Reason::HandOver { step: HandOverStep::CaughtUp { offset: has, waited } });
                }
            }
            _ => {}
        }
    }

    fn poll_candidate(&mut self, now: Time, id: GroupId) {
        let Some(f) = self.running_mut(id) else { return };
        if let Some(HandOver { stage: Stage::CatchingUp { next_poll, .. }, .. }) = f.handover.as_mut() {
            *next_poll = now + CATCH_UP_POLL;
        }
        let Some(link) = f.candidate.and_then(|c| self.nodes.get(c)).map(|n| n.link.id) else { return };
        if !self.link(link).is_some_and(|l| l.has_pending(|p| p.purpose == Purpose::Info)) {
            self.info_now(now, link);
        }
    }

    /// While the promotion is unconfirmed the pause must not end by itself.
    pub(crate) fn keep_paused(&mut self, now: Time, id: GroupId) {
        let Some(h) = self.running(id).and_then(|f| f.handover.as_ref()) else { return };
        if matches!(h.stage, Stage::Demoted { .. }) || now < h.renew_at {
            return;
        }
        let Some(link) = self.nodes.get(h.old).map(|n| n.link.id) else { return };
        let request = Request::PauseWrites { limit: PAUSE };
        let sent = self.send(now, link, Purpose::Pause { group: id }, request).is_some();
        if let Some(h) = self.running_mut(id).and_then(|f| f.handover.as_mut()) {
            h.renew_at = now + if sent { PAUSE - RENEWAL_MARGIN } else { RENEWAL_RETRY };
        }
    }

    /// True if the promoted replica continues exactly the history that was frozen. Servers that do not show their second
    /// history are believed.
    pub(crate) fn continues_frozen_history(&self, id: GroupId, info: &InfoReport) -> bool {
        let Some(h) = self.running(id).and_then(|f| f.handover.as_ref()) else { return true };
        let Some(offset) = h.frozen_offset() else { return true };
        match (info.replid2, h.replid, info.second_offset) {
            (Some(second), Some(old), Some(at)) => second == old && at > offset,
            _ => true,
        }
    }

    /// The promotion is confirmed and the switch made; what is left is to tell the peers and to demote the old master.
    pub(crate) fn handover_announced(&mut self, now: Time, id: GroupId) {
        // Another announcement may have waited for the disk.
        let Some(f) = self.running_mut(id).filter(|f| f.is_committed()) else { return };
        if let Some(h) = f.handover.as_mut() {
            h.announced = now;
            let offset = h.frozen_offset().unwrap_or(0);
            h.stage = Stage::Announcing { offset, until: now + ANNOUNCE_LIMIT };
        }
    }

    /// A peer took the hello that was sent to it then.
    pub(crate) fn handover_peer_told(&mut self, id: GroupId, sent: Time) {
        if let Some(h) = self.running_mut(id).and_then(|f| f.handover.as_mut())
            && matches!(h.stage, Stage::Announcing { .. })
            && sent >= h.announced
        {
            h.told += 1;
        }
    }

    /// Demotes the old master once enough peers know the new one, or `at_once`.
    pub(crate) fn finish_handover(&mut self, now: Time, id: GroupId, at_once: bool) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(h) = group.failover.as_ref().and_then(|f| f.handover.as_ref()) else { return };
        let offset = match h.stage {
            Stage::Announcing { offset, .. } => offset,
            Stage::Ready { offset } if at_once => offset,
            _ => return,
        };
        if let Some(until) = announced_by(group, h, now).filter(|_| !at_once) {
            if let Some(h) = self.running_mut(id).and_then(|f| f.handover.as_mut()) {
                h.stage = Stage::Announcing { offset, until };
            }
            return;
        }
        let old_node = h.old;
        let old = self.nodes.get(h.old).map(|n| n.link.id);
        let Some(to) = self.master_of(group).map(|m| m.addr.clone()) else { return };
        let request = Request::Reconfigure { to: Some(to), unpause: true };
        let sent = old.and_then(|link| self.send(now, link, Purpose::Demote { group: id }, request)).is_some();
        if sent {
            self.displaced_is_told(id, old_node);
        }
        if let Some(f) = self.running_mut(id) {
            f.handover = f.handover.take().filter(|_| sent).map(|h| HandOver { stage: Stage::Demoted { offset }, ..h });
        }
    }

    pub(crate) fn on_demote_reply(&mut self, now: Time, id: GroupId, link: LinkId, reply: &Reply) {
        let is_answer = |h: &HandOver| {
            matches!(h.stage, Stage::Demoted { .. }) && self.nodes.get(h.old).is_some_and(|n| n.link.id == link)
        };
        if !self.running(id).and_then(|f| f.handover.as_ref()).is_some_and(is_answer) {
            return;
        }
        let Some(h) = self.running_mut(id).and_then(|f| f.handover.take()) else { return };
        let paused = now.since(h.began);
        if matches!(reply, Reply::Done) {
            if now > h.held_until {
                let unguarded = now.since(h.held_until);
                self.record(now, id, Reason::HandOver { step: HandOverStep::Lapsed { unguarded } });
            }
            self.record(now, id, Reason::HandOver { step: HandOverStep::Demoted { paused } });
        } else {
            // Without the transaction at least the pause must end; the old master is converted like any returning one.
            self.send(now, link, Purpose::Other, Request::Unpause);
        }
    }

    /// The link to the old master broke: its pause runs out by itself, and nothing more can be asked of it.
    pub(crate) fn handover_lost_link(&mut self, now: Time, id: GroupId, link: LinkId) {
        let Some(f) = self.running(id) else { return };
        let Some(h) = f.handover.as_ref() else { return };
        let of_old = self.nodes.get(h.old).is_some_and(|n| n.link.id == link);
        if !of_old {
            return;
        }
        if f.state == FailoverState::SendPromotion {
            self.abort_with_event(now, id, AbortCause::MasterDown);
        } else if f.is_committed()
            && let Some(f) = self.running_mut(id)
        {
            f.handover = None;
        }
    }

    /// Ends the pause of a hand-over that is being given up. If somebody has begun a later failover the pause may be theirs by
    /// now: it is left to run out by itself.
    pub(crate) fn roll_back_handover(&mut self, now: Time, id: GroupId) {
        let overtaken = self.groups.get(id).is_some_and(|g| {
            let epoch = g.failover.as_ref().map(|f| f.epoch);
            epoch.is_some_and(|e| g.leader_epoch > e || g.config_epoch > e)
        });
        let Some(h) = self.running_mut(id).and_then(|f| f.handover.take()) else { return };
        let link = self.nodes.get(h.old).map(|n| n.link.id).filter(|_| !overtaken);
        if let Some(link) = link {
            self.send(now, link, Purpose::Other, Request::Unpause);
        }
        self.record(now, id, Reason::HandOver { step: HandOverStep::RolledBack });
    }

    /// True while the master must not be sent anything that its write pause would block.
    pub(crate) fn is_paused(&self, node: NodeId) -> bool {
        self.nodes
            .get(node)
            .and_then(|n| self.running(n.group))
            .and_then(|f| f.handover.as_ref())
            .is_some_and(|h| h.old == node)
    }
}

/// Until when the demotion waits for others to hear of the new master; `None` if it need not wait.
fn announced_by(group: &Group, h: &HandOver, now: Time) -> Option<Time> {
    let told = h.told >= group.voters() / 2;
    let shown = group.is_published(group.config_epoch);
    let peers = (!told).then_some(h.announced + ANNOUNCE_LIMIT).filter(|until| now < *until);
    let world = (!shown).then_some(h.announced + PUBLISH_LIMIT).filter(|until| now < *until);
    peers.into_iter().chain(world).min()
}
