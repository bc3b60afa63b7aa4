//! Talking to nodes from the command line.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_healthcheck::{Access, Endpoint, Tls, client, connect};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, cmd};
use tokio::sync::mpsc::{Receiver, channel};

use crate::cli::AccessArgs;

/// Where a sentinel listens if nothing else is said.
pub(crate) const SENTINEL_PORT: u16 = 26379;
/// Where a data node listens if nothing else is said.
pub(crate) const NODE_PORT: u16 = 6379;

impl AccessArgs {
    /// Reads the files that the options name.
    pub(crate) fn load(&self) -> Result<Access> {
        let password = self.password_file.as_deref().map(read_password).transpose()?;
        let client = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
            _ => None,
        };
        let ca = self.cacert.as_deref().map(read).transpose()?;
        Ok(Access { username: self.user.clone(), password, tls: self.tls.then_some(Tls { ca, client }) })
    }
}

/// The first line of a file.
pub(crate) fn read_password(path: &Path) -> Result<String> {
    let text = String::from_utf8(read(path)?).with_context(|| format!("{} is not text", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Events that wait to be read; more are lost. A sentinel publishes dozens in a failover.
const EVENTS_MAX: usize = 1024;

/// A sentinel's replies.
pub(crate) struct SentinelClient {
    connection: MultiplexedConnection,
}

/// An instance as `SENTINEL MASTER`, `REPLICAS` and `SENTINELS` describe it.
pub(crate) type Fields = HashMap<String, String>;

impl SentinelClient {
    /// Connects to the sentinel at `endpoint`.
    pub(crate) async fn connect(endpoint: &Endpoint, access: &Access, limit: Duration) -> Result<Self> {
        let connection = connect(endpoint, access, limit).await.with_context(|| format!("sentinel {endpoint}"))?;
        Ok(Self { connection })
    }

    /// All groups.
    pub(crate) async fn masters(&mut self) -> Result<Vec<Fields>> {
        Ok(cmd("SENTINEL").arg("MASTERS").query_async(&mut self.connection).await?)
    }

    /// One group.
    pub(crate) async fn master(&mut self, group: &str) -> Result<Fields> {
        Ok(cmd("SENTINEL").arg("MASTER").arg(group).query_async(&mut self.connection).await?)
    }

    /// The replicas of a group.
    pub(crate) async fn replicas(&mut self, group: &str) -> Result<Vec<Fields>> {
        Ok(cmd("SENTINEL").arg("REPLICAS").arg(group).query_async(&mut self.connection).await?)
    }

    /// The other sentinels of a group.
    pub(crate) async fn sentinels(&mut self, group: &str) -> Result<Vec<Fields>> {
        Ok(cmd("SENTINEL").arg("SENTINELS").arg(group).query_async(&mut self.connection).await?)
    }

    /// Where clients are sent to.
    pub(crate) async fn address(&mut self, group: &str) -> Result<Option<Endpoint>> {
        let mut request = cmd("SENTINEL");
        request.arg("GET-MASTER-ADDR-BY-NAME").arg(group);
        let reply: Option<(String, u16)> = request.query_async(&mut self.connection).await?;
        Ok(reply.map(|(host, port)| Endpoint::new(host, port)))
    }

    /// Where else clients find the masters. Only bongsu's sentinels know.
    pub(crate) async fn publications(&mut self, group: Option<&str>) -> Result<Vec<Fields>> {
        Ok(cmd("BONGSU").arg("PUBLICATIONS").arg(group.as_slice()).query_async(&mut self.connection).await?)
    }

    /// Makes the targets of a group look at their record.
    pub(crate) async fn publish(&mut self, group: &str, target: Option<&str>, force: bool) -> Result<()> {
        let mut request = cmd("BONGSU");
        request.arg("PUBLISH").arg(group).arg(target.as_slice()).arg(force.then_some("FORCE").as_slice());
        Ok(request.exec_async(&mut self.connection).await?)
    }

    /// The latest runs of hooks.
    pub(crate) async fn hooks(&mut self, group: Option<&str>) -> Result<Vec<Fields>> {
        Ok(cmd("BONGSU").arg("HOOKS").arg(group).query_async(&mut self.connection).await?)
    }

    /// Runs the hooks of a group, or one of them, as if something had happened.
    pub(crate) async fn try_hooks(&mut self, group: &str, hook: Option<&str>) -> Result<Vec<Fields>> {
        let mut request = cmd("BONGSU");
        request.arg("HOOKS").arg("DRYRUN").arg(group).arg(hook);
        Ok(request.query_async(&mut self.connection).await?)
    }

    /// Starts a failover of a reachable group.
    pub(crate) async fn failover(&mut self, group: &str) -> Result<()> {
        Ok(cmd("SENTINEL").arg("FAILOVER").arg(group).exec_async(&mut self.connection).await?)
    }
}

/// What a sentinel publishes.
pub(crate) struct Events {
    // The subscription ends with its connection.
    _connection: MultiplexedConnection,
    pushes: Receiver<PushInfo>,
}

/// One published event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its name, which is the channel.
    pub(crate) name: String,
    /// What follows the name.
    pub(crate) payload: String,
}

impl Events {
    /// Subscribes to everything that the sentinel at `endpoint` publishes.
    pub(crate) async fn subscribe(endpoint: &Endpoint, access: &Access, limit: Duration) -> Result<Self> {
        let client = client(endpoint, access, ProtocolVersion::RESP3)?;
        let (sender, pushes) = channel(EVENTS_MAX);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit))
            .set_push_sender(move |push| sender.try_send(push).or(Ok::<(), ()>(())));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.psubscribe("*").await?;
        Ok(Self { _connection: connection, pushes })
    }

    /// The next event; `None` when the sentinel is gone.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let push = self.pushes.recv().await?;
            if push.kind == redis::PushKind::Disconnection {
                return None;
            }
            if let Some(message) = redis::Msg::from_push_info(push) {
                let payload = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
                return Some(Event { name: message.get_channel_name().to_owned(), payload });
            }
        }
    }
}

/// Runs a command's work to its end on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // Names are looked up on threads, which nobody can stop: one that nobody waits for any longer is not to hold up the end.
    runtime.shutdown_background();
    result
}
