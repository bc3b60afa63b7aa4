//! One probe: `PING`, then what the node says of itself, all under one deadline.

use std::time::Duration;

use bongsu_protocol::info::NodeInfo;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value, cmd};
use tokio::time::{Instant, timeout_at};

use crate::Endpoint;
use crate::access::{Access, ConnectError, connect};
use crate::report::{Concern, Doubt, Facts, Failure, Report, Role, Verdict, millis};

/// Asks the node at `endpoint` how it is. Takes at most `limit`, connecting included, and never fails: what goes wrong
/// is the verdict.
pub async fn probe(endpoint: &Endpoint, access: &Access, limit: Duration) -> Report {
    let mut report = Report { endpoint: endpoint.clone(), verdict: Verdict::Ok, ping_ms: None, facts: None };
    let deadline = Instant::now() + limit;
    report.verdict = match timeout_at(deadline, ask(access, limit, &mut report)).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(error)) if report.ping_ms.is_none() && has_hung_up(&error) => {
            not_a_node("the connection was closed without an answer".to_owned())
        }
        Ok(Err(error)) => verdict_of(&error, limit),
        Err(_elapsed) => no_answer(limit),
    };
    report
}

async fn ask(access: &Access, limit: Duration, report: &mut Report) -> Result<Verdict, ConnectError> {
    let mut connection = connect(&report.endpoint, access, limit).await?;
    let start = Instant::now();
    let pong = cmd("PING").query_async::<String>(&mut connection).await;
    let answered = start.elapsed();
    let refused = match pong {
        Ok(text) if text == "PONG" => None,
        Ok(text) => return Ok(not_a_node(format!("PING was answered with '{text}'"))),
        Err(error) if is_refusal(&error) => Some(message(&error)),
        Err(error) => return Err(error.into()),
    };
    report.ping_ms = Some(millis(answered));

    if let Some(groups) = sentinel_groups(&mut connection).await? {
        report.facts = Some(Facts { role: Some(Role::Sentinel { groups }), ..Facts::default() });
        return Ok(Verdict::Ok);
    }
    let text: Vec<u8> = cmd("INFO").query_async(&mut connection).await?;
    let info = NodeInfo::parse(&text);
    if info.role.is_none() {
        return Ok(not_a_node("INFO names no role".to_owned()));
    }
    report.facts = Some(Facts::of(&info));
    Ok(verdict_on(&info, refused))
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

fn verdict_on(info: &NodeInfo, refused: Option<String>) -> Verdict {
    let link = &info.master_link;
    let is_replica = matches!(info.role, Some(bongsu_protocol::info::NodeRole::Replica));
    let concern = if info.loading == Some(true) {
        Concern::Loading { eta_seconds: info.loading_eta_seconds }
    } else if is_replica && link.sync_in_progress {
        Concern::Syncing
    } else if is_replica && !link.up {
        Concern::MasterLinkDown { since_seconds: link.down_since_seconds.filter(|&seconds| seconds >= 0) }
    } else if let Some(message) = refused {
        Concern::PingRefused { message }
    } else if info.rdb_last_bgsave_ok == Some(false) || info.aof_last_write_ok == Some(false) {
        Concern::PersistenceFailing
    } else {
        return Verdict::Ok;
    };
    Verdict::Warning(concern)
}

fn verdict_of(error: &ConnectError, limit: Duration) -> Verdict {
    let error = match error {
        ConnectError::NoAnswer { .. } => return no_answer(limit),
        ConnectError::Refused(error) => error,
    };
    if error.is_timeout() {
        no_answer(limit)
    } else if matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED"))
        || error.kind() == ErrorKind::AuthenticationFailed
    {
        Verdict::Unknown(Doubt::NotAllowed { message: message(error) })
    } else if error.is_io_error() || error.is_unrecoverable_error() && error.code().is_none() {
        Verdict::Critical(Failure::Unreachable { message: message(error) })
    } else {
        not_a_node(message(error))
    }
}

/// Whether somebody took the connection and closed it.
fn has_hung_up(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Refused(error) if error.is_connection_dropped() && !error.is_connection_refusal())
}

/// Whether the node answered, but with an error that says nothing about the request being forbidden.
fn is_refusal(error: &RedisError) -> bool {
    !matches!(error.code(), None | Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError))
}

fn no_answer(limit: Duration) -> Verdict {
    Verdict::Critical(Failure::NoAnswer { limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) })
}

const fn not_a_node(message: String) -> Verdict {
    Verdict::Unknown(Doubt::NotANode { message })
}

fn message(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}
