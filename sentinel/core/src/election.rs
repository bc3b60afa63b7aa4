//! The election of a failover's leader, as the candidate runs it.
//!
//! Votes are counted for the failover's own epoch: a majority of all known sentinels, and at least the quorum. A split vote is
//! retried soon, a lost one after the ordinary backoff or once the winner had its time.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::action::Action;
use crate::event::Level;
use crate::failover::Kind;
use crate::group::Group;
use crate::machine::Sentinel;
use crate::reason::{AbortCause, HoldCause, Reason};
use crate::time::Time;
use crate::types::{Epoch, GroupId, RunId};
use crate::view::FailoverState;

/// Backoff after a split vote: everybody has answered and nobody has won, so there is nothing to wait for but each other.
const RETRY_SPLIT: Duration = Duration::from_millis(200);

/// Split votes in a row after which the ordinary backoff applies.
const MAX_SPLITS: u32 = 3;

/// Attempts of an operator's failover that meet concurrent epochs.
const MAX_LOST_PLANNED: u32 = 3;

impl Sentinel {
    pub(crate) fn step_election(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        let voted = group.voted_for(self.my_id, f.epoch);
        let over = now.since(f.started) >= self.election_limit(group);
        if !voted || !self.saves.covers(group.vote_saved_by) {
            if !voted || over || self.saves.is_failing() {
                self.abort_failover(now, id, AbortCause::NotElected);
            }
            return;
        }
        let tally = Tally::count(group, self.my_id, f.epoch);
        let (epoch, forced, needed) = (f.epoch, f.is_forced(), group.votes_needed());
        if f.kind == Kind::Automatic && group.odown_since.is_none() {
            return self.abort_failover(now, id, AbortCause::NotElected);
        }
        if forced || tally.mine() >= needed {
            return self.win_election(now, id, Reason::Elected { epoch, voters: tally.for_me, needed, forced });
        }
        if over || tally.mine() + tally.open < needed {
            self.lose_election(now, id, &tally, needed);
        }
    }

    fn win_election(&mut self, now: Time, id: GroupId, reason: Reason) {
        self.tell_master(id, "+elected-leader", Level::Warning, "");
        self.record(now, id, reason);
        if self.simulated.after_election {
            self.actions.push_back(Action::Crash);
        }
        self.enter(now, id, FailoverState::SelectReplica);
        self.tell_master(id, "+failover-state-select-slave", Level::Warning, "");
    }

    fn lose_election(&mut self, now: Time, id: GroupId, tally: &Tally, needed: u32) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        let (epoch, kind, lost) = (f.epoch, f.kind, f.lost_elections + 1);
        let winner = tally.best_other.filter(|(_, votes)| votes + tally.open >= needed).map(|(leader, _)| leader);
        self.abort_failover(now, id, AbortCause::NotElected);
        if let Some(leader) = winner {
            self.yield_to(now, id, leader);
        } else if tally.open == 0 {
            self.retry_split_vote(now, id);
        }
        let retry_at = self.groups.get(id).and_then(|g| g.hold).map_or(now, |(t, _)| t);
        self.record(now, id, Reason::NotElected { epoch, votes: tally.mine(), needed, retry_at });
        // An operator's failover that only met a concurrent epoch is tried again at once, a few times.
        if kind == Kind::Planned && winner.is_none() && tally.open == 0 && lost < MAX_LOST_PLANNED {
            self.begin_failover(now, id, kind, lost);
        }
    }

    fn retry_split_vote(&mut self, now: Time, id: GroupId) {
        let soon = self.rng.around(RETRY_SPLIT);
        let Some(group) = self.groups.get(id) else { return };
        let attempts = group.failed_attempts;
        let until = now + soon + self.stagger(self.rank(group));
        if attempts <= MAX_SPLITS
            && let Some(group) = self.groups.get_mut(id)
        {
            group.hold = Some((until, HoldCause::Backoff(attempts)));
        }
    }

    /// Longest election.
    pub(crate) fn election_limit(&self, group: &Group) -> Duration {
        self.tunables.election_timeout.min(group.options.failover_timeout)
    }
}

/// The votes of one epoch.
struct Tally {
    for_me: Vec<RunId>,
    /// Peers that may still vote; one that is down may, but is not waited for.
    open: u32,
    /// Whoever else has most votes.
    best_other: Option<(RunId, u32)>,
}

impl Tally {
    fn count(group: &Group, me: RunId, epoch: Epoch) -> Self {
        let mut others: BTreeMap<RunId, u32> = BTreeMap::new();
        let mut tally = Self { for_me: vec![me], open: 0, best_other: None };
        for (peer, entry) in &group.peers {
            match entry.vote {
                Some((leader, e)) if e == epoch && leader == me => tally.for_me.push(*peer),
                Some((leader, e)) if e == epoch => *others.entry(leader).or_default() += 1,
                _ if entry.answered_in == Some(epoch) || entry.down.is_down() => {}
                _ => tally.open += 1,
            }
        }
        tally.best_other = others.into_iter().max_by_key(|(_, votes)| *votes);
        tally
    }

    fn mine(&self) -> u32 {
        u32::try_from(self.for_me.len()).unwrap_or(u32::MAX)
    }
}
