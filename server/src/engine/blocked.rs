//! Clients that wait: for a key to have something, for copies of what they wrote, or for a pause to end.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use bongsu_protocol::session::ClientId;

use super::watch::DbKey;

/// A request that waits.
#[derive(Clone)]
pub(crate) struct Waiting {
    /// The request, to be run again.
    pub(crate) argv: Vec<Vec<u8>>,
    /// What must happen first.
    pub(crate) until: Until,
}

/// What a client waits for.
#[derive(Clone)]
pub(crate) enum Until {
    /// One of these keys has something of this type.
    Keys {
        keys: Vec<DbKey>,
        type_name: &'static str,
        /// In milliseconds of the epoch.
        deadline_ms: Option<u64>,
    },
    /// What the client wrote is in enough places.
    Copies {
        wanted: Copies,
        /// In milliseconds of the epoch.
        deadline_ms: Option<u64>,
    },
    /// The server ends, or does not.
    End,
    /// The pause ends.
    Unpaused,
    /// Another server has answered whether it takes keys over.
    HandedOver,
    /// A migration ends, so that its keys may be touched again.
    MigrationEnds,
}

/// In how many places changes are to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copies {
    /// On this server's disk: 1, or 0.
    pub(crate) local: usize,
    /// At so many replicas.
    pub(crate) replicas: usize,
    /// It is their disks that count, not their memory.
    pub(crate) on_disk: bool,
    /// The changes are those up to this offset of the stream.
    pub(crate) offset: u64,
    /// They are in the append-only file up to this offset of it.
    pub(crate) logged: u64,
}

/// Everybody who waits.
#[derive(Default)]
pub(crate) struct Blocked {
    by_client: HashMap<ClientId, Waiting>,
    /// In the order in which they came.
    by_key: HashMap<DbKey, VecDeque<ClientId>>,
    deadlines: BTreeSet<(u64, ClientId)>,
    paused: VecDeque<ClientId>,
    /// Those who wait for copies, in the order in which they came.
    for_copies: VecDeque<ClientId>,
    /// Those who have asked for the end of the server.
    for_end: VecDeque<ClientId>,
    /// Those who wait for the end of a migration, in the order in which they came.
    for_migrations: VecDeque<ClientId>,
    /// Keys that may have something, in the order in which they got it.
    ready: VecDeque<DbKey>,
    is_ready: HashSet<DbKey>,
}

impl Blocked {
    /// Somebody waits for keys.
    pub(crate) fn waits_for_keys(&self) -> bool {
        !self.by_key.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_client.len()
    }

    /// Those who will not wait for ever.
    pub(crate) fn with_deadline(&self) -> usize {
        self.deadlines.len()
    }

    /// Keys that somebody waits for.
    pub(crate) fn keys(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn get(&self, client: ClientId) -> Option<&Waiting> {
        self.by_client.get(&client)
    }

    pub(crate) fn add(&mut self, client: ClientId, waiting: Waiting) {
        match &waiting.until {
            Until::Keys { keys, deadline_ms, .. } => {
                for key in keys {
                    let clients = self.by_key.entry(key.clone()).or_default();
                    // A key may be named twice.
                    if clients.back() != Some(&client) {
                        clients.push_back(client);
                    }
                }
                self.deadlines.extend(deadline_ms.map(|at| (at, client)));
            }
            Until::Copies { deadline_ms, .. } => {
                self.for_copies.push_back(client);
                self.deadlines.extend(deadline_ms.map(|at| (at, client)));
            }
            Until::End => self.for_end.push_back(client),
            Until::Unpaused => self.paused.push_back(client),
            Until::MigrationEnds => self.for_migrations.push_back(client),
            Until::HandedOver => {}
        }
        self.by_client.insert(client, waiting);
    }

    pub(crate) fn remove(&mut self, client: ClientId) -> Option<Waiting> {
        let waiting = self.by_client.remove(&client)?;
        match &waiting.until {
            Until::Keys { keys, deadline_ms, .. } => {
                for key in keys {
                    if let Some(clients) = self.by_key.get_mut(key) {
                        forget(clients, client);
                        if clients.is_empty() {
                            self.by_key.remove(key);
                        }
                    }
                }
                if let Some(at) = deadline_ms {
                    self.deadlines.remove(&(*at, client));
                }
            }
            Until::Copies { deadline_ms, .. } => {
                forget(&mut self.for_copies, client);
                if let Some(at) = deadline_ms {
                    self.deadlines.remove(&(*at, client));
                }
            }
            Until::End => forget(&mut self.for_end, client),
            Until::Unpaused => forget(&mut self.paused, client),
            Until::MigrationEnds => forget(&mut self.for_migrations, client),
            Until::HandedOver => {}
        }
        Some(waiting)
    }

    /// Who waited long enough, one after the other.
    pub(crate) fn overdue(&self, now_ms: u64) -> Option<ClientId> {
        self.deadlines.first().filter(|(at, _)| *at <= now_ms).map(|(_, client)| *client)
    }

    /// When the next one has waited long enough, in milliseconds of the epoch.
    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Those who wait for copies, in order.
    pub(crate) fn waiting_for_copies(&self) -> Vec<ClientId> {
        self.for_copies.iter().copied().collect()
    }

    /// Those who have asked for the end of the server.
    pub(crate) fn waiting_for_end(&self) -> Vec<ClientId> {
        self.for_end.iter().copied().collect()
    }

    /// Those who wait for the end of a migration, in order.
    pub(crate) fn waiting_for_migrations(&self) -> Vec<ClientId> {
        self.for_migrations.iter().copied().collect()
    }

    /// What a client waits for, if it is copies.
    pub(crate) fn copies_for(&self, client: ClientId) -> Option<&Copies> {
        match self.by_client.get(&client) {
            Some(Waiting { until: Until::Copies { wanted, .. }, .. }) => Some(wanted),
            _ => None,
        }
    }

    /// Those who wait for keys.
    pub(crate) fn waiting_for_any_key(&self) -> Vec<ClientId> {
        let waits = |waiting: &Waiting| matches!(waiting.until, Until::Keys { .. });
        self.by_client.iter().filter(|(_, waiting)| waits(waiting)).map(|(client, _)| *client).collect()
    }

    /// Those whom a pause holds back, in order.
    pub(crate) fn paused(&self) -> Vec<ClientId> {
        self.paused.iter().copied().collect()
    }

    /// A key may have something for those who wait.
    pub(crate) fn note_ready(&mut self, key: DbKey) {
        if self.by_key.contains_key(&key) && self.is_ready.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// The next key that may have something.
    pub(crate) fn next_ready(&mut self) -> Option<DbKey> {
        let key = self.ready.pop_front()?;
        self.is_ready.remove(&key);
        Some(key)
    }

    /// All keys of a database that somebody waits for.
    pub(crate) fn keys_of(&self, db: usize) -> Vec<DbKey> {
        self.by_key.keys().filter(|key| key.0 == db).cloned().collect()
    }

    /// Those who wait for a key, in the order in which they came.
    pub(crate) fn waiting_for(&self, key: &DbKey) -> Vec<ClientId> {
        self.by_key.get(key).map(|clients| clients.iter().copied().collect()).unwrap_or_default()
    }
}

/// Those who go are nearly always those who came first.
fn forget(clients: &mut VecDeque<ClientId>, client: ClientId) {
    if clients.front() == Some(&client) {
        clients.pop_front();
    } else {
        clients.retain(|known| *known != client);
    }
}
