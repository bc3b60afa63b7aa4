//! What replicas say to their master, and what others ask about that.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, CONSTANT, FAST, NOSCRIPT, ServerCommand, spec};
use crate::engine::Engine;
use crate::replication::{Answer, State};

const ADMIN: CommandFlags = CommandFlags::ADMIN.with(NOSCRIPT);
/// For those who will be sent everything or the stream.
const FOLLOW: CommandFlags = ADMIN.with(CommandFlags::NO_ASYNC_LOADING).with(CommandFlags::NO_MULTI);

pub(super) static COMMANDS: &[ServerCommand] = &[
    ServerCommand {
        spec: spec(
            "psync",
            -3,
            FOLLOW,
            Categories::NONE,
            ["Follow this server, from where the stream was left", "2.8.0", "server", ""],
        ),
        run: psync,
    },
    ServerCommand {
        spec: spec(
            "replconf",
            -1,
            ADMIN.with(ANY_STATE).with(CommandFlags::ALLOW_BUSY),
            Categories::NONE,
            ["What replicas tell of themselves", "3.0.0", "server", CONSTANT],
        ),
        run: replconf,
    },
    ServerCommand {
        spec: spec(
            "role",
            1,
            NOSCRIPT.with(ANY_STATE).with(FAST),
            Categories::ADMIN.with(Categories::DANGEROUS),
            ["Tell whether this is a master or a replica", "2.8.12", "server", CONSTANT],
        ),
        run: role,
    },
    ServerCommand {
        spec: spec("sync", 1, FOLLOW, Categories::NONE, ["Follow this server, from scratch", "1.0.0", "server", ""]),
        run: sync,
    },
];

fn psync(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let [_, id, from, rest @ ..] = argv else { return };
    if rest.first().is_some_and(|word| word.eq_ignore_ascii_case(b"FAILOVER"))
        && let Err(text) = engine.take_over_from_master(id)
    {
        return Writer::new(out, engine.protocol(client)).error(text);
    }
    engine.follow(client, id, from, out);
}

fn sync(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    engine.follow_from_scratch(client, out);
}

fn replconf(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let answer = engine.introduce(client, argv.get(1..).unwrap_or_default());
    let mut reply = Writer::new(out, engine.protocol(client));
    match answer {
        Answer::Ok => reply.simple("OK"),
        Answer::Error(text) => reply.error(text),
        Answer::Silence => {}
    }
}

/// A master with its replicas, or a replica with its master.
fn role(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    if let Some(following) = &engine.following {
        return super::role::replica(engine, following, &mut reply);
    }
    let online = || engine.master.replicas().iter().filter(|replica| replica.state == State::Online);
    reply.array(3);
    reply.bulk("master");
    reply.integer(i64::try_from(engine.history.offset).unwrap_or(i64::MAX));
    reply.array(online().count());
    for replica in online() {
        reply.array(3);
        reply.bulk(replica.host());
        reply.bulk(replica.about.port.to_string());
        reply.bulk(replica.acknowledged.to_string());
    }
}
