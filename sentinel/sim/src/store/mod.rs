//! Stores outside the sentinels that show where a group's master is, and what goes wrong with them.
//!
//! A store is one register that is written on condition that it has not changed since it was read. It may be down or slow, be wiped, and
//! lose an update that it has acknowledged; writes to it may arrive long after whoever sent them has given up, and its answers may be
//! lost. Publishers (`publisher.rs`) reach it from wherever they are: also a sentinel that is cut off from all others does.

mod newest;
mod publisher;
mod steadfast;

pub(crate) use newest::StoresHoldTheNewest;
pub(crate) use publisher::Place;
pub(crate) use steadfast::StoresNeverGoBack;

use std::collections::BTreeMap;

use bongsu_sentinel_core::publication::Goal;
use bongsu_sentinel_core::{Addr, Epoch};

use crate::facts::Fact;
use crate::mutant::Mutant;
use crate::rng::Rng;
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

/// One in this many writes arrives when nobody waits for it any more: whoever sent it stood still, or the network did.
const LATE_ONE_IN: u64 = 30;
/// One in this many answers is lost.
const LOST_ONE_IN: u64 = 30;
/// Before this no fault strikes.
const FIRST_FAULT_US: u64 = 30 * SEC;

/// What a store shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) goal: Goal,
    pub(crate) master: Addr,
}

/// A register with compare-and-swap.
pub(crate) struct Store {
    pub(crate) group: usize,
    pub(crate) holds: Option<Record>,
    /// What it held before; it comes back when an update is lost.
    before: Option<Record>,
    /// Changes with every write.
    revision: u64,
    is_up: bool,
    slow_us: u64,
}

/// What a publisher asks of a store.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Read,
    /// If the revision is still this one.
    Write(u64, Record),
}

/// What a store answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Holds(Option<Record>, u64),
    Written(bool),
    /// Nobody listens.
    Refused,
}

/// A place where a group is shown, as one sentinel sees to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct At {
    pub(crate) sentinel: Pid,
    pub(crate) store: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum StoreJob {
    /// A publisher's rest is over.
    Wake { at: At, incarnation: u32, due_us: u64 },
    /// A request reaches the store.
    Arrive { at: At, incarnation: u32, step: u64, request: Request },
    /// An answer reaches the publisher; `None` if it has waited for long enough.
    Answer { at: At, incarnation: u32, step: u64, reply: Option<Reply> },
    /// Something goes wrong with some store.
    Fault,
    /// It is as it should be again.
    Mend(usize),
}

impl StoreJob {
    /// The sentinel that the job needs awake.
    pub(crate) const fn at_sentinel(&self) -> Option<Pid> {
        match self {
            Self::Wake { at, .. } | Self::Answer { at, .. } => Some(at.sentinel),
            Self::Arrive { .. } | Self::Fault | Self::Mend(_) => None,
        }
    }
}

/// All stores, with a randomness of their own.
pub(crate) struct Stores {
    pub(crate) all: Vec<Store>,
    pub(crate) places: BTreeMap<At, Place>,
    /// The last epoch that was told of a group, and when that was first.
    newest: BTreeMap<usize, (Epoch, u64)>,
    /// The epoch of each group that a sentinel was told to be shown everywhere.
    told: BTreeMap<(Pid, usize), Epoch>,
    rng: Rng,
    /// No store answers anything, ever.
    is_mute: bool,
}

impl Stores {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = Rng::new(seed ^ 0x570_4E5);
        Self {
            all: Vec::new(),
            places: BTreeMap::new(),
            newest: BTreeMap::new(),
            told: BTreeMap::new(),
            rng,
            is_mute: false,
        }
    }

    /// Whether the group is shown anywhere.
    pub(crate) fn show(&self, group: usize) -> bool {
        self.all.iter().any(|s| s.group == group)
    }

    /// A sentinel died, and what it was about to publish with it.
    pub(crate) fn forget(&mut self, sentinel: Pid) {
        self.places.retain(|at, _| at.sentinel != sentinel);
        self.told.retain(|(pid, _), _| *pid != sentinel);
    }
}

impl World {
    /// Half of the runs have one store or two for each of their groups.
    pub(crate) fn add_stores(&mut self, plan: StorePlan) {
        let drawn = if self.stores.rng.chance(1, 2) { self.stores.rng.range(1, 2) } else { 0 };
        let each = match plan {
            StorePlan::AsDrawn => drawn,
            StorePlan::Absent => 0,
            StorePlan::Mute => 1,
        };
        self.stores.is_mute = plan == StorePlan::Mute;
        for group in 0..self.groups.len() {
            for _ in 0..each {
                let store = Store { group, holds: None, before: None, revision: 0, is_up: true, slow_us: 0 };
                self.stores.all.push(store);
            }
        }
        if each > 0 && plan == StorePlan::AsDrawn {
            self.at(FIRST_FAULT_US, Job::Store(StoreJob::Fault));
        }
    }

    pub(crate) fn store_job(&mut self, job: StoreJob) {
        match job {
            StoreJob::Wake { at, incarnation, due_us } => self.place_wakes(at, incarnation, due_us),
            StoreJob::Arrive { at, incarnation, step, request } => self.store_asked(at, incarnation, step, request),
            StoreJob::Answer { at, incarnation, step, reply } => self.place_answered(at, incarnation, step, reply),
            StoreJob::Fault => self.strike_store(),
            StoreJob::Mend(store) => self.mend_store(store),
        }
    }

    /// Sends a request on its way; its answer finds the step, if that is still waited for.
    fn ask_store(&mut self, at: At, incarnation: u32, step: u64, request: Request) {
        let is_late =
            matches!(request, Request::Write(..)) && self.unsafe_phase && self.stores.rng.chance(1, LATE_ONE_IN);
        let late = if is_late { self.stores.rng.below(70 * SEC) } else { 0 };
        let delay = self.stores.rng.range(MS / 2, 20 * MS) + late;
        self.at(delay, Job::Store(StoreJob::Arrive { at, incarnation, step, request }));
    }

    fn store_asked(&mut self, at: At, incarnation: u32, step: u64, request: Request) {
        let is_mute = self.stores.is_mute;
        let store = &mut self.stores.all[at.store];
        let slow = store.slow_us;
        if is_mute || (!store.is_up && self.stores.rng.chance(1, 2)) {
            // Nothing comes back, and somebody gives up waiting.
            return;
        }
        let reply = match request {
            _ if !store.is_up => Reply::Refused,
            Request::Read => Reply::Holds(store.holds.clone(), store.revision),
            Request::Write(revision, record) => {
                let is_blind = self.mutant == Some(Mutant::PublishBlindly);
                let fits = store.revision == revision || is_blind;
                if fits {
                    self.store_takes(at, record);
                }
                Reply::Written(fits)
            }
        };
        if self.unsafe_phase && self.stores.rng.chance(1, LOST_ONE_IN) {
            return;
        }
        let delay = self.stores.rng.range(MS / 2, 20 * MS) + slow;
        self.at(delay, Job::Store(StoreJob::Answer { at, incarnation, step, reply: Some(reply) }));
    }

    fn store_takes(&mut self, at: At, record: Record) {
        let store = &mut self.stores.all[at.store];
        let before = store.holds.replace(record);
        store.revision += 1;
        let (old, new) = (before.as_ref().map(|r| r.goal.epoch), store.holds.as_ref().map(|r| r.goal.epoch));
        store.before = before;
        let text =
            format!("store {} holds epoch {} (by {})", at.store, new.unwrap_or_default(), self.label(at.sentinel));
        self.note(&text);
        self.observe(&Fact::StoreWritten { by: at.sentinel, store: at.store, old, new: new.unwrap_or_default() });
    }

    fn strike_store(&mut self) {
        if !self.unsafe_phase {
            return;
        }
        let next = self.stores.rng.range(2 * SEC, 40 * SEC);
        self.at(next, Job::Store(StoreJob::Fault));
        let index = self.stores.rng.index(self.stores.all.len());
        let kind = self.stores.rng.below(4);
        let lasting = self.stores.rng.range(SEC, 60 * SEC);
        let slow = self.stores.rng.range(100 * MS, 8 * SEC);
        let store = &mut self.stores.all[index];
        let what = match kind {
            0 => {
                store.is_up = false;
                "is down"
            }
            1 => {
                store.slow_us = slow;
                "is slow"
            }
            2 => {
                (store.holds, store.before) = (None, None);
                store.revision += 1;
                "is wiped"
            }
            _ => {
                store.holds = store.before.take();
                store.revision += 1;
                "loses its last update"
            }
        };
        self.note(&format!("store {index} {what}"));
        self.at(lasting, Job::Store(StoreJob::Mend(index)));
    }

    fn mend_store(&mut self, index: usize) {
        let store = &mut self.stores.all[index];
        (store.is_up, store.slow_us) = (true, 0);
    }

    /// Some core told of this epoch of a group.
    fn last_configured(&mut self, group: usize, epoch: Epoch) {
        let now = self.now_us;
        let newest = self.stores.newest.entry(group).or_insert((epoch, now));
        if epoch > newest.0 {
            *newest = (epoch, now);
        }
    }

    /// When an epoch of a group was first told of, if it is the newest.
    fn configured_since(&self, group: usize, epoch: Epoch) -> u64 {
        self.stores.newest.get(&group).filter(|(newest, _)| *newest <= epoch).map_or(0, |(_, since)| *since)
    }

    /// The liveness phase begins.
    pub(crate) fn heal_stores(&mut self) {
        (0..self.stores.all.len()).for_each(|store| self.mend_store(store));
    }
}

/// Which stores a run has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorePlan {
    /// Those that the seed draws, with their faults.
    AsDrawn,
    /// None.
    Absent,
    /// One per group that never answers.
    Mute,
}
