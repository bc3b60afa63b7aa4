//! `SLOWLOG`.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, write_help};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, ServerCommand, spec};
use crate::engine::{Engine, SlowLog};

const ADMIN: CommandFlags = CommandFlags::ADMIN.with(ANY_STATE);

/// Entries that are shown to those who do not say how many.
const SHOWN: usize = 10;

const fn part(name: &'static str, arity: i32, about: [&'static str; 2]) -> CommandSpec {
    let [summary, complexity] = about;
    spec(name, arity, ADMIN, Categories::NONE, [summary, "2.2.12", "server", complexity])
}

static PARTS: [CommandSpec; 4] = [
    part("get", -2, ["Show the latest requests that took long", "O(N), N entries"])
        .tips(&["request_policy:all_nodes", "nondeterministic_output"]),
    spec("help", 2, ANY_STATE, Categories::NONE, ["Describe the subcommands", "6.2.0", "server", CONSTANT]),
    part("len", 2, ["Count the requests that took long", CONSTANT]).tips(&[
        "request_policy:all_nodes",
        "response_policy:agg_sum",
        "nondeterministic_output",
    ]),
    part("reset", 2, ["Forget the requests that took long", "O(N), N entries"])
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
];

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "slowlog",
        -2,
        CommandFlags::NONE,
        Categories::NONE,
        ["Requests that took long", "2.2.12", "server", BY_SUBCOMMAND],
    )
    .subcommands(&PARTS),
    run,
}];

const HELP: &[&str] = &[
    "GET [<count>]",
    "    Show the <count> latest entries (10 if not given, all if -1). An entry is",
    "    its number, when it ended, how many microseconds it took, the request, and",
    "    address and name of the client.",
    "LEN",
    "    Count the entries.",
    "RESET",
    "    Forget the entries.",
];

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    match argv.get(1).copied().unwrap_or_default().to_ascii_lowercase().as_slice() {
        b"get" => match count(argv, &engine.slowlog) {
            Some(count) => show(&engine.slowlog, count, &mut reply),
            None => reply.error("ERR count should be greater than or equal to -1"),
        },
        b"len" => reply.integer(engine.slowlog.len() as i64),
        b"reset" => {
            engine.slowlog.reset();
            reply.simple("OK");
        }
        _ => write_help(&mut reply, "SLOWLOG", HELP),
    }
}

/// How many entries are wanted.
fn count(argv: &[&[u8]], log: &SlowLog) -> Option<usize> {
    let wanted = match argv {
        [_, _, count] => parse_integer(count)?,
        // More arguments are none of a command that exists.
        [_, _, _, ..] => return None,
        _ => SHOWN as i64,
    };
    if wanted == -1 {
        return Some(log.len());
    }
    usize::try_from(wanted).ok().map(|wanted| wanted.min(log.len()))
}

fn show(log: &SlowLog, count: usize, reply: &mut Writer<'_>) {
    reply.array(count);
    for entry in log.iter().take(count) {
        reply.array(6);
        reply.integer(entry.id as i64);
        reply.integer(entry.at_s as i64);
        reply.integer(entry.usec as i64);
        reply.array(entry.argv.len());
        entry.argv.iter().for_each(|arg| reply.bulk(arg));
        reply.bulk(&entry.addr);
        reply.bulk(&entry.name);
    }
}
