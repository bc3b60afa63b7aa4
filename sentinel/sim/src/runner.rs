//! Runs seeds, one or many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::mutant::Mutant;
use crate::store::StorePlan;
use crate::world::World;

/// A broken invariant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Which invariant.
    pub invariant: String,
    /// What happened.
    pub what: String,
    /// When, in virtual milliseconds.
    pub at_ms: u64,
}

/// The outcome of one run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// One line on what the run was made of.
    pub shape: String,
    /// The broken invariant, if any.
    pub failure: Option<Failure>,
    /// The story, one line per step.
    pub transcript: Vec<String>,
    /// Equal for equal runs.
    pub hash: u64,
    /// How many events were simulated.
    pub events: u64,
    /// Failovers that were completed.
    pub switches: u64,
    /// Planned hand-overs that were completed.
    pub handovers: u64,
    /// How often a sentinel held a master to have lost its data.
    pub amnesias: u64,
    /// Acknowledged writes, and how many of them the last master does not have.
    pub acked: u64,
    /// See `acked`.
    pub lost: u64,
}

/// The outcome of many runs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Runs made.
    pub runs: u64,
    /// The failed ones, in the order of their seeds.
    pub failures: Vec<(u64, Failure)>,
    /// See [`Report::events`].
    pub events: u64,
    /// See [`Report::switches`].
    pub switches: u64,
    /// See [`Report::handovers`].
    pub handovers: u64,
    /// See [`Report::amnesias`].
    pub amnesias: u64,
    /// See [`Report::acked`].
    pub acked: u64,
    /// See [`Report::lost`].
    pub lost: u64,
}

/// Runs one seed and keeps the state transitions.
pub fn run_seed(seed: u64, mutant: Option<Mutant>) -> Report {
    run(seed, mutant, false, StorePlan::AsDrawn)
}

/// Runs one seed and keeps everything that was said.
pub fn run_seed_verbosely(seed: u64, mutant: Option<Mutant>) -> Report {
    run(seed, mutant, true, StorePlan::AsDrawn)
}

/// Runs one seed with other stores than it draws.
pub fn run_seed_with(seed: u64, stores: StorePlan) -> Report {
    run(seed, None, false, stores)
}

fn run(seed: u64, mutant: Option<Mutant>, verbose: bool, stores: StorePlan) -> Report {
    let mut world = World::new(seed, mutant, verbose, stores);
    world.run();
    let shape = world.describe();
    let (acked, lost) = world.count_losses();
    let failure = world.watch.failure().cloned();
    let counts = world.watch.counts();
    Report {
        seed,
        shape,
        failure,
        hash: world.transcript.hash(),
        events: world.events,
        switches: counts.switches,
        handovers: counts.handovers,
        amnesias: counts.amnesias,
        acked,
        lost,
        transcript: world.transcript.into_lines(),
    }
}

/// Runs the seeds from `first` to before `end` on `threads` threads. `progress` is called after each with how many are done.
pub fn run_many(
    first: u64,
    end: u64,
    mutant: Option<Mutant>,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Summary {
    let next = AtomicU64::new(first);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let report = run_guarded(seed, mutant);
                    let mut sum = summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    sum.add(report);
                    progress(sum.runs);
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    summary.failures.sort_by_key(|(seed, _)| *seed);
    summary
}

/// The first seed from `first` on, of at most `limit`, whose run shows that a mutant is broken.
pub fn hunt(mutant: Mutant, first: u64, limit: u64) -> Option<(u64, Failure)> {
    (first..first + limit).find_map(|seed| run_guarded(seed, Some(mutant)).failure.map(|f| (seed, f)))
}

/// An assertion of the core that fails is a finding like any other.
fn run_guarded(seed: u64, mutant: Option<Mutant>) -> Report {
    let result = std::panic::catch_unwind(|| run_seed(seed, mutant));
    result.unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        let what = text.or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        Report {
            seed,
            shape: String::new(),
            failure: Some(Failure { invariant: "assertion".into(), what, at_ms: 0 }),
            transcript: Vec::new(),
            hash: 0,
            events: 0,
            switches: 0,
            handovers: 0,
            amnesias: 0,
            acked: 0,
            lost: 0,
        }
    })
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        self.events += report.events;
        self.switches += report.switches;
        self.handovers += report.handovers;
        self.amnesias += report.amnesias;
        self.acked += report.acked;
        self.lost += report.lost;
        if let Some(failure) = report.failure {
            self.failures.push((report.seed, failure));
        }
    }
}
