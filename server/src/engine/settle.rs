//! After a command: everybody learns what it did.

use bongsu_protocol::session::ClientId;
use bongsu_store::call::Interest;
use bongsu_store::shard::Shard;

use super::Engine;
use super::watch::{DbKey, KeyState};
use crate::config::Directive;
use crate::persistence::aof::Aof;

impl Engine {
    /// What commands have to gather from now on. To be called whenever somebody begins or ends to watch, wait, track or listen.
    pub(crate) fn update_interest(&mut self) {
        self.effects.interest = Interest {
            events: self.notify.wanted(),
            changed: !self.watches.is_empty() || !self.tracking.is_empty() || self.is_writable_replica(),
            ready: self.blocked.waits_for_keys(),
        };
        // A replica's stream is that of its master, whatever else happens here.
        let streams = self.history.backlog.is_some() && !self.is_replica();
        // What is loaded has been told before.
        self.feed.is_wanted = (streams || self.aof.is_some()) && self.loading.is_none();
    }

    /// Tells everybody who is concerned by the command that has just run. `by` is the client that sent it; keys that went by
    /// themselves are nobody's.
    #[inline]
    pub(crate) fn settle(&mut self, by: Option<ClientId>) {
        self.changes += self.effects.dirty;
        let effects = &self.effects;
        let is_quiet = effects.events.is_empty()
            && effects.changed.is_empty()
            && effects.ready.is_empty()
            && effects.flushed.is_empty()
            && effects.swapped.is_empty();
        if !is_quiet {
            self.tell(by);
        }
    }

    /// Keys went by themselves; `lazily` is the directive that says how they are to go elsewhere.
    pub(crate) fn tell_removals(&mut self, lazily: Directive) {
        if self.feed.is_wanted {
            self.feed.removals(&self.effects, self.config.is_on(lazily));
            self.end_unit();
        }
    }

    /// All data have become others.
    pub(crate) fn tell_replaced(&mut self) {
        self.effects.clear();
        self.effects.flushed.extend(0..self.shard.databases());
        self.settle(None);
    }

    /// As [`Self::end_unit`], for what a client has done, who may want to wait for copies of it.
    #[inline]
    pub(super) fn end_unit_of(&mut self, client: ClientId) {
        if self.feed.is_empty() {
            return;
        }
        self.end_unit();
        let logged = self.aof.as_ref().map_or(0, Aof::offset);
        if let Some(session) = self.clients.get_mut(client) {
            (session.written_to, session.logged_to) = (self.history.offset, logged);
        }
    }

    /// What belongs together has happened: whoever wants to be told is told all of it.
    #[inline]
    pub(crate) fn end_unit(&mut self) {
        if !self.feed.is_empty() {
            if !self.is_replica() {
                self.history.tell(&self.feed);
            }
            if let Some(aof) = &mut self.aof {
                let notes_time = self.config.is_on(Directive::AofTimestampEnabled);
                aof.tell(&self.feed, notes_time.then_some(self.shard.now_ms as i64 / 1000));
            }
            self.feed.clear();
        }
    }

    fn tell(&mut self, by: Option<ClientId>) {
        let mut effects = std::mem::take(&mut self.effects);
        for key in &effects.changed {
            self.tell_watchers(key);
            self.note_own_key(by, key.0, &key.1);
            self.tracking.changed(&key.1, by, &mut self.clients, &mut self.outbox);
        }
        for db in effects.flushed.iter().chain(&effects.swapped) {
            let (shard, clients) = (&self.shard, &mut self.clients);
            self.watches.replaced(*db, |key| state_of(shard, key), |client| spoil(clients, client));
            for key in self.blocked.keys_of(*db) {
                self.blocked.note_ready(key);
            }
        }
        if by.is_some() && effects.flushed.len() == self.shard.databases() {
            self.note_flushed_all();
        }
        if !effects.flushed.is_empty() {
            self.dataset.hurry();
            self.tracking.flushed(by, &mut self.clients, &mut self.outbox);
        }
        for key in effects.ready.drain(..) {
            self.blocked.note_ready(key);
        }
        for event in &effects.events {
            self.notify(event);
        }
        effects.clear();
        self.effects = effects;
        self.update_interest();
    }

    fn tell_watchers(&mut self, key: &(usize, Vec<u8>)) {
        if self.watches.is_empty() {
            return;
        }
        let is_there = self.shard.find(key.0, &key.1).is_some();
        let clients = &mut self.clients;
        self.watches.changed(key, is_there, |client| spoil(clients, client));
    }
}

/// What is known of a key at this moment.
pub(crate) fn state_of(shard: &Shard, (db, key): &DbKey) -> KeyState {
    let Some(found) = shard.find(*db, key) else { return KeyState::Absent };
    let is_over = shard.db(*db).expiry_ms(found).is_some_and(|at| at <= shard.now_ms);
    if is_over { KeyState::Over } else { KeyState::There }
}

fn spoil(clients: &mut bongsu_protocol::session::ClientRegistry, client: ClientId) {
    if let Some(session) = clients.get_mut(client) {
        session.dirty_transaction = true;
    }
}
