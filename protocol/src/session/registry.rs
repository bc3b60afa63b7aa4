//! All connections of a server.

use std::collections::HashMap;

use super::{ClientId, ClientRole, Session};
use crate::acl::Acl;
use crate::quick_hash::BuildQuickHasher;

/// Which requests a pause holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseMode {
    /// Those that may write.
    Write,
    /// All.
    All,
}

/// A pause of client requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it ends, in milliseconds since 1970.
    pub until_ms: u64,
    /// What it holds back.
    pub mode: PauseMode,
}

/// The connections of a server, in the order they were accepted.
#[derive(Clone, Debug, Default)]
pub struct ClientRegistry {
    /// Boxed, because a session is large and the map moves what is in it.
    sessions: HashMap<ClientId, Box<Session>, BuildQuickHasher>,
    last_id: u64,
    pause: Option<Pause>,
}

impl ClientRegistry {
    /// Adds a connection accepted at `now_ms` (milliseconds since 1970) and gives it the next id. How many there may
    /// be is the owner's to decide, before.
    pub fn accept(&mut self, addr: String, laddr: String, now_ms: u64, acl: &Acl) -> &mut Session {
        self.last_id += 1;
        let id = ClientId(self.last_id);
        self.sessions.entry(id).or_insert_with(|| Box::new(Session::new(id, addr, laddr, now_ms, acl)))
    }

    /// Forgets a closed connection. Clients whose invalidations went to it learn that they go nowhere.
    pub fn remove(&mut self, id: ClientId) -> Option<Session> {
        let session = *self.sessions.remove(&id)?;
        // There may be many others, and nearly always none of them is concerned.
        if session.hears_for_others {
            for tracking in self.sessions.values_mut().filter_map(|session| session.tracking.as_mut()) {
                tracking.broken_redirect |= tracking.redirect == Some(id);
            }
        }
        Some(session)
    }

    /// One connection.
    #[must_use]
    pub fn get(&self, id: ClientId) -> Option<&Session> {
        self.sessions.get(&id).map(Box::as_ref)
    }

    /// One connection, to be changed.
    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Session> {
        self.sessions.get_mut(&id).map(Box::as_mut)
    }

    /// All connections, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        let mut all: Vec<&Session> = self.sessions.values().map(Box::as_ref).collect();
        all.sort_unstable_by_key(|session| session.id);
        all.into_iter()
    }

    /// Number of connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True without connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The pause in force at `now_ms`.
    #[must_use]
    pub fn pause_at(&self, now_ms: u64) -> Option<Pause> {
        self.pause.filter(|pause| now_ms < pause.until_ms)
    }

    /// Begins a pause or extends the one in force: it never gets shorter or weaker.
    pub fn pause(&mut self, now_ms: u64, pause: Pause) {
        let current = self.pause_at(now_ms).unwrap_or(pause);
        let until_ms = current.until_ms.max(pause.until_ms);
        self.pause = Some(Pause { until_ms, mode: current.mode.max(pause.mode) });
    }

    /// Ends the pause.
    pub const fn unpause(&mut self) {
        self.pause = None;
    }

    /// Marks connections for closing: `own` after its reply, the others at once. Returns those that exist, for the
    /// owner to act on.
    pub fn close(&mut self, ids: impl IntoIterator<Item = ClientId>, own: Option<ClientId>) -> Vec<ClientId> {
        let mut closed = Vec::new();
        for id in ids {
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            if own == Some(id) {
                session.close_after_reply = true;
            } else {
                session.close_now = true;
            }
            closed.push(id);
        }
        closed
    }

    /// The connections that act as one of `users`: those to be closed when the users are gone. A link to our own master
    /// does not depend on users.
    #[must_use]
    pub fn ids_of_users(&self, users: &[Vec<u8>]) -> Vec<ClientId> {
        let concerned = |session: &&Session| {
            session.role != ClientRole::Master && session.authenticated && users.contains(&session.user)
        };
        self.iter().filter(concerned).map(|session| session.id).collect()
    }
}
