//! Channels, patterns and who listens to them.
//!
//! [`PubSub`] is the registry; it writes the replies of the subscription commands and says who gets a message. A
//! second instance with [`ChannelKind::Sharded`] serves sharded channels.

mod message;
mod queries;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::acl::User;
use crate::glob;
use crate::resp::Writer;
use crate::session::{ClientId, Session};

pub use message::write_message;
pub use queries::handle_pubsub;

/// Most channels, and most patterns, one connection may subscribe to. Redis knows no limit; this one keeps a runaway
/// client from taking all memory, far above what clients use.
pub const SUBSCRIPTIONS_PER_CLIENT_MAX: usize = 1_000_000;

/// Which family of commands a registry serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ChannelKind {
    /// `SUBSCRIBE`, `PSUBSCRIBE`, `PUBLISH`
    #[default]
    Plain,
    /// `SSUBSCRIBE`, `SPUBLISH`
    Sharded,
}

/// Names to the clients that listen, and back.
#[derive(Clone, Debug, Default)]
struct Listeners {
    by_name: BTreeMap<Vec<u8>, BTreeSet<ClientId>>,
    by_client: BTreeMap<ClientId, BTreeSet<Vec<u8>>>,
}

impl Listeners {
    /// False if the client is at its limit.
    fn add(&mut self, client: ClientId, name: &[u8]) -> bool {
        let names = self.by_client.entry(client).or_default();
        if names.contains(name) {
            return true;
        }
        if names.len() >= SUBSCRIPTIONS_PER_CLIENT_MAX {
            return false;
        }
        names.insert(name.to_vec());
        self.by_name.entry(name.to_vec()).or_default().insert(client);
        true
    }

    fn remove(&mut self, client: ClientId, name: &[u8]) {
        if let Some(names) = self.by_client.get_mut(&client) {
            names.remove(name);
            if names.is_empty() {
                self.by_client.remove(&client);
            }
        }
        if let Some(clients) = self.by_name.get_mut(name) {
            clients.remove(&client);
            if clients.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    fn names_of(&self, client: ClientId) -> impl Iterator<Item = &Vec<u8>> {
        self.by_client.get(&client).into_iter().flatten()
    }

    fn count_of(&self, client: ClientId) -> usize {
        self.by_client.get(&client).map_or(0, BTreeSet::len)
    }
}

/// What a client subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Channel,
    Pattern,
}

/// The registry of subscriptions of one server.
#[derive(Clone, Debug, Default)]
pub struct PubSub {
    kind: ChannelKind,
    channels: Listeners,
    patterns: Listeners,
}

impl PubSub {
    /// A registry without subscriptions.
    #[must_use]
    pub fn new(kind: ChannelKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Answers `SUBSCRIBE` (or `SSUBSCRIBE`): one reply per channel.
    pub fn subscribe(&mut self, session: &mut Session, channels: &[&[u8]], out: &mut Writer<'_>) {
        self.subscribe_to(Target::Channel, session, channels, out);
    }

    /// Answers `PSUBSCRIBE`: one reply per pattern.
    pub fn psubscribe(&mut self, session: &mut Session, patterns: &[&[u8]], out: &mut Writer<'_>) {
        self.subscribe_to(Target::Pattern, session, patterns, out);
    }

    /// Answers `UNSUBSCRIBE` (or `SUNSUBSCRIBE`): one reply per channel; without channels, for all there are, and one
    /// reply if there are none.
    pub fn unsubscribe(&mut self, session: &mut Session, channels: &[&[u8]], out: &mut Writer<'_>) {
        self.unsubscribe_from(Target::Channel, session, channels, out);
    }

    /// Answers `PUNSUBSCRIBE`; see [`PubSub::unsubscribe`].
    pub fn punsubscribe(&mut self, session: &mut Session, patterns: &[&[u8]], out: &mut Writer<'_>) {
        self.unsubscribe_from(Target::Pattern, session, patterns, out);
    }

    /// Drops all subscriptions of a connection, without replies.
    pub fn remove_client(&mut self, session: &mut Session) {
        for target in [Target::Channel, Target::Pattern] {
            let names: Vec<_> = self.listeners(target).names_of(session.id).cloned().collect();
            for name in names {
                self.listeners_mut(target).remove(session.id, &name);
            }
        }
        self.update_counts(session);
    }

    /// Calls `deliver` for every message that `PUBLISH` to `channel` causes: first for the listeners of the channel
    /// by client id, then, pattern by pattern in byte order, for the listeners of matching patterns. Returns the
    /// number of calls, which is the reply of `PUBLISH`. [`write_message`] writes what the client gets.
    pub fn publish(&self, channel: &[u8], mut deliver: impl FnMut(ClientId, Option<&[u8]>)) -> usize {
        let mut receivers = 0;
        for client in self.channels.by_name.get(channel).into_iter().flatten() {
            deliver(*client, None);
            receivers += 1;
        }
        for (pattern, clients) in &self.patterns.by_name {
            if !glob::matches(pattern, channel) {
                continue;
            }
            for client in clients {
                deliver(*client, Some(pattern));
                receivers += 1;
            }
        }
        receivers
    }

    /// True if `user` may keep every subscription of the connection: asked after the user changed, and the connection
    /// is closed if not.
    #[must_use]
    pub fn may_keep(&self, client: ClientId, user: &User) -> bool {
        self.channels.names_of(client).all(|channel| user.may_use_channel(channel, false))
            && self.patterns.names_of(client).all(|pattern| user.may_use_channel(pattern, true))
    }

    fn subscribe_to(&mut self, target: Target, session: &mut Session, names: &[&[u8]], out: &mut Writer<'_>) {
        for name in names {
            if self.listeners_mut(target).add(session.id, name) {
                self.update_counts(session);
                self.write_change(target, true, Some(name), session, out);
            } else {
                out.error("ERR too many subscriptions on this connection");
            }
        }
    }

    fn unsubscribe_from(&mut self, target: Target, session: &mut Session, names: &[&[u8]], out: &mut Writer<'_>) {
        let names: Vec<Vec<u8>> = if names.is_empty() {
            self.listeners(target).names_of(session.id).cloned().collect()
        } else {
            names.iter().map(|name| name.to_vec()).collect()
        };
        for name in &names {
            self.listeners_mut(target).remove(session.id, name);
            self.update_counts(session);
            self.write_change(target, false, Some(name), session, out);
        }
        if names.is_empty() {
            self.write_change(target, false, None, session, out);
        }
    }

    const fn listeners(&self, target: Target) -> &Listeners {
        match target {
            Target::Channel => &self.channels,
            Target::Pattern => &self.patterns,
        }
    }

    const fn listeners_mut(&mut self, target: Target) -> &mut Listeners {
        match target {
            Target::Channel => &mut self.channels,
            Target::Pattern => &mut self.patterns,
        }
    }

    fn update_counts(&self, session: &mut Session) {
        let channels = self.channels.count_of(session.id);
        match self.kind {
            ChannelKind::Plain => {
                session.subscriptions.channels = channels;
                session.subscriptions.patterns = self.patterns.count_of(session.id);
            }
            ChannelKind::Sharded => session.subscriptions.shard_channels = channels,
        }
    }
}
