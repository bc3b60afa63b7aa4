//! Messages to subscribers, keyspace events among them.

use bongsu_protocol::pubsub::{ChannelKind, write_message};
use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_protocol::session::ClientId;
use bongsu_store::call::KeyEvent;

use super::Engine;

/// Which keyspace events are published (`notify-keyspace-events`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Notify {
    /// `K`: on the channel of the key.
    pub(crate) keyspace: bool,
    /// `E`: on the channel of the event.
    pub(crate) keyevent: bool,
    /// Bits of [`bongsu_store::call::EventClass`].
    pub(crate) classes: u16,
}

impl Notify {
    /// The classes that are published at all.
    pub(crate) const fn wanted(self) -> u16 {
        if self.keyspace || self.keyevent { self.classes } else { 0 }
    }
}

impl Engine {
    /// Publishes a message. The number of receivers.
    pub(crate) fn publish(&mut self, kind: ChannelKind, channel: &[u8], payload: &[u8]) -> usize {
        let registry = match kind {
            ChannelKind::Plain => &self.pubsub,
            ChannelKind::Sharded => &self.sharded_pubsub,
        };
        let (clients, outbox) = (&self.clients, &mut self.outbox);
        registry.publish(channel, |client, pattern| {
            let protocol = clients.get(client).map_or(Protocol::Resp2, |session| session.protocol);
            outbox.send(client, |out| {
                write_message(kind, pattern, channel, payload, &mut Writer::new(out, protocol));
            });
        })
    }

    /// Clients of replicas hear of what a client told those of this server.
    pub(crate) fn feed_message(&mut self, client: ClientId, argv: &[&[u8]]) {
        if self.feed.is_wanted {
            let db = self.clients.get(client).map_or(0, |session| session.db as usize);
            self.feed.message(db, argv);
        }
    }

    /// Publishes a keyspace event.
    pub(super) fn notify(&mut self, event: &KeyEvent) {
        let KeyEvent { db, name, key, .. } = event;
        if self.notify.keyspace {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.publish(ChannelKind::Plain, &channel, name.as_bytes());
        }
        if self.notify.keyevent {
            let channel = format!("__keyevent@{db}__:{name}");
            self.publish(ChannelKind::Plain, channel.as_bytes(), key);
        }
    }
}
