//! Data nodes: role, replication history, dataset, the commands that sentinels send.
//!
//! A dataset is the ordered list of the writes that made it, so that "lost" and "more" are facts and not guesses.

mod commands;
mod feed;
mod info;
mod lifecycle;
mod replica;

use std::collections::BTreeMap;
use std::rc::Rc;

use bongsu_sentinel_core::{Addr, Hello, RunId};

pub(crate) use info::Lie;

use crate::client::Write;
use crate::client::WriteId;
use crate::net::ConnId;
use crate::rng::Rng;
use crate::shape::GroupShape;
use crate::world::{Body, Pid, World};

/// A write in a dataset, and where the replication stream stood after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) end: u64,
    pub(crate) write: WriteId,
}

/// What a step of the replication stream does.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A keep-alive.
    Nothing,
    Write(WriteId),
    Publish(Rc<Hello>),
}

/// With what a node comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RestartKind {
    /// Everything was persisted.
    Intact,
    /// This many of the last writes were not.
    TailLost(usize),
    /// No persistence.
    Empty,
    /// The address now belongs to somebody else, who has another history.
    Foreign,
}

/// The link of a replica to its master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Upstream {
    Down,
    /// Connecting, or waiting for the answer to PSYNC.
    Handshake(ConnId),
    /// A full synchronisation is under way or being loaded.
    Transfer(ConnId),
    Up(ConnId),
}

impl Upstream {
    pub(crate) const fn conn(self) -> Option<ConnId> {
        match self {
            Self::Down => None,
            Self::Handshake(id) | Self::Transfer(id) | Self::Up(id) => Some(id),
        }
    }
}

/// A replica as its master sees it.
pub(crate) struct Downstream {
    pub(crate) acked: u64,
    pub(crate) online: bool,
}

pub(crate) struct DataNode {
    pub(crate) group: usize,
    pub(crate) run_id: RunId,
    pub(crate) replid: RunId,
    /// The history before the last promotion, and up to where it is shared.
    pub(crate) replid2: Option<(RunId, u64)>,
    pub(crate) offset: u64,
    pub(crate) log: Vec<Entry>,
    /// Partial synchronisation is possible from here on.
    pub(crate) backlog_from: u64,
    /// `None` for a master.
    pub(crate) following: Option<Addr>,
    pub(crate) upstream: Upstream,
    /// When the link to the master broke; `None` if it was never up since the start.
    pub(crate) down_since_us: Option<u64>,
    pub(crate) heard_us: u64,
    pub(crate) replicas: BTreeMap<ConnId, Downstream>,
    pub(crate) loading: bool,
    /// It was a master with data, came back without, and waits to be told what to be.
    pub(crate) amnesiac: bool,
    /// See [`GroupShape::guarded`].
    pub(crate) guarded: bool,
    /// End of `CLIENT PAUSE WRITE`.
    pub(crate) paused_until_us: Option<u64>,
    pub(crate) parked: Vec<Write>,
    /// Grows when `CLIENT KILL TYPE normal` cuts the clients.
    pub(crate) kills: u32,
    pub(crate) priority: u32,
    /// What the configuration file says that it follows.
    pub(crate) configured: Option<Addr>,
    pub(crate) rewritable: bool,
    pub(crate) lag_us: u64,
    pub(crate) lie: Option<Lie>,
    /// INFO takes this long.
    pub(crate) slow_us: u64,
    /// Not what the group's first start put here.
    pub(crate) foreign: bool,
    crons: u32,
}

impl DataNode {
    pub(crate) fn new(group: usize, shape: &GroupShape, master: Option<Addr>, rng: &mut Rng) -> Self {
        let priority = match (shape.mixed_priorities, &master) {
            (true, Some(_)) => *rng.pick(&[0, 10, 50, 100, 100, 100]),
            _ => 100,
        };
        Self {
            group,
            run_id: RunId::from_bits(rng.bits160()),
            replid: RunId::from_bits(rng.bits160()),
            replid2: None,
            offset: 0,
            log: Vec::new(),
            backlog_from: 0,
            following: master.clone(),
            upstream: Upstream::Down,
            down_since_us: None,
            heard_us: 0,
            replicas: BTreeMap::new(),
            loading: false,
            amnesiac: false,
            guarded: shape.guarded,
            paused_until_us: None,
            parked: Vec::new(),
            kills: 0,
            priority,
            configured: master,
            rewritable: shape.rewritable,
            lag_us: shape.lag_us,
            lie: None,
            slow_us: 0,
            foreign: false,
            crons: 0,
        }
    }

    pub(crate) const fn is_master(&self) -> bool {
        self.following.is_none()
    }

    pub(crate) const fn link_up(&self) -> bool {
        matches!(self.upstream, Upstream::Up(_))
    }
}

impl World {
    /// The data node in this slot. Only called with slots of data nodes: a group's nodes are nothing else.
    pub(crate) fn data(&self, pid: Pid) -> &DataNode {
        match &self.proc(pid).body {
            Body::Data(node) => node,
            Body::Core(_) | Body::Real(_) => unreachable!("a group's nodes are data nodes"),
        }
    }

    pub(crate) fn data_mut(&mut self, pid: Pid) -> &mut DataNode {
        match &mut self.proc_mut(pid).body {
            Body::Data(node) => node,
            Body::Core(_) | Body::Real(_) => unreachable!("a group's nodes are data nodes"),
        }
    }
}
