//! The decision machine of a bongsu sentinel: sans-I/O, std only, deterministic.
//!
//! # Contract
//! One call that changes something ([`Sentinel::handle`] or an operator command), then [`Sentinel::poll_action`] until it
//! returns `None`, then [`Sentinel::poll_timeout`], then wait for the next input or that deadline. `now` never runs
//! backwards. Equal inputs at equal times with an equal seed give equal actions.
//!
//! # Persist before send
//! What must be durable before other sentinels may rely on it (a vote, an epoch, the announcement of a new configuration) is
//! ordered by data: the machine emits [`Action::Save`] and holds back the dependent actions until [`Input::Saved`] comes. Our own
//! clients are told of a switch at once, before it is on disk: the promotion has happened, and they should not go on writing to
//! the old master.
#![forbid(unsafe_code)]

mod action;
mod amnesia;
mod check;
mod configured;
mod connect;
mod displaced;
mod election;
mod event;
mod failover;
mod gossip;
mod group;
mod handover;
mod hello;
mod hooks;
mod input;
mod lease;
mod link;
mod machine;
mod observe;
mod odown;
mod operator;
mod options;
mod probe;
mod promotion;
pub mod publication;
mod query;
mod reason;
mod reconfigure;
mod requests;
mod rivalry;
mod rng;
mod save;
mod sdown;
mod select;
mod slots;
mod switch;
mod tilt;
mod time;
mod timers;
mod types;
mod verdict;
mod view;
mod vote;
mod writes;

pub use action::{Action, HelloOut, Request, SaveNeed};
pub use configured::{Configuration, Configured, Member};
pub use event::{Event, Level, Shown, Subject};
pub use hello::{HELLO_CHANNEL, Hello, HelloError};
pub use hooks::{Ending, HookGate, HookPlans, HookVerdict, Occasion, Phase, Trigger};
pub use input::{Channel, InfoReport, Input, LinkFailure, Pong, ReplicaLine, Reply, VoteReply, WriteAnswer};
pub use lease::{Holder, LEASE_MAX, LeaseAnswer, LeaseCall, LeaseRefusal, LeaseView, Standing};
pub use machine::Sentinel;
pub use operator::{FailoverError, MonitorError, NoSuchGroup};
pub use options::{
    Decisive, Durable, FailoverKind, GroupChange, GroupOptions, GroupSpec, Setup, SimulatedFailures, Tunables,
};
pub use reason::{
    AbortCause, Decision, DownCause, HandOverStep, HoldCause, Loss, Reason, RefusalCause, RepointCause, WriteFault,
};
pub use time::Time;
pub use types::{Addr, CallId, Epoch, GroupId, GroupName, LinkId, NodeId, Quorum, RequestId, Role, RunId, SaveSeq};
pub use verdict::{Rejection, Verdict};
pub use view::{FailoverState, GroupView, InstanceView, NodeView, PeerView, QuorumCheck, ReplicaView, TiltView};
pub use writes::WriteKey;
