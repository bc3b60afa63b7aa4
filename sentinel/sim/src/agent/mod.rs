//! Agents: one beside each data node, which holds its group's address while a majority of the sentinels has granted it a lease.
//!
//! As with a kernel that removes an address by itself, holding ends when the lease does, whatever the agent does then.

mod invariant;

pub(crate) use invariant::OneHolder;

use bongsu_sentinel_core::{Holder, LeaseAnswer, LeaseCall, RunId, Standing, Time};

use crate::facts::Fact;
use crate::mutant::Mutant;
use crate::rng::Rng;
use crate::sentinel::Clock;
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

/// How often an agent asks.
const PERIOD_US: u64 = 250 * MS;
/// The lease that it asks for.
const WANTED: std::time::Duration = std::time::Duration::from_secs(3);
/// One in this many answers is very late.
const LATE_ONE_IN: u64 = 40;

pub(crate) struct Agent {
    pub(crate) node: Pid,
    group: usize,
    id: RunId,
    clock: Clock,
    holder: Holder,
    /// It has asked since it let go last.
    has_asked: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum AgentJob {
    Step(usize),
    Ask { agent: usize, sentinel: Pid, sent: Time },
    Answer { agent: usize, sentinel: Pid, sent: Time, answer: LeaseAnswer },
    Release { agent: usize, sentinel: Pid, let_go: Time },
}

impl AgentJob {
    /// The sentinel that the job needs awake.
    pub(crate) const fn at_sentinel(&self) -> Option<Pid> {
        match self {
            Self::Ask { sentinel, .. } | Self::Release { sentinel, .. } => Some(*sentinel),
            Self::Step(_) | Self::Answer { .. } => None,
        }
    }
}

/// All agents, with a randomness of their own: what else happens in a run does not depend on them.
pub(crate) struct Agents {
    all: Vec<Agent>,
    rng: Rng,
}

impl Agents {
    pub(crate) fn new(seed: u64) -> Self {
        Self { all: Vec::new(), rng: Rng::new(seed ^ 0xA9E7) }
    }
}

impl World {
    pub(crate) fn add_agents(&mut self) {
        for group in 0..self.groups.len() {
            for node in self.groups[group].nodes.clone() {
                let id = RunId::from_bits(self.agents.rng.bits160());
                let clock = Clock::draw(&mut self.agents.rng);
                let listed = u32::try_from(self.sentinels.len()).unwrap_or(u32::MAX);
                let listed = if self.mutant == Some(Mutant::LeaseOfOne) { 0 } else { listed };
                let holder = Holder::new(listed);
                let first = SEC + self.agents.rng.below(SEC);
                self.at(first, Job::Agent(AgentJob::Step(self.agents.all.len())));
                self.agents.all.push(Agent { node, group, id, clock, holder, has_asked: false });
            }
        }
    }

    pub(crate) fn agent_job(&mut self, job: AgentJob) {
        match job {
            AgentJob::Step(agent) => self.agent_step(agent),
            AgentJob::Ask { agent, sentinel, sent } => self.lease_asked(agent, sentinel, sent),
            AgentJob::Answer { agent, sentinel, sent, answer } => self.lease_answered(agent, sentinel, sent, &answer),
            AgentJob::Release { agent, sentinel, let_go } => self.lease_released(agent, sentinel, let_go),
        }
    }

    fn agent_step(&mut self, i: usize) {
        self.at(PERIOD_US, Job::Agent(AgentJob::Step(i)));
        let node = self.agents.all[i].node;
        let p = self.proc(node);
        if !p.host_up || p.paused {
            return;
        }
        let data = self.data(node);
        if !p.up || !data.is_master() || data.loading || data.amnesiac {
            return self.let_go(i);
        }
        let agent = &mut self.agents.all[i];
        agent.has_asked = true;
        let sent = agent.clock.show(self.now_us);
        for sentinel in self.sentinels.clone() {
            self.send_to_sentinel(i, AgentJob::Ask { agent: i, sentinel, sent });
        }
    }

    /// Gives everything up, and says so.
    fn let_go(&mut self, i: usize) {
        let agent = &mut self.agents.all[i];
        if !std::mem::take(&mut agent.has_asked) {
            return;
        }
        let (group, node) = (agent.group, agent.node);
        let let_go = agent.clock.show(self.now_us);
        agent.holder.let_go(let_go);
        self.observe(&Fact::AddressHeld { group, node, until_us: self.now_us });
        for sentinel in self.sentinels.clone() {
            self.send_to_sentinel(i, AgentJob::Release { agent: i, sentinel, let_go });
        }
    }

    fn send_to_sentinel(&mut self, agent: usize, job: AgentJob) {
        let Some(sentinel) = job.at_sentinel().filter(|pid| self.core_node(*pid).is_some()) else { return };
        let host = self.host_of(self.agents.all[agent].node);
        if !self.net.is_blocked(host, self.host_of(sentinel)) {
            // What was asked or given back on a connection that died may still arrive.
            let is_late = matches!(job, AgentJob::Release { .. }) && self.agents.rng.chance(1, LATE_ONE_IN);
            let late = if is_late { self.agents.rng.below(6 * SEC) } else { 0 };
            let delay = self.lease_delay() + late;
            self.at(delay, Job::Agent(job));
        }
    }

    fn lease_delay(&mut self) -> u64 {
        let (least, most) = self.shape.delay_us;
        self.agents.rng.range(least, most) + self.net.extra_delay_us
    }

    fn lease_asked(&mut self, i: usize, sentinel: Pid, sent: Time) {
        let agent = &self.agents.all[i];
        let Some(addr) = self.proc(sentinel).up.then(|| self.proc(agent.node).addr.clone()) else { return };
        let call = LeaseCall { holder: agent.id, node: addr, wanted: WANTED, sent };
        let name = self.groups[agent.group].name.clone();
        let now_us = self.now_us;
        let host = self.host_of(agent.node);
        let forgets = self.mutant == Some(Mutant::ForgetLease);
        let Some(node) = self.core_node_mut(sentinel) else { return };
        let now = node.clock.show(now_us);
        let Some(core) = &mut node.core else { return };
        if let Some(other) = core.lease_of(now, name.as_str()).filter(|_| forgets) {
            // It is there: the core has just named the group.
            let _ = core.release_lease(now, name.as_str(), other.holder, Time::from_ms(u64::MAX));
        }
        let Ok(mut answer) = core.lease(now, name.as_str(), call) else { return };
        if self.mutant == Some(Mutant::LeaseOfOne) {
            answer.voters = 1;
        }
        if !self.net.is_blocked(self.host_of(sentinel), host) {
            let late = if self.agents.rng.chance(1, LATE_ONE_IN) { self.agents.rng.below(6 * SEC) } else { 0 };
            let delay = self.lease_delay() + late;
            self.at(delay, Job::Agent(AgentJob::Answer { agent: i, sentinel, sent, answer }));
        }
    }

    fn lease_answered(&mut self, i: usize, sentinel: Pid, sent: Time, answer: &LeaseAnswer) {
        if !self.proc(self.agents.all[i].node).host_up {
            return;
        }
        let Some(by) = self.run_id(sentinel) else { return };
        let now_us = self.now_us;
        let counts_from_answer = self.mutant == Some(Mutant::LeaseFromAnswer);
        let agent = &mut self.agents.all[i];
        let now = agent.clock.show(now_us);
        if agent.holder.answered(by, if counts_from_answer { now } else { sent }, answer) {
            return self.let_go(i);
        }
        if let Standing::Held { until } = agent.holder.standing(now) {
            let until_us = agent.clock.when(until, now_us);
            let (group, node) = (agent.group, agent.node);
            self.observe(&Fact::AddressHeld { group, node, until_us });
        }
    }

    fn lease_released(&mut self, i: usize, sentinel: Pid, let_go: Time) {
        let (id, name) = (self.agents.all[i].id, self.groups[self.agents.all[i].group].name.clone());
        let now_us = self.now_us;
        let Some(node) = self.core_node_mut(sentinel) else { return };
        let now = node.clock.show(now_us);
        if let Some(core) = &mut node.core {
            // A group that an operator removed has no leases either.
            let _ = core.release_lease(now, name.as_str(), id, let_go);
        }
    }
}
