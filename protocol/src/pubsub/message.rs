//! What subscribers are sent.

use super::{ChannelKind, PubSub, Target};
use crate::resp::Writer;
use crate::session::Session;

impl PubSub {
    /// The number of a client's subscriptions as replies count them: channels and patterns together, sharded ones
    /// apart.
    fn count(&self, session: &Session) -> usize {
        match self.kind {
            ChannelKind::Plain => session.subscriptions.channels + session.subscriptions.patterns,
            ChannelKind::Sharded => session.subscriptions.shard_channels,
        }
    }

    /// The confirmation of one (un)subscription; `name` is missing if there was nothing to unsubscribe from.
    pub(super) fn write_change(
        &self,
        target: Target,
        subscribed: bool,
        name: Option<&[u8]>,
        session: &Session,
        out: &mut Writer<'_>,
    ) {
        let word = match (self.kind, target, subscribed) {
            (ChannelKind::Plain, Target::Channel, true) => "subscribe",
            (ChannelKind::Plain, Target::Channel, false) => "unsubscribe",
            (_, Target::Pattern, true) => "psubscribe",
            (_, Target::Pattern, false) => "punsubscribe",
            (ChannelKind::Sharded, Target::Channel, true) => "ssubscribe",
            (ChannelKind::Sharded, Target::Channel, false) => "sunsubscribe",
        };
        out.push(3);
        out.bulk(word);
        match name {
            Some(name) => out.bulk(name),
            None => out.null(),
        }
        out.integer(i64::try_from(self.count(session)).unwrap_or(i64::MAX));
    }
}

/// Writes one message: `message`, `smessage`, or `pmessage` if it comes through a pattern.
pub fn write_message(kind: ChannelKind, pattern: Option<&[u8]>, channel: &[u8], payload: &[u8], out: &mut Writer<'_>) {
    match (pattern, kind) {
        (Some(pattern), _) => {
            out.push(4);
            out.bulk("pmessage");
            out.bulk(pattern);
        }
        (None, ChannelKind::Plain) => {
            out.push(3);
            out.bulk("message");
        }
        (None, ChannelKind::Sharded) => {
            out.push(3);
            out.bulk("smessage");
        }
    }
    out.bulk(channel);
    out.bulk(payload);
}
