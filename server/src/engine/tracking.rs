//! Client-side caching: which client has read which key, and telling it when the key changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bongsu_protocol::pubsub::{ChannelKind, write_message};
use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_protocol::session::{Caching, ClientId, ClientRegistry, Session, TrackingMode};

use super::outbox::Outbox;

/// Where invalidations go for a client that speaks RESP2 and has them sent to another connection.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// Who caches what.
#[derive(Default)]
pub(crate) struct TrackingTable {
    /// Clients by key, of all databases together.
    by_key: HashMap<Vec<u8>, BTreeSet<ClientId>>,
    /// Entries of the above: pairs of key and client.
    items: usize,
    /// Clients that hear of all keys with a prefix, and what they have not heard of yet.
    by_prefix: BTreeMap<Vec<u8>, Broadcast>,
    /// Clients that have tracking on.
    clients: BTreeSet<ClientId>,
    /// `tracking-table-max-keys`; 0 is no limit.
    pub(crate) keys_max: usize,
}

#[derive(Default)]
struct Broadcast {
    clients: BTreeSet<ClientId>,
    /// Keys with the client that changed them last.
    keys: BTreeMap<Vec<u8>, Option<ClientId>>,
}

impl TrackingTable {
    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.by_key.is_empty()
    }

    /// Clients that have tracking on, keys that are remembered, pairs of both, and prefixes.
    pub(crate) fn figures(&self) -> [usize; 4] {
        [self.clients.len(), self.by_key.len(), self.items, self.by_prefix.len()]
    }

    /// A client switched tracking on, off, or to other prefixes.
    pub(crate) fn update(&mut self, session: &Session) {
        self.remove(session.id);
        let Some(tracking) = &session.tracking else { return };
        self.clients.insert(session.id);
        if tracking.mode == TrackingMode::Broadcast {
            for prefix in &tracking.prefixes {
                self.by_prefix.entry(prefix.clone()).or_default().clients.insert(session.id);
            }
        }
    }

    /// A client is gone. What it has read is forgotten when the keys change, or when nobody is left.
    pub(crate) fn remove(&mut self, client: ClientId) {
        if !self.clients.remove(&client) {
            return;
        }
        self.by_prefix.retain(|_, broadcast| {
            broadcast.clients.remove(&client);
            !broadcast.clients.is_empty()
        });
    }

    /// Forgets what was read if nobody caches any more, so that clients that come and go leave nothing behind.
    pub(crate) fn tidy(&mut self) {
        if self.clients.is_empty() && !self.by_key.is_empty() {
            self.by_key = HashMap::new();
            self.items = 0;
        }
    }

    /// True if keys that this client reads now are to be remembered.
    pub(crate) fn remembers(session: &Session) -> bool {
        session.tracking.as_ref().is_some_and(|tracking| match tracking.mode {
            TrackingMode::Broadcast => false,
            TrackingMode::Default => true,
            TrackingMode::OptIn => tracking.caching == Some(Caching::Yes),
            TrackingMode::OptOut => tracking.caching != Some(Caching::No),
        })
    }

    /// A client has read these keys.
    pub(crate) fn remember<'k>(&mut self, client: ClientId, keys: impl Iterator<Item = &'k [u8]>) {
        for key in keys {
            let readers = match self.by_key.get_mut(key) {
                Some(readers) => readers,
                None => self.by_key.entry(key.to_vec()).or_default(),
            };
            self.items += usize::from(readers.insert(client));
        }
    }

    /// A key has changed, by the hand of a client or by itself.
    pub(crate) fn changed(&mut self, key: &[u8], by: Option<ClientId>, clients: &mut ClientRegistry, out: &mut Outbox) {
        if self.is_empty() {
            return;
        }
        for (prefix, broadcast) in &mut self.by_prefix {
            if key.starts_with(prefix) {
                broadcast.keys.insert(key.to_vec(), by);
            }
        }
        let Some(readers) = self.by_key.remove(key) else { return };
        self.items -= readers.len();
        for reader in readers {
            tell_reader(reader, key, by, clients, out);
        }
    }

    /// All keys are gone.
    pub(crate) fn flushed(&mut self, by: Option<ClientId>, clients: &mut ClientRegistry, out: &mut Outbox) {
        for client in &self.clients {
            send(*client, by, None, clients, out);
        }
        self.by_key.clear();
        self.items = 0;
    }

    /// Makes room where more keys are remembered than allowed: their readers are told to forget them.
    pub(crate) fn trim(&mut self, clients: &mut ClientRegistry, out: &mut Outbox) {
        while self.keys_max > 0 && self.by_key.len() > self.keys_max {
            let Some(key) = self.by_key.keys().next().cloned() else { return };
            for reader in self.by_key.remove(&key).into_iter().flatten() {
                self.items -= 1;
                tell_reader(reader, &key, None, clients, out);
            }
        }
    }

    /// Tells those who hear of prefixes what has changed since the last time.
    pub(crate) fn broadcast(&mut self, clients: &mut ClientRegistry, out: &mut Outbox) {
        for broadcast in self.by_prefix.values_mut().filter(|broadcast| !broadcast.keys.is_empty()) {
            let keys = std::mem::take(&mut broadcast.keys);
            for client in &broadcast.clients {
                let no_loop =
                    clients.get(*client).and_then(|session| session.tracking.as_ref()).is_some_and(|t| t.no_loop);
                let told: Vec<&[u8]> = keys
                    .iter()
                    .filter(|(_, by)| !(no_loop && **by == Some(*client)))
                    .map(|(key, _)| key.as_slice())
                    .collect();
                if !told.is_empty() {
                    send(*client, None, Some(&told), clients, out);
                }
            }
        }
    }
}

/// Tells a client that has read a key, unless it has changed to prefixes since.
fn tell_reader(reader: ClientId, key: &[u8], by: Option<ClientId>, clients: &mut ClientRegistry, out: &mut Outbox) {
    let tracking = clients.get(reader).and_then(|session| session.tracking.as_ref());
    if tracking.is_some_and(|tracking| tracking.mode != TrackingMode::Broadcast) {
        send(reader, by, Some(&[key]), clients, out);
    }
}

/// Sends an invalidation of some keys, or of all.
fn send(
    client: ClientId,
    by: Option<ClientId>,
    keys: Option<&[&[u8]]>,
    clients: &mut ClientRegistry,
    out: &mut Outbox,
) {
    let Some(session) = clients.get_mut(client) else { return };
    let own_protocol = session.protocol;
    let Some(tracking) = &mut session.tracking else { return };
    if tracking.no_loop && by == Some(client) && keys.is_some() {
        return;
    }
    let target = tracking.redirect.unwrap_or(client);
    let redirected = tracking.redirect.is_some();
    let Some(to) = clients.get(target) else {
        return report_broken(client, target, own_protocol, clients, out);
    };
    match to.protocol {
        Protocol::Resp3 => out.send(target, |out| {
            let mut writer = Writer::new(out, Protocol::Resp3);
            writer.push(2);
            writer.bulk("invalidate");
            write_keys(keys, &mut writer);
        }),
        Protocol::Resp2 if redirected && to.subscriptions.any() => out.send(target, |out| {
            let mut payload = Vec::new();
            write_keys(keys, &mut Writer::new(&mut payload, Protocol::Resp2));
            let mut message = Vec::new();
            write_message(ChannelKind::Plain, None, CHANNEL, b"", &mut Writer::new(&mut message, Protocol::Resp2));
            // The payload is an array in the place of a string.
            message.truncate(message.len() - b"$0\r\n\r\n".len());
            out.extend_from_slice(&message);
            out.extend_from_slice(&payload);
        }),
        Protocol::Resp2 => {}
    }
}

fn write_keys(keys: Option<&[&[u8]]>, out: &mut Writer<'_>) {
    match keys {
        None => out.null(),
        Some(keys) => {
            out.array(keys.len());
            keys.iter().for_each(|key| out.bulk(key));
        }
    }
}

/// The connection that was to get the invalidations is gone.
fn report_broken(
    client: ClientId,
    target: ClientId,
    protocol: Protocol,
    clients: &mut ClientRegistry,
    out: &mut Outbox,
) {
    if let Some(tracking) = clients.get_mut(client).and_then(|session| session.tracking.as_mut()) {
        tracking.broken_redirect = true;
    }
    if protocol == Protocol::Resp3 {
        out.send(client, |out| {
            let mut writer = Writer::new(out, protocol);
            writer.push(2);
            writer.bulk("tracking-redir-broken");
            writer.integer(target.as_integer());
        });
    }
}
