//! A test bed for scenarios: several cores, data nodes that obey, and a network that delivers at once.
//!
//! A scenario is a few lines that change the world and a transcript of the events that follow, one line each, with the
//! virtual time and the sentinel that published it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bongsu_sentinel_core::{
    Action, Addr, CallId, Channel, Decision, Durable, Epoch, Event, GroupName, GroupOptions, GroupSpec, Hello,
    InfoReport, Input, LinkFailure, LinkId, Pong, Quorum, ReplicaLine, Reply, Request, RequestId, Role, RunId, SaveSeq,
    Sentinel, Setup, Time, Tunables,
};

/// The group that every scenario watches.
pub(crate) const GROUP: &str = "mymaster";

/// Delay of every message, each way.
const DELAY_MS: u64 = 1;

/// Time that a save takes.
const SAVE_MS: u64 = 2;

/// A data node of the world.
pub(crate) struct DataNode {
    pub(crate) role: Role,
    pub(crate) master: Option<u16>,
    pub(crate) up: bool,
    pub(crate) frozen: bool,
    pub(crate) offset: u64,
    pub(crate) priority: u32,
    pub(crate) replid: RunId,
    pub(crate) replid2: Option<RunId>,
    pub(crate) second_offset: Option<u64>,
    pub(crate) run_id: RunId,
    pub(crate) keys: u64,
    pub(crate) pong: Pong,
    pub(crate) paused_until: u64,
    pub(crate) sees_master: bool,
    /// A replica that does not take what it is told to become.
    pub(crate) deaf_to_promotion: bool,
    subscribers: BTreeSet<(usize, LinkId)>,
    /// Answers that wait for the node to thaw.
    stuck: Vec<(usize, LinkId, RequestId, Request)>,
}

enum Due {
    Input(usize, Input),
    Request(usize, LinkId, RequestId, Request),
}

struct Site {
    core: Sentinel,
    links: BTreeMap<LinkId, Addr>,
    live: BTreeSet<(LinkId, Channel)>,
    up: bool,
    disk: Durable,
    disk_fails: bool,
}

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
    /// Pairs of sites that cannot talk.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Data nodes that a site cannot reach.
    pub(crate) cut_nodes: BTreeSet<(usize, u16)>,
}

pub(crate) fn run_id(n: u64) -> RunId {
    RunId::parse(&format!("{n:040x}")).unwrap()
}

pub(crate) fn addr(port: u16) -> Addr {
    Addr::from_ip(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn site_port(site: usize) -> u16 {
    26000 + u16::try_from(site).unwrap()
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
            cut: BTreeSet::new(),
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
            world.sites.push(Site::boot(disk, world.now));
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
        world.events.clear();
        world.decisions.clear();
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

    pub(crate) fn kill(&mut self, port: u16) {
        self.node(port).up = false;
        self.break_links_to(port, LinkFailure::Closed);
    }

    pub(crate) fn freeze(&mut self, port: u16) {
        self.node(port).frozen = true;
    }

    /// Starts a killed node again, as what it was configured to be.
    pub(crate) fn restart(&mut self, port: u16) {
        let n = self.node(port);
        n.up = true;
        n.run_id = run_id(9000 + u64::from(port));
    }

    pub(crate) fn kill_sentinel(&mut self, site: usize) {
        self.sites[site].up = false;
        let port = site_port(site);
        self.break_links_to(port, LinkFailure::Closed);
        for n in self.nodes.values_mut() {
            n.subscribers.retain(|(s, _)| *s != site);
        }
    }

    /// Starts a killed sentinel from its disk.
    pub(crate) fn restart_sentinel(&mut self, site: usize) {
        let disk = self.sites[site].disk.clone();
        self.sites[site] = Site::boot(disk, self.now);
        self.drain(site);
    }

    pub(crate) fn fail_disk(&mut self, site: usize, fails: bool) {
        self.sites[site].disk_fails = fails;
    }

    /// Keeps a sentinel from running; its inputs pile up.
    pub(crate) fn pause_sentinel_for(&mut self, site: usize, ms: u64) {
        let until = self.now + ms;
        let mine: Vec<_> = self
            .queue
            .iter()
            .filter(|((at, _), due)| *at < until && matches!(due, Due::Input(s, _) if *s == site))
            .map(|(k, _)| *k)
            .collect();
        for key in mine {
            let due = self.queue.remove(&key).unwrap();
            self.push(until, due);
        }
        self.sites[site].up = false;
        self.run_for(ms);
        self.sites[site].up = true;
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

    /// All events so far, one line each: milliseconds, sentinel, event, payload.
    pub(crate) fn transcript(&self) -> String {
        let line = |(at, site, e): &(u64, usize, Event)| format!("{at} s{site} {} {}\n", e.name, e.payload());
        self.events.iter().map(line).collect()
    }

    /// Names of the events of one sentinel, in order.
    pub(crate) fn names(&self, site: usize) -> Vec<&'static str> {
        self.events.iter().filter(|(_, s, _)| *s == site).map(|(_, _, e)| e.name).collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|(_, _, e)| e.name == name).count()
    }

    pub(crate) fn masters(&self) -> Vec<u16> {
        self.sites.iter().filter(|s| s.up).map(|s| s.core.current_addr(GROUP).unwrap().port()).collect()
    }

    pub(crate) fn node(&mut self, port: u16) -> &mut DataNode {
        self.nodes.get_mut(&port).unwrap()
    }

    // --- the machinery --------------------------------------------------------------------------------------------

    fn push(&mut self, at: u64, due: Due) {
        self.counter += 1;
        self.queue.insert((at, self.counter), due);
    }

    /// Does the next thing before `end`.
    fn step(&mut self, end: u64) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let timer = (0..self.sites.len())
            .filter(|s| self.sites[*s].up)
            .filter_map(|s| self.sites[s].core.poll_timeout().map(|t| (t.as_ms().max(self.now), s)))
            .min();
        let next = queued.into_iter().chain(timer.map(|(t, _)| t)).min();
        let Some(at) = next.filter(|t| *t <= end) else { return false };
        self.now = self.now.max(at);
        if queued == Some(at) {
            let (_, due) = self.queue.pop_first().unwrap();
            match due {
                Due::Input(site, input) => self.deliver(site, input),
                Due::Request(site, link, id, request) => self.answer(site, link, id, request),
            }
        } else if let Some((_, site)) = timer {
            self.input(site, Input::Tick);
        }
        true
    }

    fn deliver(&mut self, site: usize, input: Input) {
        if !self.sites[site].up {
            return;
        }
        match &input {
            Input::Connected { link, channel } => {
                self.sites[site].live.insert((*link, *channel));
            }
            Input::Disconnected { link, channel, .. } => {
                self.sites[site].live.remove(&(*link, *channel));
            }
            Input::Reply { link, .. } if !self.sites[site].live.contains(&(*link, Channel::Command)) => return,
            _ => {}
        }
        self.input(site, input);
    }

    fn drain(&mut self, site: usize) {
        while let Some(action) = self.sites[site].core.poll_action() {
            self.perform(site, action);
        }
        self.sites[site].core.audit(GROUP);
    }

    fn perform(&mut self, site: usize, action: Action) {
        let soon = self.now + DELAY_MS;
        match action {
            Action::Connect { link, channel, to, .. } => {
                self.sites[site].links.insert(link, to.clone());
                let input = match self.reachability(site, &to) {
                    Ok(()) => {
                        if channel == Channel::PubSub
                            && let Some(n) = self.nodes.get_mut(&to.port())
                        {
                            n.subscribers.insert((site, link));
                        }
                        Input::Connected { link, channel }
                    }
                    Err(cause) => Input::Disconnected { link, channel, cause },
                };
                self.push(soon, Due::Input(site, input));
            }
            Action::Close { link, channel } => {
                self.sites[site].live.remove(&(link, channel));
            }
            Action::DropLink { link } => {
                self.sites[site].live.retain(|(l, _)| *l != link);
                for n in self.nodes.values_mut() {
                    n.subscribers.remove(&(site, link));
                }
            }
            Action::Send { link, id, request } => self.push(soon, Due::Request(site, link, id, request)),
            Action::Save { seq, .. } => self.save(site, seq),
            Action::AnswerVote { call, reply } => {
                if let Some((asker, link, id)) = self.calls.remove(&(site, call)) {
                    self.push(soon, Due::Input(asker, Input::Reply { link, id, reply: Reply::Vote(reply) }));
                }
            }
            Action::Publish(event) => self.events.push((self.now, site, event)),
            Action::Record(decision) => self.decisions.push((site, decision)),
            Action::Crash => self.kill_sentinel(site),
            Action::ReconfigScript { .. } | Action::Resolve { .. } => {}
        }
    }

    fn save(&mut self, site: usize, seq: SaveSeq) {
        let input = if self.sites[site].disk_fails {
            Input::SaveFailed { seq }
        } else {
            self.sites[site].disk = self.sites[site].core.durable();
            Input::Saved { seq }
        };
        self.push(self.now + SAVE_MS, Due::Input(site, input));
    }

    fn reachability(&self, site: usize, to: &Addr) -> Result<(), LinkFailure> {
        if let Some(n) = self.nodes.get(&to.port()) {
            return match (self.cut_nodes.contains(&(site, to.port())), n.up) {
                (true, _) => Err(LinkFailure::Unreachable),
                (false, true) => Ok(()),
                (false, false) => Err(LinkFailure::Refused),
            };
        }
        match (0..self.sites.len()).find(|s| site_port(*s) == to.port()) {
            Some(peer) if self.is_cut(site, peer) => Err(LinkFailure::Unreachable),
            Some(peer) if self.sites[peer].up => Ok(()),
            _ => Err(LinkFailure::Refused),
        }
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a, b)) || self.cut.contains(&(b, a))
    }

    fn break_links_to(&mut self, port: u16, cause: LinkFailure) {
        for site in 0..self.sites.len() {
            let broken: Vec<_> = self.sites[site]
                .live
                .iter()
                .filter(|(l, _)| self.sites[site].links.get(l).is_some_and(|a| a.port() == port))
                .copied()
                .collect();
            for (link, channel) in broken {
                self.push(self.now + DELAY_MS, Due::Input(site, Input::Disconnected { link, channel, cause }));
            }
        }
        if let Some(n) = self.nodes.get_mut(&port) {
            n.subscribers.clear();
            n.stuck.clear();
        }
    }

    fn answer(&mut self, site: usize, link: LinkId, id: RequestId, request: Request) {
        let Some(to) = self.sites[site].links.get(&link).map(Addr::port) else { return };
        if self.nodes.contains_key(&to) {
            if self.cut_nodes.contains(&(site, to)) {
                return;
            }
            self.answer_as_node(site, link, id, request, to);
        } else if let Some(peer) = (0..self.sites.len()).find(|s| site_port(*s) == to)
            && !self.is_cut(site, peer)
            && self.sites[peer].up
        {
            self.answer_as_peer(site, link, id, request, peer);
        }
    }

    fn answer_as_peer(&mut self, site: usize, link: LinkId, id: RequestId, request: Request, peer: usize) {
        let reply = match request {
            Request::Ping => Reply::Pong(Pong::Pong),
            Request::Hello(out) => {
                let hello = self.hello(site, &out);
                self.input(peer, Input::Hello { via: None, hello });
                Reply::Done
            }
            Request::AskDown { addr, epoch, candidate } => {
                self.next_call += 1;
                let call = CallId(self.next_call);
                self.calls.insert((peer, call), (site, link, id));
                return self.input(peer, Input::VoteCall { call, addr, epoch, candidate });
            }
            _ => Reply::Failed("ERR unknown command".into()),
        };
        self.push(self.now + DELAY_MS, Due::Input(site, Input::Reply { link, id, reply }));
    }

    fn hello(&self, site: usize, out: &bongsu_sentinel_core::HelloOut) -> Hello {
        Hello {
            addr: addr(site_port(site)),
            run_id: self.sites[site].core.my_id(),
            current_epoch: out.current_epoch,
            group: out.group.clone(),
            master: out.master.clone(),
            config_epoch: out.config_epoch,
        }
    }

    fn answer_as_node(&mut self, site: usize, link: LinkId, id: RequestId, request: Request, port: u16) {
        let now = self.now;
        let node = self.node(port);
        if !node.up {
            return;
        }
        if node.frozen {
            node.stuck.push((site, link, id, request));
            return;
        }
        let reply = match request {
            Request::Ping => Reply::Pong(node.pong),
            Request::Info => Reply::Info(Box::new(self.info(port))),
            Request::Hello(out) => {
                let hello = self.hello(site, &out);
                let readers: Vec<_> = self.node(port).subscribers.iter().copied().collect();
                for (reader, via) in readers {
                    let input = Input::Hello { via: Some(via), hello: hello.clone() };
                    self.push(now + DELAY_MS, Due::Input(reader, input));
                }
                Reply::Done
            }
            Request::Reconfigure { to, .. } => {
                self.reconfigure(port, to.map(|a| a.port()));
                Reply::Done
            }
            Request::PauseWrites { limit } => {
                node.paused_until = now + u64::try_from(limit.as_millis()).unwrap();
                Reply::Done
            }
            Request::Unpause => {
                node.paused_until = 0;
                Reply::Done
            }
            Request::ScriptKill => Reply::Done,
            Request::AskDown { .. } => Reply::Failed("ERR unknown command".into()),
        };
        self.push(now + DELAY_MS, Due::Input(site, Input::Reply { link, id, reply }));
    }

    fn reconfigure(&mut self, port: u16, to: Option<u16>) {
        let fresh = run_id(5000 + self.now);
        let history =
            to.and_then(|m| self.nodes.get(&m)).map(|m| (m.replid, m.replid2, m.second_offset, m.offset, m.keys));
        let node = self.node(port);
        node.paused_until = 0;
        match to {
            None if node.deaf_to_promotion => {}
            None if node.role == Role::Replica => {
                node.role = Role::Master;
                node.master = None;
                node.replid2 = Some(std::mem::replace(&mut node.replid, fresh));
                node.second_offset = Some(node.offset + 1);
            }
            None => {}
            Some(master) => {
                node.role = Role::Replica;
                node.master = Some(master);
                if let Some((replid, replid2, second, offset, keys)) = history {
                    (node.replid, node.replid2, node.second_offset) = (replid, replid2, second);
                    (node.offset, node.keys) = (offset, keys);
                }
            }
        }
    }

    pub(crate) fn info(&self, port: u16) -> InfoReport {
        let node = &self.nodes[&port];
        let master = node.master.and_then(|m| self.nodes.get(&m));
        let link_up = node.sees_master && master.is_some_and(|m| m.up && !m.frozen);
        InfoReport {
            run_id: Some(node.run_id),
            role: Some(node.role),
            replicas: self
                .nodes
                .iter()
                .filter(|(_, n)| node.role == Role::Master && n.up && n.role == Role::Replica && n.master == Some(port))
                .map(|(p, n)| ReplicaLine { addr: addr(*p), online: true, offset: Some(n.offset) })
                .collect(),
            master: node.master.map(addr),
            master_link_up: link_up,
            priority: Some(node.priority),
            replica_offset: (node.role == Role::Replica).then_some(node.offset),
            announced: Some(true),
            replid: Some(node.replid),
            replid2: node.replid2,
            second_offset: node.second_offset,
            master_offset: Some(node.offset),
            keys: Some(node.keys),
            ..InfoReport::default()
        }
    }
}

impl DataNode {
    fn new(port: u16) -> Self {
        let (role, master) = if port == 1 { (Role::Master, None) } else { (Role::Replica, Some(1)) };
        Self {
            role,
            master,
            up: true,
            frozen: false,
            offset: 1000,
            priority: 100,
            replid: run_id(1),
            replid2: None,
            second_offset: None,
            run_id: run_id(7000 + u64::from(port)),
            keys: 10,
            pong: Pong::Pong,
            paused_until: 0,
            sees_master: true,
            deaf_to_promotion: false,
            subscribers: BTreeSet::new(),
            stuck: Vec::new(),
        }
    }
}

impl Site {
    fn boot(disk: Durable, now: u64) -> Self {
        let setup = Setup {
            my_id: disk.my_id,
            current_epoch: disk.current_epoch,
            groups: disk.groups.clone(),
            tunables: Tunables::default(),
            announce_hostnames: false,
            seed: 7,
        };
        Self {
            core: Sentinel::new(Time::from_ms(now), setup),
            links: BTreeMap::new(),
            live: BTreeSet::new(),
            up: true,
            disk,
            disk_fails: false,
        }
    }
}
