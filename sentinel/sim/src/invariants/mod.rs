//! What must hold, always or at the end. One file per invariant; each names where it comes from.

mod amnesia_needs_loss;
mod amnesiac_is_the_last_choice;
mod config_epoch_names_one_master;
mod convergence;
mod down_needs_silence;
mod epochs_never_go_back;
mod fuller_is_not_replaced;
mod handover_loses_nothing;
mod hooks_are_asked_once_and_heard;
mod one_leader_per_epoch;
mod one_vote_per_epoch;
mod persist_before_send;
mod promoted_passed_every_filter;
mod quorum_and_majority;
mod survivors_are_heard;
mod told;
mod well_formed;

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Decision, DownCause, HandOverStep, Reason};

use crate::agent::OneHolder;
use crate::facts::Fact;
use crate::runner::Failure;
use crate::store::{StoresHoldTheNewest, StoresNeverGoBack};
use crate::units::{MS, SEC};
use crate::world::{Pid, World};

/// A property of runs.
pub(crate) trait Invariant {
    fn name(&self) -> &'static str;

    /// Something happened.
    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String>;

    /// The run is over.
    fn end(&mut self, _world: &World) -> Result<(), String> {
        Ok(())
    }
}

/// All invariants, and the first that broke.
#[derive(Default)]
pub(crate) struct Watch {
    invariants: Vec<Box<dyn Invariant>>,
    failure: Option<Failure>,
    pub(crate) now_us: u64,
    counts: Counts,
    ticks: BTreeMap<Pid, (u64, u32)>,
}

/// What a run achieved.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) switches: u64,
    pub(crate) handovers: u64,
    /// Sentinels that held a master to have lost its data.
    pub(crate) amnesias: u64,
}

/// A core that serves more timers than this in a second spins.
const MAX_TICKS_PER_SECOND: u32 = 5000;

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            invariants: vec![
                Box::new(well_formed::WellFormed::default()),
                Box::new(persist_before_send::PersistBeforeSend),
                Box::new(one_vote_per_epoch::OneVotePerEpoch::default()),
                Box::new(one_leader_per_epoch::OneLeaderPerEpoch::default()),
                Box::new(epochs_never_go_back::EpochsNeverGoBack::default()),
                Box::new(quorum_and_majority::QuorumAndMajority::default()),
                Box::new(config_epoch_names_one_master::ConfigEpochNamesOneMaster::default()),
                Box::new(promoted_passed_every_filter::PromotedPassedEveryFilter::default()),
                Box::new(fuller_is_not_replaced::FullerIsNotReplaced::default()),
                Box::new(handover_loses_nothing::HandoverLosesNothing::default()),
                Box::new(hooks_are_asked_once_and_heard::HooksAreAskedOnceAndHeard::default()),
                Box::new(down_needs_silence::DownNeedsSilence),
                Box::new(amnesia_needs_loss::AmnesiaNeedsLoss::default()),
                Box::new(amnesiac_is_the_last_choice::AmnesiacIsTheLastChoice::default()),
                Box::new(survivors_are_heard::SurvivorsAreHeard::default()),
                Box::new(convergence::Convergence),
                Box::new(OneHolder::default()),
                Box::new(StoresNeverGoBack),
                Box::new(StoresHoldTheNewest),
            ],
            ..Self::default()
        }
    }

    pub(crate) const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn fail(&mut self, invariant: &str, what: String) {
        let at_ms = self.now_us / MS;
        self.failure.get_or_insert_with(|| Failure { invariant: invariant.into(), what, at_ms });
    }

    pub(crate) fn see(&mut self, world: &World, fact: &Fact<'_>) {
        if let Fact::Decided { decision: Decision { reason, .. }, .. } = fact {
            self.count(reason);
        }
        let mut invariants = std::mem::take(&mut self.invariants);
        for invariant in &mut invariants {
            if let Err(what) = invariant.see(world, fact) {
                self.fail(invariant.name(), what);
            }
        }
        self.invariants = invariants;
    }

    const fn count(&mut self, reason: &Reason) {
        match reason {
            Reason::Promoted { .. } => self.counts.switches += 1,
            Reason::SubjectivelyDown { cause: DownCause::Amnesia(_), .. } => self.counts.amnesias += 1,
            Reason::HandOver { step: HandOverStep::Demoted { .. } } => self.counts.handovers += 1,
            _ => {}
        }
    }

    /// A core served a timer.
    pub(crate) fn tick(&mut self, pid: Pid, now_us: u64) {
        let entry = self.ticks.entry(pid).or_default();
        if entry.0 != now_us / SEC {
            *entry = (now_us / SEC, 0);
        }
        entry.1 += 1;
        if entry.1 > MAX_TICKS_PER_SECOND {
            self.fail("progress", format!("a core serves more than {MAX_TICKS_PER_SECOND} timers in one second"));
        }
    }
}

impl World {
    pub(crate) fn judge_end(&mut self) {
        let mut watch = std::mem::take(&mut self.watch);
        watch.now_us = self.now_us;
        let mut invariants = std::mem::take(&mut watch.invariants);
        for invariant in &mut invariants {
            if let Err(what) = invariant.end(self) {
                watch.fail(invariant.name(), what);
            }
        }
        self.watch = watch;
    }
}
