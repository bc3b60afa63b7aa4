//! What is wrong with one node, each thing by itself, with its weight.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Endpoint;

/// How bad something is, in the four degrees that monitoring systems know. The order is the one in which an operator
/// wants to hear of them: what is known to be broken must not be hidden by what could not be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does its work.
    #[default]
    Ok,
    /// It works, but something keeps it from doing its whole work.
    Warning,
    /// It cannot be told.
    Unknown,
    /// It does not do its work.
    Critical,
}

impl Severity {
    /// The exit code that monitoring plugins use: 0 ok, 1 warning, 2 critical, 3 unknown.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Critical => "critical",
        })
    }
}

/// One thing that is wrong, with the figures it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Finding {
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
    /// It answers `PING` with an error.
    PingRefused {
        /// The error as it was sent.
        message: String,
    },
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
    /// The last snapshot could not be written: servers refuse writes then, unless told otherwise.
    SnapshotFailing,
    /// The append-only log cannot be written: servers refuse writes then.
    LogFailing,
    /// A replica lacks more of its master's stream than is allowed.
    LagBytes {
        /// Bytes that it lacks.
        bytes: u64,
        /// Bytes that it may lack.
        limit: u64,
    },
    /// A replica has not acknowledged anything for longer than is allowed.
    LagSeconds {
        /// Seconds since it did.
        seconds: u64,
        /// Seconds that are allowed.
        limit: u64,
    },
    /// A limit for the lag was given, but how far the master is could not be found out.
    LagUnknown {
        /// The master, if the replica names one.
        master: Option<Endpoint>,
    },
    /// It is not what it was expected to be.
    UnexpectedRole {
        /// What was expected.
        expected: RoleName,
        /// What it is; `None` if it does not say.
        found: Option<RoleName>,
    },
    /// A master has fewer replicas than were expected.
    TooFewReplicas {
        /// Replicas that are attached and receive the stream of writes.
        found: usize,
        /// Replicas that were expected.
        expected: usize,
    },
    /// A master refuses writes.
    WriteRefused {
        /// The class of the error.
        refusal: Refusal,
        /// The error as it was sent.
        message: String,
    },
    /// A write was not answered in time, although `PING` was.
    WriteHung {
        /// The limit that passed, in milliseconds.
        limit_ms: u64,
    },
    /// What was written is not what is read back.
    WriteLost,
    /// The key for trying a write holds something else, which was left alone.
    ProbeKeyInUse {
        /// The key.
        key: String,
    },
}

/// What a node can be expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// It takes writes.
    Master,
    /// It follows a master.
    Replica,
    /// It watches groups.
    Sentinel,
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Replica => "replica",
            Self::Sentinel => "sentinel",
        })
    }
}

/// Why a write was refused, by the code that begins the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// `MISCONF`: it cannot write to its disk.
    Misconf,
    /// `OOM`: its memory limit is reached.
    Oom,
    /// `READONLY`: it is a replica after all.
    Readonly,
    /// `NOREPLICAS`: fewer replicas are attached than its configuration demands.
    Noreplicas,
    /// `NOPERM`, `NOAUTH`: the user may not write this key.
    NotAllowed,
    /// Anything else.
    Other,
}

impl Refusal {
    /// The class of an error with this code.
    pub(crate) fn of(code: Option<&str>) -> Self {
        match code {
            Some("MISCONF") => Self::Misconf,
            Some("OOM") => Self::Oom,
            Some("READONLY") => Self::Readonly,
            Some("NOREPLICAS") => Self::Noreplicas,
            Some("NOPERM" | "NOAUTH") => Self::NotAllowed,
            _ => Self::Other,
        }
    }
}

impl Finding {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Unreachable { .. }
            | Self::NoAnswer { .. }
            | Self::UnexpectedRole { .. }
            | Self::WriteHung { .. }
            | Self::WriteLost => Severity::Critical,
            Self::WriteRefused { refusal, .. } => match refusal {
                Refusal::NotAllowed => Severity::Unknown,
                _ => Severity::Critical,
            },
            Self::NotAllowed { .. } | Self::NotANode { .. } | Self::LagUnknown { .. } | Self::ProbeKeyInUse { .. } => {
                Severity::Unknown
            }
            Self::PingRefused { .. }
            | Self::Loading { .. }
            | Self::Syncing
            | Self::MasterLinkDown { .. }
            | Self::SnapshotFailing
            | Self::LogFailing
            | Self::LagBytes { .. }
            | Self::LagSeconds { .. }
            | Self::TooFewReplicas { .. } => Severity::Warning,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { message } => f.write_str(message),
            Self::NoAnswer { limit_ms } => write!(f, "no answer within {limit_ms} ms"),
            Self::NotAllowed { message } => write!(f, "not allowed: {message}"),
            Self::NotANode { message } => write!(f, "no Redis-compatible answer: {message}"),
            Self::PingRefused { message } => write!(f, "answers PING with: {message}"),
            Self::Loading { eta_seconds: Some(eta) } => write!(f, "loading its data, {eta} s to go"),
            Self::Loading { eta_seconds: None } => f.write_str("loading its data"),
            Self::Syncing => f.write_str("receiving a full copy from its master"),
            Self::MasterLinkDown { since_seconds: Some(since) } => write!(f, "without its master for {since} s"),
            Self::MasterLinkDown { since_seconds: None } => f.write_str("has not reached its master yet"),
            Self::SnapshotFailing => f.write_str("cannot write snapshots to its disk"),
            Self::LogFailing => f.write_str("cannot write its append-only log"),
            Self::LagBytes { bytes, limit } => write!(f, "{bytes} bytes behind its master, allowed are {limit}"),
            Self::LagSeconds { seconds, limit } => {
                write!(f, "last acknowledged its master's stream {seconds} s ago, allowed are {limit}")
            }
            Self::LagUnknown { master: Some(master) } => write!(f, "lag unknown: its master {master} does not tell"),
            Self::LagUnknown { master: None } => f.write_str("lag unknown: it names no master"),
            Self::UnexpectedRole { expected, found: Some(found) } => write!(f, "is a {found}, not a {expected}"),
            Self::UnexpectedRole { expected, found: None } => write!(f, "does not say that it is a {expected}"),
            Self::TooFewReplicas { found, expected } => write!(f, "{found} replicas attached, {expected} expected"),
            Self::WriteRefused { message, .. } => write!(f, "refuses writes: {message}"),
            Self::WriteHung { limit_ms } => write!(f, "answers PING, but no write within {limit_ms} ms"),
            Self::WriteLost => f.write_str("does not have what was just written"),
            Self::ProbeKeyInUse { key } => write!(f, "key '{key}' holds something else: no write was tried"),
        }
    }
}

/// A finding as documents show it: `severity`, `message`, `kind`, and the figures of that kind.
#[derive(Serialize)]
struct Told<'a, T> {
    severity: Severity,
    message: String,
    #[serde(flatten)]
    finding: &'a T,
}

/// Writes findings with their severity and their text.
pub(crate) fn tell<T: Serialize + fmt::Display, S: Serializer>(
    findings: &[T],
    severity: impl Fn(&T) -> Severity,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(|finding| Told {
        severity: severity(finding),
        message: finding.to_string(),
        finding,
    }))
}
