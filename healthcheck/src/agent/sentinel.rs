//! One task for each sentinel: it asks for the lease, listens for switches, and delays nobody but itself.

use std::collections::HashMap;
use std::time::Duration;

use bongsu_sentinel_core::{Addr, Epoch, LeaseAnswer, LeaseRefusal, RunId, Time};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, RedisError, cmd};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::clock;
use crate::Endpoint;
use crate::access::{Access, client};

/// What tells that a group may be on its way to another master.
const EVENTS: [&str; 7] = [
    "+switch-master",
    "+odown",
    "+elected-leader",
    "+promoted-slave",
    "+config-update-from",
    "+failover-end",
    "+try-failover",
];

/// Events that wait to be looked at. They are hints to ask at once, for which one is as good as many.
const HINTS_MAX: usize = 16;

/// Pauses between attempts to connect: a sentinel that is back is found soon, one that is gone costs little.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How often the other sentinels are asked for.
const PEERS_EVERY: Duration = Duration::from_secs(10);

/// What all sentinels are to be asked, as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Order {
    /// Pause between requests for the lease; `None` asks for none.
    pub(super) every: Option<Duration>,
    /// Grows when a request is to be made at once.
    pub(super) pokes: u64,
    /// Grows when what was granted is to be given back.
    pub(super) releases: u64,
    /// When it was let go.
    pub(super) let_go: Time,
}

/// What is asked for.
#[derive(Clone)]
pub(super) struct Petition {
    pub(super) group: String,
    pub(super) holder: RunId,
    pub(super) node: Addr,
    pub(super) wanted: Duration,
    /// Longest wait for an answer.
    pub(super) limit: Duration,
}

/// What a sentinel said, or what is known of it.
#[derive(Debug)]
pub(super) enum Heard {
    Answer {
        by: Endpoint,
        sentinel: RunId,
        sent: Time,
        answer: LeaseAnswer,
    },
    /// The group may be changing.
    Hint,
    /// Other sentinels of the group.
    Peers(Vec<(RunId, Endpoint)>),
    /// It cannot be asked, or did not answer.
    Failed {
        by: Endpoint,
        error: SentinelError,
    },
    /// It took back what it had granted, or had granted nothing.
    Released,
}

/// Why a sentinel gave no answer.
#[derive(Debug, Error)]
pub(super) enum SentinelError {
    #[error("no answer within {} ms", limit.as_millis())]
    NoAnswer { limit: Duration },
    #[error("{0}")]
    Refused(#[from] RedisError),
    #[error("an answer that makes no sense: {0}")]
    Nonsense(String),
    #[error("it closed the connection")]
    Closed,
}

/// One sentinel.
pub(super) struct Desk {
    pub(super) endpoint: Endpoint,
    pub(super) access: Access,
    pub(super) petition: Petition,
    pub(super) orders: watch::Receiver<Order>,
    pub(super) heard: mpsc::Sender<Heard>,
}

struct Link {
    connection: MultiplexedConnection,
    hints: mpsc::Receiver<PushInfo>,
}

/// Works until nobody gives orders any more.
pub(super) async fn serve(mut desk: Desk) {
    let mut pause = RECONNECT.0;
    while desk.orders.has_changed().is_ok() {
        let error = match desk.connect().await {
            Ok(link) => {
                pause = RECONNECT.0;
                match desk.converse(link).await {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        desk.tell(Heard::Failed { by: desk.endpoint.clone(), error }).await;
        sleep(pause).await;
        pause = (pause * 2).min(RECONNECT.1);
    }
}

impl Desk {
    async fn tell(&self, heard: Heard) {
        // Nobody listens any more when the agent ends.
        let _ending = self.heard.send(heard).await;
    }

    async fn connect(&self) -> Result<Link, SentinelError> {
        let limit = self.petition.limit;
        let (sender, hints) = mpsc::channel(HINTS_MAX);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit))
            .set_push_sender(move |push| sender.try_send(push).or(Ok::<(), ()>(())));
        let client = client(&self.endpoint, &self.access, ProtocolVersion::RESP3)?;
        let connect = async {
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            let mut subscribe = cmd("SUBSCRIBE");
            subscribe.arg(&EVENTS);
            subscribe.exec_async(&mut connection).await?;
            Ok(Link { connection, hints })
        };
        timeout(limit, connect).await.unwrap_or(Err(SentinelError::NoAnswer { limit }))
    }

    /// Ends well when nobody gives orders any more.
    async fn converse(&mut self, mut link: Link) -> Result<(), SentinelError> {
        let mut order = self.orders.borrow_and_update().clone();
        let (mut next, mut peers) = (Instant::now(), Instant::now());
        loop {
            let every = order.every;
            tokio::select! {
                biased;
                changed = self.orders.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let fresh = self.orders.borrow_and_update().clone();
                    if fresh.releases != order.releases {
                        self.release(&mut link, fresh.let_go).await?;
                    }
                    if fresh.pokes != order.pokes {
                        next = Instant::now();
                    } else if let Some(every) = fresh.every {
                        next = next.min(Instant::now() + every);
                    }
                    order = fresh;
                }
                push = link.hints.recv() => {
                    match push {
                        None => return Err(SentinelError::Closed),
                        Some(push) if push.kind == PushKind::Disconnection => return Err(SentinelError::Closed),
                        Some(push) => self.hint(push),
                    }
                }
                () = sleep_until(next), if every.is_some() => {
                    self.ask(&mut link).await?;
                    next = Instant::now() + every.unwrap_or_default();
                }
                () = sleep_until(peers) => {
                    self.ask_for_peers(&mut link).await?;
                    peers = Instant::now() + PEERS_EVERY;
                }
            }
        }
    }

    /// Only events that may concern the group; their channels are those of all groups.
    fn hint(&self, push: PushInfo) {
        let Some(message) = redis::Msg::from_push_info(push) else { return };
        let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
        if text.split(' ').any(|word| word == self.petition.group) {
            // Where the agent has much to hear already, it is in a hurry anyway.
            let _full = self.heard.try_send(Heard::Hint);
        }
    }

    async fn ask(&self, link: &mut Link) -> Result<(), SentinelError> {
        let Petition { group, holder, node, wanted, .. } = &self.petition;
        let wanted = u64::try_from(wanted.as_millis()).unwrap_or(u64::MAX);
        // What is granted counts from before it was asked for.
        let sent = clock::now();
        let mut request = cmd("BONGSU");
        request.arg("LEASE").arg(group).arg(holder.as_str()).arg(node.host()).arg(node.port()).arg(wanted);
        request.arg(sent.as_ms());
        let told: HashMap<String, String> = self.query(&request, link).await?;
        let (sentinel, answer) = parse(&told).ok_or_else(|| SentinelError::Nonsense(format!("{told:?}")))?;
        self.tell(Heard::Answer { by: self.endpoint.clone(), sentinel, sent, answer }).await;
        Ok(())
    }

    async fn release(&self, link: &mut Link, let_go: Time) -> Result<(), SentinelError> {
        let mut request = cmd("BONGSU");
        request.arg("RELEASE").arg(&self.petition.group).arg(self.petition.holder.as_str()).arg(let_go.as_ms());
        self.query::<i64>(&request, link).await?;
        self.tell(Heard::Released).await;
        Ok(())
    }

    async fn ask_for_peers(&self, link: &mut Link) -> Result<(), SentinelError> {
        let mut request = cmd("SENTINEL");
        request.arg("SENTINELS").arg(&self.petition.group);
        let peers: Vec<HashMap<String, String>> = self.query(&request, link).await?;
        let peer = |fields: &HashMap<String, String>| {
            let port = fields.get("port")?.parse().ok().filter(|port| *port != 0)?;
            Some((RunId::parse(fields.get("runid")?)?, Endpoint::new(fields.get("ip")?.clone(), port)))
        };
        self.tell(Heard::Peers(peers.iter().filter_map(peer).collect())).await;
        Ok(())
    }

    async fn query<T: redis::FromRedisValue>(&self, request: &redis::Cmd, link: &mut Link) -> Result<T, SentinelError> {
        let limit = self.petition.limit;
        let answer = timeout(limit, request.query_async(&mut link.connection)).await;
        Ok(answer.map_err(|_elapsed| SentinelError::NoAnswer { limit })??)
    }
}

/// The fields of an answer to `BONGSU LEASE`.
fn parse(fields: &HashMap<String, String>) -> Option<(RunId, LeaseAnswer)> {
    let field = |name: &str| fields.get(name).map(String::as_str);
    let millis = |name: &str| field(name)?.parse().ok().map(Duration::from_millis);
    let verdict = match (millis("granted-ms"), field("refused")) {
        (Some(granted), None) => Ok(granted),
        (None, Some(word)) => Err(refusal(word, millis("left-ms"), field("master"), field("node"))),
        _ => return None,
    };
    let answer =
        LeaseAnswer { epoch: Epoch(field("epoch")?.parse().ok()?), voters: field("voters")?.parse().ok()?, verdict };
    Some((RunId::parse(field("run-id")?)?, answer))
}

/// A word that is not known refuses as well.
fn refusal(word: &str, left: Option<Duration>, master: Option<&str>, node: Option<&str>) -> LeaseRefusal {
    let left = left.unwrap_or_default();
    match (word, master.and_then(addr), node.and_then(addr)) {
        ("not-master", Some(master), _) => LeaseRefusal::NotMaster { master },
        ("held", _, Some(node)) => LeaseRefusal::Held { node, left },
        ("started", ..) => LeaseRefusal::Started { left },
        ("tilt", ..) => LeaseRefusal::Tilt,
        ("not-durable", ..) => LeaseRefusal::NotDurable,
        _ => LeaseRefusal::Silent,
    }
}

fn addr(text: &str) -> Option<Addr> {
    let (host, port) = text.rsplit_once(':')?;
    Addr::new(host.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Option<LeaseAnswer> {
        let id = "0123456789012345678901234567890123456789";
        let always = [("run-id", id), ("epoch", "3"), ("voters", "5")];
        let pairs = pairs.iter().chain(&always);
        parse(&pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).map(|(_, answer)| answer)
    }

    #[test]
    fn answers() {
        let granted = parsed(&[("granted-ms", "2900")]).expect("valid");
        assert_eq!(granted, LeaseAnswer { epoch: Epoch(3), voters: 5, verdict: Ok(Duration::from_millis(2900)) });
        let master = Addr::new("fd00::1", 6379).expect("valid");
        let refused = parsed(&[("refused", "not-master"), ("master", "[fd00::1]:6379")]).expect("valid");
        assert_eq!(refused.verdict, Err(LeaseRefusal::NotMaster { master }));
        let held = parsed(&[("refused", "held"), ("left-ms", "7"), ("node", "10.0.0.1:6379")]).expect("valid").verdict;
        assert_eq!(held.expect_err("refused").left(), Some(Duration::from_millis(7)));
        assert_eq!(parsed(&[("refused", "a word of tomorrow")]).expect("valid").verdict, Err(LeaseRefusal::Silent));
        assert!(parsed(&[]).is_none());
        assert!(parsed(&[("granted-ms", "1"), ("refused", "silent")]).is_none());
        assert!(parsed(&[("granted-ms", "-1")]).is_none());
    }
}
