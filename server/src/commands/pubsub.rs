//! Publish and subscribe.

use bongsu_protocol::command::{Categories, Channels, CommandFlags, CommandSpec, KeyAccess, KeySpec};
use bongsu_protocol::pubsub::{ChannelKind, PubSub, handle_pubsub};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, Session};

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, FAST, NOSCRIPT, ServerCommand, ServerHandler, spec};
use crate::engine::Engine;

const LISTENS: CommandFlags = NOSCRIPT.with(ANY_STATE).with(CommandFlags::PUBSUB);
const TELLS: CommandFlags = CommandFlags::PUBSUB.with(ANY_STATE).with(FAST).with(CommandFlags::MAY_REPLICATE);
const QUERIES: CommandFlags = CommandFlags::PUBSUB.with(ANY_STATE);

/// Sharded channels are spread over a cluster as keys are.
const SHARD_CHANNEL: &[KeySpec] = &[KeySpec::single(1, KeyAccess::NOT_KEY)];
const SHARD_CHANNELS: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyAccess::NOT_KEY)];

const BY_CHANNELS: &str = "O(N), N channels";
const BY_RECEIVERS: &str = "O(N), N receivers and patterns";

struct Shape(&'static str, i32, CommandFlags, Channels, &'static [KeySpec]);

const fn command(shape: Shape, run: ServerHandler, about: [&'static str; 3]) -> ServerCommand {
    let Shape(name, arity, flags, channels, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = spec(name, arity, flags, Categories::NONE, [summary, since, "pubsub", complexity]);
    ServerCommand { spec: spec.channels(channels).keys(keys), run }
}

pub(super) static COMMANDS: &[ServerCommand] = &[
    command(
        Shape("psubscribe", -2, LISTENS, Channels::AllPatterns, &[]),
        |engine, client, argv, out| change(engine, client, argv, out, PubSub::psubscribe),
        ["Listen to all channels that match these patterns", "2.0.0", "O(N), N patterns"],
    ),
    command(
        Shape("publish", 3, TELLS, Channels::First, &[]),
        |engine, client, argv, out| publish(engine, client, ChannelKind::Plain, argv, out),
        ["Send a message to whoever listens to a channel", "2.0.0", BY_RECEIVERS],
    ),
    ServerCommand {
        spec: spec(
            "pubsub",
            -2,
            CommandFlags::NONE,
            Categories::NONE,
            ["Channels and their listeners", "2.8.0", "pubsub", BY_SUBCOMMAND],
        )
        .subcommands(&QUERY),
        run: query,
    },
    command(
        Shape("punsubscribe", -1, LISTENS, Channels::None, &[]),
        |engine, client, argv, out| change(engine, client, argv, out, PubSub::punsubscribe),
        ["Listen to patterns no more", "2.0.0", "O(N), N patterns"],
    ),
    command(
        Shape("spublish", 3, TELLS, Channels::First, SHARD_CHANNEL),
        |engine, client, argv, out| publish(engine, client, ChannelKind::Sharded, argv, out),
        ["Send a message to whoever listens to a sharded channel", "7.0.0", BY_RECEIVERS],
    ),
    command(
        Shape("ssubscribe", -2, LISTENS, Channels::All, SHARD_CHANNELS),
        |engine, client, argv, out| change_sharded(engine, client, argv, out, PubSub::subscribe),
        ["Listen to sharded channels", "7.0.0", BY_CHANNELS],
    ),
    command(
        Shape("subscribe", -2, LISTENS, Channels::All, &[]),
        |engine, client, argv, out| change(engine, client, argv, out, PubSub::subscribe),
        ["Listen to channels", "2.0.0", BY_CHANNELS],
    ),
    command(
        Shape("sunsubscribe", -1, LISTENS, Channels::None, SHARD_CHANNELS),
        |engine, client, argv, out| change_sharded(engine, client, argv, out, PubSub::unsubscribe),
        ["Listen to sharded channels no more", "7.0.0", BY_CHANNELS],
    ),
    command(
        Shape("unsubscribe", -1, LISTENS, Channels::None, &[]),
        |engine, client, argv, out| change(engine, client, argv, out, PubSub::unsubscribe),
        ["Listen to channels no more", "2.0.0", BY_CHANNELS],
    ),
];

const fn part(name: &'static str, arity: i32, about: [&'static str; 3]) -> CommandSpec {
    let [summary, since, complexity] = about;
    spec(name, arity, QUERIES, Categories::NONE, [summary, since, "pubsub", complexity])
}

static QUERY: [CommandSpec; 6] = [
    part("channels", -2, ["List channels that somebody listens to", "2.8.0", BY_CHANNELS]),
    spec("help", 2, ANY_STATE, Categories::NONE, ["Describe the subcommands", "6.2.0", "pubsub", CONSTANT]),
    part("numpat", 2, ["Count patterns that somebody listens to", "2.8.0", CONSTANT]),
    part("numsub", -2, ["Count who listens to channels", "2.8.0", BY_CHANNELS]),
    part("shardchannels", -2, ["List sharded channels that somebody listens to", "7.0.0", BY_CHANNELS]),
    part("shardnumsub", -2, ["Count who listens to sharded channels", "7.0.0", BY_CHANNELS]),
];

type Change = fn(&mut PubSub, &mut Session, &[&[u8]], &mut Writer<'_>);

fn change(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>, change: Change) {
    let Some(session) = engine.clients.get_mut(client) else { return };
    let mut told = Vec::new();
    let mut writer = Writer::new(&mut told, session.protocol);
    change(&mut engine.pubsub, session, argv.get(1..).unwrap_or_default(), &mut writer);
    tell(engine, client, &told, out);
}

fn change_sharded(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>, change: Change) {
    let Some(session) = engine.clients.get_mut(client) else { return };
    let mut told = Vec::new();
    let mut writer = Writer::new(&mut told, session.protocol);
    change(&mut engine.sharded_pubsub, session, argv.get(1..).unwrap_or_default(), &mut writer);
    tell(engine, client, &told, out);
}

/// What became of subscriptions is a message, so that it comes even to those who want no replies.
fn tell(engine: &mut Engine, client: ClientId, told: &[u8], out: &mut Vec<u8>) {
    if engine.clients.get(client).is_some_and(Session::sends_reply) {
        out.extend_from_slice(told);
    } else {
        engine.outbox.send(client, |out| out.extend_from_slice(told));
    }
}

fn publish(engine: &mut Engine, client: ClientId, kind: ChannelKind, argv: &[&[u8]], out: &mut Vec<u8>) {
    let [_, channel, message] = argv else { return };
    let receivers = engine.publish(kind, channel, message);
    engine.feed_message(client, argv);
    Writer::new(out, engine.protocol(client)).integer(i64::try_from(receivers).unwrap_or(i64::MAX));
}

fn query(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    handle_pubsub(&engine.pubsub, &engine.sharded_pubsub, argv, &mut reply);
}
