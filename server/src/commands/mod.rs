//! Commands that concern the connection or the server.

use std::sync::Arc;

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, handle_command};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::{
    ClientId, ServerIdentity, handle_auth, handle_hello, handle_ping, handle_quit, handle_reset,
};

use crate::engine::Engine;

/// The version of Redis whose behaviour is offered, so that clients choose the right features.
const REDIS_VERSION: &str = "7.2.4";

/// Runs a command that concerns the connection or the server.
pub(crate) type ServerHandler = fn(&mut Engine, ClientId, &[&[u8]], &mut Vec<u8>);

/// A command that concerns the connection or the server.
pub(crate) struct ServerCommand {
    pub(crate) spec: CommandSpec,
    pub(crate) run: ServerHandler,
}

const ANYTIME: CommandFlags = CommandFlags::NOSCRIPT.with(CommandFlags::LOADING).with(CommandFlags::STALE);
const QUICK: CommandFlags = CommandFlags::FAST.with(CommandFlags::LOADING).with(CommandFlags::STALE);
const GREETING: CommandFlags =
    ANYTIME.with(CommandFlags::FAST).with(CommandFlags::NO_AUTH).with(CommandFlags::ALLOW_BUSY);

const fn command(
    name: &'static str,
    arity: i32,
    flags: CommandFlags,
    run: ServerHandler,
    about: [&'static str; 2],
) -> ServerCommand {
    let [summary, since] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::CONNECTION);
    ServerCommand { spec: spec.about(summary, since, "connection", "O(1)"), run }
}

/// All of them.
pub(crate) static COMMANDS: &[ServerCommand] = &[
    command("auth", -2, GREETING, auth, ["Prove who this connection acts as", "1.0.0"]),
    command(
        "command",
        -1,
        CommandFlags::LOADING.with(CommandFlags::STALE),
        about_commands,
        ["Describe all commands", "2.8.13"],
    ),
    command("echo", 2, QUICK, echo, ["Give back what was sent", "1.0.0"]),
    command("hello", -1, GREETING, hello, ["Choose the version of the protocol", "6.0.0"]),
    command("ping", -1, CommandFlags::FAST, ping, ["Answer, to show that the server lives", "1.0.0"]),
    command("quit", -1, GREETING, quit, ["Close the connection", "1.0.0"]),
    command("reset", 1, GREETING, reset, ["Make the connection as if it were new", "6.2.0"]),
    command("select", 2, QUICK, select, ["Choose a database", "1.0.0"]),
];

fn auth(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let now_ms = engine.shard.now_ms;
    let Some(session) = engine.clients.get_mut(client) else { return };
    let protocol = session.protocol;
    handle_auth(session, &mut engine.acl, argv, now_ms, &mut Writer::new(out, protocol));
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
    let identity = ServerIdentity { server: "redis", version: REDIS_VERSION, mode: "standalone", role: Some("master") };
    handle_hello(session, &mut engine.acl, identity, argv, now_ms, out);
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
    let Some(session) = engine.clients.get_mut(client) else { return };
    handle_reset(session, &engine.acl, &mut [], out);
}

fn select(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let databases = engine.shard.databases();
    let Some(session) = engine.clients.get_mut(client) else { return };
    let mut reply = Writer::new(out, session.protocol);
    match parse_integer(argv.get(1).copied().unwrap_or_default()) {
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
