//! What is known of a group and its members.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::amnesia::Doubt;
use crate::displaced::Displaced;
use crate::failover::Failover;
use crate::hooks::Occasion;
use crate::input::InfoReport;
use crate::lease::Lease;
use crate::link::Link;
use crate::options::GroupOptions;
use crate::reason::{DownCause, HoldCause};
use crate::rivalry::Rivalry;
use crate::time::Time;
use crate::types::{Addr, Epoch, GroupId, GroupName, NodeId, Role, RunId, SaveSeq};
use crate::writes::Writes;

/// A data node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) group: GroupId,
    pub(crate) addr: Addr,
    pub(crate) link: Link,
    /// What it said last; a default report until it said something.
    pub(crate) info: Box<InfoReport>,
    pub(crate) info_at: Option<Time>,
    pub(crate) role_reported: Role,
    pub(crate) role_reported_since: Time,
    /// When the master that it reports to follow last changed.
    pub(crate) master_reported_since: Time,
    pub(crate) down: Down,
    /// A restarted master that has not answered a plain PONG yet.
    pub(crate) rebooting_since: Option<Time>,
    /// `SCRIPT KILL` was sent in this sdown episode.
    pub(crate) script_kill_sent: bool,
    pub(crate) last_repointed: Option<Time>,
    /// A switch has replaced it as master, and it has not said that it follows since.
    pub(crate) is_replaced_master: bool,
    /// We have replaced it as master, and it has not said yet that it is a replica: what is to be told then.
    pub(crate) demotion: Option<Box<Occasion>>,
    pub(crate) writes: Writes,
}

impl Node {
    /// `slave_priority`; 100 is what a server has that does not say.
    pub(crate) fn priority(&self) -> u32 {
        self.info.priority.unwrap_or(100)
    }

    /// Takes it to be what it is configured to be, until it says otherwise; as after a reset.
    pub(crate) fn assume_role(&mut self, now: Time, role: Role) {
        if self.role_reported != role {
            self.role_reported = role;
            self.role_reported_since = now;
        }
    }

    pub(crate) fn info_age(&self, now: Time) -> Option<Duration> {
        self.info_at.map(|t| now.since(t))
    }

    /// How much of its history the node has.
    pub(crate) fn offset(&self) -> u64 {
        match self.role_reported {
            Role::Master => self.info.master_offset,
            Role::Replica => self.info.replica_offset,
        }
        .unwrap_or(0)
    }

    /// A replica without any history: it never finished a synchronisation.
    pub(crate) fn never_synced(&self) -> bool {
        // Servers without any history report offset 0 or 1. Data without history was loaded from a disk, and is better than
        // nothing.
        let has_history = self.info.replica_offset.unwrap_or(0) > 1 || self.info.keys.is_some_and(|k| k > 0);
        (!self.info.master_link_up && !has_history)
            || (self.info.sync_in_progress && (self.info.never_synced || self.info.loading))
    }
}

/// sdown of one instance as we see it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Down {
    /// Since when and why, if it is down.
    pub(crate) now: Option<(Time, DownCause)>,
    /// Onset of the last episode, which outlives it.
    pub(crate) last_onset: Option<Time>,
}

impl Down {
    pub(crate) const fn is_down(&self) -> bool {
        self.now.is_some()
    }

    /// No episode began within `period`.
    pub(crate) fn calm_for(&self, now: Time, period: Duration) -> bool {
        self.last_onset.is_none_or(|t| now.since(t) > period)
    }
}

/// A peer sentinel process. Its one link serves all groups.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) addr: Addr,
    pub(crate) link: Link,
    /// Groups that it watches with us.
    pub(crate) groups: BTreeSet<GroupId>,
}

/// A peer as seen in one group.
#[derive(Debug)]
pub(crate) struct PeerEntry {
    pub(crate) down: Down,
    /// It said that the master is down; forgotten with age.
    pub(crate) master_down: bool,
    pub(crate) opinion_at: Option<Time>,
    pub(crate) vote: Option<(RunId, Epoch)>,
    /// It answered our call for votes in this epoch.
    pub(crate) answered_in: Option<Epoch>,
    pub(crate) next_ask: Time,
    pub(crate) last_hello: Time,
    /// The configuration in its last hello.
    pub(crate) config: Option<(Epoch, Addr)>,
}

impl PeerEntry {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            down: Down::default(),
            master_down: false,
            opinion_at: None,
            vote: None,
            answered_in: None,
            next_ask: now,
            last_hello: now,
            config: None,
        }
    }
}

/// A supervised group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) name: GroupName,
    pub(crate) options: GroupOptions,
    pub(crate) master: NodeId,
    pub(crate) replicas: BTreeSet<NodeId>,
    pub(crate) peers: BTreeMap<RunId, PeerEntry>,
    pub(crate) config_epoch: Epoch,
    /// The save that makes `config_epoch` and the master's address durable.
    pub(crate) config_saved_by: SaveSeq,
    pub(crate) leader: Option<RunId>,
    pub(crate) leader_epoch: Epoch,
    /// The save that makes the vote durable.
    pub(crate) vote_saved_by: SaveSeq,
    pub(crate) odown_since: Option<Time>,
    pub(crate) failover: Option<Failover>,
    /// No failover before this time.
    pub(crate) hold: Option<(Time, HoldCause)>,
    /// A hold already reported, so that it is told once.
    pub(crate) hold_told: bool,
    /// Sentinels that were known before a reset; they count until they are known again or the time is up, because a sentinel
    /// that has forgotten its peers must not be a majority by itself.
    pub(crate) former_voters: u32,
    pub(crate) former_voters_until: Time,
    /// Failed attempts since the master went down.
    pub(crate) failed_attempts: u32,
    /// When the present master took its place; for a while after that peers and nodes are told of it often.
    pub(crate) switched_at: Option<Time>,
    pub(crate) next_peer_hello: Time,
    /// A new configuration is to be announced as soon as it is durable.
    pub(crate) announce_pending: bool,
    /// The world is to be told once the configuration is durable.
    pub(crate) durable_pending: bool,
    /// A peer names another master under our config epoch.
    pub(crate) rivalry: Option<Rivalry>,
    /// History of the master as it was last seen with its data.
    pub(crate) lineage: Lineage,
    /// The master may have lost that data.
    pub(crate) doubt: Option<Doubt>,
    pub(crate) lease: Lease,
    /// Everything that shows the world where the master is shows at least this epoch.
    pub(crate) published: Epoch,
    pub(crate) displaced: Option<Displaced>,
}

/// The replication history of the master as it was last seen, to compare candidates with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lineage {
    pub(crate) run_id: Option<RunId>,
    pub(crate) replid: Option<RunId>,
    pub(crate) replid2: Option<RunId>,
    pub(crate) offset: Option<u64>,
    pub(crate) keys: Option<u64>,
}

impl Group {
    /// Our own vote in this epoch, for ourselves.
    pub(crate) fn voted_for(&self, who: RunId, epoch: Epoch) -> bool {
        self.leader == Some(who) && self.leader_epoch == epoch
    }

    /// Sentinels known in the group, ourselves included.
    pub(crate) fn voters(&self) -> u32 {
        u32::try_from(self.peers.len() + 1).unwrap_or(u32::MAX).max(self.former_voters)
    }

    /// Votes needed to lead a failover: a majority of all known sentinels, and at least the quorum.
    pub(crate) fn votes_needed(&self) -> u32 {
        (self.voters() / 2 + 1).max(self.options.quorum.get())
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::once(self.master).chain(self.replicas.iter().copied())
    }
}
