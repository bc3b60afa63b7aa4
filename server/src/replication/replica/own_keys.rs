//! Keys that clients of a writable replica gave an expiry: no master will ever say that they go.

use std::collections::BTreeSet;

use bongsu_protocol::session::ClientId;

use crate::config::Directive;
use crate::engine::Engine;

/// Most keys that are remembered. Others stay, hidden, until the master's next full data; a replica is no place for so many.
const KEYS_MAX: usize = 1_000_000;

/// Keys looked at in a turn, which keeps it short.
const LOOKS_MAX: usize = 1000;

/// By the time at which they go, in milliseconds of the epoch, with their databases.
#[derive(Default, Debug)]
pub(super) struct OwnKeys(BTreeSet<(u64, usize, Vec<u8>)>);

impl Engine {
    /// Clients may write here, though there is a master.
    pub(crate) fn is_writable_replica(&self) -> bool {
        self.is_replica() && !self.config.is_on(Directive::ReplicaReadOnly)
    }

    /// A client has changed a key of a writable replica.
    pub(crate) fn note_own_key(&mut self, by: Option<ClientId>, db: usize, key: &[u8]) {
        let Some(following) = self.following.as_mut().filter(|_| by.is_some()) else { return };
        if by == following.client || following.own_keys.0.len() >= KEYS_MAX {
            return;
        }
        let expiry_ms = self.shard.find(db, key).and_then(|found| self.shard.db(db).expiry_ms(found));
        following.own_keys.0.extend(expiry_ms.map(|at| (at, db, key.to_vec())));
    }

    /// Removes keys of clients whose time is over.
    pub(super) fn expire_own_keys(&mut self) {
        let now_ms = self.shard.now_ms;
        for _ in 0..LOOKS_MAX {
            let Some(following) = self.following.as_mut() else { return };
            if following.own_keys.0.first().is_none_or(|(at, ..)| *at > now_ms) {
                return;
            }
            let Some((_, db, key)) = following.own_keys.0.pop_first() else { return };
            self.effects.clear();
            let Some(found) = self.shard.find(db, &key) else { continue };
            // It may have got another time, or none, or be the master's now.
            match self.shard.db(db).expiry_ms(found) {
                Some(at) if at <= now_ms => {
                    self.shard.expire(db, found, &key, &mut self.effects);
                    self.tell_removals(Directive::LazyfreeLazyExpire);
                    self.settle(None);
                }
                Some(at) => following.own_keys.0.extend([(at, db, key)]),
                None => {}
            }
        }
    }
}
