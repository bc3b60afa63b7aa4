//! Processes and the things that happen to them.

use std::collections::{BTreeSet, VecDeque};

use bongsu_sentinel_core::{Addr, GroupName, Input, Reply, SaveSeq};

use crate::agent::AgentJob;
use crate::client::ClientJob;
use crate::data::{DataNode, RestartKind};
use crate::faults::Repair;
use crate::net::{ConnId, Host, Msg, Side};
use crate::real::RealNode;
use crate::sentinel::CoreNode;
use crate::store::StoreJob;

/// Identifies a process slot; it survives restarts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Pid(pub(crate) usize);

/// A process on a host.
pub(crate) struct Proc {
    pub(crate) addr: Addr,
    pub(crate) host: Host,
    /// Grows with every start, so that what was meant for an earlier life is told apart.
    pub(crate) incarnation: u32,
    pub(crate) up: bool,
    /// The host has power.
    pub(crate) host_up: bool,
    /// Stopped by a signal: what happens to it waits.
    pub(crate) paused: bool,
    /// When it was stopped last.
    pub(crate) paused_us: u64,
    pub(crate) inbox: VecDeque<Job>,
    pub(crate) conns: BTreeSet<ConnId>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Core(Box<CoreNode>),
    Real(Box<RealNode>),
    Data(Box<DataNode>),
}

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Job {
    Syn(ConnId),
    ConnectTimeout(ConnId),
    Deliver {
        conn: ConnId,
        to: Side,
        msg: Msg,
    },
    /// The server may go on with the requests of a connection.
    Serve(ConnId),
    /// A slow answer is ready.
    Late {
        conn: ConnId,
        id: u64,
        reply: Reply,
    },
    /// A timer of a core.
    Tick {
        pid: Pid,
        incarnation: u32,
        at_us: u64,
    },
    /// The 10 Hz tick of a modelled real sentinel.
    RealTick {
        pid: Pid,
        incarnation: u32,
    },
    /// The 1 Hz housekeeping of a data node.
    Cron {
        pid: Pid,
        incarnation: u32,
    },
    Saved {
        pid: Pid,
        incarnation: u32,
        seq: SaveSeq,
        ok: bool,
    },
    /// A failed write is repeated.
    SaveAgain {
        pid: Pid,
        incarnation: u32,
        seq: SaveSeq,
    },
    /// Programs that were asked before a failover have answered.
    HooksAnswered {
        pid: Pid,
        incarnation: u32,
        group: GroupName,
        answer: Input,
    },
    Loaded {
        pid: Pid,
        incarnation: u32,
    },
    /// `CLIENT PAUSE` runs out, unless it was prolonged.
    PauseOver {
        pid: Pid,
        incarnation: u32,
        at_us: u64,
    },
    Client(ClientJob),
    Agent(AgentJob),
    Store(StoreJob),
    Fault,
    Repair(Repair),
    StartSentinel(Pid),
    StartData(Pid, RestartKind),
    /// The safety phase ends.
    HealAll,
}
