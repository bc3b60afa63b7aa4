//! The leader's way from a won election to a new master: which replica it chooses, how it promotes it, and how it learns that
//! the replica obeyed. Protocol sections 3.8 and 3.9.

use std::time::Duration;

use crate::action::{Action, Request};
use crate::event::Level;
use crate::failover::{Failover, Kind};
use crate::handover::HandOver;
use crate::input::Reply;
use crate::link::Purpose;
use crate::machine::Sentinel;
use crate::reason::{AbortCause, HoldCause, Reason};
use crate::select::Choice;
use crate::time::Time;
use crate::types::{Addr, GroupId, LinkId};
use crate::view::FailoverState;

/// How long the selection waits for the INFO that it asked for.
pub(crate) const FRESH_INFO_LIMIT: Duration = Duration::from_millis(300);

/// A candidate that is lost for this long before it confirmed its promotion is given up.
pub(crate) const CANDIDATE_LOST_LIMIT: Duration = Duration::from_secs(2);

/// How much longer than the waiting time of others a sentinel waits that has no replica to promote.
const OTHERS_MARGIN: Duration = Duration::from_secs(3);

/// How often the promoted replica is asked whether it is a master yet.
const CONFIRM_PERIOD: Duration = Duration::from_millis(50);

/// How long the master of a hand-over is kept from writing for a promotion that is not confirmed.
pub(crate) const HAND_OVER_CONFIRM_LIMIT: Duration = Duration::from_secs(3);

impl Sentinel {
    pub(crate) fn step_selection(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        let since = self.master_of(group).and_then(|m| m.down.now).map_or(f.started, |(t, _)| t.min(f.started));
        let waiting = group
            .replicas
            .iter()
            .filter_map(|r| self.nodes.get(*r))
            .any(|n| n.link.command.is_up() && !n.down.is_down() && n.info_at.is_none_or(|t| t < since));
        if waiting && now.since(f.state_since) < FRESH_INFO_LIMIT {
            return;
        }
        let Choice { best, verdicts } = self.choose(now, group, f.kind == Kind::Planned);
        let chosen = best.and_then(|n| self.nodes.get(n)).map(|n| n.addr.clone());
        let lag = verdicts.first().and_then(|v| v.lag_bytes);
        self.record(now, id, Reason::Selected { chosen, verdicts });
        let Some(best) = best else {
            self.tell_master(id, "-failover-abort-no-good-slave", Level::Warning, "");
            self.settle_for_amnesiac(now, id, since);
            self.abort_failover(now, id, AbortCause::NoGoodReplica);
            return self.leave_to_others(now, id);
        };
        self.tell_node(best, "+selected-slave", Level::Warning, "");
        if let Some(f) = self.running_mut(id) {
            f.candidate = Some(best);
        }
        self.prepare_occasion(id, best, lag);
        self.enter(now, id, FailoverState::SendPromotion);
        self.tell_node(best, "+failover-state-send-slaveof-noone", Level::Notice, "");
    }

    /// Who knows of no replica at all, as after a reset, lets those try who may know one. Real sentinels do so only after twice the
    /// failover timeout without a vote for anybody else.
    fn leave_to_others(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if group.replicas.is_empty() {
            let until = now + group.options.failover_timeout * 2 + OTHERS_MARGIN;
            group.hold = Some((until, HoldCause::KnowsNoReplica));
        }
    }

    pub(crate) fn step_promotion(&mut self, now: Time, id: GroupId) {
        let agreed = self.hooks_agree(now, id);
        if !self.candidate_is_there(now, id) || !agreed {
            return;
        }
        let Some(f) = self.running(id) else { return };
        if f.kind == Kind::Planned && !self.step_handover(now, id) {
            return;
        }
        self.promote(now, id);
    }

    /// Tells the candidate to become master, and asks right behind it whether it is.
    fn promote(&mut self, now: Time, id: GroupId) {
        let Some(candidate) = self.running(id).and_then(|f| f.candidate) else { return };
        let Some(link) = self.nodes.get(candidate).map(|n| n.link.id) else { return };
        let request = Request::Reconfigure { to: None, unpause: false };
        if self.send(now, link, Purpose::Promote { group: id }, request).is_none() {
            return;
        }
        self.info_now(now, link);
        if let Some(f) = self.running_mut(id) {
            f.next_confirm = now + CONFIRM_PERIOD;
        }
        self.enter(now, id, FailoverState::WaitPromotion);
        self.tell_node(candidate, "+failover-state-wait-promotion", Level::Notice, "");
    }

    /// Aborts when the candidate is lost for too long or the state lasts too long.
    fn candidate_is_there(&mut self, now: Time, id: GroupId) -> bool {
        let Some(group) = self.groups.get(id) else { return false };
        let Some(f) = &group.failover else { return false };
        let candidate = f.candidate.and_then(|c| self.nodes.get(c));
        let there = candidate.is_some_and(|c| c.link.command.is_up() && !c.down.is_down());
        let lost_since = if there { None } else { Some(f.candidate_lost.unwrap_or(now)) };
        let lost = lost_since.is_some_and(|t| now.since(t) >= CANDIDATE_LOST_LIMIT);
        let expired = now.since(f.state_since) >= group.options.failover_timeout;
        if let Some(f) = self.running_mut(id) {
            f.candidate_lost = lost_since;
        }
        if lost || expired {
            self.abort_with_event(now, id, AbortCause::ReplicaTimeout);
            return false;
        }
        there
    }

    pub(crate) fn step_confirmation(&mut self, now: Time, id: GroupId) {
        // Whether or not the candidate is there: it may have become master, and then the other one must not take writes.
        self.keep_paused(now, id);
        let hands_over = |f: &Failover| f.handover.is_some() && now.since(f.state_since) >= HAND_OVER_CONFIRM_LIMIT;
        if self.running(id).is_some_and(hands_over) {
            // Nothing was announced: a replica that is promoted after all is a stray, which is converted.
            return self.abort_with_event(now, id, AbortCause::ReplicaTimeout);
        }
        if !self.candidate_is_there(now, id) {
            return;
        }
        let Some(f) = self.running_mut(id) else { return };
        if f.next_confirm > now {
            return;
        }
        f.next_confirm = now + CONFIRM_PERIOD;
        let Some(link) = f.candidate.and_then(|c| self.nodes.get(c)).map(|n| n.link.id) else { return };
        if !self.link(link).is_some_and(|l| l.has_pending(|p| p.purpose == Purpose::Info)) {
            self.info_now(now, link);
        }
    }

    /// The candidate refused to become master: its answer says why, and waiting would not help.
    pub(crate) fn on_promotion_reply(&mut self, now: Time, id: GroupId, link: LinkId, reply: &Reply) {
        let Some(f) = self.running(id) else { return };
        let is_candidate = f.candidate.and_then(|c| self.nodes.get(c)).is_some_and(|n| n.link.id == link);
        if is_candidate && f.state == FailoverState::WaitPromotion && matches!(reply, Reply::Failed(_)) {
            self.abort_with_event(now, id, AbortCause::ReplicaTimeout);
            self.run_group(now, id);
        }
    }

    /// The promotion is confirmed: the group has a new master.
    pub(crate) fn complete_promotion(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        let (Some(candidate), epoch, old) = (f.candidate, f.epoch, group.master) else { return };
        if epoch <= group.config_epoch {
            // Nobody would adopt it.
            return self.abort_with_event(now, id, AbortCause::Superseded);
        }
        let Some(new) = self.nodes.get(candidate) else { return };
        let addr: Addr = new.addr.clone();
        let old_offset = f.handover.as_ref().and_then(HandOver::frozen_offset).or(group.lineage.offset);
        let has = new.info.second_offset.map(|o| o.saturating_sub(1)).or(new.info.replica_offset);
        let lost_bytes = old_offset.zip(has).map(|(old, has)| old.saturating_sub(has));
        self.tell_node(candidate, "+promoted-slave", Level::Warning, "");
        self.record(now, id, Reason::Promoted { addr: addr.clone(), epoch, lost_bytes });
        if self.simulated.after_promotion {
            self.actions.push_back(Action::Crash);
        }
        self.enter(now, id, FailoverState::ReconfReplicas);
        self.tell_master(id, "+failover-state-reconf-slaves", Level::Warning, "");
        self.lead_switch(now, id, candidate, epoch);
        self.tell_promotion(id, old, lost_bytes);
    }
}
