//! `WATCH`: who wants to know that keys changed before a transaction runs.

use std::collections::HashMap;

use bongsu_protocol::session::ClientId;

/// A key of a database.
pub(crate) type DbKey = (usize, Vec<u8>);

/// Keys that clients watch.
#[derive(Default)]
pub(crate) struct Watches {
    by_key: HashMap<DbKey, Vec<ClientId>>,
    by_client: HashMap<ClientId, Vec<Watched>>,
}

/// A key that a client watches.
pub(crate) struct Watched {
    pub(crate) key: DbKey,
    /// It was there when the watch began, its time not over.
    pub(crate) was_there: bool,
    /// It was there when the watch began, but its time was over: that it is removed is no change.
    pub(crate) was_over: bool,
}

impl Watches {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }

    /// Clients that watch something.
    pub(crate) fn clients(&self) -> usize {
        self.by_client.len()
    }

    /// Keys that are watched by anybody.
    pub(crate) fn keys(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn add(&mut self, client: ClientId, key: DbKey, was_there: bool, was_over: bool) {
        let watched = self.by_client.entry(client).or_default();
        if watched.iter().any(|known| known.key == key) {
            return;
        }
        watched.push(Watched { key: key.clone(), was_there, was_over });
        self.by_key.entry(key).or_default().push(client);
    }

    /// What a client watches.
    pub(crate) fn of(&self, client: ClientId) -> &[Watched] {
        self.by_client.get(&client).map_or(&[], Vec::as_slice)
    }

    /// A client watches nothing any more.
    pub(crate) fn remove(&mut self, client: ClientId) {
        for watched in self.by_client.remove(&client).into_iter().flatten() {
            if let Some(clients) = self.by_key.get_mut(&watched.key) {
                clients.retain(|known| *known != client);
                if clients.is_empty() {
                    self.by_key.remove(&watched.key);
                }
            }
        }
    }

    /// Calls `tell` with everybody for whom the key has changed. `is_there` says whether it is there now.
    pub(crate) fn changed(&mut self, key: &DbKey, is_there: bool, mut tell: impl FnMut(ClientId)) {
        for client in self.by_key.get(key).into_iter().flatten() {
            let all = self.by_client.get_mut(client);
            let Some(watched) = all.and_then(|all| all.iter_mut().find(|watched| watched.key == *key)) else {
                continue;
            };
            if watched.was_over && !is_there {
                watched.was_over = false;
                continue;
            }
            tell(*client);
        }
    }

    /// As [`Self::changed`], for all keys of a database whose content was exchanged as a whole. A key whose time is over is as good
    /// as none: whether it is there or not is no difference to whoever watches it.
    pub(crate) fn replaced(&mut self, db: usize, state: impl Fn(&DbKey) -> KeyState, mut tell: impl FnMut(ClientId)) {
        for (client, watched) in &mut self.by_client {
            for watched in watched.iter_mut().filter(|watched| watched.key.0 == db) {
                let now = state(&watched.key);
                if watched.was_there || now == KeyState::There {
                    tell(*client);
                } else {
                    watched.was_over = now == KeyState::Over;
                }
            }
        }
    }
}

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyState {
    /// It is there.
    There,
    /// It is there, but its time is over.
    Over,
    /// It is not there.
    Absent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_whose_time_is_over_is_as_good_as_none() {
        for (was_there, was_over, now, changed) in [
            (false, false, KeyState::Absent, false),
            (false, false, KeyState::Over, false),
            (false, false, KeyState::There, true),
            (false, true, KeyState::Over, false),
            (false, true, KeyState::Absent, false),
            (false, true, KeyState::There, true),
            (true, false, KeyState::Absent, true),
            (true, false, KeyState::Over, true),
        ] {
            let mut watches = Watches::default();
            watches.add(ClientId(1), (3, b"k".to_vec()), was_there, was_over);
            let mut told = Vec::new();
            watches.replaced(2, |_| now, |client| told.push(client));
            assert!(told.is_empty());
            watches.replaced(3, |_| now, |client| told.push(client));
            assert_eq!(!told.is_empty(), changed, "{was_there} {was_over} {now:?}");
        }
    }
}
