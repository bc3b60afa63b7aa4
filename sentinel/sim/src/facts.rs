//! What the invariants get to see.

use bongsu_sentinel_core::{
    Addr, Decision, Epoch, Event, GroupName, HookVerdict, InfoReport, Occasion, Request, RequestId, RunId, VoteReply,
};

use crate::client::WriteId;
use crate::data::RestartKind;
use crate::world::Pid;

/// Something that happened, told at the moment when it happens.
#[derive(Debug)]
#[allow(dead_code, reason = "a fact is told whole; each invariant reads what it needs")]
pub(crate) enum Fact<'a> {
    /// A sentinel (re)started.
    SentinelStarted { pid: Pid },
    /// A data node (re)started.
    DataStarted { node: Pid, kind: RestartKind },
    /// A data node obeyed `SLAVEOF`.
    Reconfigured { node: Pid, by: Option<Pid>, to: Option<&'a Addr>, was_master: bool, was_amnesiac: bool },
    /// A client learned that its write was done.
    Acked { group: usize, write: WriteId, node: Pid },
    /// From now on a node holds its group's address until then.
    AddressHeld { group: usize, node: Pid, until_us: u64 },
    /// A sentinel wrote to a store.
    StoreWritten { by: Pid, store: usize, old: Option<Epoch>, new: Epoch },
    /// INFO of a node reached a core. `wrong_offset`: the node said another offset than it had.
    InfoSeen { by: Pid, node: Pid, report: &'a InfoReport, wrong_offset: bool },
    /// A vote call was answered.
    VoteAnswered { by: Pid, group: Option<usize>, candidate: Option<RunId>, epoch: Epoch, reply: VoteReply },
    /// A request left a sentinel.
    Asked { by: Pid, to: Option<Pid>, id: RequestId, request: &'a Request },
    /// A core published an event.
    Published { by: Pid, event: &'a Event },
    /// A core decided something.
    Decided { by: Pid, decision: &'a Decision },
    /// A core tells of an occasion.
    Hooked { by: Pid, occasion: &'a Occasion },
    /// Those who were asked before a failover answer.
    HooksAnswered { by: Pid, group: &'a GroupName, epoch: Epoch, verdict: &'a HookVerdict },
    /// A modelled real sentinel won an election. `forced`: it was told to go ahead without one, or it counted votes of another
    /// epoch than its failover's, as real ones do.
    RealElected { by: Pid, group: usize, epoch: Epoch, forced: bool },
}
