//! Answers: what is known, held against a question.

use std::fmt;
use std::time::{Duration, Instant};

use bongsu_protocol::info::NodeRole;
use serde::Serialize;

use super::question::{Limits, Question};
use super::state::{Heard, Node, State};
use crate::report::whole_millis;
use crate::sentinels::{Agreement, majority};
use crate::{Endpoint, RoleName};

/// How long a round of questions to the node may be over before this program counts as stuck. Rounds end within their
/// time limits, whatever the node does.
const ROUND_AGE_MAX: Duration = Duration::from_secs(10);

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    /// Yes or no.
    pub(super) pass: bool,
    /// Why.
    pub(super) reason: Reason,
}

/// What an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Reason {
    /// It is a master, and a majority of the sentinels names it.
    Named { by: usize, voters: usize, config_epoch: u64 },
    /// It is a master; there are no sentinels to ask.
    Master,
    /// It is a replica within all limits.
    Replica,
    /// It answers.
    Answers,
    /// This program does its work.
    Running,
    /// An operator has taken the node out.
    InMaintenance,
    /// The node did not answer the last question.
    Silent { message: String },
    /// The node's last answer is too old.
    Stale { age_ms: u64 },
    /// The node reads its data from disk.
    Loading,
    /// The node is something else.
    WrongRole { role: Option<RoleName> },
    /// The sentinels' answers are too old or too few.
    TooFewSentinels { answering: usize, needed: usize, voters: usize },
    /// The sentinels do not agree under the newest epoch.
    NoAgreement { needed: usize, voters: usize },
    /// The sentinels name another master.
    AnotherNamed { master: Endpoint, config_epoch: u64 },
    /// A replica that receives its first copy of the data.
    Syncing,
    /// A replica without its master.
    LinkDown,
    /// How far the replica is behind is not known.
    LagUnknown,
    /// More bytes behind than asked for.
    LagBytes { bytes: u64, limit: u64 },
    /// Longer behind than asked for.
    LagTime { ms: u64, limit_ms: u64 },
    /// Its last acknowledgement is older than asked for.
    NotAcknowledged { ms: u64, limit_ms: u64 },
    /// Nothing has been asked for a while: this program is stuck.
    Stuck { since_ms: u64 },
}

fn pass(reason: Reason) -> Judgement {
    Judgement { pass: true, reason }
}

const fn fail(reason: Reason) -> Judgement {
    Judgement { pass: false, reason }
}

/// Answers `question` with what is known at `now`.
pub(super) fn judge(state: &State, question: &Question, now: Instant) -> Judgement {
    if *question == Question::Liveness {
        let since = now.saturating_duration_since(state.round_ended);
        return if since > ROUND_AGE_MAX {
            fail(Reason::Stuck { since_ms: whole_millis(since) })
        } else {
            pass(Reason::Running)
        };
    }
    let node = match answering(state, now) {
        Ok(node) => node,
        Err(reason) => return fail(reason),
    };
    if *question == Question::Health {
        return pass(Reason::Answers);
    }
    if state.in_maintenance {
        return fail(Reason::InMaintenance);
    }
    if node.what.info.loading == Some(true) {
        return fail(Reason::Loading);
    }
    let outcome = match question {
        Question::Primary => primary(state, node, now),
        Question::Replica(limits) => replica(state, node, *limits, now),
        Question::ReadOnly(limits) if node.what.info.role == Some(NodeRole::Replica) => {
            replica(state, node, *limits, now)
        }
        Question::ReadOnly(_) => primary(state, node, now),
        Question::Sync(limit) => sync(state, node, *limit, now),
        Question::Readiness => ready(node),
        // Both were answered above.
        Question::Health | Question::Liveness => Ok(Reason::Answers),
    };
    outcome.map_or_else(fail, pass)
}

/// The node's last answer, if it is fresh.
fn answering(state: &State, now: Instant) -> Result<&Heard<Node>, Reason> {
    let node = state.node.as_ref().map_err(|message| Reason::Silent { message: message.clone() })?;
    let age = node.age(now);
    if age > state.pace().fresh { Err(Reason::Stale { age_ms: whole_millis(age) }) } else { Ok(node) }
}

fn wrong_role(node: &Heard<Node>) -> Reason {
    Reason::WrongRole { role: role_name(node) }
}

/// What the node says that it is.
pub(super) fn role_name(node: &Heard<Node>) -> Option<RoleName> {
    node.what.info.role.map(|role| match role {
        NodeRole::Master => RoleName::Master,
        NodeRole::Replica => RoleName::Replica,
    })
}

fn primary(state: &State, node: &Heard<Node>, now: Instant) -> Result<Reason, Reason> {
    if node.what.info.role != Some(NodeRole::Master) {
        return Err(wrong_role(node));
    }
    if !state.has_group() {
        return Ok(Reason::Master);
    }
    let Agreement { named, claims, voters } = state.agreement(now);
    let needed = majority(voters);
    match named {
        Some(named) if state.is_me(&named.master) => {
            Ok(Reason::Named { by: named.by, voters, config_epoch: named.config_epoch })
        }
        Some(named) => Err(Reason::AnotherNamed { master: named.master, config_epoch: named.config_epoch }),
        None if claims.len() < needed => Err(Reason::TooFewSentinels { answering: claims.len(), needed, voters }),
        None => Err(Reason::NoAgreement { needed, voters }),
    }
}

fn replica(state: &State, node: &Heard<Node>, limits: Limits, now: Instant) -> Result<Reason, Reason> {
    let info = &node.what.info;
    if info.role != Some(NodeRole::Replica) {
        return Err(wrong_role(node));
    }
    if info.master_link.sync_in_progress {
        return Err(Reason::Syncing);
    }
    if limits.link_up && !info.master_link.up {
        return Err(Reason::LinkDown);
    }
    if let Some(limit) = limits.lag_bytes {
        let bytes = state.bytes_behind().ok_or(Reason::LagUnknown)?;
        if bytes > limit {
            return Err(Reason::LagBytes { bytes, limit });
        }
    }
    if let Some(limit) = limits.lag {
        let behind = state.time_behind(now).ok_or(Reason::LagUnknown)?;
        if behind > limit {
            return Err(Reason::LagTime { ms: whole_millis(behind), limit_ms: whole_millis(limit) });
        }
    }
    Ok(Reason::Replica)
}

fn sync(state: &State, node: &Heard<Node>, limit: Duration, now: Instant) -> Result<Reason, Reason> {
    replica(state, node, Limits { link_up: true, ..Limits::default() }, now)?;
    let behind = state.time_unacknowledged(now).ok_or(Reason::LagUnknown)?;
    if behind > limit {
        return Err(Reason::NotAcknowledged { ms: whole_millis(behind), limit_ms: whole_millis(limit) });
    }
    Ok(Reason::Replica)
}

/// Not asking the sentinels: where they are all away, clients that were sent here before are still served.
fn ready(node: &Heard<Node>) -> Result<Reason, Reason> {
    let info = &node.what.info;
    match info.role {
        Some(NodeRole::Master) => Ok(Reason::Master),
        Some(NodeRole::Replica) if info.master_link.sync_in_progress => Err(Reason::Syncing),
        Some(NodeRole::Replica) if !info.master_link.up => Err(Reason::LinkDown),
        Some(NodeRole::Replica) => Ok(Reason::Replica),
        None => Err(wrong_role(node)),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { by, voters, config_epoch } => {
                write!(f, "{by} of {voters} sentinels name it under epoch {config_epoch}")
            }
            Self::Master => f.write_str("a master"),
            Self::Replica => f.write_str("a replica within its limits"),
            Self::Answers => f.write_str("the node answers"),
            Self::Running => f.write_str("running"),
            Self::InMaintenance => f.write_str("in maintenance"),
            Self::Silent { message } => write!(f, "the node does not answer: {message}"),
            Self::Stale { age_ms } => write!(f, "the node's last answer is {age_ms} ms old"),
            Self::Loading => f.write_str("the node is loading its data"),
            Self::WrongRole { role: Some(role) } => write!(f, "the node is a {role}"),
            Self::WrongRole { role: None } => f.write_str("the node names no role"),
            Self::TooFewSentinels { answering, needed, voters } => {
                write!(f, "{answering} of {voters} sentinels answer, {needed} are needed")
            }
            Self::NoAgreement { needed, voters } => {
                write!(f, "no master is named by {needed} of {voters} sentinels under the newest epoch")
            }
            Self::AnotherNamed { master, config_epoch } => {
                write!(f, "the sentinels name {master} under epoch {config_epoch}")
            }
            Self::Syncing => f.write_str("receiving a full copy from its master"),
            Self::LinkDown => f.write_str("the link to its master is down"),
            Self::LagUnknown => f.write_str("how far it is behind is not known"),
            Self::LagBytes { bytes, limit } => write!(f, "{bytes} bytes behind, allowed are {limit}"),
            Self::LagTime { ms, limit_ms } => write!(f, "{ms} ms behind, allowed are {limit_ms}"),
            Self::NotAcknowledged { ms, limit_ms } => {
                write!(f, "has acknowledged what was written {ms} ms ago, allowed are {limit_ms}")
            }
            Self::Stuck { since_ms } => write!(f, "nothing was asked for {since_ms} ms"),
        }
    }
}
