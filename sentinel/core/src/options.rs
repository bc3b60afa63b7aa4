//! Options of the whole sentinel and of one group, as far as decisions depend on them.

use std::time::Duration;

use crate::types::{Addr, Epoch, GroupName, Quorum, RunId};
use crate::writes::WriteKey;

/// Process-wide timing, adjustable at run time with `SENTINEL DEBUG`. Not persisted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tunables {
    /// Period of INFO to healthy nodes.
    pub info_period: Duration,
    /// Longest period between two heartbeats; a quarter of `down-after` if that is shorter.
    pub ping_period: Duration,
    /// Real sentinels ask once per this period; opinions and votes are forgotten after five of them.
    pub ask_period: Duration,
    /// Period of hello messages.
    pub publish_period: Duration,
    /// `down-after-milliseconds` of new groups.
    pub default_down_after: Duration,
    /// `failover-timeout` of new groups.
    pub default_failover_timeout: Duration,
    /// A deadline served later than this means that the process was paused.
    pub tilt_trigger: Duration,
    /// Longest time spent in TILT.
    pub tilt_period: Duration,
    /// How long a repointed replica may take to show it.
    pub replica_reconf_timeout: Duration,
    /// Age that a link must have before silence closes it.
    pub min_link_reconnect_period: Duration,
    /// Longest election.
    pub election_timeout: Duration,
    /// Longest run of a script (used by the shell).
    pub script_max_runtime: Duration,
    /// Delay before the first retry of a script (used by the shell).
    pub script_retry_delay: Duration,
}

impl Default for Tunables {
    fn default() -> Self {
        Self {
            info_period: Duration::from_secs(10),
            ping_period: Duration::from_secs(1),
            ask_period: Duration::from_secs(1),
            publish_period: Duration::from_secs(2),
            default_down_after: Duration::from_secs(30),
            default_failover_timeout: Duration::from_secs(180),
            tilt_trigger: Duration::from_secs(2),
            tilt_period: Duration::from_secs(30),
            replica_reconf_timeout: Duration::from_secs(10),
            min_link_reconnect_period: Duration::from_secs(15),
            election_timeout: Duration::from_secs(10),
            script_max_runtime: Duration::from_secs(60),
            script_retry_delay: Duration::from_secs(30),
        }
    }
}

/// Options of one group. Credentials, scripts and renamed commands are the shell's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupOptions {
    /// Sentinels that must see the master down.
    pub quorum: Quorum,
    /// Silence after which an instance is sdown.
    pub down_after: Duration,
    /// The group's `failover-timeout`.
    pub failover_timeout: Duration,
    /// Replicas repointed at the same time.
    pub parallel_syncs: u32,
    /// How long a restarted master may go on loading; zero: for ever.
    pub reboot_down_after: Duration,
    /// Down limit that counts only while a reachable host refuses connections; `None`: as `down_after`.
    pub process_death_after: Option<Duration>,
    /// A replica further behind than this many bytes is not promoted; `None`: no limit.
    pub max_lag_on_failover: Option<u64>,
    /// Replicas within this many bytes of the best one count as equals, among which priority decides.
    pub priority_lag_window: u64,
    /// A master that came back with less than a replica has is replaced at once.
    pub amnesia_failover: bool,
    /// Something outside the sentinels shows where the master is, and [`crate::Input::Published`] will tell when it is up to date.
    pub published: bool,
    /// A master that takes no writes is down; they are checked with this key.
    pub write_check_key: Option<WriteKey>,
}

impl GroupOptions {
    /// One mebibyte: what a healthy asynchronous replica may be behind under load.
    pub const DEFAULT_PRIORITY_LAG_WINDOW: u64 = 1 << 20;

    /// The defaults for a new group.
    pub const fn new(quorum: Quorum, tunables: &Tunables) -> Self {
        Self {
            quorum,
            down_after: tunables.default_down_after,
            failover_timeout: tunables.default_failover_timeout,
            parallel_syncs: 1,
            reboot_down_after: Duration::ZERO,
            process_death_after: None,
            max_lag_on_failover: None,
            priority_lag_window: Self::DEFAULT_PRIORITY_LAG_WINDOW,
            amnesia_failover: true,
            published: false,
            write_check_key: None,
        }
    }
}

/// One change by `SENTINEL SET` to what the core knows. The shell has checked the ranges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupChange {
    /// `quorum`.
    Quorum(Quorum),
    /// `down-after-milliseconds`.
    DownAfter(Duration),
    /// `failover-timeout`.
    FailoverTimeout(Duration),
    /// `parallel-syncs`.
    ParallelSyncs(u32),
    /// `master-reboot-down-after-period`.
    RebootDownAfter(Duration),
    /// `process-death-after-milliseconds`.
    ProcessDeathAfter(Option<Duration>),
    /// `max-lag-on-failover`.
    MaxLagOnFailover(Option<u64>),
    /// `priority-lag-window`.
    PriorityLagWindow(u64),
    /// `amnesia-failover`.
    AmnesiaFailover(bool),
    /// [`GroupOptions::published`].
    Published(bool),
    /// `write-check-key`.
    WriteCheckKey(Option<WriteKey>),
}

/// A group as configured or as remembered from the last run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupSpec {
    /// Its name.
    pub name: GroupName,
    /// Its master.
    pub master: Addr,
    /// Its options.
    pub options: GroupOptions,
    /// Epoch under which `master` was configured.
    pub config_epoch: Epoch,
    /// Epoch of the last vote cast for this group.
    pub leader_epoch: Epoch,
    /// Replicas known already.
    pub replicas: Vec<Addr>,
    /// Peers known already.
    pub peers: Vec<(RunId, Addr)>,
}

/// What a sentinel starts with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setup {
    /// Our identity.
    pub my_id: RunId,
    /// The highest epoch seen.
    pub current_epoch: Epoch,
    /// The groups to watch.
    pub groups: Vec<GroupSpec>,
    /// Timing.
    pub tunables: Tunables,
    /// Show host names instead of IPs.
    pub announce_hostnames: bool,
    /// Seed of the jitter. The core's only randomness.
    pub seed: u64,
}

/// What must survive a restart; equal in shape to what a start takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durable {
    /// Our identity.
    pub my_id: RunId,
    /// The highest epoch seen.
    pub current_epoch: Epoch,
    /// Every group with its present members.
    pub groups: Vec<GroupSpec>,
}

/// The part of [`Durable`] that safety rests on, of one group: with it lost, a sentinel might vote twice in an epoch or go
/// back to an old master.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decisive {
    /// The group.
    pub group: GroupName,
    /// The highest epoch seen.
    pub current_epoch: Epoch,
    /// The epoch of the last vote in the group.
    pub leader_epoch: Epoch,
    /// The epoch of the group's configuration.
    pub config_epoch: Epoch,
    /// The master under that configuration.
    pub master: Addr,
}

impl Decisive {
    /// Brings what a start takes up to date with this, which may be newer or older. A master that is replaced becomes a
    /// replica.
    pub fn apply(self, current_epoch: &mut Epoch, groups: &mut [GroupSpec]) {
        *current_epoch = self.current_epoch.max(*current_epoch);
        let Some(group) = groups.iter_mut().find(|group| group.name == self.group) else { return };
        group.leader_epoch = self.leader_epoch.max(group.leader_epoch);
        if self.config_epoch <= group.config_epoch {
            return;
        }
        group.config_epoch = self.config_epoch;
        if !group.master.same_place(&self.master) {
            group.replicas.retain(|replica| !replica.same_place(&self.master));
            group.replicas.push(std::mem::replace(&mut group.master, self.master));
        }
    }
}

/// `SENTINEL SIMULATE-FAILURE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SimulatedFailures {
    /// Crash once elected.
    pub after_election: bool,
    /// Crash once the replica is promoted.
    pub after_promotion: bool,
}

/// Kinds of operator-requested failover.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailoverKind {
    /// `SENTINEL FAILOVER name`: a hand-over without loss while the master is reachable, else as `Forced`.
    Auto,
    /// `SENTINEL FAILOVER name COORDINATED`: the hand-over or nothing.
    Coordinated,
    /// `SENTINEL FAILOVER name FORCED`: as if the master were unreachable, without asking the peers.
    Forced,
}
