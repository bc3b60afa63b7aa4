//! One probe: `PING`, then what the node says of itself, all under one deadline.

use std::time::Duration;

use bongsu_protocol::info::{NodeInfo, NodeRole};
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value, cmd};
use tokio::time::{Instant, timeout_at};

use crate::access::{Access, ConnectError, connect};
use crate::report::{Facts, Report, Role, millis, whole_millis};
use crate::write_probe::{ProbeKey, write_probe};
use crate::{Endpoint, Finding};

/// What of a text from outside is shown, in characters; errors of nodes are shorter.
const SHOWN_CHARS_MAX: usize = 300;

/// Asks the node at `endpoint` how it is. Takes at most `limit`, connecting included, and never fails: what goes wrong
/// is a finding. With a `key`, a node that says it is a master is also asked to take a write, for which there is `limit`
/// once more.
pub async fn probe(endpoint: &Endpoint, access: &Access, limit: Duration, key: Option<&ProbeKey>) -> Report {
    let mut report = Report::new(endpoint);
    let deadline = Instant::now() + limit;
    let outcome = timeout_at(deadline, ask(access, limit, &mut report)).await;
    let finding = match outcome {
        Ok(Ok(mut connection)) => {
            if let Some(key) = key.filter(|_| report.is_master()) {
                write_probe(&mut connection, key, limit, &mut report).await;
            }
            return report;
        }
        Ok(Err(Stop::Found(finding))) => finding,
        Ok(Err(Stop::Done)) => return report,
        Ok(Err(Stop::Connect(error))) if report.ping_ms.is_none() && has_hung_up(&error) => {
            not_a_node("the connection was closed without an answer".to_owned())
        }
        Ok(Err(Stop::Connect(error))) => finding_of(&error, limit),
        Err(_elapsed) => no_answer(limit),
    };
    report.findings.insert(0, finding);
    report
}

/// Why asking ends before there is everything.
enum Stop {
    /// There is no more to ask.
    Done,
    /// The answer itself is what is wrong.
    Found(Finding),
    /// The connection failed.
    Connect(ConnectError),
}

impl<E: Into<ConnectError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Connect(error.into())
    }
}

async fn ask(access: &Access, limit: Duration, report: &mut Report) -> Result<MultiplexedConnection, Stop> {
    let mut connection = connect(&report.endpoint, access, limit).await?;
    let start = Instant::now();
    let pong = cmd("PING").query_async::<String>(&mut connection).await;
    let answered = start.elapsed();
    let refused = match pong {
        Ok(text) if text == "PONG" => None,
        Ok(text) => return Err(Stop::Found(not_a_node(format!("PING was answered with '{}'", shown(&text))))),
        Err(error) if is_refusal(&error) => Some(message(&error)),
        Err(error) => return Err(error.into()),
    };
    report.ping_ms = Some(millis(answered));

    if let Some(groups) = sentinel_groups(&mut connection).await? {
        report.facts = Some(Facts { role: Some(Role::Sentinel { groups }), ..Facts::default() });
        return Err(Stop::Done);
    }
    let text: Vec<u8> = cmd("INFO").query_async(&mut connection).await?;
    let info = NodeInfo::parse(&text);
    if info.role.is_none() {
        return Err(Stop::Found(not_a_node("INFO names no role".to_owned())));
    }
    report.findings = findings_on(&info, refused);
    report.facts = Some(Facts::of(info));
    Ok(connection)
}

/// The groups of a sentinel; `None` if the node is none, or does not let us ask.
async fn sentinel_groups(connection: &mut MultiplexedConnection) -> Result<Option<Vec<String>>, RedisError> {
    let role: Value = match cmd("ROLE").query_async(connection).await {
        Ok(role) => role,
        Err(error) if is_refusal(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match redis::from_redis_value::<(String, Vec<String>)>(role) {
        Ok((name, groups)) if name == "sentinel" => Ok(Some(groups)),
        _ => Ok(None),
    }
}

/// What is wrong with a data node by its own words, the cause before its consequences.
pub(crate) fn findings_on(info: &NodeInfo, refused: Option<String>) -> Vec<Finding> {
    let link = &info.master_link;
    let is_replica = matches!(info.role, Some(NodeRole::Replica));
    let mut findings = Vec::new();
    if info.loading == Some(true) {
        findings.push(Finding::Loading { eta_seconds: info.loading_eta_seconds });
    } else if is_replica && link.sync_in_progress {
        findings.push(Finding::Syncing);
    } else if is_replica && !link.up {
        let since_seconds = link.down_since_seconds.filter(|&seconds| seconds >= 0);
        findings.push(Finding::MasterLinkDown { since_seconds });
    } else if let Some(message) = refused {
        findings.push(Finding::PingRefused { message });
    }
    if info.rdb_last_bgsave_ok == Some(false) {
        findings.push(Finding::SnapshotFailing);
    }
    if info.aof_last_write_ok == Some(false) {
        findings.push(Finding::LogFailing);
    }
    findings
}

/// What a failed connection or request amounts to.
pub(crate) fn finding_of(error: &ConnectError, limit: Duration) -> Finding {
    let error = match error {
        ConnectError::NoAnswer { .. } => return no_answer(limit),
        ConnectError::Refused(error) => error,
    };
    if error.is_timeout() {
        no_answer(limit)
    } else if matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED"))
        || error.kind() == ErrorKind::AuthenticationFailed
    {
        Finding::NotAllowed { message: message(error) }
    } else if error.is_io_error() || error.is_unrecoverable_error() && error.code().is_none() {
        Finding::Unreachable { message: message(error) }
    } else {
        not_a_node(message(error))
    }
}

/// Whether somebody took the connection and closed it.
fn has_hung_up(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Refused(error) if error.is_connection_dropped() && !error.is_connection_refusal())
}

/// Whether the node answered, but with an error that says nothing about the request being forbidden.
pub(crate) fn is_refusal(error: &RedisError) -> bool {
    !matches!(error.code(), None | Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError))
}

fn no_answer(limit: Duration) -> Finding {
    Finding::NoAnswer { limit_ms: whole_millis(limit) }
}

const fn not_a_node(message: String) -> Finding {
    Finding::NotANode { message }
}

/// An error in the words in which it came.
pub(crate) fn message(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => shown(&format!("{code} {detail}")),
        _ => shown(&error.to_string()),
    }
}

/// The beginning of a text from outside, without signs that steer a terminal.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
