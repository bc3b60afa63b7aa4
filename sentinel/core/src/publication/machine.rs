//! The steps of one publication.

use std::time::Duration;

use super::{Accord, Answer, Failure, Goal, Held, Outcome, Patience, Phases, PublicationState, PublicationView, Step};
use crate::rng::Rng;
use crate::time::Time;
use crate::types::Epoch;

/// How often a target is looked at that is as it should be, or that this sentinel has to leave alone.
const LOOK_PERIOD: Duration = Duration::from_secs(30);

/// The wait after a first failure, doubled with each further one.
const RETRY_MIN: Duration = Duration::from_millis(100);

/// No longer than this, as long as the target may come back by itself.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// What needs somebody to change something is not changed within milliseconds.
const LASTING_RETRY: Duration = Duration::from_secs(15);

/// The wait until those who serve a record are asked again, doubled each time up to [`LOOK_PERIOD`].
const SPREAD_MIN: Duration = Duration::from_millis(50);

/// Writes that others were faster with, one after the other, before it is no race any more: what is read there is not what is there.
const RACES_MAX: u32 = 3;

/// How many times the patience is doubled with somebody who goes on writing another content under the same epoch: from a second to a
/// minute for the first in rank, from a minute to an hour for the next one, so that the content of the first one stands.
const CONTESTED_MAX: u32 = 6;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// To be done at this time.
    Due(Kind, Time),
    /// Being done.
    Out(Kind),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Read,
    Write,
    Ask,
}

/// One group at one target.
#[derive(Debug)]
pub struct Publication {
    goal: Option<Goal>,
    patience: Patience,
    stage: Stage,
    /// The goal that the step under way was taken for: what it finds says nothing of a goal that came afterwards.
    taken_for: Option<Goal>,
    held: Option<(Held, Time)>,
    /// Since when the target has been seen with the right epoch and another content.
    differs_since: Option<Time>,
    /// How often the goal was there and gave way to another content under its epoch.
    contested: u32,
    /// The last epoch that everybody who answers from his own data was seen with, under whichever content.
    shown: Option<Epoch>,
    phases: Phases,
    accord: Option<Accord>,
    failures: u32,
    /// Writes that were lost since the goal was there.
    losses: u32,
    /// Rounds of asking since the target took the goal that did not end in full accord.
    rounds: u32,
    /// An operator wants the goal to be written whatever the target holds.
    forced: bool,
    /// Somebody wants the target to be looked at who asked while a step was under way.
    look_again: bool,
    /// The target has been read or written since the goal changed.
    looked: bool,
    rng: Rng,
}

impl Publication {
    /// Without a goal. `seed` spreads what several sentinels do over time.
    pub const fn new(seed: u64) -> Self {
        Self {
            goal: None,
            patience: Patience::of_leader(),
            stage: Stage::Due(Kind::Read, Time::ZERO),
            taken_for: None,
            held: None,
            differs_since: None,
            contested: 0,
            shown: None,
            phases: Phases { requested: None, accepted: None, authoritative: None, converged: None },
            accord: None,
            failures: 0,
            losses: 0,
            rounds: 0,
            forced: false,
            look_again: false,
            looked: false,
            rng: Rng::new(seed),
        }
    }

    /// The target should show `goal`. Harmless if it was the goal already.
    pub fn want(&mut self, now: Time, goal: Goal, patience: Patience) {
        self.patience = patience;
        if self.goal == Some(goal) {
            return;
        }
        let is_same_epoch = self.goal.is_some_and(|old| old.epoch == goal.epoch);
        self.goal = Some(goal);
        self.phases = Phases { requested: Some(now), ..Phases::default() };
        (self.differs_since, self.accord) = (None, None);
        (self.failures, self.losses, self.rounds, self.contested) = (0, 0, 0, 0);
        self.looked = false;
        // What is under way is waited for: its answer leads to the next step.
        if let Stage::Due(_, at) = self.stage {
            let first_look = now + patience.first_look;
            // However often the content changes, it is looked at one day.
            let at = if is_same_epoch { first_look.min(at) } else { first_look };
            self.stage = Stage::Due(Kind::Read, at);
        }
    }

    /// An operator wants the goal to be there, even over something foreign or a higher epoch.
    pub fn force(&mut self, now: Time) {
        self.forced = true;
        self.look_now(now);
    }

    /// Somebody has a reason to believe that the target has changed, or is back.
    pub fn look_now(&mut self, now: Time) {
        match self.stage {
            Stage::Due(..) => self.stage = Stage::Due(Kind::Read, now),
            // What it finds may have been so before.
            Stage::Out(_) => self.look_again = true,
        }
    }

    /// The next step. One that is returned is under way until it is answered.
    pub fn poll(&mut self, now: Time) -> Step {
        let step = self.peek(now);
        if let (Stage::Due(kind, _), false) = (self.stage, matches!(step, Step::Rest(_))) {
            self.stage = Stage::Out(kind);
            self.taken_for = self.goal;
        }
        step
    }

    /// What [`Publication::poll`] would return, for whoever cannot do it yet.
    pub fn peek(&self, now: Time) -> Step {
        match self.stage {
            _ if self.goal.is_none() => Step::Rest(None),
            Stage::Out(_) => Step::Rest(None),
            Stage::Due(_, at) if at > now => Step::Rest(Some(at)),
            Stage::Due(Kind::Read, _) => Step::Read,
            Stage::Due(Kind::Write, _) => Step::Write,
            Stage::Due(Kind::Ask, _) => Step::Ask,
        }
    }

    /// The step that was returned by [`Publication::poll`] is over.
    pub fn answered(&mut self, now: Time, answer: Answer) {
        let (Some(goal), Some(taken_for)) = (self.goal, self.taken_for.take()) else { return };
        let is_present = taken_for == goal;
        if let Answer::Asked(Accord { authorities: true, .. }) = answer {
            self.shown = Some(taken_for.epoch);
        }
        let next = match answer {
            Answer::Read(Err(failure)) | Answer::Written(Err(failure)) => self.failed(now, failure),
            Answer::Written(Ok(Outcome::Lost)) => self.lost(now),
            _ if !is_present => (Kind::Read, now),
            Answer::Read(Ok(held)) => self.found(now, goal, held),
            Answer::Written(Ok(Outcome::Done)) => {
                self.held = Some((Held::Record { epoch: goal.epoch, agrees: true }, now));
                self.accepted(now)
            }
            Answer::Asked(accord) => self.asked(now, accord),
        };
        self.stage = if std::mem::take(&mut self.look_again) && next.1 > now {
            Stage::Due(Kind::Read, now)
        } else {
            Stage::Due(next.0, next.1)
        };
    }

    /// How it stands.
    pub fn view(&self) -> PublicationView {
        PublicationView {
            goal: self.goal,
            held: self.held,
            shown: self.shown,
            state: self.state(),
            phases: self.phases,
            accord: self.accord,
            failures: self.failures,
            losses: self.losses,
        }
    }

    fn failed(&mut self, now: Time, failure: Failure) -> (Kind, Time) {
        self.failures = self.failures.saturating_add(1);
        let wait = match failure {
            Failure::Passing => doubled(RETRY_MIN, self.failures - 1, RETRY_MAX),
            Failure::Lasting => LASTING_RETRY,
        };
        (Kind::Read, now + self.rng.around(wait))
    }

    fn found(&mut self, now: Time, goal: Goal, held: Held) -> (Kind, Time) {
        self.failures = 0;
        self.looked = true;
        self.held = Some((held, now));
        let differs = matches!(held, Held::Record { epoch, agrees: false } if epoch == goal.epoch);
        if differs && self.differs_since.is_none() && self.phases.accepted.is_some() {
            self.contested = self.contested.saturating_add(1).min(CONTESTED_MAX);
        }
        let refresh = self.patience.refresh.saturating_mul(1 << self.contested);
        let differs_since = if differs { self.differs_since.unwrap_or(now) } else { now };
        self.differs_since = differs.then_some(differs_since);
        match held {
            Held::Record { epoch, agrees: true } if epoch == goal.epoch => self.accepted(now),
            _ if self.forced => (Kind::Write, now),
            Held::Foreign => (Kind::Read, now + self.rng.around(LOOK_PERIOD)),
            Held::Record { epoch, .. } if epoch > goal.epoch => (Kind::Read, now + self.rng.around(LOOK_PERIOD)),
            _ if differs && now.since(differs_since) < refresh => {
                (Kind::Read, (differs_since + refresh).min(now + self.rng.around(LOOK_PERIOD)))
            }
            Held::Nothing | Held::Record { .. } => (Kind::Write, now),
        }
    }

    /// Somebody else is at work. Once is a race; again and again is worth a wait.
    fn lost(&mut self, now: Time) -> (Kind, Time) {
        self.losses = self.losses.saturating_add(1);
        if self.losses == 1 {
            return (Kind::Read, now);
        }
        let wait = doubled(RETRY_MIN, self.losses - 2, RETRY_MAX);
        (Kind::Read, now + self.rng.around(wait))
    }

    fn accepted(&mut self, now: Time) -> (Kind, Time) {
        (self.failures, self.losses, self.looked) = (0, 0, true);
        (self.forced, self.differs_since) = (false, None);
        self.phases.accepted.get_or_insert(now);
        (Kind::Ask, now)
    }

    fn asked(&mut self, now: Time, accord: Accord) -> (Kind, Time) {
        self.accord = Some(accord);
        if accord.authorities {
            self.phases.authoritative.get_or_insert(now);
        }
        if accord == Accord::FULL {
            self.phases.converged.get_or_insert(now);
            self.rounds = 0;
            return (Kind::Read, now + self.rng.around(LOOK_PERIOD));
        }
        self.rounds = self.rounds.saturating_add(1);
        let wait = doubled(SPREAD_MIN, self.rounds - 1, LOOK_PERIOD);
        // An authority without the record may mean that the target lost it; a cache without it only has to grow old.
        (if accord.authorities { Kind::Ask } else { Kind::Read }, now + self.rng.around(wait))
    }

    fn state(&self) -> PublicationState {
        let Some(goal) = self.goal else { return PublicationState::Waiting };
        match self.held {
            _ if self.failures > 0 || self.losses > RACES_MAX => PublicationState::Failing,
            _ if !self.looked => match self.stage {
                Stage::Due(..) => PublicationState::Waiting,
                Stage::Out(_) => PublicationState::Pending,
            },
            Some((Held::Foreign, _)) => PublicationState::Foreign,
            Some((Held::Record { epoch, .. }, _)) if epoch > goal.epoch => PublicationState::Superseded,
            Some((Held::Record { epoch, agrees: true }, _)) if epoch == goal.epoch => {
                if self.accord == Some(Accord::FULL) { PublicationState::InSync } else { PublicationState::Spreading }
            }
            _ => PublicationState::Pending,
        }
    }
}

/// `first`, doubled so many times, but at most `limit`.
fn doubled(first: Duration, times: u32, limit: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(times.min(16)).unwrap_or(u32::MAX)).min(limit)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
