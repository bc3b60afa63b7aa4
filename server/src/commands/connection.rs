//! The connection itself.

use std::sync::Arc;

use bongsu_protocol::command::{Categories, CommandFlags, families, handle_command};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::{
    ClientId, ServerIdentity, handle_auth, handle_hello, handle_ping, handle_quit, handle_reset,
};

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, FAST, NOSCRIPT, ServerCommand, ServerHandler, spec};
use crate::engine::Engine;
use crate::version::REDIS_VERSION;

const GREETING: CommandFlags =
    NOSCRIPT.with(ANY_STATE).with(FAST).with(CommandFlags::NO_AUTH).with(CommandFlags::ALLOW_BUSY);

const fn command(
    name: &'static str,
    arity: i32,
    flags: CommandFlags,
    run: ServerHandler,
    about: [&'static str; 2],
) -> ServerCommand {
    let [summary, since] = about;
    ServerCommand {
        spec: spec(name, arity, flags, Categories::CONNECTION, [summary, since, "connection", CONSTANT]),
        run,
    }
}

pub(super) static COMMANDS: &[ServerCommand] = &[
    command("auth", -2, GREETING, auth, ["Prove who this connection acts as", "1.0.0"]),
    ServerCommand {
        spec: spec(
            "command",
            -1,
            ANY_STATE,
            Categories::CONNECTION,
            ["Describe all commands", "2.8.13", "server", BY_SUBCOMMAND],
        )
        .tips(&["nondeterministic_output_order"])
        .subcommands(&families::COMMAND_SUBCOMMANDS),
        run: about_commands,
    },
    command("echo", 2, ANY_STATE.with(FAST), echo, ["Give back what was sent", "1.0.0"]),
    command("hello", -1, GREETING, hello, ["Choose the version of the protocol", "6.0.0"]),
    ServerCommand {
        spec: spec(
            "ping",
            -1,
            FAST,
            Categories::CONNECTION,
            ["Answer, to show that the server lives", "1.0.0", "connection", CONSTANT],
        )
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
        run: ping,
    },
    ServerCommand {
        spec: command("quit", -1, GREETING, quit, ["Close the connection", "1.0.0"])
            .spec
            .deprecated("7.2.0", "closing the connection"),
        run: quit,
    },
    command("reset", 1, GREETING, reset, ["Make the connection as if it were new", "6.2.0"]),
    command("select", 2, ANY_STATE.with(FAST), select, ["Choose a database", "1.0.0"]),
];

fn auth(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let now_ms = engine.shard.now_ms;
    let Some(session) = engine.clients.get_mut(client) else { return };
    let (protocol, before) = (session.protocol, out.len());
    handle_auth(session, &mut engine.acl, argv, now_ms, &mut Writer::new(out, protocol));
    engine.stats.acl_denied_auth += u64::from(out[before..].starts_with(b"-WRONGPASS"));
}

fn about_commands(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let table = Arc::clone(&engine.table);
    handle_command(&table, argv, &mut Writer::new(out, engine.protocol(client)));
}

fn echo(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    Writer::new(out, engine.protocol(client)).bulk(argv.get(1).copied().unwrap_or_default());
}

fn hello(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let now_ms = engine.shard.now_ms;
    let Some(session) = engine.clients.get_mut(client) else { return };
    let before = out.len();
    let identity = ServerIdentity { server: "redis", version: REDIS_VERSION, mode: "standalone", role: Some("master") };
    handle_hello(session, &mut engine.acl, identity, argv, now_ms, out);
    engine.stats.acl_denied_auth += u64::from(out[before..].starts_with(b"-WRONGPASS"));
}

fn ping(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let Some(session) = engine.clients.get(client) else { return };
    handle_ping(session, argv, &mut Writer::new(out, session.protocol));
}

fn quit(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let Some(session) = engine.clients.get_mut(client) else { return };
    let protocol = session.protocol;
    handle_quit(session, &mut Writer::new(out, protocol));
}

fn reset(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    engine.leave_everything(client);
    let Some(session) = engine.clients.get_mut(client) else { return };
    handle_reset(session, &engine.acl, &mut [&mut engine.pubsub, &mut engine.sharded_pubsub], out);
}

fn select(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let databases = engine.shard.databases();
    let Some(session) = engine.clients.get_mut(client) else { return };
    let mut reply = Writer::new(out, session.protocol);
    match parse_integer(argv.get(1).copied().unwrap_or_default()).filter(|n| i32::try_from(*n).is_ok()) {
        None => reply.error("ERR value is not an integer or out of range"),
        Some(n) => match u32::try_from(n).ok().filter(|n| (*n as usize) < databases) {
            None => reply.error("ERR DB index is out of range"),
            Some(n) => {
                session.db = n;
                reply.simple("OK");
            }
        },
    }
}
