//! Hosts, partitions and connections.
//!
//! Links are TCP-like: in order, nothing lost inside a connection. A partition holds packets back; when it heals they are
//! delivered (retransmission) or the connection turns out to be broken. A host that lost power answers nothing, a host
//! without the process refuses.

mod connection;
mod message;
mod partition;

use std::collections::{BTreeSet, VecDeque};

use bongsu_sentinel_core::Request;

pub(crate) use message::{ConnId, Msg, Side, Snapshot, Use};
pub(crate) use partition::Partition;

use crate::world::Pid;

/// A machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Host(pub(crate) usize);

pub(crate) struct Network {
    hosts: usize,
    /// How many partitions keep packets from going from one host to another.
    blocked: Vec<u8>,
    pub(crate) conns: Vec<Conn>,
    /// Connections with held-back packets.
    stalled: BTreeSet<ConnId>,
    /// Added to every delay for now.
    pub(crate) extra_delay_us: u64,
}

pub(crate) struct Conn {
    pub(crate) ends: [End; 2],
    pub(crate) usage: Use,
    pub(crate) established: bool,
    /// Requests that the server has not begun to serve.
    pub(crate) asked: VecDeque<(u64, Request)>,
    /// The request that the server cannot answer yet.
    pub(crate) blocked_on: Option<(u64, Request)>,
}

pub(crate) struct End {
    pub(crate) pid: Option<Pid>,
    pub(crate) incarnation: u32,
    pub(crate) open: bool,
    /// When the last packet to this end arrives: the next may not overtake it.
    last_at_us: u64,
    held: VecDeque<Msg>,
}

impl Network {
    pub(crate) fn new(hosts: usize) -> Self {
        Self { hosts, blocked: vec![0; hosts * hosts], conns: Vec::new(), stalled: BTreeSet::new(), extra_delay_us: 0 }
    }

    pub(crate) const fn hosts(&self) -> usize {
        self.hosts
    }

    pub(crate) fn is_blocked(&self, from: Host, to: Host) -> bool {
        from != to && self.blocked[from.0 * self.hosts + to.0] > 0
    }

    /// True if packets pass both ways.
    pub(crate) fn connects(&self, a: Host, b: Host) -> bool {
        !self.is_blocked(a, b) && !self.is_blocked(b, a)
    }

    pub(crate) fn conn(&self, id: ConnId) -> &Conn {
        &self.conns[id.0]
    }

    pub(crate) fn conn_mut(&mut self, id: ConnId) -> &mut Conn {
        &mut self.conns[id.0]
    }
}

impl Conn {
    pub(crate) const fn end(&self, side: Side) -> &End {
        &self.ends[side as usize]
    }

    const fn end_mut(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    pub(crate) const fn client(&self) -> Option<Pid> {
        self.ends[0].pid
    }

    pub(crate) const fn server(&self) -> Option<Pid> {
        self.ends[1].pid
    }
}

impl End {
    const fn new(pid: Option<Pid>, incarnation: u32, open: bool) -> Self {
        Self { pid, incarnation, open, last_at_us: 0, held: VecDeque::new() }
    }
}
