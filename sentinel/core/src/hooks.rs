//! Occasions at which programs of the owner run, and their veto.
//!
//! Only the leader of a failover tells of them, and never of one twice: a failover has an epoch of its own and is not taken up
//! again by a leader that was restarted. Those that run before a failover are asked once the candidate is chosen and before
//! anything is sent to a node; until they have answered, or their time is over, the leader waits, and goes on noticing
//! whatever makes the failover pointless.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::action::Action;
use crate::configured::Member;
use crate::event::Level;
use crate::failover::{Failover, Kind};
use crate::machine::Sentinel;
use crate::reason::{AbortCause, Reason};
use crate::time::Time;
use crate::types::{Epoch, GroupId, GroupName, NodeId, Role};
use crate::view::FailoverState;

/// What happened, for a program that wants to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Occasion {
    /// The group.
    pub group: GroupName,
    /// The epoch of the failover.
    pub epoch: Epoch,
    /// How far the failover is.
    pub phase: Phase,
    /// How it came about.
    pub trigger: Trigger,
    /// The master that is replaced.
    pub old: Member,
    /// The replica that takes its place.
    pub new: Member,
    /// The other replicas.
    pub replicas: Vec<Member>,
    /// Bytes of the old master's history that the new one does not have, as far as known.
    pub lost_bytes: Option<u64>,
}

/// How far a failover is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// The candidate is chosen and nothing was sent to any node. Answered by [`crate::Input::HooksAnswered`].
    PreFailover,
    /// The candidate is master.
    PostPromotion,
    /// The failover is over.
    PostFailover(Ending),
    /// A node has another role and says so itself.
    RoleChange {
        /// The node.
        node: Member,
        /// What it is now.
        role: Role,
    },
}

/// How a failover that has promoted its candidate ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Every replica that is alive follows the new master.
    Complete,
    /// Some did not in time.
    TimedOut,
    /// Another master has been chosen since.
    Superseded,
    /// The group was reset or removed.
    Reset,
}

/// How a failover came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// The master is down.
    MasterDown,
    /// An operator asked for a hand-over from a reachable master.
    Planned,
    /// An operator forced it.
    Forced,
}

impl From<Kind> for Trigger {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Automatic => Self::MasterDown,
            Kind::Planned => Self::Planned,
            Kind::Forced => Self::Forced,
        }
    }
}

/// What those who were asked before a failover say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HookVerdict {
    /// The failover may go on.
    Go,
    /// It must not.
    Veto {
        /// Who says so.
        who: String,
        /// Why.
        why: String,
    },
}

/// The question that is asked before a failover.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HookGate {
    /// How long the answer is waited for.
    pub limit: Duration,
    /// No answer is a veto.
    pub silence_is_veto: bool,
}

impl HookGate {
    /// Both questions in one: the longer time, and the more careful meaning of silence.
    fn and(self, other: Self) -> Self {
        Self { limit: self.limit.max(other.limit), silence_is_veto: self.silence_is_veto || other.silence_is_veto }
    }
}

/// What is told of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Plan {
    gate: Option<HookGate>,
}

impl Plan {
    fn and(self, other: Self) -> Self {
        let gate = match (self.gate, other.gate) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (a, b) => a.or(b),
        };
        Self { gate }
    }
}

/// Which groups have somebody who wants to know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HookPlans {
    every: Option<Plan>,
    named: BTreeMap<GroupName, Plan>,
}

impl HookPlans {
    /// Adds somebody who wants to know of these groups, or of all if there are none, and who is asked first if there is a gate.
    pub fn add(&mut self, groups: &[GroupName], gate: Option<HookGate>) {
        let plan = Plan { gate };
        if groups.is_empty() {
            self.every = Some(self.every.unwrap_or_default().and(plan));
        }
        for group in groups {
            let known = self.named.entry(group.clone()).or_default();
            *known = known.and(plan);
        }
    }

    fn of(&self, group: &GroupName) -> Option<Plan> {
        match (self.every, self.named.get(group)) {
            (Some(every), Some(named)) => Some(every.and(*named)),
            (every, named) => every.or_else(|| named.copied()),
        }
    }
}

/// How far a failover is with the question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    NotYet,
    Waiting { since: Time, until: Time },
    Agreed,
}

impl Asked {
    /// Until when an answer is waited for.
    pub(crate) const fn until(self) -> Option<Time> {
        match self {
            Self::Waiting { until, .. } => Some(until),
            _ => None,
        }
    }
}

impl Sentinel {
    /// Sets which groups have hooks. Failovers that run already are not affected.
    pub fn set_hooks(&mut self, plans: HookPlans) {
        self.hooks = plans;
    }

    /// What hooks would be told if the master of this group went down now; `None` if there is no such group. A group without a
    /// replica to promote has its master in that place, too.
    pub fn rehearsal(&self, now: Time, name: &str) -> Option<Occasion> {
        let group = self.group_by_name(name)?;
        let master = self.master_of(group)?;
        let best = self.choose(now, group, false).best.and_then(|n| self.nodes.get(n));
        let new = best.map_or(master, Box::as_ref);
        let others = group.replicas.iter().filter(|r| **r != new.id).filter_map(|r| self.nodes.get(*r));
        Some(Occasion {
            group: group.name.clone(),
            epoch: group.config_epoch,
            phase: Phase::PreFailover,
            trigger: Trigger::MasterDown,
            old: Member::of(master),
            new: Member::of(new),
            replicas: others.map(|n| Member::of(n)).collect(),
            lost_bytes: None,
        })
    }

    // --- before ---------------------------------------------------------------------------------------------------

    /// Notes what hooks will be told of a failover whose candidate was just chosen.
    pub(crate) fn prepare_occasion(&mut self, id: GroupId, candidate: NodeId, lost_bytes: Option<u64>) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        if self.hooks.of(&group.name).is_none() {
            return;
        }
        let member = |node: NodeId| self.nodes.get(node).map(|n| Member::of(n));
        let (Some(old), Some(new)) = (member(group.master), member(candidate)) else { return };
        let others = group.replicas.iter().filter(|r| **r != candidate);
        let occasion = Occasion {
            group: group.name.clone(),
            epoch: f.epoch,
            phase: Phase::PreFailover,
            trigger: f.kind.into(),
            old,
            new,
            replicas: others.filter_map(|r| member(*r)).collect(),
            lost_bytes,
        };
        if let Some(f) = self.running_mut(id) {
            f.occasion = Some(Box::new(occasion));
        }
    }

    /// Asks whoever wants to be asked; true once nobody objects.
    pub(crate) fn hooks_agree(&mut self, now: Time, id: GroupId) -> bool {
        let Some(group) = self.groups.get(id) else { return false };
        let Some(f) = &group.failover else { return false };
        let gate = self.hooks.of(&group.name).and_then(|plan| plan.gate);
        match (f.asked, gate, &f.occasion) {
            (Asked::Agreed, ..) => true,
            (Asked::NotYet, Some(gate), Some(occasion)) => {
                let action = Action::RunHooks { group: id, occasion: occasion.clone() };
                let (epoch, candidate) = (f.epoch, occasion.new.addr.clone());
                // Longer than the failover itself may take nobody waits for its leader.
                let limit = gate.limit.min(group.options.failover_timeout);
                self.actions.push_back(action);
                self.record(now, id, Reason::HooksAsked { epoch, candidate, limit });
                if let Some(f) = self.running_mut(id) {
                    f.asked = Asked::Waiting { since: now, until: now + limit };
                }
                false
            }
            (Asked::NotYet, ..) => {
                if let Some(f) = self.running_mut(id) {
                    f.asked = Asked::Agreed;
                }
                true
            }
            (Asked::Waiting { until, .. }, gate, _) => {
                if let Some(cause) = self.made_pointless(id) {
                    self.abort_with_event(now, id, cause);
                } else if until <= now {
                    self.take_silence(now, id, gate.is_some_and(|gate| gate.silence_is_veto));
                }
                self.running(id).is_some_and(|f| f.asked == Asked::Agreed)
            }
        }
    }

    /// What has happened during the wait that leaves nothing to do for this failover.
    fn made_pointless(&self, id: GroupId) -> Option<AbortCause> {
        let group = self.groups.get(id)?;
        let f = group.failover.as_ref()?;
        let master_is_down = self.master_of(group).is_some_and(|m| m.down.is_down());
        if group.leader_epoch > f.epoch || group.config_epoch >= f.epoch {
            return Some(AbortCause::Superseded);
        }
        match f.kind {
            Kind::Automatic if group.odown_since.is_none() => Some(AbortCause::MasterBack),
            Kind::Planned if master_is_down => Some(AbortCause::MasterDown),
            _ => None,
        }
    }

    fn take_silence(&mut self, now: Time, id: GroupId, is_veto: bool) {
        let Some(epoch) = self.running(id).map(|f| f.epoch) else { return };
        self.record(now, id, Reason::HooksSilent { epoch, is_veto });
        if is_veto {
            self.veto(now, id, "hooks", "no answer in time");
        } else {
            self.agree(now, id);
        }
    }

    /// The answer of those who were asked.
    pub(crate) fn on_hooks_answered(&mut self, now: Time, id: GroupId, epoch: Epoch, verdict: &HookVerdict) {
        let waits =
            |f: &Failover| f.epoch == epoch && f.state == FailoverState::SendPromotion && f.asked.until().is_some();
        if !self.running(id).is_some_and(waits) {
            return;
        }
        match verdict {
            HookVerdict::Go => self.agree(now, id),
            HookVerdict::Veto { who, why } => self.veto(now, id, who, why),
        }
        self.run_group(now, id);
    }

    fn veto(&mut self, now: Time, id: GroupId, who: &str, why: &str) {
        let Some(epoch) = self.running(id).map(|f| f.epoch) else { return };
        self.record(now, id, Reason::Vetoed { epoch, by: who.to_owned(), why: why.to_owned() });
        self.tell_master(id, "-failover-abort-vetoed", Level::Warning, format!("by {who}"));
        self.abort_failover(now, id, AbortCause::Vetoed);
    }

    /// The failover may go on, unless what they agreed to is not what should be done any more.
    fn agree(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(f) = &group.failover else { return };
        let (Asked::Waiting { since, .. }, Some(candidate)) = (f.asked, f.candidate) else { return };
        let epoch = f.epoch;
        let choice = self.choose(now, group, f.kind == Kind::Planned);
        let window = group.options.priority_lag_window;
        let own = choice.verdicts.iter().find(|v| v.node == candidate);
        // A hand-over waits for the candidate to have everything; otherwise somebody who came back may have more.
        let outdone = |offset: u64| {
            f.kind != Kind::Planned
                && choice.verdicts.iter().any(|v| v.rejected.is_none() && v.offset > offset.saturating_add(window))
        };
        let is_fit = own.is_some_and(|v| v.rejected.is_none() && !outdone(v.offset));
        self.record(now, id, Reason::HooksAgreed { epoch, waited: now.since(since) });
        if !is_fit {
            return self.abort_with_event(now, id, AbortCause::CandidateUnfit);
        }
        if let Some(f) = self.running_mut(id) {
            f.asked = Asked::Agreed;
            // What follows has as much time as it would have had at once.
            f.state_since = now;
        }
    }

    // --- afterwards -----------------------------------------------------------------------------------------------

    /// The candidate is master.
    pub(crate) fn tell_promotion(&mut self, id: GroupId, old: NodeId, lost_bytes: Option<u64>) {
        let Some(mut occasion) = self.running(id).and_then(|f| f.occasion.clone()) else { return };
        occasion.lost_bytes = lost_bytes;
        if let Some(f) = self.running_mut(id) {
            f.occasion = Some(occasion.clone());
        }
        if let Some(node) = self.nodes.get_mut(old) {
            node.demotion = Some(occasion.clone());
        }
        self.run_hooks(id, &occasion, Phase::PostPromotion);
        let node = occasion.new.clone();
        self.run_hooks(id, &occasion, Phase::RoleChange { node, role: Role::Master });
    }

    /// The failover is over.
    pub(crate) fn tell_ending(&mut self, id: GroupId, ending: Ending) {
        let is_committed = self.running(id).is_some_and(Failover::is_committed);
        let occasion = self.running_mut(id).filter(|_| is_committed).and_then(|f| f.occasion.take());
        if let Some(occasion) = occasion {
            self.run_hooks(id, &occasion, Phase::PostFailover(ending));
        }
    }

    /// INFO of a replica: one that we have replaced as master may say for the first time that it is one.
    pub(crate) fn note_demotion(&mut self, id: GroupId, node: NodeId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(n) = self.nodes.get(node).filter(|n| n.demotion.is_some()) else { return };
        if n.info.role != Some(Role::Replica) || self.follows_wrong_master(group, n) {
            return;
        }
        let member = Member::of(n);
        let Some(occasion) = self.nodes.get_mut(node).and_then(|n| n.demotion.take()) else { return };
        self.run_hooks(id, &occasion, Phase::RoleChange { node: member, role: Role::Replica });
    }

    fn run_hooks(&mut self, id: GroupId, occasion: &Occasion, phase: Phase) {
        let occasion = Box::new(Occasion { phase, ..occasion.clone() });
        self.actions.push_back(Action::RunHooks { group: id, occasion });
    }
}
