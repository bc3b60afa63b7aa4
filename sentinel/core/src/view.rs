//! Read-only views of the machine's state, for the `SENTINEL` commands, the simulator and the operator's side.

use std::time::Duration;

use crate::options::GroupOptions;
use crate::time::Time;
use crate::types::{Addr, Epoch, GroupId, GroupName, LinkId, NodeId, Role, RunId};

/// States of a failover, with the words of `failover-state`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FailoverState {
    /// `none`.
    None,
    /// `wait_start`: the election.
    WaitStart,
    /// `select_slave`.
    SelectReplica,
    /// `send_slaveof_noone`; a planned hand-over pauses and catches up here.
    SendPromotion,
    /// `wait_promotion`.
    WaitPromotion,
    /// `reconf_slaves`.
    ReconfReplicas,
    /// `update_config`: never seen between two inputs.
    UpdateConfig,
}

impl FailoverState {
    /// The word of the wire protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::WaitStart => "wait_start",
            Self::SelectReplica => "select_slave",
            Self::SendPromotion => "send_slaveof_noone",
            Self::WaitPromotion => "wait_promotion",
            Self::ReconfReplicas => "reconf_slaves",
            Self::UpdateConfig => "update_config",
        }
    }
}

/// What masters, replicas and peers have in common. Durations are ages at the time of the view.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceView {
    /// The link.
    pub link: LinkId,
    /// The address.
    pub addr: Addr,
    /// The run id, if known.
    pub run_id: Option<RunId>,
    /// The `flags` field, comma-separated.
    pub flags: String,
    /// sdown.
    pub sdown: bool,
    /// A needed channel is missing.
    pub disconnected: bool,
    /// Requests without an answer yet.
    pub pending: u32,
    /// Groups that share the link.
    pub link_refcount: u32,
    /// Age of the oldest unanswered ping; zero if none.
    pub last_ping_sent: Duration,
    /// Age of the last valid answer to a ping.
    pub last_ok_ping_reply: Duration,
    /// Age of the last answer to a ping.
    pub last_ping_reply: Duration,
    /// For how long it has been sdown.
    pub sdown_for: Option<Duration>,
    /// For how long it has been odown (masters).
    pub odown_for: Option<Duration>,
    /// The limit that applies.
    pub down_after: Duration,
}

/// What masters and replicas have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Common part.
    pub instance: InstanceView,
    /// Its id.
    pub node: NodeId,
    /// Age of the last INFO; `None` if never.
    pub info_age: Option<Duration>,
    /// The role it reported last.
    pub role_reported: Role,
    /// For how long it has reported that role.
    pub role_reported_for: Duration,
    /// Its replication offset: of a master `master_repl_offset`, of a replica `slave_repl_offset`.
    pub offset: u64,
    /// `master_replid`.
    pub replid: Option<RunId>,
    /// Number of keys, if it said so.
    pub keys: Option<u64>,
}

/// A group and its master.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: GroupName,
    /// The configured master.
    pub master: NodeView,
    /// The address that clients should use: the configured master's.
    pub current_addr: Addr,
    /// odown.
    pub odown: bool,
    /// Failover state.
    pub failover_state: FailoverState,
    /// Epoch of the running failover.
    pub failover_epoch: Epoch,
    /// Epoch under which the master was configured.
    pub config_epoch: Epoch,
    /// Epoch of the last vote.
    pub leader_epoch: Epoch,
    /// Whom that vote was for, unless forgotten by a restart.
    pub leader: Option<RunId>,
    /// Known replicas.
    pub replica_count: usize,
    /// Known other sentinels.
    pub peer_count: usize,
    /// Options.
    pub options: GroupOptions,
}

/// A replica.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaView {
    /// Common part.
    pub base: NodeView,
    /// For how long its link to the master has been down; zero if up.
    pub master_link_down: Duration,
    /// `master_link_status:up`.
    pub master_link_up: bool,
    /// Whom it follows.
    pub master: Option<Addr>,
    /// `slave_priority`.
    pub priority: u32,
    /// `replica_announced`.
    pub announced: bool,
}

/// A peer sentinel as seen in one group.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerView {
    /// Common part.
    pub instance: InstanceView,
    /// Age of the last hello.
    pub last_hello: Duration,
    /// Whom it voted for.
    pub voted_leader: Option<RunId>,
    /// In which epoch.
    pub voted_epoch: Epoch,
}

/// Result of `SENTINEL CKQUORUM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumCheck {
    /// Sentinels that can be reached, ourselves included.
    pub usable: u32,
    /// Enough for the quorum.
    pub quorum_ok: bool,
    /// Enough for the majority that authorises a failover.
    pub majority_ok: bool,
}

/// State of TILT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TiltView {
    /// Since when, if it is on.
    pub since: Option<Time>,
    /// How often it was entered.
    pub total: u64,
}
