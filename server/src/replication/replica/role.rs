//! Becoming a replica, a replica of another master, or a master.

use bongsu_process::log::Role as LogRole;
use bongsu_protocol::session::{ClientId, ClientRole};

use super::own_keys::OwnKeys;
use super::{Following, Stage};
use crate::config::Directive;
use crate::engine::Engine;
use crate::replication::ReplicationId;

/// What `REPLICAOF` asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Master,
    ReplicaOf(String, u16),
}

impl Following {
    fn new(host: String, port: u16, now_us: u64) -> Self {
        Self {
            host,
            port,
            stage: Stage::Idle,
            conn: None,
            client: None,
            next_try_us: now_us,
            since_us: now_us,
            heard_us: now_us,
            told_us: now_us,
            down_since_us: None,
            has_history: false,
            hands_over: false,
            is_chosen: false,
            dataset: None,
            refusals: 0,
            refused: None,
            db: 0,
            open: Vec::new(),
            replies: Vec::new(),
            owes: None,
            is_held: false,
            own_keys: OwnKeys::default(),
        }
    }
}

impl Engine {
    /// At the start: becomes what the configuration says.
    pub(crate) fn follow_as_configured(&mut self) {
        let words: Vec<String> = self.config.list(Directive::Replicaof).collect();
        let [host, port] = words.as_slice() else { return };
        let Ok(port) = port.parse() else { return };
        self.following = Some(Box::new(Following::new(host.clone(), port, self.clock.now_us)));
        self.keep_history();
        self.adapt_to_role();
    }

    /// At the start: the data here came from this master. Whoever configured another one since has chosen it.
    pub(crate) fn recall_master(&mut self, synced_with: Option<(String, u16)>) {
        if let (Some(following), Some((host, port))) = (&mut self.following, &synced_with) {
            following.is_chosen = (&following.host, following.port) != (host, *port);
        }
        self.synced_with = synced_with;
    }

    /// What is here is this part of this stream, as a file has it that was loaded: a master is asked for what comes next. `db` is the
    /// database that was selected last.
    pub(crate) fn restore_history(&mut self, id: ReplicationId, offset: u64, db: u32) {
        self.history.restore(id, offset, db, self.following.is_none());
        if let Some(following) = &mut self.following {
            following.has_history = true;
            following.db = db;
        }
        // Replicas that have it up to here may come for what follows.
        self.keep_history();
    }

    /// Becomes what a client says. False if it is to be a replica of this master and is one.
    pub(crate) fn take_role(&mut self, by: ClientId, role: Role) -> bool {
        // What a transaction has changed so far belongs to the stream that it was changed in.
        self.end_unit();
        let asked_by = self.clients.get(by).map(|session| session.addr.clone()).unwrap_or_default();
        match role {
            Role::Master => {
                self.end_amnesia("it was told to be a master");
                if self.promote() {
                    self.log.notice(format_args!("MASTER MODE enabled (user request from '{asked_by}')"));
                }
                true
            }
            Role::ReplicaOf(host, port) => {
                let text = format!("REPLICAOF {host}:{port} enabled (user request from '{asked_by}')");
                self.await_data();
                let is_new = self.follow_master(host, port);
                self.log.notice(if is_new {
                    text
                } else {
                    "REPLICAOF names the master that is followed already".into()
                });
                is_new
            }
        }
    }

    /// Becomes a replica of this master. False if it is one already.
    pub(crate) fn follow_master(&mut self, host: String, port: u16) -> bool {
        if self.following.as_ref().is_some_and(|now| now.host == host && now.port == port) {
            return false;
        }
        let now_us = self.clock.now_us;
        let mut next = Following::new(host, port, now_us);
        let is_known = self.synced_with.as_ref().is_some_and(|(host, port)| (host, *port) == (&next.host, next.port));
        next.is_chosen = !is_known;
        self.hang_up();
        match self.following.take() {
            Some(before) => {
                (next.has_history, next.db) = (before.has_history, before.db);
                next.down_since_us = before.down_since_us;
            }
            None => {
                self.history.rejoin();
                next.has_history = self.dataset.vacancy.is_none();
                next.db = self.history.stream_db().unwrap_or(0);
                self.dismiss_waiting();
            }
        }
        next.down_since_us = next.down_since_us.or(Some(now_us));
        self.config.set_master(Some((&next.host, next.port)));
        self.following = Some(Box::new(next));
        self.keep_history();
        self.adapt_to_role();
        true
    }

    /// As [`Self::follow_master`], a replica of this server that has all its data and is to take over.
    pub(crate) fn hand_over_to(&mut self, host: String, port: u16) {
        self.follow_master(host, port);
        if let Some(following) = &mut self.following {
            following.hands_over = true;
        }
    }

    /// It waits for the server that is to take over, and has not said that it does.
    pub(crate) fn hands_over(&self) -> bool {
        self.following
            .as_ref()
            .is_some_and(|following| following.hands_over && !matches!(following.stage, Stage::Syncing(_)))
    }

    /// The master, which has this stream up to the same offset, asks this replica to take over.
    pub(crate) fn take_over_from_master(&mut self, id: &[u8]) -> Result<(), &'static str> {
        if !self.is_replica() {
            return Err("ERR PSYNC FAILOVER can't be sent to a master.");
        }
        if ReplicationId::parse(id).is_none_or(|id| id != self.history.id) {
            return Err("ERR PSYNC FAILOVER replid must match my replid.");
        }
        self.promote();
        self.log.notice("MASTER MODE enabled (failover request from the master)");
        Ok(())
    }

    /// Becomes a master. False if it is one already.
    pub(crate) fn promote(&mut self) -> bool {
        if self.following.is_none() {
            return false;
        }
        self.hang_up();
        self.following = None;
        self.config.set_master(None);
        self.leave_vacancy();
        self.history.branch(ReplicationId::random());
        self.dataset.begin_epoch();
        self.dismiss_replicas();
        self.adapt_to_role();
        true
    }

    /// The session of the stream ends, and what it selected is remembered.
    pub(super) fn hang_up(&mut self) {
        let now_us = self.clock.now_us;
        let Some(following) = &mut self.following else { return };
        let client = following.client.take();
        if following.is_linked() {
            following.down_since_us = Some(now_us);
        }
        following.stage = Stage::Idle;
        following.since_us = now_us;
        following.conn = None;
        following.open = Vec::new();
        following.owes = None;
        if let Some(client) = client {
            self.forget(client);
        }
    }

    /// Replicas of this server are disconnected: when they come back they learn which stream theirs is a part of now.
    pub(super) fn dismiss_replicas(&mut self) {
        let replicas = self.clients.iter().filter(|session| session.role == ClientRole::Replica);
        let replicas: Vec<ClientId> = replicas.map(|session| session.id).collect();
        self.closing.extend(replicas);
        // An image would be of data that may be about to go.
        self.abandon_syncs();
    }

    fn adapt_to_role(&mut self) {
        self.dataset.hurry();
        self.log.set_role(if self.is_replica() { LogRole::Replica } else { LogRole::Master });
        self.update_pause();
        self.update_interest();
        self.adjust_oom_score();
    }
}
