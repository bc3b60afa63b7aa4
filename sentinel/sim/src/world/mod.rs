//! The world: who lives in it, what will happen, and the loop that makes it happen.

mod build;
mod lifecycle;
mod process;
mod queue;
mod run;
mod serve;

pub(crate) use process::{Body, Job, Pid, Proc};

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bongsu_sentinel_core::{Addr, GroupName, RunId};

use crate::agent::Agents;
use crate::client::{Client, Oracle};
use crate::faults::Resets;
use crate::invariants::Watch;
use crate::mutant::Mutant;
use crate::net::{ConnId, Host, Network};
use crate::rng::Rng;
use crate::shape::Shape;
use crate::store::Stores;
use crate::transcript::Transcript;
use queue::Queue;

/// One run.
pub(crate) struct World {
    pub(crate) now_us: u64,
    queue: Queue<Job>,
    pub(crate) rng: Rng,
    pub(crate) shape: Shape,
    pub(crate) net: Network,
    procs: Vec<Proc>,
    by_addr: BTreeMap<(IpAddr, u16), Pid>,
    pub(crate) sentinels: Vec<Pid>,
    pub(crate) groups: Vec<Group>,
    pub(crate) clients: Vec<Client>,
    pub(crate) oracle: Oracle,
    pub(crate) watch: Watch,
    pub(crate) transcript: Transcript,
    pub(crate) mutant: Option<Mutant>,
    /// Faults may strike.
    pub(crate) unsafe_phase: bool,
    pub(crate) events: u64,
    /// Answers to INFO with an offset that the node did not have.
    pub(crate) wrong_offsets: BTreeSet<(ConnId, u64)>,
    /// What operators made sentinels forget.
    pub(crate) resets: Resets,
    pub(crate) agents: Agents,
    pub(crate) stores: Stores,
    /// When a clock last jumped ahead without any time having passed.
    pub(crate) jumped_us: Option<u64>,
}

/// A supervised group as the world knows it.
pub(crate) struct Group {
    pub(crate) name: GroupName,
    /// Its data nodes; the first one was its master at the start.
    pub(crate) nodes: Vec<Pid>,
}

impl World {
    pub(crate) fn proc(&self, pid: Pid) -> &Proc {
        &self.procs[pid.0]
    }

    pub(crate) fn proc_mut(&mut self, pid: Pid) -> &mut Proc {
        &mut self.procs[pid.0]
    }

    pub(crate) fn host_of(&self, pid: Pid) -> Host {
        self.proc(pid).host
    }

    /// The process that owns an address, alive or not.
    pub(crate) fn find(&self, addr: &Addr) -> Option<Pid> {
        self.by_addr.get(&(addr.ip()?, addr.port())).copied()
    }

    /// Which group an address belongs to.
    pub(crate) fn group_of(&self, addr: &Addr) -> Option<usize> {
        let pid = self.find(addr)?;
        self.groups.iter().position(|g| g.nodes.contains(&pid))
    }

    pub(crate) fn group_index(&self, name: &GroupName) -> Option<usize> {
        self.groups.iter().position(|g| &g.name == name)
    }

    /// True if so many sentinels are more than half of all.
    pub(crate) fn is_majority(&self, sentinels: usize) -> bool {
        sentinels > self.sentinels.len() / 2
    }

    /// Schedules a job this far from now.
    pub(crate) fn at(&mut self, delay_us: u64, job: Job) {
        self.queue.push(self.now_us + delay_us, job);
    }

    /// The identity of a sentinel.
    pub(crate) fn run_id(&self, pid: Pid) -> Option<RunId> {
        match &self.proc(pid).body {
            Body::Core(node) => Some(node.id),
            Body::Real(node) => Some(node.id),
            Body::Data(_) => None,
        }
    }

    /// The column of a sentinel in the transcript.
    pub(crate) fn column(&self, pid: Pid) -> Option<usize> {
        self.sentinels.iter().position(|p| *p == pid)
    }

    /// A short name for the transcript: `s0`, `g1n2`.
    pub(crate) fn label(&self, pid: Pid) -> String {
        if let Some(i) = self.column(pid) {
            return format!("s{i}");
        }
        let found = self
            .groups
            .iter()
            .enumerate()
            .find_map(|(g, group)| group.nodes.iter().position(|p| *p == pid).map(|n| format!("g{g}n{n}")));
        found.unwrap_or_else(|| format!("p{}", pid.0))
    }

    /// The label of whoever owns an address.
    pub(crate) fn label_addr(&self, addr: &Addr) -> String {
        self.find(addr).map_or_else(|| addr.to_string(), |pid| self.label(pid))
    }

    /// A line about the world itself.
    pub(crate) fn note(&mut self, text: &str) {
        let now = self.now_us;
        self.transcript.note(now, text);
    }
}
