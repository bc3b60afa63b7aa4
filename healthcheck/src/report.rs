//! What a probe found.

use std::fmt;
use std::time::Duration;

use bongsu_protocol::info::{NodeInfo, NodeRole};
use serde::Serialize;

use crate::Endpoint;

/// The result of one probe.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// What it amounts to.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Time of the `PING` round trip in milliseconds, if it was answered.
    pub ping_ms: Option<f64>,
    /// What the node says of itself, if it says anything.
    pub facts: Option<Facts>,
}

/// What a report amounts to, in the four degrees that monitoring systems know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "lowercase")]
pub enum Verdict {
    /// It does its work.
    Ok,
    /// It answers, but something keeps it from doing its whole work.
    Warning(Concern),
    /// It does not answer.
    Critical(Failure),
    /// It cannot be told.
    Unknown(Doubt),
}

impl Verdict {
    /// The exit code that monitoring plugins use: 0 ok, 1 warning, 2 critical, 3 unknown.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning(_) => 1,
            Self::Critical(_) => 2,
            Self::Unknown(_) => 3,
        }
    }
}

/// What keeps an answering node from doing its whole work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Concern {
    /// The data set is being read from disk.
    Loading {
        /// Seconds it expects to need, if it says so.
        eta_seconds: Option<i64>,
    },
    /// A replica receives its first copy of the data.
    Syncing,
    /// A replica without its master.
    MasterLinkDown {
        /// Seconds since the link was lost; `None` if it was never up.
        since_seconds: Option<i64>,
    },
    /// The last snapshot or append failed: many servers refuse writes then.
    PersistenceFailing,
    /// It answers `PING` with an error.
    PingRefused {
        /// The error as it was sent.
        message: String,
    },
}

/// How a node does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Failure {
    /// Connecting failed, or the connection was lost.
    Unreachable {
        /// What the network said.
        message: String,
    },
    /// Nothing came back in time.
    NoAnswer {
        /// The limit that passed, in milliseconds.
        limit_ms: u64,
    },
}

/// Why nothing can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Doubt {
    /// The credentials were refused, or are missing.
    NotAllowed {
        /// The error as it was sent.
        message: String,
    },
    /// Something listens, but does not answer like a Redis-compatible node.
    NotANode {
        /// What was wrong with the answer.
        message: String,
    },
}

/// What a node says of itself.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// What it is.
    pub role: Option<Role>,
    /// `redis_version`, or `valkey_version` if that is given too.
    pub version: Option<String>,
    /// Changes with every start of the process.
    pub run_id: Option<String>,
    /// Seconds since the process started.
    pub uptime_seconds: Option<u64>,
    /// Bytes of the replication stream that it has.
    pub replication_offset: Option<i64>,
    /// The replication history it is in.
    pub replication_id: Option<String>,
    /// Keys in all databases.
    pub keys: Option<u64>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Role {
    /// It takes writes.
    Master {
        /// Replicas that are attached.
        replicas: usize,
    },
    /// It follows a master.
    Replica {
        /// The master's address as the replica was told.
        master: Option<Endpoint>,
        /// Whether the link to it is up.
        link_up: bool,
    },
    /// It watches groups.
    Sentinel {
        /// Names of the groups.
        groups: Vec<String>,
    },
}

impl Facts {
    /// The facts in an `INFO` reply of a data node.
    pub(crate) fn of(info: &NodeInfo) -> Self {
        let link = &info.master_link;
        Self {
            role: info.role.map(|role| match role {
                NodeRole::Master => Role::Master { replicas: info.replicas.len() },
                NodeRole::Replica => Role::Replica {
                    master: link.host.clone().zip(link.port).map(|(host, port)| Endpoint::new(host, port)),
                    link_up: link.up,
                },
            }),
            version: info.valkey_version.clone().or_else(|| info.redis_version.clone()),
            run_id: info.run_id.clone(),
            uptime_seconds: info.uptime_seconds,
            replication_offset: info.replica_offset.or(info.master_repl_offset),
            replication_id: info.master_replid.clone(),
            keys: info.keys,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master { replicas } => write!(f, "master of {replicas}"),
            Self::Replica { master: Some(master), .. } => write!(f, "replica of {master}"),
            Self::Replica { master: None, .. } => f.write_str("replica"),
            Self::Sentinel { groups } => write!(f, "sentinel of {}", groups.len()),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Warning(concern) => write!(f, "warning: {concern}"),
            Self::Critical(failure) => write!(f, "critical: {failure}"),
            Self::Unknown(doubt) => write!(f, "unknown: {doubt}"),
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loading { eta_seconds: Some(eta) } => write!(f, "loading its data, {eta} s to go"),
            Self::Loading { eta_seconds: None } => f.write_str("loading its data"),
            Self::Syncing => f.write_str("receiving a full copy from its master"),
            Self::MasterLinkDown { since_seconds: Some(since) } => write!(f, "without its master for {since} s"),
            Self::MasterLinkDown { since_seconds: None } => f.write_str("has not reached its master yet"),
            Self::PersistenceFailing => f.write_str("cannot write to its disk"),
            Self::PingRefused { message } => write!(f, "answers PING with: {message}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { message } => f.write_str(message),
            Self::NoAnswer { limit_ms } => write!(f, "no answer within {limit_ms} ms"),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed { message } => write!(f, "not allowed: {message}"),
            Self::NotANode { message } => write!(f, "no Redis-compatible answer: {message}"),
        }
    }
}

/// Milliseconds with fractions, as reports show them.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
