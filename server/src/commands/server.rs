//! The server as a whole.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, ClientRole};

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, FAST, NOSCRIPT, ServerCommand, spec};
use crate::engine::{End, Engine, Shutdown};

const ADMIN: CommandFlags = CommandFlags::ADMIN.with(NOSCRIPT).with(ANY_STATE);

pub(super) static COMMANDS: &[ServerCommand] = &[
    ServerCommand {
        spec: spec(
            "function",
            -2,
            CommandFlags::NONE,
            Categories::NONE,
            ["Functions", "7.0.0", "scripting", BY_SUBCOMMAND],
        )
        .subcommands(&FUNCTION),
        run: flush_nothing,
    },
    ServerCommand {
        spec: spec(
            "monitor",
            1,
            ADMIN,
            Categories::NONE,
            ["Show all requests as they come", "1.0.0", "server", CONSTANT],
        ),
        run: monitor,
    },
    ServerCommand {
        spec: spec(
            "script",
            -2,
            CommandFlags::NONE,
            Categories::NONE,
            ["Scripts", "2.6.0", "scripting", BY_SUBCOMMAND],
        )
        .subcommands(&SCRIPT),
        run: script,
    },
    ServerCommand {
        spec: spec(
            "shutdown",
            -1,
            ADMIN.with(CommandFlags::NO_MULTI).with(CommandFlags::ALLOW_BUSY),
            Categories::NONE,
            ["End the server", "1.0.0", "server", "O(N), N keys if they are saved"],
        ),
        run: shutdown,
    },
    ServerCommand {
        spec: spec("time", 1, ANY_STATE.with(FAST), Categories::NONE, ["Tell the time", "2.6.0", "server", CONSTANT])
            .tips(&["nondeterministic_output"]),
        run: time,
    },
];

static FUNCTION: [CommandSpec; 1] = [spec(
    "flush",
    -2,
    NOSCRIPT.with(CommandFlags::WRITE),
    Categories::SCRIPTING,
    ["Remove all functions", "7.0.0", "scripting", CONSTANT],
)
.tips(&["request_policy:all_shards", "response_policy:all_succeeded"])];

static SCRIPT: [CommandSpec; 2] = [
    spec("flush", -2, NOSCRIPT, Categories::SCRIPTING, ["Remove all scripts", "2.6.0", "scripting", CONSTANT])
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
    spec(
        "kill",
        2,
        NOSCRIPT.with(CommandFlags::ALLOW_BUSY),
        Categories::SCRIPTING,
        ["End the script that runs, which never is one", "2.6.0", "scripting", CONSTANT],
    )
    .tips(&["request_policy:all_shards", "response_policy:one_succeeded"]),
];

fn script(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    if argv.get(1).is_some_and(|part| part.eq_ignore_ascii_case(b"kill")) {
        Writer::new(out, engine.protocol(client)).error("NOTBUSY No scripts in execution right now.");
    } else {
        flush_nothing(engine, client, argv, out);
    }
}

/// There are no scripts and no functions, so that all of them are gone at once.
fn flush_nothing(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let container = String::from_utf8_lossy(argv.first().copied().unwrap_or_default()).to_uppercase();
    match argv.get(2..).unwrap_or_default() {
        [] => reply.simple("OK"),
        [mode] if mode.eq_ignore_ascii_case(b"ASYNC") || mode.eq_ignore_ascii_case(b"SYNC") => reply.simple("OK"),
        _ => reply.error(format!("ERR {container} FLUSH only supports SYNC|ASYNC option")),
    }
}

fn monitor(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let Some(session) = engine.clients.get_mut(client) else { return };
    if session.role == ClientRole::Normal {
        session.role = ClientRole::Monitor;
        engine.monitors.push(client);
    }
    Writer::new(out, session.protocol).simple("OK");
}

fn time(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let now_us = engine.clock.wall_us();
    let mut reply = Writer::new(out, engine.protocol(client));
    reply.array(2);
    reply.bulk((now_us / 1_000_000).to_string());
    reply.bulk((now_us % 1_000_000).to_string());
}

fn shutdown(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    match Shutdown::parse(argv.get(1..).unwrap_or_default()) {
        None => reply.error("ERR syntax error"),
        Some(None) if engine.abort_end() => reply.simple("OK"),
        Some(None) => reply.error("ERR No shutdown in progress."),
        Some(Some(how)) => match engine.ask_for_end(how) {
            End::Comes => {}
            End::Waits => engine.wait_for_end(client, argv),
            End::Fails => reply.error("ERR Errors trying to SHUTDOWN. Check logs."),
        },
    }
}
