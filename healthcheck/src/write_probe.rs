//! Does a master take writes? Many that answer `PING` do not.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, cmd};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::probe::message;
use crate::report::{Report, millis, whole_millis};
use crate::{Finding, finding::Refusal};

/// What values of probes begin with; a key that holds anything else belongs to somebody.
const MARK: &str = "bongsu-write-probe:";
/// How long a written value stays if nobody writes another one.
const VALUE_LIFETIME: Duration = Duration::from_secs(60);
/// Longest key: nobody names a key for probes longer than this.
const KEY_BYTES_MAX: usize = 512;

/// A key that probes may write to, with the value of this probe.
#[derive(Clone, Debug)]
pub struct ProbeKey {
    key: String,
    value: String,
}

/// Why a text is no key for probes.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a key for write probes has 1 to {KEY_BYTES_MAX} bytes, not {bytes}")]
pub struct ProbeKeyError {
    /// Length that it has.
    bytes: usize,
}

impl ProbeKey {
    /// A key, and a token that no other probe has.
    pub fn new(key: String, token: impl fmt::Display) -> Result<Self, ProbeKeyError> {
        match key.len() {
            1..=KEY_BYTES_MAX => Ok(Self { key, value: format!("{MARK}{token}") }),
            bytes => Err(ProbeKeyError { bytes }),
        }
    }
}

/// Why a write did not go through.
enum Fault {
    Finding(Finding),
    Error(RedisError),
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        Self::Error(error)
    }
}

/// Writes, reads back, and adds to `report` what came of it.
pub(crate) async fn write_probe(
    connection: &mut MultiplexedConnection,
    key: &ProbeKey,
    limit: Duration,
    report: &mut Report,
) {
    let start = Instant::now();
    let finding = match timeout_at(start + limit, write(connection, key)).await {
        Ok(Ok(())) => {
            report.write_ms = Some(millis(start.elapsed()));
            return;
        }
        Ok(Err(Fault::Finding(finding))) => finding,
        Ok(Err(Fault::Error(error))) if error.is_timeout() => hung(limit),
        Ok(Err(Fault::Error(error))) if error.is_io_error() => Finding::Unreachable { message: message(&error) },
        Ok(Err(Fault::Error(error))) => {
            Finding::WriteRefused { refusal: Refusal::of(error.code()), message: message(&error) }
        }
        Err(_elapsed) => hung(limit),
    };
    report.findings.push(finding);
}

fn hung(limit: Duration) -> Finding {
    Finding::WriteHung { limit_ms: whole_millis(limit) }
}

async fn write(connection: &mut MultiplexedConnection, key: &ProbeKey) -> Result<(), Fault> {
    let held = read(connection, &key.key).await?;
    if held.is_some_and(|value| !value.starts_with(MARK.as_bytes())) {
        return Err(Fault::Finding(Finding::ProbeKeyInUse { key: key.key.clone() }));
    }
    let lifetime_ms = whole_millis(VALUE_LIFETIME);
    cmd("SET").arg(&key.key).arg(&key.value).arg("PX").arg(lifetime_ms).exec_async(connection).await?;
    match read(connection, &key.key).await? {
        // Another probe may have written in between: writes go through all the same.
        Some(value) if value.starts_with(MARK.as_bytes()) => Ok(()),
        _ => Err(Fault::Finding(Finding::WriteLost)),
    }
}

/// A value of another type is somebody's too.
async fn read(connection: &mut MultiplexedConnection, key: &str) -> Result<Option<Vec<u8>>, RedisError> {
    match cmd("GET").arg(key).query_async(connection).await {
        Err(error) if error.code() == Some("WRONGTYPE") => Ok(Some(Vec::new())),
        other => other,
    }
}
