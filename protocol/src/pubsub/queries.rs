//! The `PUBSUB` command family.

use super::PubSub;
use crate::command::write_help;
use crate::glob;
use crate::resp::Writer;

const HELP: &[&str] = &[
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
];

impl PubSub {
    /// Channels with listeners that match `pattern`, in byte order.
    pub fn channels<'a>(&'a self, pattern: Option<&'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
        let matches = move |channel: &&[u8]| pattern.is_none_or(|pattern| glob::matches(pattern, channel));
        self.channels.by_name.keys().map(Vec::as_slice).filter(matches)
    }

    /// Number of channels with listeners.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.channels.by_name.len()
    }

    /// Number of patterns with listeners.
    #[must_use]
    pub fn pattern_count(&self) -> usize {
        self.patterns.by_name.len()
    }

    /// Number of listeners of a channel, not counting patterns.
    #[must_use]
    pub fn subscriber_count(&self, channel: &[u8]) -> usize {
        self.channels.by_name.get(channel).map_or(0, std::collections::BTreeSet::len)
    }

    /// Number of connections with a subscription here.
    #[must_use]
    pub fn client_count(&self) -> usize {
        let only_patterns = |client: &&crate::session::ClientId| !self.channels.by_client.contains_key(client);
        self.channels.by_client.len() + self.patterns.by_client.keys().filter(only_patterns).count()
    }
}

/// Answers a `PUBSUB ...` request whose name and arity the command table has accepted.
pub fn handle_pubsub(plain: &PubSub, sharded: &PubSub, argv: &[&[u8]], out: &mut Writer<'_>) {
    let subcommand = argv.get(1).map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    let arguments = argv.get(2..).unwrap_or_default();
    match (subcommand.as_slice(), arguments) {
        (b"channels", [] | [_]) => write_channels(plain, arguments.first().copied(), out),
        (b"shardchannels", [] | [_]) => write_channels(sharded, arguments.first().copied(), out),
        (b"numsub", channels) => write_counts(plain, channels, out),
        (b"shardnumsub", channels) => write_counts(sharded, channels, out),
        (b"numpat", []) => out.integer(i64::try_from(plain.pattern_count()).unwrap_or(i64::MAX)),
        (b"help", []) => write_help(out, "PUBSUB", HELP),
        (name, _) => {
            let name = String::from_utf8_lossy(name);
            out.error(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try PUBSUB HELP."));
        }
    }
}

fn write_channels(pubsub: &PubSub, pattern: Option<&[u8]>, out: &mut Writer<'_>) {
    let channels: Vec<_> = pubsub.channels(pattern).collect();
    out.array(channels.len());
    for channel in channels {
        out.bulk(channel);
    }
}

fn write_counts(pubsub: &PubSub, channels: &[&[u8]], out: &mut Writer<'_>) {
    out.array(channels.len() * 2);
    for channel in channels {
        out.bulk(channel);
        out.integer(i64::try_from(pubsub.subscriber_count(channel)).unwrap_or(i64::MAX));
    }
}
