//! Puts a world together from its shape.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use bongsu_sentinel_core::{Addr, GroupName, RunId};

use crate::agent::Agents;
use crate::client::{Client, Oracle};
use crate::data::DataNode;
use crate::faults::Resets;
use crate::invariants::Watch;
use crate::mutant::Mutant;
use crate::net::{Host, Network};
use crate::real::RealNode;
use crate::rng::Rng;
use crate::sentinel::CoreNode;
use crate::shape::{Brand, Shape, WARM_UP_US};
use crate::store::{StorePlan, Stores};
use crate::transcript::Transcript;
use crate::units::{MS, SEC};
use crate::world::queue::Queue;
use crate::world::{Body, Group, Job, Pid, Proc, World};

/// Port of every data node.
const DATA_PORT: u16 = 6379;
/// Port of every sentinel.
const SENTINEL_PORT: u16 = 26379;

impl World {
    pub(crate) fn new(seed: u64, mutant: Option<Mutant>, verbose: bool, stores: StorePlan) -> Self {
        let mut rng = Rng::new(seed);
        let shape = Shape::draw(&mut rng.fork());
        let nodes: usize = shape.groups.iter().map(|g| g.replicas + 1).sum();
        let hosts = nodes + shape.sentinels.len();
        let columns = shape.sentinels.len();
        let mut world = Self {
            now_us: 0,
            queue: Queue::new(),
            net: Network::new(hosts),
            procs: Vec::new(),
            by_addr: BTreeMap::new(),
            sentinels: Vec::new(),
            groups: Vec::new(),
            clients: Vec::new(),
            oracle: Oracle::default(),
            watch: Watch::new(),
            transcript: Transcript::new(columns, verbose),
            mutant,
            unsafe_phase: true,
            events: 0,
            wrong_offsets: BTreeSet::new(),
            resets: Resets::default(),
            agents: Agents::new(seed),
            stores: Stores::new(seed),
            jumped_us: None,
            rng,
            shape,
        };
        world.add_groups();
        world.add_stores(stores);
        world.add_sentinels();
        world.add_clients();
        world.add_agents();
        world.schedule();
        world
    }

    fn add_groups(&mut self) {
        let shapes = self.shape.groups.clone();
        for (g, shape) in shapes.iter().enumerate() {
            let Some(name) = GroupName::parse(&format!("group{g}")) else { continue };
            let mut nodes = Vec::new();
            let mut master = None;
            for _ in 0..=shape.replicas {
                let node = DataNode::new(g, shape, master.clone(), &mut self.rng);
                let host = Host(self.procs.len());
                let pid = self.add(host, DATA_PORT, Body::Data(Box::new(node)));
                master.get_or_insert_with(|| self.proc(pid).addr.clone());
                nodes.push(pid);
            }
            self.groups.push(Group { name, nodes });
        }
    }

    fn add_sentinels(&mut self) {
        let brands = self.shape.sentinels.clone();
        let first = self.groups.first().map_or(0, |g| g.nodes.len());
        let mut members: Vec<(RunId, Addr)> = Vec::new();
        for (i, brand) in brands.iter().enumerate() {
            let id = RunId::from_bits(self.rng.bits160());
            let host = if self.shape.colocated && i < first { Host(i) } else { Host(self.procs.len()) };
            let body = match brand {
                Brand::Bongsu => Body::Core(Box::new(CoreNode::new(id, &mut self.rng))),
                Brand::Real => Body::Real(Box::new(RealNode::new(id))),
            };
            let pid = self.add(host, SENTINEL_PORT, body);
            members.push((id, self.proc(pid).addr.clone()));
            self.sentinels.push(pid);
        }
        for pid in self.sentinels.clone() {
            let peers = if self.shape.known_at_start { members.clone() } else { Vec::new() };
            self.configure(pid, &peers);
        }
    }

    fn add(&mut self, host: Host, port: u16, body: Body) -> Pid {
        let pid = Pid(self.procs.len());
        let [high, low] = (host.0 as u16).to_be_bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
        let addr = Addr::from_ip(ip, port);
        self.by_addr.insert((ip, port), pid);
        self.procs.push(Proc {
            addr,
            host,
            incarnation: 0,
            up: false,
            host_up: true,
            paused: false,
            paused_us: 0,
            inbox: VecDeque::new(),
            conns: BTreeSet::new(),
            body,
        });
        pid
    }

    fn add_clients(&mut self) {
        for group in 0..self.groups.len() {
            for _ in 0..2 {
                let host = Host(self.rng.index(self.net.hosts()));
                let period = self.shape.groups[group].write_period_us;
                self.clients.push(Client::new(group, host, period));
            }
        }
    }

    fn schedule(&mut self) {
        for g in 0..self.groups.len() {
            for pid in self.groups[g].nodes.clone() {
                self.at(0, Job::StartData(pid, crate::data::RestartKind::Intact));
            }
        }
        for pid in self.sentinels.clone() {
            let at = self.rng.range(10 * MS, 2 * SEC);
            self.at(at, Job::StartSentinel(pid));
        }
        self.start_clients();
        let first = WARM_UP_US + self.rng.below(self.shape.fault_period_us);
        self.at(first, Job::Fault);
        self.at(self.shape.heal_at_us, Job::HealAll);
    }
}
