//! Programs of the owner that are asked before a failover: they take their time, object, or say nothing.

use std::time::Duration;

use bongsu_sentinel_core::{GroupId, HookGate, HookPlans, HookVerdict, Input, Occasion, Phase};

use crate::facts::Fact;
use crate::rng::Rng;
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

/// What the hooks of a run are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HookShape {
    limit_us: u64,
    silence_is_veto: bool,
    /// One in this many answers is a veto, while faults strike.
    veto_one_in: u64,
    /// One in this many never comes.
    silent_one_in: u64,
}

impl HookShape {
    pub(crate) fn draw(rng: &mut Rng) -> Option<Self> {
        rng.chance(1, 3).then(|| Self {
            limit_us: *rng.pick(&[50 * MS, SEC, 4 * SEC, 30 * SEC]),
            silence_is_veto: rng.chance(1, 2),
            veto_one_in: *rng.pick(&[0, 2, 5, 20]),
            silent_one_in: *rng.pick(&[0, 3, 20]),
        })
    }

    /// What a core is told of them.
    pub(crate) fn plans(self) -> HookPlans {
        let mut plans = HookPlans::default();
        let gate = HookGate { limit: Duration::from_micros(self.limit_us), silence_is_veto: self.silence_is_veto };
        plans.add(&[], Some(gate));
        plans
    }
}

impl World {
    pub(super) fn run_hooks(&mut self, pid: Pid, group: GroupId, occasion: &Occasion) {
        self.observe(&Fact::Hooked { by: pid, occasion });
        let Some(shape) = self.shape.hooks.filter(|_| occasion.phase == Phase::PreFailover) else { return };
        if self.unsafe_phase && self.rng.chance(1, shape.silent_one_in) {
            return;
        }
        let is_veto = self.unsafe_phase && self.rng.chance(1, shape.veto_one_in);
        // After the faults nobody is late.
        let slowest = if self.unsafe_phase { shape.limit_us * 2 } else { (shape.limit_us / 4).min(SEC / 2) };
        let wait = self.rng.below(slowest);
        let verdict =
            if is_veto { HookVerdict::Veto { who: "hook".into(), why: "it said so".into() } } else { HookVerdict::Go };
        let incarnation = self.proc(pid).incarnation;
        let answer = Input::HooksAnswered { group, epoch: occasion.epoch, verdict };
        self.at(wait, Job::HooksAnswered { pid, incarnation, group: occasion.group.clone(), answer });
    }

    pub(crate) fn hooks_answered(&mut self, pid: Pid, group: &bongsu_sentinel_core::GroupName, answer: Input) {
        if let Input::HooksAnswered { epoch, verdict, .. } = &answer {
            self.observe(&Fact::HooksAnswered { by: pid, group, epoch: *epoch, verdict });
        }
        self.feed_core(pid, answer);
    }
}
