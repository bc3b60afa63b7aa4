//! What the invariants get to see.

use bongsu_sentinel_core::{Addr, Decision, Epoch, Event, InfoReport, Request, RequestId, VoteReply};

use crate::world::Pid;

/// Something that happened, told at the moment when it happens.
#[derive(Debug)]
pub(crate) enum Fact<'a> {
    /// A sentinel (re)started.
    SentinelStarted { pid: Pid },
    /// A data node obeyed `SLAVEOF`.
    Reconfigured { node: Pid, by: Option<Pid>, to: Option<&'a Addr>, was_master: bool },
    /// INFO of a node reached a core.
    InfoSeen { by: Pid, node: Pid, report: &'a InfoReport },
    /// A vote call was answered.
    VoteAnswered { by: Pid, group: Option<usize>, reply: VoteReply },
    /// A request left a sentinel.
    Asked { by: Pid, to: Option<Pid>, id: RequestId, request: &'a Request },
    /// A core published an event.
    Published { event: &'a Event },
    /// A core decided something.
    Decided { by: Pid, decision: &'a Decision },
    /// A modelled real sentinel won an election. `forced`: it was told to go ahead without one, or it counted votes of another
    /// epoch than its failover's, as real ones do.
    RealElected { by: Pid, group: usize, epoch: Epoch, forced: bool },
}
