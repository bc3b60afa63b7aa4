//! The data node beside the agent: is it the master, and how its clients are sent away.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use bongsu_sentinel_core::Time;
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Value, cmd};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::clock;
use crate::Endpoint;
use crate::access::{Access, ConnectError, connect};
use crate::agent::Vip;

/// Writes stop for so long, in which connections are cut and the address goes. No longer: what sentinels send to nodes they send over
/// the connection by which they publish, and a pause holds that up as well, the order to become a replica included.
const PAUSE: Duration = Duration::from_millis(200);

/// What the node says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Says {
    /// Nothing has been heard yet.
    Nothing,
    /// It is the master.
    Master,
    /// It is something else.
    Other {
        /// The role that it named.
        role: String,
    },
    /// Nothing listens there, or it does not let the agent ask.
    Refused {
        /// What was said.
        error: String,
    },
}

/// The last word of the node, and when it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    pub(super) says: Says,
    pub(super) asked: Time,
}

/// Whose connections are cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cut {
    /// Everybody's: the node is the master no longer.
    All,
    /// Those that came by way of the addresses.
    By(Vec<IpAddr>),
}

/// The way to the node.
pub(super) struct Node {
    endpoint: Endpoint,
    access: Access,
    /// One question may take so long. Silence that goes on is counted by who waits for an answer.
    limit: Duration,
    connection: RefCell<Option<MultiplexedConnection>>,
}

impl Node {
    pub(super) const fn new(endpoint: Endpoint, access: Access, limit: Duration) -> Self {
        Self { endpoint, access, limit, connection: RefCell::new(None) }
    }

    async fn connection(&self) -> Result<MultiplexedConnection, ConnectError> {
        let open = self.connection.borrow().clone();
        if let Some(open) = open {
            return Ok(open);
        }
        let connection = connect(&self.endpoint, &self.access, self.limit).await?;
        *self.connection.borrow_mut() = Some(connection.clone());
        Ok(connection)
    }

    /// `None` if it kept silent.
    async fn ask(&self) -> Option<Says> {
        for attempt in 0..2 {
            let mut connection = match self.connection().await {
                Ok(connection) => connection,
                Err(ConnectError::Refused(error)) if !error.is_timeout() => return Some(refused(&error)),
                Err(_) => return None,
            };
            let error = match role(&mut connection).await {
                Ok(says) => return Some(says),
                Err(error) => error,
            };
            self.connection.borrow_mut().take();
            // A node that is at a long script is as silent as one that stands still.
            if error.is_timeout() || error.code() == Some("BUSY") {
                return None;
            }
            // A connection that somebody cut says nothing about the node.
            if attempt > 0 || !error.is_connection_dropped() {
                return Some(refused(&error));
            }
        }
        None
    }

    /// Stops writes, then cuts connections, for at most `limit` in all.
    pub(super) async fn send_clients_away(&self, cut: &Cut, limit: Duration) -> Result<(), String> {
        let work = async {
            let mut connection = self.connection().await.map_err(|error| error.to_string())?;
            let mut requests = redis::pipe();
            let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
            requests.cmd("CLIENT").arg("PAUSE").arg(pause).arg("WRITE").ignore();
            match cut {
                Cut::All => {
                    for kind in ["normal", "pubsub"] {
                        requests.cmd("CLIENT").arg("KILL").arg("TYPE").arg(kind).ignore();
                    }
                }
                Cut::By(addresses) => {
                    for ip in addresses {
                        let local = Endpoint::new(ip.to_string(), self.endpoint.port()).to_string();
                        requests.cmd("CLIENT").arg("KILL").arg("LADDR").arg(local).ignore();
                    }
                }
            }
            requests.exec_async(&mut connection).await.map_err(|error| error.to_string())
        };
        timeout(limit, work).await.unwrap_or_else(|_elapsed| Err("no answer".to_owned()))
    }
}

fn refused(error: &RedisError) -> Says {
    Says::Refused { error: error.to_string() }
}

/// `ROLE` is answered while the data is being loaded; `PING` is not, and says so.
async fn role(connection: &mut MultiplexedConnection) -> Result<Says, RedisError> {
    let says = says(&cmd("ROLE").query_async::<Vec<Value>>(connection).await?);
    if says != Says::Master {
        return Ok(says);
    }
    match cmd("PING").query_async::<Value>(connection).await {
        Err(error) if error.code() == Some("LOADING") => {
            Ok(Says::Other { role: "master that loads its data".to_owned() })
        }
        Err(error) if error.code() == Some("BUSY") || error.code().is_none() => Err(error),
        // A user who may not ask is answered as well.
        Ok(_) | Err(_) => Ok(says),
    }
}

fn says(role: &[Value]) -> Says {
    let name = role.first().and_then(|name| redis::from_redis_value_ref::<String>(name).ok()).unwrap_or_default();
    if name == "master" { Says::Master } else { Says::Other { role: name } }
}

/// Asks the node again and again, `pace` apart. Ends when nobody wants to know.
pub(super) async fn watch(node: Rc<Node>, mut pace: watch::Receiver<Duration>, word: watch::Sender<Word>) {
    while !word.is_closed() {
        let asked = clock::now();
        // Who has heard nothing new goes by how old the last word is.
        if let Some(says) = node.ask().await {
            word.send_replace(Word { says, asked });
        }
        let pause = *pace.borrow_and_update();
        tokio::select! {
            () = sleep(pause) => {}
            // A shorter pause is worth a question at once.
            changed = pace.changed() => if changed.is_err() { return },
        }
    }
}

/// Addresses of these, to cut what came by way of them.
pub(super) fn addresses(vips: &[Vip]) -> Vec<IpAddr> {
    vips.iter().map(Vip::ip).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What is heard from a master that answers `PING` so.
    async fn heard(role: &str, ping: &str) -> Option<Says> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let node = Node::new(Endpoint::new("127.0.0.1", port), Access::default(), Duration::from_secs(10));
        let answers = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut asked = Vec::new();
            loop {
                asked.push(stream.read_u8().await.expect("a request"));
                let answer = match () {
                    () if asked.ends_with(b"ROLE\r\n") => role,
                    () if asked.ends_with(b"PING\r\n") => ping,
                    () => continue,
                };
                stream.write_all(answer.as_bytes()).await.expect("sent");
            }
        };
        tokio::select! {
            () = answers => None,
            says = node.ask() => says,
        }
    }

    #[tokio::test]
    async fn a_master_without_its_data_is_none_yet() {
        let master = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
        assert_eq!(heard(master, "+PONG\r\n").await, Some(Says::Master));
        assert_eq!(heard(master, "-NOPERM no\r\n").await, Some(Says::Master));
        let loading = heard(master, "-LOADING Redis is loading the dataset in memory\r\n").await;
        assert!(matches!(loading, Some(Says::Other { .. })), "{loading:?}");
    }

    #[tokio::test]
    async fn a_node_at_a_long_script_is_silent_and_not_gone() {
        assert_eq!(heard("-BUSY Redis is busy running a script.\r\n", "").await, None);
    }
}
