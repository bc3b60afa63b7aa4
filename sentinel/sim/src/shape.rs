//! The shape of a run: how many of what, with which options, under which faults. Drawn from the seed.

use std::time::Duration;

use crate::faults::FaultKind;
use crate::rng::Rng;
use crate::sentinel::HookShape;
use crate::units::{MS, SEC};

/// Everything about a run that is fixed from its start.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Per sentinel: is it a model of a real one?
    pub(crate) sentinels: Vec<Brand>,
    pub(crate) groups: Vec<GroupShape>,
    /// Programs of the owner are asked before failovers.
    pub(crate) hooks: Option<HookShape>,
    /// Sentinels share the hosts of the first group's data nodes.
    pub(crate) colocated: bool,
    /// One-way delay of a packet.
    pub(crate) delay_us: (u64, u64),
    /// Hellos published on a master reach the subscribers of its replicas, as the replication stream carries them.
    pub(crate) propagate_hellos: bool,
    /// One in this many pushed hellos is seen a second time, much later.
    pub(crate) duplicate_one_in: u64,
    /// One in this many urgent saves ends in a crash around it.
    pub(crate) crash_on_save_one_in: u64,
    /// One in this many steps of a failover ends in a crash at it.
    pub(crate) crash_on_step_one_in: u64,
    pub(crate) faults: Vec<(u32, FaultKind)>,
    /// Mean time between two faults.
    pub(crate) fault_period_us: u64,
    /// Sentinels start with all peers and replicas known.
    pub(crate) known_at_start: bool,
    /// When the safety phase ends: no fault is later than this.
    pub(crate) heal_at_us: u64,
    pub(crate) end_us: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Brand {
    /// Runs the core under test.
    Bongsu,
    /// A model of a real sentinel.
    Real,
}

#[derive(Clone, Debug)]
pub(crate) struct GroupShape {
    pub(crate) replicas: usize,
    pub(crate) quorum: u32,
    pub(crate) down_after: Duration,
    pub(crate) failover_timeout: Duration,
    pub(crate) parallel_syncs: u32,
    pub(crate) process_death_after: Option<Duration>,
    pub(crate) reboot_down_after: Duration,
    pub(crate) priority_lag_window: u64,
    pub(crate) max_lag: Option<u64>,
    pub(crate) mixed_priorities: bool,
    /// Apply lag of its replicas.
    pub(crate) lag_us: u64,
    /// Pause of a client between two writes.
    pub(crate) write_period_us: u64,
    /// `CONFIG REWRITE` works: a restarted node comes back in the role it was given last.
    pub(crate) rewritable: bool,
    /// Its data nodes know when they have lost their data, and refuse a full copy of nothing.
    pub(crate) guarded: bool,
}

/// Length of a run.
const END_US: u64 = 600 * SEC;
/// Before this no fault strikes, so that everybody has met.
pub(crate) const WARM_UP_US: u64 = 20 * SEC;

impl Shape {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let count = *rng.weighted(&[(60, 3), (4, 4), (25, 5), (4, 7), (2, 9)]);
        let mixed = rng.chance(1, 4);
        let sentinels: Vec<Brand> =
            (0..count).map(|i| if mixed && i > 0 && rng.chance(1, 2) { Brand::Real } else { Brand::Bongsu }).collect();
        let groups = Self::draw_groups(rng, count);
        let nodes: usize = groups.iter().map(|g| g.replicas + 1).sum();
        let slowest = groups.iter().map(|g| g.failover_timeout).max().unwrap_or_default();
        let deafest = groups.iter().map(|g| g.down_after).max().unwrap_or_default();
        // Who knows nobody yet is a majority by itself; only the quorum keeps it from acting.
        let lax = groups.iter().any(|g| (g.quorum as usize) <= count / 2);
        let slack = micros(slowest) * 6 + micros(deafest) * 3 + 100 * SEC;
        let mut shape = Self {
            colocated: rng.chance(1, 2),
            delay_us: *rng.pick(&[(100, 300), (200, 2 * MS), (MS, 20 * MS), (20 * MS, 60 * MS)]),
            propagate_hellos: count * nodes <= 25,
            duplicate_one_in: *rng.pick(&[0, 0, 50, 500]),
            crash_on_save_one_in: *rng.pick(&[0, 0, 5, 30]),
            crash_on_step_one_in: *rng.pick(&[0, 0, 10, 50]),
            faults: FaultKind::draw_menu(rng),
            fault_period_us: *rng.pick(&[4 * SEC, 8 * SEC, 15 * SEC, 40 * SEC]),
            known_at_start: lax || rng.chance(1, 2),
            heal_at_us: END_US.saturating_sub(slack).max(WARM_UP_US * 2),
            end_us: END_US,
            sentinels,
            groups,
            // Of its own, so that runs without hooks are what they would be without them.
            hooks: HookShape::draw(&mut rng.clone().fork()),
        };
        shape.draw_guards(rng);
        shape
    }

    /// A guarded node waits to be told what to be; real sentinels do not know that it does.
    fn draw_guards(&mut self, rng: &mut Rng) {
        let ours = self.sentinels.iter().all(|brand| *brand == Brand::Bongsu);
        for group in &mut self.groups {
            group.guarded = ours && rng.chance(1, 2);
        }
    }

    fn draw_groups(rng: &mut Rng, sentinels: usize) -> Vec<GroupShape> {
        let wanted = *rng.weighted(&[(70, 1), (15, 2), (6, 3), (2, 6), (1, 20)]);
        // Links times groups is what a run costs; the big shapes stay possible but bounded.
        let mut budget = 200 / (sentinels * sentinels);
        let mut groups = Vec::new();
        while groups.len() < wanted && (groups.is_empty() || budget > 0) {
            let replicas = *rng.weighted(&[(2, 0), (20, 1), (60, 2), (12, 3), (3, 4), (3, 5)]);
            let replicas = if wanted > 3 { replicas.min(2) } else { replicas };
            budget = budget.saturating_sub(1);
            groups.push(GroupShape::draw(rng, sentinels, replicas));
        }
        groups
    }
}

impl GroupShape {
    fn draw(rng: &mut Rng, sentinels: usize, replicas: usize) -> Self {
        let majority = sentinels as u64 / 2 + 1;
        let quorum = if rng.chance(3, 4) { majority } else { rng.range(1, sentinels as u64) };
        Self {
            replicas,
            quorum: quorum as u32,
            down_after: Duration::from_millis(*rng.pick(&[500, 1000, 2000, 5000, 10_000])),
            failover_timeout: Duration::from_millis(*rng.pick(&[3000, 5000, 10_000, 20_000, 30_000])),
            parallel_syncs: rng.range(1, 3) as u32,
            process_death_after: rng.chance(1, 3).then(|| Duration::from_millis(*rng.pick(&[100, 200, 800]))),
            reboot_down_after: Duration::from_millis(*rng.pick(&[0, 0, 3000, 10_000])),
            priority_lag_window: *rng.pick(&[0, 500, 1 << 20]),
            max_lag: rng.chance(1, 6).then(|| rng.range(500, 50_000)),
            mixed_priorities: rng.chance(1, 4),
            lag_us: *rng.pick(&[0, 0, 5 * MS, 200 * MS, SEC]),
            write_period_us: *rng.pick(&[100 * MS, 250 * MS, SEC]),
            rewritable: rng.chance(3, 4),
            guarded: false,
        }
    }
}

pub(crate) fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
