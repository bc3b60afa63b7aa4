//! What operators and configuration may ask for: groups come and go, options change, failovers are requested.

use std::fmt;
use std::time::Duration;

use crate::configured::Configured;
use crate::event::Level;
use crate::failover::Kind;
use crate::group::Group;
use crate::hooks::Ending;
use crate::machine::Sentinel;
use crate::options::{FailoverKind, GroupChange, GroupSpec, SimulatedFailures, Tunables};
use crate::reason::AbortCause;
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{Addr, GroupId, LinkId, NodeId, Role, RunId};
use crate::verdict::Verdict;
use crate::writes::Writes;

/// Groups that one sentinel may watch; far beyond what three thousand were measured with, and it keeps a runaway script from
/// filling the memory.
const MAX_GROUPS: usize = 100_000;

/// Before a reset group is looked at again: whoever resets it can see that it is empty, as with Sentinel, whose timer takes
/// as long.
const RESET_PAUSE: Duration = Duration::from_millis(100);

/// How long the peers that a reset forgets count towards the majority, unless they are found again earlier. A reset is meant to
/// get rid of sentinels that are gone for good, so it cannot be for ever.
const FORMER_VOTERS: Duration = Duration::from_secs(300);

/// Why a group cannot be added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MonitorError {
    /// There is one of that name.
    DuplicateName,
    /// There are too many.
    TooMany,
}

/// There is no group of that name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSuchGroup;

/// Why a failover cannot be started.
#[derive(Clone, PartialEq, Debug)]
pub enum FailoverError {
    /// There is no group of that name.
    NoSuchGroup,
    /// One is running.
    InProgress,
    /// No replica could be promoted, each for its reason.
    NoGoodReplica(Vec<Verdict>),
    /// A hand-over was asked for, but the master cannot take part in one.
    MasterUnreachable,
}

impl fmt::Display for MonitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DuplicateName => "a group of that name exists",
            Self::TooMany => "too many groups",
        })
    }
}

impl std::error::Error for MonitorError {}

impl fmt::Display for NoSuchGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no group of that name")
    }
}

impl std::error::Error for NoSuchGroup {}

impl fmt::Display for FailoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchGroup => "no group of that name",
            Self::InProgress => "a failover is in progress",
            Self::NoGoodReplica(_) => "no replica can be promoted",
            Self::MasterUnreachable => "the master cannot be reached for a hand-over",
        })
    }
}

impl std::error::Error for FailoverError {}

impl Sentinel {
    /// Begins to watch a group (`SENTINEL MONITOR`). Emits `+monitor`; saving is the caller's, who may set options first.
    pub fn monitor(&mut self, now: Time, mut spec: GroupSpec) -> Result<GroupId, MonitorError> {
        let now = self.advance(now);
        // The group may have been watched before, and a vote have been given then.
        spec.leader_epoch = spec.leader_epoch.max(self.current_epoch);
        let id = self.add_group(now, spec)?;
        self.settle(now);
        Ok(id)
    }

    pub(crate) fn add_group(&mut self, now: Time, spec: GroupSpec) -> Result<GroupId, MonitorError> {
        if self.names.contains_key(&spec.name) {
            return Err(MonitorError::DuplicateName);
        }
        if self.groups.len() >= MAX_GROUPS {
            return Err(MonitorError::TooMany);
        }
        let id = self.groups.next_id();
        let epochs = (spec.config_epoch, spec.leader_epoch);
        self.current_epoch = self.current_epoch.max(spec.config_epoch).max(spec.leader_epoch);
        let quorum = spec.options.quorum.get();
        self.names.insert(spec.name.clone(), id);
        // The node needs the group for its limits, the group its master: the group comes first, with the id of the node to be.
        let master = NodeId(u32::MAX);
        self.groups.add(Box::new(Group::new(now, id, spec.name, spec.options, master, epochs)));
        let master = self.add_node(now, id, spec.master, Role::Master);
        if let Some(group) = self.groups.get_mut(id) {
            group.master = master;
        }
        for addr in &spec.replicas {
            self.add_known_replica(now, id, addr);
        }
        for (run_id, addr) in &spec.peers {
            if *run_id != self.my_id {
                self.add_peer(now, id, *run_id, addr);
            }
        }
        self.tell_master(id, "+monitor", Level::Warning, format!("quorum {quorum}"));
        self.tell_configured(id, Configured::Monitored);
        self.timers.at_latest(Timer::Group(id), now);
        Ok(id)
    }

    fn add_known_replica(&mut self, now: Time, id: GroupId, addr: &Addr) {
        let Some(group) = self.groups.get(id) else { return };
        if self.node_at(group, addr).is_some() || group.replicas.len() >= crate::machine::MAX_REPLICAS {
            return;
        }
        let node = self.add_node(now, id, addr.clone(), Role::Replica);
        if let Some(group) = self.groups.get_mut(id) {
            group.replicas.insert(node);
        }
    }

    /// Stops watching a group (`SENTINEL REMOVE`). Emits `-monitor`.
    pub fn remove(&mut self, now: Time, name: &str) -> Result<(), NoSuchGroup> {
        let now = self.advance(now);
        let id = self.group_by_name(name).ok_or(NoSuchGroup)?.id;
        self.leave_failover(now, id);
        self.tell_master(id, "-monitor", Level::Warning, "");
        self.drop_members(id);
        if let Some(group) = self.groups.remove(id) {
            self.names.remove(&group.name);
            self.drop_node(group.master);
        }
        self.tell_configured(id, Configured::Removed);
        self.timers.set(Timer::Group(id), None);
        self.settle(now);
        Ok(())
    }

    /// Forgets what is known of the matching groups but their configuration (`SENTINEL RESET`). Returns how many match.
    pub fn reset(&mut self, now: Time, matches: &dyn Fn(&str) -> bool) -> usize {
        let now = self.advance(now);
        let ids: Vec<GroupId> = self.groups.values().filter(|g| matches(g.name.as_str())).map(|g| g.id).collect();
        for id in &ids {
            self.reset_group(now, *id);
        }
        self.settle(now);
        ids.len()
    }

    /// Ends a failover of a group that is about to be forgotten, so that no node is left between two roles.
    fn leave_failover(&mut self, now: Time, id: GroupId) {
        if self.running(id).is_some_and(|f| !f.is_committed()) {
            self.abort_failover(now, id, AbortCause::Reset);
        } else {
            self.finish_handover(now, id, true);
            self.tell_ending(id, Ending::Reset);
        }
    }

    fn reset_group(&mut self, now: Time, id: GroupId) {
        self.leave_failover(now, id);
        let Some(group) = self.groups.get_mut(id) else { return };
        group.former_voters = group.voters();
        group.former_voters_until = now + FORMER_VOTERS;
        self.drop_members(id);
        let Some(group) = self.groups.get_mut(id) else { return };
        group.failover = None;
        group.odown_since = None;
        group.leader = None;
        group.hold = None;
        group.failed_attempts = 0;
        group.lineage = crate::group::Lineage::default();
        let master = group.master;
        if let Some(node) = self.nodes.get_mut(master) {
            node.down = crate::group::Down::default();
            node.assume_role(now, Role::Master);
            node.role_reported_since = now;
            node.rebooting_since = None;
            node.writes = Writes::default();
            node.info.run_id = None;
            node.link.forgive(now);
            node.link.act_ping = Some(now);
            let link = node.link.id;
            self.reconnect_after(now, link, RESET_PAUSE);
        }
        self.note_members(id);
        self.tell_master(id, "+reset-master", Level::Warning, "");
        self.timers.at_latest(Timer::Group(id), now);
    }

    fn drop_members(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let replicas = std::mem::take(&mut group.replicas);
        let peers: Vec<RunId> = group.peers.keys().copied().collect();
        for node in replicas {
            self.drop_node(node);
        }
        for peer in peers {
            self.remove_peer(id, peer);
        }
    }

    /// Changes an option (`SENTINEL SET`).
    pub fn set(&mut self, now: Time, name: &str, change: GroupChange) -> Result<(), NoSuchGroup> {
        let now = self.advance(now);
        let id = self.group_by_name(name).ok_or(NoSuchGroup)?.id;
        if let Some(group) = self.groups.get_mut(id) {
            let o = &mut group.options;
            match change {
                GroupChange::Quorum(q) => o.quorum = q,
                GroupChange::DownAfter(d) => o.down_after = d,
                GroupChange::FailoverTimeout(d) => o.failover_timeout = d,
                GroupChange::ParallelSyncs(n) => o.parallel_syncs = n,
                GroupChange::RebootDownAfter(d) => o.reboot_down_after = d,
                GroupChange::ProcessDeathAfter(d) => o.process_death_after = d,
                GroupChange::MaxLagOnFailover(n) => o.max_lag_on_failover = n,
                GroupChange::PriorityLagWindow(n) => o.priority_lag_window = n,
                GroupChange::AmnesiaFailover(on) => o.amnesia_failover = on,
                GroupChange::Published(on) => o.published = on,
                GroupChange::WriteCheckKey(key) => o.write_check_key = key,
            }
        }
        self.rearm(now, id);
        self.settle(now);
        Ok(())
    }

    /// Serves all timers of a group anew after its periods changed.
    fn rearm(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let links: Vec<LinkId> = group
            .members()
            .filter_map(|n| self.nodes.get(n).map(|n| n.link.id))
            .chain(group.peers.keys().filter_map(|p| self.peers.get(p).map(|p| p.link.id)))
            .collect();
        for link in links {
            self.refresh_limit(link);
            if let Some(l) = self.link_mut(link) {
                l.next_ping = l.next_ping.min(now);
                l.next_info = l.next_info.min(now);
                l.next_hello = l.next_hello.min(now);
            }
            self.timers.at_latest(Timer::Link(link), now);
        }
        self.timers.at_latest(Timer::Group(id), now);
    }

    /// Emits `+set` with the option and its value, which the caller has masked if it is a secret.
    pub fn announce_set(&mut self, name: &str, detail: &str) -> Result<(), NoSuchGroup> {
        let id = self.group_by_name(name).ok_or(NoSuchGroup)?.id;
        self.tell_master(id, "+set", Level::Warning, detail);
        Ok(())
    }

    /// Starts a failover that an operator asks for (`SENTINEL FAILOVER`).
    pub fn failover(&mut self, now: Time, name: &str, kind: FailoverKind) -> Result<(), FailoverError> {
        let now = self.advance(now);
        let group = self.group_by_name(name).ok_or(FailoverError::NoSuchGroup)?;
        if group.failover.is_some() {
            return Err(FailoverError::InProgress);
        }
        let id = group.id;
        let reachable = self.master_of(group).is_some_and(|m| {
            !m.down.is_down() && m.link.command.is_up() && m.role_reported == Role::Master && m.info_at.is_some()
        });
        let kind = match kind {
            FailoverKind::Forced => Kind::Forced,
            FailoverKind::Coordinated if !reachable => return Err(FailoverError::MasterUnreachable),
            FailoverKind::Auto if !reachable => Kind::Forced,
            FailoverKind::Auto | FailoverKind::Coordinated => Kind::Planned,
        };
        let choice = self.choose(now, group, kind == Kind::Planned);
        if choice.best.is_none() {
            return Err(FailoverError::NoGoodReplica(choice.verdicts));
        }
        self.begin_failover(now, id, kind, 0);
        self.run_group(now, id);
        self.settle(now);
        Ok(())
    }

    /// Drops the links to the master and its replicas, as after new credentials.
    pub fn reconnect_group(&mut self, now: Time, name: &str) {
        let now = self.advance(now);
        let Some(group) = self.group_by_name(name) else { return };
        let links: Vec<LinkId> = group.members().filter_map(|n| self.nodes.get(n).map(|n| n.link.id)).collect();
        for link in links {
            self.reconnect(now, link);
        }
        self.settle(now);
    }

    /// Drops the links to all peers, as after new credentials.
    pub fn reconnect_peers(&mut self, now: Time) {
        let now = self.advance(now);
        let links: Vec<LinkId> = self.peers.values().map(|p| p.link.id).collect();
        for link in links {
            self.reconnect(now, link);
        }
        self.settle(now);
    }

    /// Changes the timing of the whole process (`SENTINEL DEBUG`).
    pub fn set_tunables(&mut self, now: Time, tunables: Tunables) {
        let now = self.advance(now);
        self.tunables = tunables;
        let ids: Vec<GroupId> = self.groups.ids().collect();
        for id in ids {
            self.rearm(now, id);
        }
        self.settle(now);
    }

    /// The timing of the whole process.
    pub const fn tunables(&self) -> &Tunables {
        &self.tunables
    }

    /// Shows host names instead of IPs from now on, or the other way round.
    pub const fn set_announce_hostnames(&mut self, yes: bool) {
        self.announce_hostnames = yes;
    }

    /// True if host names are shown instead of IPs.
    pub const fn announce_hostnames(&self) -> bool {
        self.announce_hostnames
    }

    /// Sets where this process is to crash (`SENTINEL SIMULATE-FAILURE`).
    pub const fn set_simulated_failures(&mut self, failures: SimulatedFailures) {
        self.simulated = failures;
    }

    /// Where this process is to crash.
    pub const fn simulated_failures(&self) -> SimulatedFailures {
        self.simulated
    }
}
