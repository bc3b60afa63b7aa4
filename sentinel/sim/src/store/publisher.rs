//! What a sentinel does to keep a store up to date, in the way of the daemon: one state machine for each group at each store.

use std::hash::{DefaultHasher, Hash, Hasher};

use bongsu_sentinel_core::publication::{Accord, Answer, Failure, Goal, Held, Outcome, Patience, Publication, Step};
use bongsu_sentinel_core::{Configuration, Configured, Epoch, GroupId, Input};

use super::{At, Record, Reply, Request, StoreJob};
use crate::mutant::Mutant;
use crate::units::SEC;
use crate::world::{Job, Pid, World};

/// A request that is not answered within this time has failed.
const PATIENCE_US: u64 = 2 * SEC;

/// One group at one store, as one sentinel sees to it.
pub(crate) struct Place {
    id: GroupId,
    machine: Publication,
    record: Option<Record>,
    /// The epoch that a failover of this sentinel began.
    led: Option<Epoch>,
    token: Option<u64>,
    /// The step under way.
    out: Option<(u64, Step)>,
    steps: u64,
    due_us: u64,
}

impl Place {
    fn new(id: GroupId, seed: u64) -> Self {
        let machine = Publication::new(seed);
        Self { id, machine, record: None, led: None, token: None, out: None, steps: 0, due_us: u64::MAX }
    }

    fn want(&mut self, now: bongsu_sentinel_core::Time, configuration: &Configuration) {
        let goal = goal(configuration);
        let present = self.machine.view();
        let mut patience = Patience::of_rank(configuration.rank);
        let is_through = present.goal.is_some_and(|g| g.epoch == goal.epoch) && present.phases.accepted.is_some();
        if self.led == Some(goal.epoch) && !is_through {
            patience.first_look = std::time::Duration::ZERO;
        }
        if present.goal != Some(goal) {
            self.record = Some(Record { goal, master: configuration.master.addr.clone() });
        }
        self.machine.want(now, goal, patience);
    }

    fn shows(&self, epoch: Epoch) -> bool {
        self.machine.view().shown == Some(epoch)
    }
}

fn goal(configuration: &Configuration) -> Goal {
    let mut members: Vec<_> = configuration.replicas.iter().map(|r| (&r.addr, r.run_id)).collect();
    members.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (&configuration.master.addr, configuration.master.run_id, members).hash(&mut hasher);
    Goal { epoch: configuration.epoch, content: hasher.finish() }
}

impl World {
    /// A core has something to tell the world.
    pub(crate) fn configured(&mut self, pid: Pid, id: GroupId, how: Configured) {
        let Some(configuration) = self.configuration(pid, id) else { return };
        let Some(group) = self.group_index(&configuration.group) else { return };
        self.last_configured(group, configuration.epoch);
        let stores: Vec<usize> = (0..self.stores.all.len()).filter(|s| self.stores.all[*s].group == group).collect();
        for store in stores {
            let at = At { sentinel: pid, store };
            let seed = self.stores.rng.next();
            let place = self.stores.places.entry(at).or_insert_with(|| Place::new(id, seed));
            if matches!(how, Configured::Led { .. }) {
                place.led = Some(configuration.epoch);
            }
            self.run_place(at);
        }
    }

    fn configuration(&self, pid: Pid, id: GroupId) -> Option<Configuration> {
        self.core_node(pid)?.core.as_ref()?.configuration(id)
    }

    /// Takes the place as far as it gets without waiting.
    fn run_place(&mut self, at: At) {
        let Some(id) = self.stores.places.get(&at).map(|p| p.id) else { return };
        let Some(configuration) = self.configuration(at.sentinel, id) else {
            self.stores.places.remove(&at);
            return;
        };
        let (incarnation, now_us, mutant) = (self.proc(at.sentinel).incarnation, self.now_us, self.mutant);
        let Some(clock) = self.core_node(at.sentinel).map(|n| n.clock.clone()) else { return };
        let now = clock.show(now_us);
        let Some(place) = self.stores.places.get_mut(&at) else { return };
        // What is on no disk yet may never have been: nobody else would know its epoch.
        if configuration.is_durable {
            place.want(now, &configuration);
        }
        let is_idle = match mutant {
            Some(Mutant::PublishOnce) => place.machine.view().phases.accepted.is_some(),
            Some(Mutant::PublishAsLeaderOnly) => place.led != Some(configuration.epoch),
            _ => false,
        };
        if is_idle {
            return;
        }
        match (place.machine.poll(now), place.record.clone()) {
            (Step::Rest(until), _) => {
                let Some(until) = until else { return };
                let due_us = clock.when(until, now_us);
                place.due_us = due_us;
                self.at(due_us - now_us, Job::Store(StoreJob::Wake { at, incarnation, due_us }));
            }
            (step, Some(record)) => self.begin_step(at, incarnation, step, record),
            (_, None) => {}
        }
    }

    fn begin_step(&mut self, at: At, incarnation: u32, step: Step, record: Record) {
        let Some(place) = self.stores.places.get_mut(&at) else { return };
        place.steps += 1;
        let number = place.steps;
        place.out = Some((number, step));
        let request = match (step, place.token.take()) {
            (Step::Write, Some(token)) => Request::Write(token, record),
            _ => Request::Read,
        };
        self.ask_store(at, incarnation, number, request);
        self.at(PATIENCE_US, Job::Store(StoreJob::Answer { at, incarnation, step: number, reply: None }));
    }

    pub(super) fn place_wakes(&mut self, at: At, incarnation: u32, due_us: u64) {
        let is_meant = self.stores.places.get(&at).is_some_and(|p| p.due_us == due_us && p.out.is_none());
        if is_meant && self.proc(at.sentinel).up && self.proc(at.sentinel).incarnation == incarnation {
            self.run_place(at);
        }
    }

    pub(super) fn place_answered(&mut self, at: At, incarnation: u32, number: u64, reply: Option<Reply>) {
        if !self.proc(at.sentinel).up || self.proc(at.sentinel).incarnation != incarnation {
            return;
        }
        let now_us = self.now_us;
        let Some(now) = self.core_node(at.sentinel).map(|n| n.clock.show(now_us)) else { return };
        let is_blind = self.mutant == Some(Mutant::PublishUnread);
        let Some(place) = self.stores.places.get_mut(&at) else { return };
        let Some((_, step)) = place.out.take_if(|(out, _)| *out == number) else { return };
        let answer = heard(place, step, reply, is_blind);
        let before = place.machine.view().shown;
        place.machine.answered(now, answer);
        if place.machine.view().shown != before {
            self.tell_published(at);
        }
        self.run_place(at);
    }

    /// Tells the core once all stores show the present configuration of the group.
    fn tell_published(&mut self, at: At) {
        let Some(id) = self.stores.places.get(&at).map(|p| p.id) else { return };
        let Some(epoch) = self.configuration(at.sentinel, id).map(|c| c.epoch) else { return };
        let group = self.stores.all[at.store].group;
        let stores = &self.stores;
        let mut of_group =
            stores.places.iter().filter(|(a, _)| a.sentinel == at.sentinel && stores.all[a.store].group == group);
        let everywhere = of_group.all(|(_, place)| place.shows(epoch));
        if everywhere && self.stores.told.insert((at.sentinel, group), epoch) != Some(epoch) {
            self.feed_core(at.sentinel, Input::Published { group: id, epoch });
        }
    }
}

/// What a reply, or none, means for the state machine.
fn heard(place: &mut Place, step: Step, reply: Option<Reply>, is_blind: bool) -> Answer {
    let own = place.record.as_ref().map(|r| r.goal);
    let held = |holds: &Option<Record>| match holds {
        _ if is_blind => Held::Nothing,
        None => Held::Nothing,
        Some(record) => Held::Record { epoch: record.goal.epoch, agrees: Some(record.goal) == own },
    };
    match (step, reply) {
        (Step::Read, Some(Reply::Holds(holds, revision))) => {
            place.token = Some(revision);
            Answer::Read(Ok(held(&holds)))
        }
        (Step::Read, _) => Answer::Read(Err(Failure::Passing)),
        (Step::Write, Some(Reply::Written(true))) => Answer::Written(Ok(Outcome::Done)),
        // Without a token nothing was written.
        (Step::Write, Some(Reply::Written(false) | Reply::Holds(..))) => Answer::Written(Ok(Outcome::Lost)),
        (Step::Write, _) => Answer::Written(Err(Failure::Passing)),
        (Step::Ask | Step::Rest(_), Some(Reply::Holds(holds, _))) => {
            let authorities = holds.is_some_and(|record| Some(record.goal) == own);
            Answer::Asked(Accord { authorities, caches: true })
        }
        (Step::Ask | Step::Rest(_), _) => Answer::Asked(Accord { authorities: false, caches: true }),
    }
}
