//! A test bed for scenarios: several cores, data nodes that obey, and a network that delivers at once.
//!
//! A scenario is a few lines that change the world and a transcript of the events that follow, one line each, with the
//! virtual time and the sentinel that published it.

mod network;
mod node;
mod site;
mod transcript;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bongsu_sentinel_core::{
    Addr, CallId, Configuration, Configured, Decision, Durable, Epoch, Event, GroupName, GroupOptions, GroupSpec,
    Input, LinkId, Occasion, Quorum, RequestId, RunId, Sentinel, Time, Tunables,
};

use network::{Due, site_port};
use node::DataNode;
use site::Site;

/// The group that every scenario watches.
pub(crate) const GROUP: &str = "mymaster";

/// The world of one scenario.
pub(crate) struct World {
    pub(crate) now: u64,
    sites: Vec<Site>,
    pub(crate) nodes: BTreeMap<u16, DataNode>,
    queue: BTreeMap<(u64, u64), Due>,
    counter: u64,
    calls: BTreeMap<(usize, CallId), (usize, LinkId, RequestId)>,
    next_call: u64,
    pub(crate) events: Vec<(u64, usize, Event)>,
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// Whom data nodes were told to follow: sentinel, node, master.
    pub(crate) told: Vec<(usize, u16, Option<u16>)>,
    /// Hellos that were accepted: time, sentinel, port of whom it was sent to, configuration epoch, port of the master.
    pub(crate) greeted: Vec<(u64, usize, u16, u64, u16)>,
    /// How many heartbeats each address was sent.
    pinged: BTreeMap<u16, usize>,
    /// Calls of the client-reconfig-script: sentinel, whether as leader, old and new master.
    pub(crate) scripts: Vec<(usize, bool, u16, u16)>,
    /// What the world was to know: sentinel, how it came about, what was true then.
    pub(crate) configured: Vec<(usize, Configured, Configuration)>,
    /// Data nodes whose clients were cut by themselves: sentinel, node.
    pub(crate) cuts: Vec<(usize, u16)>,
    /// What hooks were told: time, sentinel, what.
    pub(crate) hooked: Vec<(u64, usize, Occasion)>,
    /// Pairs of sites that cannot talk.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Command links on which nothing arrives any more, though nobody has closed them.
    pub(crate) hung: BTreeSet<(usize, LinkId)>,
    /// Time that a save takes.
    pub(crate) save_ms: u64,
    /// Data nodes that a site cannot reach.
    pub(crate) cut_nodes: BTreeSet<(usize, u16)>,
}

pub(crate) fn run_id(n: u64) -> RunId {
    RunId::parse(&format!("{n:040x}")).unwrap()
}

pub(crate) fn addr(port: u16) -> Addr {
    Addr::from_ip(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

pub(crate) fn options(quorum: u32) -> GroupOptions {
    let mut o = GroupOptions::new(Quorum::new(quorum).unwrap(), &Tunables::default());
    o.down_after = Duration::from_secs(1);
    o.failover_timeout = Duration::from_secs(10);
    o
}

impl World {
    /// `sentinels` cores with the given options, a master at port 1 and `replicas` replicas at ports 2, 3, ...
    pub(crate) fn new(sentinels: usize, replicas: u16, options: &GroupOptions) -> Self {
        let mut world = Self {
            now: 1000,
            sites: Vec::new(),
            nodes: BTreeMap::new(),
            queue: BTreeMap::new(),
            counter: 0,
            calls: BTreeMap::new(),
            next_call: 0,
            events: Vec::new(),
            decisions: Vec::new(),
            told: Vec::new(),
            greeted: Vec::new(),
            pinged: BTreeMap::new(),
            scripts: Vec::new(),
            cuts: Vec::new(),
            configured: Vec::new(),
            hooked: Vec::new(),
            cut: BTreeSet::new(),
            hung: BTreeSet::new(),
            save_ms: 2,
            cut_nodes: BTreeSet::new(),
        };
        for port in 1..=replicas + 1 {
            world.nodes.insert(port, DataNode::new(port));
        }
        for site in 0..sentinels {
            let spec = GroupSpec {
                name: GroupName::parse(GROUP).unwrap(),
                master: addr(1),
                options: options.clone(),
                config_epoch: Epoch::ZERO,
                leader_epoch: Epoch::ZERO,
                replicas: Vec::new(),
                peers: Vec::new(),
            };
            let disk = Durable { my_id: run_id(100 + site as u64), current_epoch: Epoch::ZERO, groups: vec![spec] };
            world.sites.push(Site::boot(disk, site_port(site), world.now));
            world.drain(site);
        }
        world
    }

    /// As `new`, and run until everybody knows everybody; what was published until then is dropped.
    pub(crate) fn settled(sentinels: usize, replicas: u16, options: &GroupOptions) -> Self {
        let mut world = Self::new(sentinels, replicas, options);
        world.run_until("everybody knows everybody", 20_000, |w| {
            (0..sentinels).all(|s| {
                w.core(s)
                    .group(Time::from_ms(w.now), GROUP)
                    .is_some_and(|g| g.peer_count == sentinels - 1 && g.replica_count == usize::from(replicas))
                    && w.core(s)
                        .replicas(Time::from_ms(w.now), GROUP)
                        .is_some_and(|r| r.iter().all(|r| r.base.info_age.is_some() && !r.base.instance.disconnected))
            })
        });
        world.run_for(3000);
        world.forget();
        world
    }

    pub(crate) fn core(&self, site: usize) -> &Sentinel {
        &self.sites[site].core
    }

    /// Calls an operator command on one sentinel.
    pub(crate) fn operate<R>(&mut self, site: usize, f: impl FnOnce(&mut Sentinel, Time) -> R) -> R {
        let now = Time::from_ms(self.now);
        let result = f(&mut self.sites[site].core, now);
        self.drain(site);
        result
    }

    /// Hands one input to one sentinel.
    pub(crate) fn input(&mut self, site: usize, input: Input) {
        let now = Time::from_ms(self.now);
        self.sites[site].core.handle(now, input);
        self.drain(site);
    }

    pub(crate) fn node(&mut self, port: u16) -> &mut DataNode {
        self.nodes.get_mut(&port).unwrap()
    }

    pub(crate) fn run_for(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.step(end) {}
        self.now = end;
    }

    pub(crate) fn run_until(&mut self, what: &str, limit_ms: u64, mut done: impl FnMut(&Self) -> bool) {
        let end = self.now + limit_ms;
        while !done(self) {
            assert!(self.step(end), "not within {limit_ms} ms: {what}\n{}", self.transcript());
        }
    }

    pub(crate) fn masters(&self) -> Vec<u16> {
        self.sites.iter().filter(|s| s.up).map(|s| s.core.current_addr(GROUP).unwrap().port()).collect()
    }
}
