//! Why a target could not be read or written.

use std::time::Duration;

use thiserror::Error;

/// A failed read or write.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// No connection, or it was lost.
    #[error("{who} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        who: String,
        /// What the system or the protocol said.
        reason: String,
    },
    /// No answer in time.
    #[error("{who} did not answer within {} ms", limit.as_millis())]
    Timeout {
        /// The server.
        who: String,
        /// The limit.
        limit: Duration,
    },
    /// The server answered that it cannot serve at the moment (no leader, SERVFAIL, overload).
    #[error("{who} cannot serve now: {reason}")]
    Unavailable {
        /// The server.
        who: String,
        /// What it said.
        reason: String,
    },
    /// The credentials are not accepted.
    #[error("{who} does not accept our credentials: {reason}")]
    NotAuthenticated {
        /// The server.
        who: String,
        /// What it said; for DNS BADKEY or BADSIG.
        reason: String,
    },
    /// The clocks of both sides differ too much for a signature (BADTIME of RFC 8945).
    #[error("the clock of {who} {}", skew(*ahead_secs))]
    ClockSkew {
        /// The server.
        who: String,
        /// By how many seconds its clock is ahead of ours (negative: behind), if it told its time.
        ahead_secs: Option<i64>,
    },
    /// The credentials are good, but do not permit this.
    #[error("{who} does not permit this: {reason}")]
    NotPermitted {
        /// The server.
        who: String,
        /// What it said; for DNS REFUSED.
        reason: String,
    },
    /// The server does not know the place: NOTAUTH or NOTZONE of DNS, a missing chroot of ZooKeeper.
    #[error("{who} is not responsible: {reason}")]
    NotResponsible {
        /// The server.
        who: String,
        /// What it said.
        reason: String,
    },
    /// The record cannot be shown by this target, such as a name without an address in DNS.
    #[error("the record cannot be published here: {reason}")]
    Unpublishable {
        /// What is missing.
        reason: String,
    },
    /// An answer that makes no sense.
    #[error("{who} gave an answer that makes no sense: {reason}")]
    Protocol {
        /// The server.
        who: String,
        /// What about it.
        reason: String,
    },
}

fn skew(ahead_secs: Option<i64>) -> String {
    match ahead_secs {
        None => "differs too much from ours".to_owned(),
        Some(secs) if secs < 0 => format!("is {} s behind ours", secs.unsigned_abs()),
        Some(secs) => format!("is {secs} s ahead of ours"),
    }
}

impl TargetError {
    /// Whether somebody has to change a configuration before it can work. It is tried again all the same, but seldom.
    pub const fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::NotAuthenticated { .. }
                | Self::ClockSkew { .. }
                | Self::NotPermitted { .. }
                | Self::NotResponsible { .. }
                | Self::Unpublishable { .. }
        )
    }

    /// Whether a write that ended so may have happened.
    pub const fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Unavailable { .. } | Self::Protocol { .. }
        )
    }

    /// One word for the wire, metrics and alerts.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Unavailable { .. } => "unavailable",
            Self::NotAuthenticated { .. } => "not-authenticated",
            Self::ClockSkew { .. } => "clock-skew",
            Self::NotPermitted { .. } => "not-permitted",
            Self::NotResponsible { .. } => "not-responsible",
            Self::Unpublishable { .. } => "unpublishable",
            Self::Protocol { .. } => "protocol",
        }
    }
}
