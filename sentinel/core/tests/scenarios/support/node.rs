//! Data nodes that obey.

use std::collections::BTreeSet;
use std::time::Duration;

use bongsu_sentinel_core::{
    InfoReport, Input, LinkFailure, LinkId, Pong, ReplicaLine, Reply, Request, RequestId, Role, RunId, WriteAnswer,
    WriteFault,
};

use super::network::{DELAY_MS, Due};
use super::{World, addr, run_id};

/// How often a paused node is looked at for what waits there.
const PAUSED_LOOK_MS: u64 = 10;

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
    /// What it answers to writes; `None`: nothing.
    pub(crate) writes: Option<WriteAnswer>,
    /// How many checks of its writes it was sent.
    pub(crate) checks: u32,
    /// It says that it lost its data, until it is told what to be.
    pub(crate) amnesiac: bool,
    pub(crate) loading: bool,
    pub(crate) paused_until: u64,
    pub(crate) sees_master: bool,
    /// `replica_announced`.
    pub(crate) announced: bool,
    /// For how long its link to the master has been down, as it says.
    pub(crate) link_down_for: Option<Duration>,
    /// It does not let a sentinel subscribe.
    pub(crate) refuses_subscriptions: bool,
    /// How often it was sent SCRIPT KILL.
    pub(crate) script_kills: u32,
    /// A replica that does not follow whom it is told to follow.
    pub(crate) deaf_to_masters: bool,
    /// A replica that does not take what it is told to become.
    pub(crate) deaf_to_promotion: bool,
    pub(super) subscribers: BTreeSet<(usize, LinkId)>,
    /// Answers that wait for the node to thaw.
    pub(super) stuck: Vec<(usize, LinkId, RequestId, Request)>,
}

impl DataNode {
    pub(super) fn new(port: u16) -> Self {
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
            writes: Some(WriteAnswer::Done),
            checks: 0,
            amnesiac: false,
            loading: false,
            paused_until: 0,
            sees_master: true,
            announced: true,
            link_down_for: None,
            refuses_subscriptions: false,
            script_kills: 0,
            deaf_to_masters: false,
            deaf_to_promotion: false,
            subscribers: BTreeSet::new(),
            stuck: Vec::new(),
        }
    }
}

impl DataNode {
    /// A master whose memory is full takes no transaction either.
    fn is_full(&self) -> bool {
        self.role == Role::Master && self.writes == Some(WriteAnswer::Refused(WriteFault::Memory))
    }
}

impl World {
    pub(crate) fn kill(&mut self, port: u16) {
        self.node(port).up = false;
        self.break_links_to(port, LinkFailure::Closed);
    }

    /// One more replica, of `master`.
    pub(crate) fn add_replica(&mut self, port: u16, master: u16) {
        let node = DataNode { master: Some(master), ..DataNode::new(port) };
        self.nodes.insert(port, node);
    }

    /// The established connections to a node go dead without being closed; new ones work.
    pub(crate) fn hang_links_to(&mut self, port: u16) {
        for (number, site) in self.sites.iter().enumerate() {
            let links = site.links.iter().filter(|(_, to)| to.port() == port);
            self.hung.extend(links.map(|(link, _)| (number, *link)));
        }
    }

    /// A node forgets who has subscribed, and nobody notices.
    pub(crate) fn lose_subscribers(&mut self, port: u16) {
        self.node(port).subscribers.clear();
    }

    pub(crate) fn subscriber_count(&self, port: u16) -> usize {
        self.nodes[&port].subscribers.len()
    }

    /// Ends all connections of a node, as CLIENT KILL does.
    pub(crate) fn cut_clients(&mut self, port: u16) {
        self.break_links_to(port, LinkFailure::Closed);
    }

    pub(crate) fn thaw(&mut self, port: u16) {
        let node = self.node(port);
        node.frozen = false;
        let now = self.now;
        for (site, link, id, request) in std::mem::take(&mut self.node(port).stuck) {
            self.push(now + DELAY_MS, Due::Request(site, link, id, request));
        }
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

    /// Starts a killed node again without its data, as Redis does that was to keep none.
    pub(crate) fn restart_empty(&mut self, port: u16) {
        let fresh = run_id(6000 + self.now);
        let n = self.node(port);
        (n.replid, n.replid2, n.second_offset) = (fresh, None, None);
        (n.offset, n.keys) = (0, 0);
        self.restart(port);
    }

    /// Starts a killed node again from an RDB that was saved at this offset.
    pub(crate) fn restart_from_rdb(&mut self, port: u16, offset: u64) {
        let fresh = run_id(6000 + self.now);
        let n = self.node(port);
        n.replid2 = Some(std::mem::replace(&mut n.replid, fresh));
        n.offset = offset;
        n.second_offset = Some(offset + 1);
        self.restart(port);
    }

    /// Starts a killed node again from an AOF, which says nothing of the history.
    pub(crate) fn restart_from_aof(&mut self, port: u16, keys: u64) {
        let fresh = run_id(6000 + self.now);
        let n = self.node(port);
        (n.replid, n.replid2, n.second_offset) = (fresh, None, None);
        (n.offset, n.keys) = (0, keys);
        self.restart(port);
    }

    /// A replica takes a full copy of this master.
    pub(crate) fn reconfigured(&mut self, port: u16, master: u16) {
        self.reconfigure(port, Some(master));
    }

    /// Starts a killed node again as our server that knows what it lost.
    pub(crate) fn restart_amnesiac(&mut self, port: u16) {
        self.restart_empty(port);
        let n = self.node(port);
        n.amnesiac = true;
        n.pong = Pong::Loading;
    }

    pub(super) fn answer_as_node(&mut self, site: usize, link: LinkId, id: RequestId, request: Request, port: u16) {
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
            Request::Reconfigure { .. } if node.is_full() => {
                Reply::Failed("OOM command not allowed when used memory > 'maxmemory'.".into())
            }
            Request::Follow { to } => {
                self.told.push((site, port, Some(to.port())));
                self.reconfigure(port, Some(to.port()));
                Reply::Done
            }
            Request::Reconfigure { to, .. } => {
                let to = to.map(|a| a.port());
                self.told.push((site, port, to));
                self.reconfigure(port, to);
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
            Request::CheckWrites { .. } if node.paused_until > now => {
                return self.push(now + PAUSED_LOOK_MS, Due::Request(site, link, id, request));
            }
            Request::CheckWrites { .. } => {
                node.checks += 1;
                match (&node.writes, node.role) {
                    (None, _) => return,
                    (Some(WriteAnswer::Done), Role::Replica) => {
                        Reply::Written(WriteAnswer::Refused(WriteFault::ReadOnly))
                    }
                    (Some(answer), _) => Reply::Written(answer.clone()),
                }
            }
            Request::CutClients => {
                self.cuts.push((site, port));
                Reply::Done
            }
            Request::ScriptKill => {
                node.script_kills += 1;
                Reply::Done
            }
            Request::AskDown { .. } => Reply::Failed("ERR unknown command".into()),
        };
        self.push(now + DELAY_MS, Due::Input(site, Input::Reply { link, id, reply }));
    }

    pub(super) fn reconfigure(&mut self, port: u16, to: Option<u16>) {
        let fresh = run_id(5000 + self.now);
        let history =
            to.and_then(|m| self.nodes.get(&m)).map(|m| (m.replid, m.replid2, m.second_offset, m.offset, m.keys));
        let node = self.node(port);
        node.paused_until = 0;
        if std::mem::take(&mut node.amnesiac) {
            node.pong = Pong::Pong;
        }
        match to {
            None if node.deaf_to_promotion => {}
            None if node.role == Role::Replica => {
                node.role = Role::Master;
                node.master = None;
                node.replid2 = Some(std::mem::replace(&mut node.replid, fresh));
                node.second_offset = Some(node.offset + 1);
            }
            None => {}
            Some(_) if node.deaf_to_masters => {}
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
                .filter(|(_, n)| n.up && n.role == Role::Replica && n.master == Some(port))
                .map(|(p, n)| ReplicaLine { addr: addr(*p), online: true, offset: Some(n.offset) })
                .collect(),
            master: node.master.map(addr),
            master_link_up: link_up,
            priority: Some(node.priority),
            replica_offset: (node.role == Role::Replica).then_some(node.offset),
            announced: Some(node.announced),
            master_link_down: node.link_down_for.filter(|_| !link_up),
            replid: Some(node.replid),
            replid2: node.replid2,
            second_offset: node.second_offset,
            master_offset: Some(node.offset),
            keys: Some(node.keys),
            amnesiac: node.amnesiac,
            loading: node.loading,
            ..InfoReport::default()
        }
    }
}
