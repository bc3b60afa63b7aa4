//! What replicas say to their master, and what others ask about that.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, CONSTANT, FAST, NOSCRIPT, ServerCommand, spec};
use crate::engine::Engine;
use crate::replication::{Answer, FailoverRequest, State};

const ADMIN: CommandFlags = CommandFlags::ADMIN.with(NOSCRIPT);
/// For those who will be sent everything or the stream.
const FOLLOW: CommandFlags = ADMIN.with(CommandFlags::NO_ASYNC_LOADING).with(CommandFlags::NO_MULTI);

pub(super) static COMMANDS: &[ServerCommand] = &[
    ServerCommand {
        spec: spec(
            "failover",
            -1,
            ADMIN.with(CommandFlags::STALE),
            Categories::NONE,
            ["Let a replica take over that has everything", "6.2.0", "server", CONSTANT],
        ),
        run: failover,
    },
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

fn failover(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let done = match argv {
        [_, word] if word.eq_ignore_ascii_case(b"ABORT") => {
            if engine.abort_failover("Failover manually aborted") {
                Ok(())
            } else {
                Err("ERR No failover in progress.")
            }
        }
        _ => parse_failover(&argv[1..]).and_then(|request| engine.begin_failover(request)),
    };
    match done {
        Ok(()) => reply.simple("OK"),
        Err(text) => reply.error(text),
    }
}

fn parse_failover(mut words: &[&[u8]]) -> Result<FailoverRequest, &'static str> {
    const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
    let mut request = FailoverRequest::default();
    while let [word, rest @ ..] = words {
        words = match (word.to_ascii_lowercase().as_slice(), rest) {
            (b"timeout", [timeout, rest @ ..]) if request.timeout_ms.is_none() => {
                let timeout_ms = parse_integer(timeout).ok_or(NOT_AN_INTEGER)?;
                let timeout_ms = u64::try_from(timeout_ms).ok().filter(|timeout_ms| *timeout_ms > 0);
                request.timeout_ms = Some(timeout_ms.ok_or("ERR FAILOVER timeout must be greater than 0")?);
                rest
            }
            (b"to", [host, port, rest @ ..]) if request.target.is_none() => {
                let port = parse_integer(port).ok_or(NOT_AN_INTEGER)?;
                // No replica has another port.
                let port = u16::try_from(port).unwrap_or(0);
                request.target = Some((String::from_utf8_lossy(host).into_owned(), port));
                rest
            }
            (b"force", rest) if !request.is_forced => {
                request.is_forced = true;
                rest
            }
            _ => return Err("ERR syntax error"),
        };
    }
    Ok(request)
}

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
        Answer::Line(text) => reply.simple(&text),
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
