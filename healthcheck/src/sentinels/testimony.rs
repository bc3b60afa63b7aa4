//! One sentinel's view of a group.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisError, cmd};
use thiserror::Error;

use crate::probe::{is_refusal, message};
use crate::{ConnectError, Endpoint};

/// Most replicas or sentinels that are taken from one answer: the rest of a forged list is ignored.
const MEMBERS_MAX: usize = 1024;

/// Longest host: no name of the DNS is longer (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 255;

/// What a sentinel says of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Testimony {
    /// The id of the sentinel (`SENTINEL MYID`); `None` before Redis 6.2.
    pub id: Option<String>,
    /// The master that it sends clients to; `None` if it names none.
    pub master: Option<Endpoint>,
    /// The epoch of the configuration that names this master.
    pub config_epoch: u64,
    /// The master's run id, once the sentinel has learnt it.
    pub master_run_id: Option<String>,
    /// Whether it holds the master to be down (`s_down`).
    pub down: bool,
    /// Whether it knows that a quorum holds the master to be down (`o_down`).
    pub objectively_down: bool,
    /// How long a node is silent before this sentinel holds it to be down.
    pub down_after: Option<Duration>,
    /// The replicas that it knows.
    pub replicas: Vec<KnownNode>,
    /// The other sentinels that it knows.
    pub sentinels: Vec<KnownSentinel>,
}

/// A data node as a sentinel lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNode {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Its run id, once the sentinel has learnt it.
    pub run_id: Option<String>,
}

/// A sentinel as another one lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSentinel {
    /// Its id, which it keeps for life.
    pub id: String,
    /// Where it listens.
    pub endpoint: Endpoint,
}

/// Why a sentinel says nothing of a group.
#[derive(Debug, Error)]
pub enum TestimonyError {
    /// It cannot be asked.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It does not watch a group of this name.
    #[error("it knows no such group")]
    UnknownGroup,
    /// It answers with an error.
    #[error("{message}")]
    Refused {
        /// The error as it was sent.
        message: String,
    },
    /// Its answer lacks something.
    #[error("its answer lacks {what}")]
    Incomplete {
        /// The field.
        what: &'static str,
    },
}

type Fields = HashMap<String, String>;

/// Asks the sentinel at the other end of `connection` for `group`.
pub async fn testify(connection: &MultiplexedConnection, group: &str) -> Result<Testimony, TestimonyError> {
    let (id, master, replicas, sentinels) = tokio::join!(
        ask::<String>(connection, sentinel(&["MYID"])),
        ask::<Fields>(connection, sentinel(&["MASTER", group])),
        // The old name, which every version knows.
        ask::<Vec<Fields>>(connection, sentinel(&["SLAVES", group])),
        ask::<Vec<Fields>>(connection, sentinel(&["SENTINELS", group])),
    );
    let id = match id {
        Ok(id) => Some(id),
        Err(error) if is_refusal(&error) => None,
        Err(error) => return Err(ConnectError::Refused(error).into()),
    };
    let mut testimony = of_master(&master.map_err(understood)?)?;
    testimony.id = id;
    testimony.replicas = replicas
        .map_err(understood)?
        .iter()
        .take(MEMBERS_MAX)
        .filter_map(|fields| Some(KnownNode { endpoint: endpoint(fields)?, run_id: run_id(fields) }))
        .collect();
    testimony.sentinels = sentinels
        .map_err(understood)?
        .iter()
        .take(MEMBERS_MAX)
        .filter_map(|fields| Some(KnownSentinel { id: run_id(fields)?, endpoint: endpoint(fields)? }))
        .collect();
    Ok(testimony)
}

fn sentinel(words: &[&str]) -> Cmd {
    let mut request = cmd("SENTINEL");
    request.arg(words);
    request
}

async fn ask<T: FromRedisValue>(connection: &MultiplexedConnection, request: Cmd) -> Result<T, RedisError> {
    request.query_async(&mut connection.clone()).await
}

fn understood(error: RedisError) -> TestimonyError {
    if error.detail().is_some_and(|detail| detail.contains("No such master")) {
        TestimonyError::UnknownGroup
    } else if is_refusal(&error) {
        TestimonyError::Refused { message: message(&error) }
    } else {
        ConnectError::Refused(error).into()
    }
}

fn of_master(fields: &Fields) -> Result<Testimony, TestimonyError> {
    let epoch = fields.get("config-epoch").and_then(|epoch| epoch.parse().ok());
    let flags = fields.get("flags").ok_or(TestimonyError::Incomplete { what: "flags" })?;
    let has = |name: &str| flags.split(',').any(|flag| flag == name);
    let down_after = fields.get("down-after-milliseconds").and_then(|millis| millis.parse().ok());
    Ok(Testimony {
        master: endpoint(fields),
        config_epoch: epoch.ok_or(TestimonyError::Incomplete { what: "config-epoch" })?,
        master_run_id: run_id(fields),
        down: has("s_down"),
        objectively_down: has("o_down"),
        down_after: down_after.map(Duration::from_millis),
        ..Testimony::default()
    })
}

/// Where an instance listens; port 0 stands for nowhere.
fn endpoint(fields: &Fields) -> Option<Endpoint> {
    let host = fields.get("ip").filter(|host| is_plausible(host))?;
    let port = fields.get("port")?.parse().ok().filter(|&port| port != 0)?;
    Some(Endpoint::new(host, port))
}

/// Whether this may be a host name or an address: it is shown on terminals.
fn is_plausible(host: &str) -> bool {
    (1..=HOST_BYTES_MAX).contains(&host.len()) && !host.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn run_id(fields: &Fields) -> Option<String> {
    fields.get("runid").filter(|id| !id.is_empty()).cloned()
}
