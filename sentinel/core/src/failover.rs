//! A failover as its leader runs it: when one starts, in which state it is, and how it is given up.
//!
//! The states and events are Sentinel's. Different from it: votes are counted for the failover's own epoch, a lost election is
//! retried after a short jittered backoff, the promotion is confirmed by an INFO sent right behind it, the switch is published
//! at that moment, and a failover whose promoted replica dies makes room for the next one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::Level;
use crate::group::{Group, PeerEntry};
use crate::handover::HandOver;
use crate::hooks::{Asked, Occasion};
use crate::machine::Sentinel;
use crate::promotion::{CANDIDATE_LOST_LIMIT, FRESH_INFO_LIMIT, HAND_OVER_CONFIRM_LIMIT};
use crate::reason::{AbortCause, HoldCause, Reason};
use crate::reconfigure::Target;
use crate::time::Time;
use crate::types::{Epoch, GroupId, LinkId, NodeId, RunId};
use crate::view::FailoverState;

/// Sentinels with a lower run id start at least this much earlier each, so that votes are not split.
const RANK_STAGGER: Duration = Duration::from_millis(40);

/// Saves between a sentinel's odown and its peers' votes: its own two (the one being written, and the next one), and theirs.
const SAVES_PER_CALL: u32 = 4;

/// Longest wait for those with a lower run id.
const RANK_STAGGER_MAX: Duration = Duration::from_millis(500);

/// Backoff after the first failed attempt; doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);

/// Longest backoff.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// How the failover came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The master is odown.
    Automatic,
    /// An operator wants a hand-over from a reachable master.
    Planned,
    /// An operator forces it: no votes.
    Forced,
}

/// A running failover that we lead or want to lead.
#[derive(Debug)]
pub(crate) struct Failover {
    pub(crate) epoch: Epoch,
    pub(crate) kind: Kind,
    pub(crate) state: FailoverState,
    pub(crate) started: Time,
    pub(crate) state_since: Time,
    pub(crate) candidate: Option<NodeId>,
    pub(crate) next_confirm: Time,
    pub(crate) candidate_lost: Option<Time>,
    /// Present while a planned hand-over is under way.
    pub(crate) handover: Option<HandOver>,
    /// Replicas to repoint, after the promotion.
    pub(crate) targets: BTreeMap<NodeId, Target>,
    /// Elections of an operator's failover that were lost to a concurrent epoch.
    pub(crate) lost_elections: u32,
    /// Whether whoever wants to be asked before it agrees.
    pub(crate) asked: Asked,
    /// What is told of it, if anybody wants to know, from the choice of the candidate on.
    pub(crate) occasion: Option<Box<Occasion>>,
}

impl Failover {
    pub(crate) const fn is_forced(&self) -> bool {
        matches!(self.kind, Kind::Forced)
    }

    /// The failover waits for what this node says in its INFO.
    pub(crate) fn is_waiting_for(&self, node: NodeId) -> bool {
        self.targets.get(&node).is_some_and(Target::is_under_way)
    }

    /// The new master is known to the world: there is no way back.
    pub(crate) const fn is_committed(&self) -> bool {
        matches!(self.state, FailoverState::ReconfReplicas | FailoverState::UpdateConfig)
    }
}

impl Sentinel {
    // --- starting -------------------------------------------------------------------------------------------------

    pub(crate) fn start_failover_if_due(&mut self, now: Time, id: GroupId) {
        self.release_hold_of_dead_leader(now, id);
        let Some(group) = self.groups.get(id) else { return };
        let Some(odown) = group.odown_since else { return };
        if group.failover.as_ref().is_some_and(|f| !f.is_committed()) {
            return;
        }
        let rank = self.rank(group);
        let (until, cause) = if self.saves.is_failing() {
            (now + RETRY_FIRST, HoldCause::DiskFailing)
        } else {
            match group.hold {
                Some((until, cause)) if until > now => (until, cause),
                _ => (odown + self.stagger(rank), HoldCause::Rank(rank)),
            }
        };
        if until > now {
            if let Some(group) = self.groups.get_mut(id) {
                let told = std::mem::replace(&mut group.hold_told, true);
                if !told && !matches!(cause, HoldCause::Rank(_)) {
                    self.record(now, id, Reason::FailoverHeld { until, cause });
                }
            }
            return;
        }
        if group.failover.is_some() {
            // The master that this failover promoted is down itself: whatever is left of it is superseded.
            self.finish_reconfiguration(now, id, true);
        }
        self.begin_failover(now, id, Kind::Automatic, 0);
    }

    /// How long a sentinel of this rank lets the others go first: long enough for their call for votes to arrive, which
    /// waits for a save.
    pub(crate) fn stagger(&self, rank: u32) -> Duration {
        let step = RANK_STAGGER.max(self.saves.latency() * SAVES_PER_CALL);
        (step * rank).min(RANK_STAGGER_MAX)
    }

    /// Live peers with a lower run id than ours.
    pub(crate) fn rank(&self, group: &Group) -> u32 {
        let lower = group.peers.iter().filter(|(peer, entry)| **peer < self.my_id && self.is_alive(**peer, entry));
        u32::try_from(lower.count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_alive(&self, peer: RunId, entry: &PeerEntry) -> bool {
        !entry.down.is_down() && self.peers.get(&peer).is_some_and(|p| p.link.command.is_up())
    }

    /// Waiting for a leader that is down itself would help nobody. One that we do not know is not down: its hello is under way.
    fn release_hold_of_dead_leader(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        if let Some((until, HoldCause::VotedForOther(leader))) = group.hold
            && group.peers.get(&leader).is_some_and(|p| p.down.is_down())
        {
            let rank = self.rank(group);
            let at = now + self.stagger(rank);
            if let Some(group) = self.groups.get_mut(id) {
                group.hold = Some((at.min(until), HoldCause::Rank(rank)));
            }
        }
    }

    pub(crate) fn begin_failover(&mut self, now: Time, id: GroupId, kind: Kind, lost_elections: u32) {
        let Some(epoch) = self.next_failover_epoch(id, kind) else { return };
        self.raise_epoch(id, epoch, true);
        let Some(group) = self.groups.get_mut(id) else { return };
        group.hold = None;
        group.hold_told = false;
        group.failover = Some(Failover {
            epoch,
            kind,
            state: FailoverState::WaitStart,
            started: now,
            state_since: now,
            candidate: None,
            next_confirm: now,
            candidate_lost: None,
            handover: None,
            targets: BTreeMap::new(),
            lost_elections,
            asked: Asked::NotYet,
            occasion: None,
        });
        let attempt = group.failed_attempts + 1;
        let by_operator = kind != Kind::Automatic;
        self.tell_master(id, "+try-failover", Level::Warning, "");
        self.record(now, id, Reason::FailoverStarted { epoch, attempt, by_operator });
        self.vote(now, id, self.my_id, epoch);
        self.ask_everyone_at(now, id);
        self.refresh_replicas(now, id);
    }

    /// The lowest epoch in which nobody can have voted in this group yet, as far as we know, and that no other group has
    /// outrun. Votes and configurations are counted per group, so that groups may share an epoch; a new one for each would
    /// make many simultaneous failovers outrun each other, because a vote is refused below the highest epoch seen. Who asks
    /// nobody does not learn that an epoch is somebody else's, and takes one of which nobody has heard.
    fn next_failover_epoch(&self, id: GroupId, kind: Kind) -> Option<Epoch> {
        let group = self.groups.get(id)?;
        let known = if kind == Kind::Forced { self.current_epoch.next() } else { self.current_epoch };
        Some(known.max(group.leader_epoch.next()).max(group.config_epoch.next()))
    }

    fn refresh_replicas(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let links: Vec<LinkId> = group.replicas.iter().filter_map(|r| self.nodes.get(*r).map(|n| n.link.id)).collect();
        for link in links {
            self.info_now(now, link);
        }
    }

    // --- running --------------------------------------------------------------------------------------------------

    /// Takes the failover as far as it gets without waiting.
    pub(crate) fn step_failover(&mut self, now: Time, id: GroupId) {
        // Each state is entered at most once per failover, so this ends.
        loop {
            let Some(before) = self.running(id).map(|f| f.state) else { return };
            match before {
                FailoverState::WaitStart => self.step_election(now, id),
                FailoverState::SelectReplica => self.step_selection(now, id),
                FailoverState::SendPromotion => self.step_promotion(now, id),
                FailoverState::WaitPromotion => self.step_confirmation(now, id),
                FailoverState::ReconfReplicas => self.step_reconfiguration(now, id),
                FailoverState::None | FailoverState::UpdateConfig => return,
            }
            if self.running(id).is_none_or(|f| f.state <= before) {
                return;
            }
        }
    }

    pub(crate) fn running(&self, id: GroupId) -> Option<&Failover> {
        self.groups.get(id)?.failover.as_ref()
    }

    pub(crate) fn running_mut(&mut self, id: GroupId) -> Option<&mut Failover> {
        self.groups.get_mut(id)?.failover.as_mut()
    }

    pub(crate) fn enter(&mut self, now: Time, id: GroupId, state: FailoverState) {
        if let Some(f) = self.running_mut(id) {
            f.state = state;
            f.state_since = now;
        }
    }

    /// When a failover may begin, if the master is odown.
    fn next_start(&self, group: &Group) -> Option<Time> {
        let odown = group.odown_since?;
        if self.saves.is_failing() {
            // The next successful save looks at the group again.
            return None;
        }
        let stagger = odown + self.stagger(self.rank(group));
        Some(group.hold.map_or(stagger, |(until, _)| until.max(stagger)))
    }

    /// When the running failover wants to be looked at again.
    pub(crate) fn next_failover_deadline(&self, group: &Group) -> Option<Time> {
        let Some(f) = &group.failover else { return self.next_start(group) };
        let limit = f.state_since + group.options.failover_timeout;
        match f.state {
            FailoverState::WaitStart => Some(f.started + self.election_limit(group)),
            FailoverState::SelectReplica => Some(f.state_since + FRESH_INFO_LIMIT),
            FailoverState::SendPromotion => {
                let limit = f.asked.until().unwrap_or(limit);
                // Nothing can be done for a candidate that is not there but wait.
                let step = match f.candidate_lost {
                    Some(lost) => {
                        Some((lost + CANDIDATE_LOST_LIMIT).min(f.handover.as_ref().map_or(limit, HandOver::limit)))
                    }
                    None => f.handover.as_ref().and_then(HandOver::next_deadline),
                };
                Some(limit.min(step.unwrap_or(limit)))
            }
            FailoverState::WaitPromotion => {
                let step = f.candidate_lost.map_or(f.next_confirm, |lost| lost + CANDIDATE_LOST_LIMIT);
                let pause = f.handover.as_ref().map_or(limit, HandOver::renew_at);
                let over = f.handover.as_ref().map_or(limit, |_| f.state_since + HAND_OVER_CONFIRM_LIMIT);
                Some(limit.min(step).min(pause).min(over))
            }
            FailoverState::ReconfReplicas => {
                [Some(limit), self.next_reconfiguration(f), self.next_start(group)].into_iter().flatten().min()
            }
            FailoverState::None | FailoverState::UpdateConfig => None,
        }
    }

    /// A link to a data node broke while a failover may depend on it.
    pub(crate) fn failover_lost_link(&mut self, now: Time, link: LinkId) {
        for group in self.groups_of_link(link) {
            self.handover_lost_link(now, group, link);
        }
    }

    // --- ending ---------------------------------------------------------------------------------------------------

    /// Ends a failover before its promotion was confirmed, with the event that belongs to the cause.
    pub(crate) fn abort_with_event(&mut self, now: Time, id: GroupId, cause: AbortCause) {
        let name = match cause {
            AbortCause::MasterTimeout | AbortCause::MasterDown => "-failover-abort-master-timeout",
            AbortCause::MasterBack => "-failover-abort-master-back",
            _ => "-failover-abort-slave-timeout",
        };
        self.tell_master(id, name, Level::Warning, "");
        self.abort_failover(now, id, cause);
    }

    pub(crate) fn abort_failover(&mut self, now: Time, id: GroupId, cause: AbortCause) {
        if cause == AbortCause::NotElected {
            self.tell_master(id, "-failover-abort-not-elected", Level::Warning, "");
        }
        self.roll_back_handover(now, id);
        let Some(failover) = self.groups.get_mut(id).and_then(|g| g.failover.take()) else { return };
        let jittered = |rng: &mut crate::rng::Rng, attempts: u32| {
            rng.around((RETRY_FIRST * 2u32.saturating_pow(attempts.min(6))).min(RETRY_MAX))
        };
        let Some(group) = self.groups.get_mut(id) else { return };
        let attempts = group.failed_attempts;
        group.failed_attempts = attempts.saturating_add(1);
        let until = now + jittered(&mut self.rng, attempts);
        // A vote that was given meanwhile to somebody who asked under a higher epoch binds for longer than our own failure.
        if !matches!(group.hold, Some((held, HoldCause::VotedForOther(_))) if held > until) {
            group.hold = Some((until, HoldCause::Backoff(attempts + 1)));
            group.hold_told = false;
        }
        self.record(now, id, Reason::Aborted { epoch: failover.epoch, cause });
    }
}
