//! Asking the node and the sentinels, over and over, and at once when a sentinel says that something has changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bongsu_protocol::info::NodeInfo;
use redis::aio::MultiplexedConnection;
use redis::{ProtocolVersion, cmd};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::state::{Heard, Node, State};
use crate::probe::{finding_of, is_refusal, message};
use crate::sentinels::testify;
use crate::survey::Reach;
use crate::{Access, ConnectError, Endpoint, Facts, client, connect};

/// What sentinels publish when they send clients elsewhere.
const SWITCH_CHANNEL: &str = "+switch-master";
/// Shortest time between two rounds of questions, so that no sentinel can make us busy by publishing a lot.
const ROUNDS_APART: Duration = Duration::from_millis(20);
/// Events of one sentinel that wait: in a failover it publishes one on the only channel that is listened to.
const EVENTS_MAX: usize = 64;
/// Time before a sentinel is subscribed to again.
const RESUBSCRIBE_AFTER: Duration = Duration::from_secs(1);

/// What all tasks share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Changes when everybody is to be asked at once.
    changes: watch::Sender<()>,
    /// The master of a replica has told how far it is.
    master_told: Notify,
    pub(super) group: Option<String>,
    reach: Reach,
    maintenance_file: Option<PathBuf>,
}

impl Shared {
    pub(super) fn new(state: State, group: Option<String>, reach: Reach, maintenance_file: Option<PathBuf>) -> Self {
        Self {
            state: Mutex::new(state),
            changes: watch::Sender::new(()),
            master_told: Notify::new(),
            group,
            reach,
            maintenance_file,
        }
    }

    /// What is known. Held for as long as something is computed from it, never across a wait.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts asking the node, and the sentinels that are known.
pub(super) fn start(shared: &Arc<Shared>, sentinels: &[Endpoint]) {
    tokio::spawn(watch_node(Arc::clone(shared)));
    tokio::spawn(watch_master(Arc::clone(shared)));
    for endpoint in sentinels {
        watch_sentinel(shared, endpoint.clone());
    }
}

/// A connection that is made anew when it is needed.
struct Link {
    endpoint: Endpoint,
    access: Access,
    connection: Option<MultiplexedConnection>,
}

impl Link {
    const fn new(endpoint: Endpoint, access: Access) -> Self {
        Self { endpoint, access, connection: None }
    }

    /// Asks on the connection that there is, and once more on a new one if that was lost meanwhile: a sentinel that
    /// reconfigures a node cuts its connections.
    async fn ask<T, E, F>(&mut self, limit: Duration, question: impl Fn(MultiplexedConnection) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<ConnectError>,
    {
        let asking = async {
            if let Some(connection) = self.connection.clone()
                && let Ok(answer) = question(connection).await
            {
                return Ok(answer);
            }
            self.connection = None;
            let connection = connect(&self.endpoint, &self.access, limit).await.map_err(E::from)?;
            let answer = question(connection.clone()).await?;
            self.connection = Some(connection);
            Ok(answer)
        };
        match timeout(limit, asking).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => {
                self.connection = None;
                Err(ConnectError::NoAnswer { limit }.into())
            }
        }
    }
}

async fn ask_node(mut connection: MultiplexedConnection) -> Result<Node, ConnectError> {
    let refused = match cmd("PING").query_async::<redis::Value>(&mut connection).await {
        Ok(_) => None,
        Err(error) if is_refusal(&error) => Some(message(&error)),
        Err(error) => return Err(error.into()),
    };
    let text: Vec<u8> = cmd("INFO").query_async(&mut connection).await?;
    Ok(Node { info: NodeInfo::parse(&text), refused })
}

async fn ask_master(mut connection: MultiplexedConnection) -> Result<Facts, ConnectError> {
    let text: Vec<u8> = cmd("INFO").arg("replication").query_async(&mut connection).await?;
    Ok(Facts::of(NodeInfo::parse(&text)))
}

async fn watch_node(shared: Arc<Shared>) {
    let mut changes = shared.changes.subscribe();
    let mut node = Link::new(shared.state().endpoint().clone(), shared.reach.nodes.clone());
    loop {
        let asked = Instant::now();
        let pace = shared.state().pace();
        let limit = shared.reach.limit.min(pace.fresh);
        let answer = node.ask(limit, ask_node).await;
        let in_maintenance = match &shared.maintenance_file {
            Some(path) => tokio::fs::try_exists(path).await.unwrap_or(true),
            None => false,
        };
        {
            let mut state = shared.state();
            state.node = match answer {
                Ok(what) if what.info.role.is_some() => Ok(Heard { asked, what }),
                Ok(_) => Err("INFO names no role".to_owned()),
                Err(error) => Err(finding_of(&error, limit).to_string()),
            };
            state.in_maintenance = in_maintenance;
            state.round_ended = Instant::now();
        }
        // Asked right after its master, a replica lacks only what it really lacks.
        tokio::select! {
            () = rest(&mut changes, asked, pace.interval) => {}
            () = shared.master_told.notified() => {}
        }
    }
}

/// Asks the master of a replica. One that does not answer delays nothing else.
async fn watch_master(shared: Arc<Shared>) {
    let mut changes = shared.changes.subscribe();
    let mut link: Option<Link> = None;
    loop {
        let asked = Instant::now();
        let (followed, pace) = {
            let state = shared.state();
            (state.followed(asked), state.pace())
        };
        link = match (followed, link) {
            (Some(followed), Some(link)) if link.endpoint == followed => Some(link),
            (Some(followed), _) => Some(Link::new(followed, shared.reach.nodes.clone())),
            (None, _) => None,
        };
        if let Some(link) = &mut link {
            let answer: Result<Facts, ConnectError> = link.ask(shared.reach.limit, ask_master).await;
            if let Ok(facts) = answer {
                shared.state().heard_master(asked, Instant::now(), &facts);
                shared.master_told.notify_one();
            }
        }
        rest(&mut changes, asked, pace.interval).await;
    }
}

/// Waits until it is time for the next round, or until there is a reason for it.
async fn rest(changes: &mut watch::Receiver<()>, start: Instant, interval: Duration) {
    let next = tokio::time::Instant::from_std(start + interval);
    // The sender lives as long as the tasks do.
    let _changed = tokio::time::timeout_at(next, changes.changed()).await;
    tokio::time::sleep_until(tokio::time::Instant::from_std(start + ROUNDS_APART)).await;
}

fn watch_sentinel(shared: &Arc<Shared>, endpoint: Endpoint) {
    let Some(group) = shared.group.clone() else { return };
    let events = tokio::spawn(watch_events(Arc::clone(shared), endpoint.clone(), group.clone()));
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        question_sentinel(&shared, endpoint, &group).await;
        events.abort();
    });
}

/// Ends when nobody knows this sentinel any more.
async fn question_sentinel(shared: &Arc<Shared>, endpoint: Endpoint, group: &str) {
    let mut changes = shared.changes.subscribe();
    let mut link = Link::new(endpoint.clone(), shared.reach.sentinels.clone());
    loop {
        let start = Instant::now();
        let (wanted, pace) = {
            let mut state = shared.state();
            (state.is_wanted(&endpoint, start), state.pace())
        };
        if !wanted {
            return;
        }
        let limit = shared.reach.limit.min(pace.fresh);
        let answer = link.ask(limit, |connection| async move { testify(&connection, group).await }).await;
        let unasked = {
            let mut state = shared.state();
            if let Ok(testimony) = answer {
                state.heard_sentinel(&endpoint, start, testimony);
            }
            if state.pace().interval < pace.interval {
                // Those who rest would rest for too long.
                shared.changes.send_replace(());
            }
            state.take_unasked()
        };
        for endpoint in unasked {
            watch_sentinel(shared, endpoint);
        }
        rest(&mut changes, start, pace.interval).await;
    }
}

/// Listens to what a sentinel publishes. Where that fails, the questions at intervals remain.
async fn watch_events(shared: Arc<Shared>, endpoint: Endpoint, group: String) {
    loop {
        let _lost: Result<(), redis::RedisError> = listen(&shared, &endpoint, &group).await;
        tokio::time::sleep(RESUBSCRIBE_AFTER).await;
    }
}

async fn listen(shared: &Shared, endpoint: &Endpoint, group: &str) -> Result<(), redis::RedisError> {
    let client = client(endpoint, &shared.reach.sentinels, ProtocolVersion::RESP3)?;
    let limit = shared.reach.limit;
    // What finds no room is not missed: those who wait there make us ask everybody.
    let (sender, mut pushes) = tokio::sync::mpsc::channel(EVENTS_MAX);
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit))
        .set_push_sender(move |push| sender.try_send(push).or(Ok::<(), ()>(())));
    let subscribing = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(SWITCH_CHANNEL).await?;
        Ok::<_, redis::RedisError>(connection)
    };
    // The handshake is not covered by the limits of the connection.
    let Ok(connection) = timeout(limit, subscribing).await else { return Ok(()) };
    let _kept = connection?;
    while let Some(push) = pushes.recv().await {
        if push.kind == redis::PushKind::Disconnection {
            break;
        }
        let Some(event) = redis::Msg::from_push_info(push) else { continue };
        if event.get_payload_bytes().split(|byte| *byte == b' ').next() == Some(group.as_bytes()) {
            shared.state().outdated(endpoint, Instant::now());
            shared.changes.send_replace(());
        }
    }
    Ok(())
}
