//! Everything that can happen to a sentinel: the whole input surface.

use std::net::IpAddr;
use std::time::Duration;

use crate::hello::Hello;
use crate::hooks::HookVerdict;
use crate::reason::WriteFault;
use crate::types::{Addr, CallId, Epoch, GroupId, LinkId, RequestId, Role, RunId, SaveSeq};

/// One thing that happened. Handed to [`crate::Sentinel::handle`] together with `now`.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The deadline of [`crate::Sentinel::poll_timeout`] was reached. Harmless at any other time.
    Tick,
    /// A channel that was asked for is connected and (for [`Channel::PubSub`]) subscribed.
    Connected {
        /// The link.
        link: LinkId,
        /// Which of its channels.
        channel: Channel,
    },
    /// A channel could not be established, or went away. Its outstanding requests will not be answered.
    Disconnected {
        /// The link.
        link: LinkId,
        /// Which of its channels.
        channel: Channel,
        /// Why.
        cause: LinkFailure,
    },
    /// The answer to a request.
    Reply {
        /// The link that the request was sent on.
        link: LinkId,
        /// The request.
        id: RequestId,
        /// What the other side said.
        reply: Reply,
    },
    /// A hello message.
    Hello {
        /// The data node's link that carried it, or `None` if a peer sent it to us directly.
        via: Option<LinkId>,
        /// The message.
        hello: Hello,
    },
    /// A peer calls `SENTINEL IS-MASTER-DOWN-BY-ADDR`. Answered by [`crate::Action::AnswerVote`] with the same `call`.
    VoteCall {
        /// Chosen by the shell.
        call: CallId,
        /// The master's address as the peer knows it.
        addr: Addr,
        /// The epoch that the vote is asked for.
        epoch: Epoch,
        /// The candidate, or `None` if the peer only asks for our opinion.
        candidate: Option<RunId>,
    },
    /// The durable state up to `seq` is on disk.
    Saved {
        /// The number from [`crate::Action::Save`].
        seq: SaveSeq,
    },
    /// The durable state could not be written.
    SaveFailed {
        /// The number from [`crate::Action::Save`].
        seq: SaveSeq,
    },
    /// A host name has a (new) address. Names that stop resolving are not reported: the last known answer stays.
    Resolved {
        /// The name as in [`Addr::host`].
        host: String,
        /// Its address.
        ip: IpAddr,
    },
    /// Everything outside the sentinels that was configured to show the group's master shows the configuration of this epoch, or of
    /// a later one. Only where [`crate::GroupOptions::published`] says that there is something.
    Published {
        /// The group.
        group: GroupId,
        /// The epoch, as in [`crate::Configuration::epoch`].
        epoch: Epoch,
    },
    /// Those who were asked before a failover have answered. Ignored if nobody waits for it any more.
    HooksAnswered {
        /// The group.
        group: GroupId,
        /// The epoch of the failover.
        epoch: Epoch,
        /// What they say.
        verdict: HookVerdict,
    },
}

/// What a link carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Channel {
    /// Requests and replies.
    Command,
    /// Hello messages of other sentinels. The shell may serve it on the same connection where RESP3 allows.
    PubSub,
    /// [`crate::Request::CheckWrites`] and its answers, on a connection of its own: while writes are paused, they wait there, and
    /// nothing else does.
    Write,
}

/// Why a channel is not there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkFailure {
    /// The host answered that nobody listens (ECONNREFUSED), or reset the connection: the process is gone, not the network.
    Refused,
    /// An established connection was closed by the other side.
    Closed,
    /// No answer in time, host or network unreachable.
    Unreachable,
    /// The host name has no address.
    Unresolved,
    /// The other side answered with an error where the channel cannot live with one (SUBSCRIBE refused, TLS failure).
    Rejected,
    /// The core asked for it.
    Requested,
}

impl LinkFailure {
    /// True if a reachable host said that the process is gone.
    pub const fn shows_dead_process(self) -> bool {
        matches!(self, Self::Refused | Self::Closed)
    }
}

/// The answer to a [`crate::Request`].
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To `Ping`.
    Pong(Pong),
    /// To `Info`.
    Info(Box<InfoReport>),
    /// To `Hello`, `Reconfigure`, `Follow`, `PauseWrites`, `Unpause`, `CutClients`, `ScriptKill`: done.
    Done,
    /// To `CheckWrites`.
    Written(WriteAnswer),
    /// To `AskDown`.
    Vote(VoteReply),
    /// The other side answered with an error or with something that makes no sense.
    Failed(String),
}

/// What a write was answered with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WriteAnswer {
    /// It was done.
    Done,
    /// It was refused for a reason that lies in the node.
    Refused(WriteFault),
    /// Not now, of which the heartbeats tell more: it is loading, or a script runs.
    Later,
    /// An error that says nothing of the node's health; the text.
    Void(String),
}

/// What a PING was answered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pong {
    /// `+PONG`.
    Pong,
    /// `-LOADING`: alive, loading its dataset.
    Loading,
    /// `-MASTERDOWN`: alive, its replication link is down.
    MasterDown,
    /// `-BUSY`: a script runs for too long.
    Busy,
    /// Any other error.
    Error,
}

impl Pong {
    /// True if the answer counts as a valid sign of life.
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Pong | Self::Loading | Self::MasterDown)
    }
}

/// Answer to `SENTINEL IS-MASTER-DOWN-BY-ADDR`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoteReply {
    /// The answering sentinel sees the master as sdown.
    pub down: bool,
    /// Whom it voted for, and in which epoch; `None` is `*`.
    pub leader: Option<(RunId, Epoch)>,
}

/// What a data node says of itself (`INFO`), as far as the core uses it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct InfoReport {
    /// `run_id`.
    pub run_id: Option<RunId>,
    /// `role`.
    pub role: Option<Role>,
    /// `slaveN` lines of a master.
    pub replicas: Vec<ReplicaLine>,
    /// `master_host` and `master_port` of a replica.
    pub master: Option<Addr>,
    /// `master_link_status:up`.
    pub master_link_up: bool,
    /// `master_link_down_since_seconds`; `None` if absent or negative.
    pub master_link_down: Option<Duration>,
    /// `master_link_down_since_seconds:-1`: the replica never finished connecting to its master.
    pub never_synced: bool,
    /// `master_sync_in_progress`.
    pub sync_in_progress: bool,
    /// `slave_priority`.
    pub priority: Option<u32>,
    /// `slave_repl_offset`.
    pub replica_offset: Option<u64>,
    /// `replica_announced`; absent means yes.
    pub announced: Option<bool>,
    /// `master_replid`.
    pub replid: Option<RunId>,
    /// `master_replid2`, unless all zeros.
    pub replid2: Option<RunId>,
    /// `second_repl_offset`, unless negative.
    pub second_offset: Option<u64>,
    /// `master_repl_offset`.
    pub master_offset: Option<u64>,
    /// Sum of the keys of all databases; `None` if the keyspace section is missing.
    pub keys: Option<u64>,
    /// `loading:1`.
    pub loading: bool,
    /// `dataset_state:amnesia`: the node knows that it lost its data, and serves nobody until it is told what to be.
    pub amnesiac: bool,
    /// `master_failover_state` is other than `no-failover`.
    pub failover_in_progress: bool,
}

/// One `slaveN:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaLine {
    /// Where the replica is, as the master sees or is told.
    pub addr: Addr,
    /// `state=online`.
    pub online: bool,
    /// `offset=`: what the replica acknowledged.
    pub offset: Option<u64>,
}
