//! Nobody is told twice of the same occasion, and nobody is promoted against a veto or unasked (hooks, docs/hooks.md).

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sentinel_core::{Epoch, HookVerdict, Occasion, Phase, Reason, Role};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

/// A failover: its leader, its group and its epoch.
type Failover = (Pid, usize, Epoch);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Awaited,
    Agreed,
    Vetoed,
}

#[derive(Default)]
pub(super) struct HooksAreAskedOnceAndHeard {
    told: BTreeSet<(Failover, String)>,
    answers: BTreeMap<Failover, Answer>,
}

impl HooksAreAskedOnceAndHeard {
    fn tell(&mut self, world: &World, by: Pid, occasion: &Occasion) -> Result<(), String> {
        let Some(group) = world.group_index(&occasion.group) else { return Ok(()) };
        let failover = (by, group, occasion.epoch);
        let what = match &occasion.phase {
            Phase::PreFailover => "pre-failover".to_owned(),
            Phase::PostPromotion => "post-promotion".to_owned(),
            Phase::PostFailover(_) => "post-failover".to_owned(),
            Phase::RoleChange { node, role } => format!("{} {}", node.addr, *role == Role::Master),
        };
        if occasion.phase == Phase::PreFailover {
            self.answers.insert(failover, Answer::Awaited);
        }
        if self.told.insert((failover, what.clone())) {
            return Ok(());
        }
        Err(format!("{} tells of {what} in epoch {} twice", world.label(by), occasion.epoch))
    }

    fn answer(&mut self, failover: Failover, answer: Answer) {
        if let Some(known) = self.answers.get_mut(&failover).filter(|known| **known == Answer::Awaited) {
            *known = answer;
        }
    }
}

impl Invariant for HooksAreAskedOnceAndHeard {
    fn name(&self) -> &'static str {
        "hooks-are-asked-once-and-heard"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Hooked { by, occasion } => self.tell(world, *by, occasion),
            Fact::HooksAnswered { by, group, epoch, verdict } => {
                let answer = if matches!(verdict, HookVerdict::Go) { Answer::Agreed } else { Answer::Vetoed };
                if let Some(group) = world.group_index(group) {
                    self.answer((*by, group, *epoch), answer);
                }
                Ok(())
            }
            Fact::Decided { by, decision } => {
                let Some(group) = world.group_index(&decision.group) else { return Ok(()) };
                match &decision.reason {
                    Reason::HooksSilent { epoch, is_veto: false } => self.answer((*by, group, *epoch), Answer::Agreed),
                    Reason::HooksSilent { epoch, is_veto: true } => self.answer((*by, group, *epoch), Answer::Vetoed),
                    Reason::Promoted { addr, epoch, .. } if world.shape.hooks.is_some() => {
                        let answer = self.answers.get(&(*by, group, *epoch));
                        if answer != Some(&Answer::Agreed) {
                            let label = world.label(*by);
                            return Err(format!(
                                "{label} promoted {addr} in epoch {epoch}, the hooks' answer being {answer:?}"
                            ));
                        }
                    }
                    _ => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
