//! What a probe found.

use std::fmt;
use std::time::Duration;

use bongsu_protocol::info::{NodeInfo, NodeRole, ReplicaLine, ReplicaState};
use serde::{Serialize, Serializer};

use crate::finding::{RoleName, tell};
use crate::{Endpoint, Finding, Severity};

/// The result of one probe.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// All that is wrong; empty if nothing is.
    #[serde(serialize_with = "tell_all")]
    pub findings: Vec<Finding>,
    /// Time of the `PING` round trip in milliseconds, if it was answered.
    pub ping_ms: Option<f64>,
    /// Time of the write and reading it back in milliseconds, if one was tried and went well.
    pub write_ms: Option<f64>,
    /// What the node says of itself, if it says anything.
    pub facts: Option<Facts>,
}

fn tell_all<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    tell(findings, Finding::severity, serializer)
}

impl Report {
    /// A report on `endpoint` with nothing in it yet.
    pub(crate) fn new(endpoint: &Endpoint) -> Self {
        Self { endpoint: endpoint.clone(), findings: Vec::new(), ping_ms: None, write_ms: None, facts: None }
    }

    /// The worst of its findings.
    pub fn severity(&self) -> Severity {
        self.findings.iter().map(Finding::severity).max().unwrap_or_default()
    }

    /// The finding that decides its severity.
    pub fn worst(&self) -> Option<&Finding> {
        // Of equals the first, which is the one that explains the others.
        self.findings.iter().rev().max_by_key(|finding| finding.severity())
    }

    /// What the node is.
    pub fn role(&self) -> Option<&Role> {
        self.facts.as_ref()?.role.as_ref()
    }

    /// Whether the node says that it is a master.
    pub fn is_master(&self) -> bool {
        matches!(self.role(), Some(Role::Master { .. }))
    }
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
    /// A replica's lag, where its master was asked too.
    pub lag: Option<Lag>,
    /// What it has on disk.
    pub persistence: Persistence,
    /// The replicas that a master lists, not part of documents.
    #[serde(skip)]
    pub(crate) attached: Vec<ReplicaLine>,
}

/// How far a replica is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lag {
    /// Bytes of the stream that the master had when it was asked and the replica had not when it was.
    pub bytes: u64,
    /// Seconds since the replica's last acknowledgement, as its master tells; `None` if the master does not list it.
    pub seconds: Option<u64>,
}

/// What a node says of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Persistence {
    /// When the last snapshot was written, in seconds since 1970.
    pub last_save_unix_seconds: Option<i64>,
    /// Changes since then.
    pub changes_since_last_save: Option<i64>,
    /// Whether the last snapshot that was tried could be written.
    pub last_save_ok: Option<bool>,
    /// Whether there is an append-only log.
    pub log_enabled: Option<bool>,
    /// Whether the last write to it worked.
    pub log_ok: Option<bool>,
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

impl Role {
    /// Which of the three it is.
    pub const fn name(&self) -> RoleName {
        match self {
            Self::Master { .. } => RoleName::Master,
            Self::Replica { .. } => RoleName::Replica,
            Self::Sentinel { .. } => RoleName::Sentinel,
        }
    }
}

impl Facts {
    /// The facts in an `INFO` reply of a data node.
    pub(crate) fn of(info: NodeInfo) -> Self {
        let link = &info.master_link;
        Self {
            role: info.role.map(|role| match role {
                NodeRole::Master => Role::Master { replicas: info.replicas.len() },
                NodeRole::Replica => Role::Replica {
                    master: link.host.clone().zip(link.port).map(|(host, port)| Endpoint::new(host, port)),
                    link_up: link.up,
                },
            }),
            version: info.valkey_version.or(info.redis_version),
            run_id: info.run_id,
            uptime_seconds: info.uptime_seconds,
            replication_offset: info.replica_offset.or(info.master_repl_offset),
            replication_id: info.master_replid,
            keys: info.keys,
            lag: None,
            persistence: Persistence {
                last_save_unix_seconds: info.rdb_last_save_unix_seconds,
                changes_since_last_save: info.rdb_changes_since_last_save,
                last_save_ok: info.rdb_last_bgsave_ok,
                log_enabled: info.aof_enabled,
                log_ok: info.aof_last_write_ok,
            },
            attached: info.replicas,
        }
    }

    /// Replicas that receive the stream of writes.
    pub(crate) fn online_replicas(&self) -> usize {
        self.attached.iter().filter(|replica| replica.state == ReplicaState::Online).count()
    }

    /// How far `replica`, which listens at `endpoint`, is behind this master; `None` if either does not tell.
    pub(crate) fn lag_of(&self, endpoint: &Endpoint, replica: &Self) -> Option<Lag> {
        if !matches!(self.role, Some(Role::Master { .. })) || self.replication_id != replica.replication_id {
            return None;
        }
        let missing = self.replication_offset?.saturating_sub(replica.replication_offset?);
        // Before Redis 2.8 and with names instead of addresses the line cannot be found: the port alone says too little.
        let line = self.attached.iter().find(|line| line.host == endpoint.host() && line.port == endpoint.port());
        let seconds = line.and_then(|line| line.lag_seconds).and_then(|seconds| u64::try_from(seconds).ok());
        Some(Lag { bytes: u64::try_from(missing).unwrap_or(0), seconds })
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

/// Milliseconds with fractions, as reports show them.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A limit in whole milliseconds.
pub(crate) fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_told_of_one_history_only() {
        let master = Facts::of(NodeInfo::parse(
            b"role:master\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=90,lag=1\r\n\
              master_replid:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nmaster_repl_offset:100\r\n",
        ));
        let replica = |id: &str, offset: i64| {
            Facts::of(NodeInfo::parse(
                format!("role:slave\r\nmaster_replid:{}\r\nslave_repl_offset:{offset}\r\n", id.repeat(40)).as_bytes(),
            ))
        };
        let listed = Endpoint::new("10.0.0.2", 6379);
        assert_eq!(master.lag_of(&listed, &replica("a", 90)), Some(Lag { bytes: 10, seconds: Some(1) }));
        assert_eq!(master.lag_of(&listed, &replica("a", 120)), Some(Lag { bytes: 0, seconds: Some(1) }));
        let other = Endpoint::new("10.0.0.3", 6379);
        assert_eq!(master.lag_of(&other, &replica("a", 90)), Some(Lag { bytes: 10, seconds: None }));
        assert_eq!(master.lag_of(&listed, &replica("b", 90)), None, "offsets of two histories say nothing");
        assert_eq!(replica("a", 90).lag_of(&listed, &replica("a", 90)), None, "no master");
    }
}
