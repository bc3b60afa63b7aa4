//! A model of a real sentinel, for mixed quorums: 10 Hz tick, 2 x failover-timeout between attempts, votes as in
//! sentinel-protocol.md section 3. It shows to the core what real peers do; it is no judge.

mod act;
mod failover;
mod gossip;
mod monitor;
mod shell;

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sentinel_core::{
    Addr, Channel, Epoch, FailoverState, GroupName, GroupOptions, GroupSpec, InfoReport, Request, Role, RunId,
};

use crate::net::ConnId;
use crate::units::SEC;

const PING_PERIOD_US: u64 = SEC;
const INFO_PERIOD_US: u64 = 10 * SEC;
const ASK_PERIOD_US: u64 = SEC;
const PUBLISH_PERIOD_US: u64 = 2 * SEC;
const ELECTION_TIMEOUT_US: u64 = 10 * SEC;
const TILT_TRIGGER_US: u64 = 2 * SEC;
const TILT_PERIOD_US: u64 = 30 * SEC;
const RECONF_TIMEOUT_US: u64 = 10 * SEC;
const MIN_LINK_AGE_US: u64 = 15 * SEC;

pub(crate) struct RealNode {
    pub(crate) id: RunId,
    current_epoch: Epoch,
    groups: Vec<RealGroup>,
    instances: BTreeMap<u32, Instance>,
    next_instance: u32,
    last_tick_us: Option<u64>,
    tilt_until_us: Option<u64>,
    /// What it wants done, in order.
    wishes: Vec<Wish>,
    /// What a restart finds: it writes its file before it answers, always.
    config: Vec<GroupSpec>,
}

/// What the model asks of the world.
#[derive(Debug)]
enum Wish {
    Connect { instance: u32, channel: Channel },
    Close { instance: u32, channel: Channel },
    Ask { instance: u32, request: Request },
    Say(&'static str, String),
    Elected { group: usize, epoch: Epoch, forced: bool },
}

struct RealGroup {
    name: GroupName,
    options: GroupOptions,
    master: u32,
    replicas: BTreeSet<u32>,
    peers: BTreeMap<RunId, u32>,
    config_epoch: Epoch,
    leader: Option<RunId>,
    leader_epoch: Epoch,
    odown: bool,
    failover: RealFailover,
}

struct RealFailover {
    state: FailoverState,
    epoch: Epoch,
    /// When the last attempt began, or a vote for somebody else was given.
    start_us: Option<u64>,
    change_us: u64,
    promoted: Option<u32>,
    forced: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reconf {
    None,
    Sent(u64),
    InProgress,
    Done,
}

/// A master, a replica or a peer, as one entry of the model's tables.
struct Instance {
    addr: Addr,
    command: Option<ConnId>,
    pubsub: Option<ConnId>,
    command_up: bool,
    tried_us: Option<u64>,
    linked_us: u64,
    last_ping_us: u64,
    last_pong_us: u64,
    last_avail_us: u64,
    outstanding_us: Option<u64>,
    info_asked_us: Option<u64>,
    info_us: Option<u64>,
    info: InfoReport,
    role: Role,
    role_since_us: u64,
    conf_since_us: u64,
    last_publish_us: u64,
    sdown_since_us: Option<u64>,
    /// Onset of the last time it was down; recovery does not clear it.
    down_onset_us: Option<u64>,
    reconf: Reconf,
    asked_us: Option<u64>,
    answered_us: Option<u64>,
    says_down: bool,
    vote: Option<(RunId, Epoch)>,
}

impl Instance {
    fn new(now_us: u64, addr: Addr) -> Self {
        Self {
            addr,
            command: None,
            pubsub: None,
            command_up: false,
            tried_us: None,
            linked_us: now_us,
            last_ping_us: 0,
            last_pong_us: now_us,
            last_avail_us: now_us,
            outstanding_us: Some(now_us),
            info_asked_us: None,
            info_us: None,
            info: InfoReport::default(),
            role: Role::Replica,
            role_since_us: now_us,
            conf_since_us: now_us,
            last_publish_us: 0,
            sdown_since_us: None,
            down_onset_us: None,
            reconf: Reconf::None,
            asked_us: None,
            answered_us: None,
            says_down: false,
            vote: None,
        }
    }

    fn note_ping(&mut self, now_us: u64) {
        self.last_ping_us = now_us;
        self.outstanding_us.get_or_insert(now_us);
    }

    /// No onset of sdown or odown within this time.
    fn no_down_for(&self, now_us: u64, us: u64) -> bool {
        self.down_onset_us.is_none_or(|t| now_us - t > us)
    }
}

impl RealNode {
    pub(crate) const fn new(id: RunId) -> Self {
        Self {
            id,
            current_epoch: Epoch::ZERO,
            groups: Vec::new(),
            instances: BTreeMap::new(),
            next_instance: 0,
            last_tick_us: None,
            tilt_until_us: None,
            wishes: Vec::new(),
            config: Vec::new(),
        }
    }

    pub(crate) fn configure(&mut self, groups: &[GroupSpec]) {
        self.config = groups.to_vec();
    }

    /// Begins with what the configuration says.
    fn boot(&mut self, now_us: u64) {
        self.instances.clear();
        self.groups.clear();
        self.wishes.clear();
        self.last_tick_us = None;
        self.tilt_until_us = None;
        for spec in self.config.clone() {
            self.current_epoch = self.current_epoch.max(spec.config_epoch).max(spec.leader_epoch);
            let master = self.add_instance(now_us, spec.master.clone());
            if let Some(inst) = self.instances.get_mut(&master) {
                inst.role = Role::Master;
            }
            let replicas = spec.replicas.iter().map(|a| self.add_instance(now_us, a.clone())).collect();
            let peers = spec.peers.iter().map(|(id, a)| (*id, self.add_instance(now_us, a.clone()))).collect();
            self.groups.push(RealGroup {
                name: spec.name,
                options: spec.options,
                master,
                replicas,
                peers,
                config_epoch: spec.config_epoch,
                leader: None,
                leader_epoch: spec.leader_epoch,
                odown: false,
                failover: RealFailover::idle(),
            });
        }
    }

    fn add_instance(&mut self, now_us: u64, addr: Addr) -> u32 {
        self.next_instance += 1;
        self.instances.insert(self.next_instance, Instance::new(now_us, addr));
        self.next_instance
    }

    fn drop_instance(&mut self, id: u32) {
        for channel in [Channel::Command, Channel::PubSub] {
            self.wishes.push(Wish::Close { instance: id, channel });
        }
        // Its entry goes once the wishes are carried out.
    }

    /// The configuration file as it is after every change.
    fn flush(&mut self) {
        let at = |id: &u32| self.instances.get(id).map(|i| i.addr.clone());
        let specs = self.groups.iter().filter_map(|g| {
            // What is written is the address that clients are told; the rest are replicas.
            let master = self.current_addr(&g.name)?;
            let members = [g.master].into_iter().chain(g.replicas.iter().copied());
            Some(GroupSpec {
                name: g.name.clone(),
                options: g.options.clone(),
                config_epoch: g.config_epoch,
                leader_epoch: g.leader_epoch,
                replicas: members.filter_map(|i| at(&i)).filter(|a| !a.same_place(&master)).collect(),
                master,
                peers: g.peers.iter().filter_map(|(id, i)| Some((*id, at(i)?))).collect(),
            })
        });
        self.config = specs.collect();
    }

    /// What `GET-MASTER-ADDR-BY-NAME` answers.
    pub(crate) fn current_addr(&self, name: &GroupName) -> Option<Addr> {
        let group = self.groups.iter().find(|g| &g.name == name)?;
        let shown = group.failover.promoted.filter(|_| group.failover.state >= FailoverState::ReconfReplicas);
        self.instances.get(&shown.unwrap_or(group.master)).map(|i| i.addr.clone())
    }

    pub(crate) fn replicas(&self, name: &GroupName) -> Vec<Addr> {
        let group = self.groups.iter().find(|g| &g.name == name);
        let ids = group.into_iter().flat_map(|g| &g.replicas);
        ids.filter_map(|id| self.instances.get(id).map(|i| i.addr.clone())).collect()
    }

    pub(crate) fn peers(&self, name: &GroupName) -> Vec<Addr> {
        let group = self.groups.iter().find(|g| &g.name == name);
        let ids = group.into_iter().flat_map(|g| g.peers.values());
        ids.filter_map(|id| self.instances.get(id).map(|i| i.addr.clone())).collect()
    }

    pub(crate) fn config_epoch(&self, name: &GroupName) -> Option<Epoch> {
        self.groups.iter().find(|g| &g.name == name).map(|g| g.config_epoch)
    }

    fn say(&mut self, event: &'static str, group: usize) {
        let name = self.groups[group].name.to_string();
        self.wishes.push(Wish::Say(event, name));
    }
}

impl RealFailover {
    const fn idle() -> Self {
        Self {
            state: FailoverState::None,
            epoch: Epoch::ZERO,
            start_us: None,
            change_us: 0,
            promoted: None,
            forced: false,
        }
    }
}
