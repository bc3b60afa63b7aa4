//! `DEBUG`: what tests of servers and clients need, and nobody else.

mod digest;
mod object;
mod populate;
mod protocol;
mod reload;

use std::time::Duration;

use bongsu_protocol::command::{Categories, CommandFlags, write_help};
use bongsu_protocol::glob;
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, BY_SUBCOMMAND, NOSCRIPT, ServerCommand, spec};
use crate::config::{Directive, Extent, is_local};
use crate::engine::Engine;
use crate::replication::ReplicationId;

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "debug",
        -2,
        CommandFlags::ADMIN.with(NOSCRIPT).with(ANY_STATE),
        Categories::NONE,
        ["Things that tests need", "1.0.0", "server", BY_SUBCOMMAND],
    ),
    run,
}];

const FORBIDDEN: &str = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run \
                         it from a local connection, otherwise you need to set this option in the configuration file, and \
                         then restart the server.";

const HELP: &[&str] = &[
    "ASSERT | OOM | PANIC | SEGFAULT",
    "    End the process at once.",
    "CHANGE-REPL-ID",
    "    Give the history of the data another name.",
    "CONFIG-REWRITE-FORCE-ALL",
    "    As CONFIG REWRITE, with the directives that are at their defaults.",
    "DIGEST",
    "    A digest of all data, the same for the same data.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Digests of values.",
    "ERROR <text>",
    "    Answer with an error.",
    "HTSTATS <db>",
    "    Sizes of the table of a database.",
    "HTSTATS-KEY <key>",
    "    Sizes of the table of a value.",
    "LISTPACK <key> | QUICKLIST <key>",
    "    Check that a value is kept in this way.",
    "LOG <text>",
    "    Write a line to the log.",
    "OBJECT <key>",
    "    How a value is kept.",
    "PAUSE-CRON <0|1>",
    "    Do nothing that is due by time alone.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Make keys <prefix>:0 and so on, with values of <size> bytes.",
    "PROTOCOL <type>",
    "    Answer with a reply of this type: string, integer, double, bignum, null,",
    "    array, set, map, attrib, push, verbatim, true or false.",
    "REPLICATE <argument> ...",
    "    Tell replicas to run this.",
    "SDSLEN <key>",
    "    Lengths of a key and of the string that it has.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Remove keys when their time is over, or only when somebody asks for them.",
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    Restore payloads whatever their checksums are.",
    "SLEEP <seconds>",
    "    Serve nobody for so long.",
    "STRINGMATCH-LEN <pattern> <text>",
    "    Whether a text matches a pattern.",
    "STRUCTSIZE",
    "    Sizes of structures.",
];

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let local = engine.clients.get(client).is_some_and(is_local);
    if !engine.config.permits(Directive::EnableDebugCommand, local) {
        return reply.error(FORBIDDEN);
    }
    let [_, name, arguments @ ..] = argv else { return };
    let name = name.to_ascii_lowercase();
    let done = server(engine, &name, arguments, &mut reply)
        || values(engine, client, &name, arguments, &mut reply)
        || ignored(&name, arguments, &mut reply);
    if !done {
        let name = String::from_utf8_lossy(argv[1]);
        let shown: String = name.chars().take(128).collect();
        reply.error(format!("ERR unknown subcommand or wrong number of arguments for '{shown}'. Try DEBUG HELP."));
    }
}

/// What concerns the server. False if it is something else.
fn server(engine: &mut Engine, name: &[u8], arguments: &[&[u8]], reply: &mut Writer<'_>) -> bool {
    match (name, arguments) {
        (b"help", []) => write_help(reply, "DEBUG", HELP),
        (b"sleep", [seconds]) => {
            std::thread::sleep(duration(seconds));
            reply.simple("OK");
        }
        (b"set-active-expire", [on]) => {
            engine.switches.expires_lazily = !is_on(on);
            reply.simple("OK");
        }
        (b"set-skip-checksum-validation", [on]) => {
            engine.switches.skips_checksums = is_on(on);
            reply.simple("OK");
        }
        (b"pause-cron", [on]) => {
            engine.switches.rests = is_on(on);
            reply.simple("OK");
        }
        (b"change-repl-id", []) => {
            engine.history.id = ReplicationId::random();
            reply.simple("OK");
        }
        (b"config-rewrite-force-all", []) => match engine.rewrite_config(Extent::Everything) {
            Ok(()) => reply.simple("OK"),
            Err(error) => reply.error(error),
        },
        (b"log", [text]) => {
            engine.log.warning(format_args!("DEBUG LOG: {}", String::from_utf8_lossy(text)));
            reply.simple("OK");
        }
        (b"replicate", [_, ..]) => {
            engine.tell_replicas(arguments);
            reply.simple("OK");
        }
        (b"error", [text]) => reply.error(text),
        (b"protocol", [kind]) => protocol::write(kind, reply),
        (b"stringmatch-len", [pattern, text]) => reply.integer(i64::from(glob::matches(pattern, text))),
        (b"structsize", []) => reply.bulk(object::struct_sizes()),
        (b"segfault" | b"panic" | b"assert" | b"oom", _) => {
            let name = String::from_utf8_lossy(name).to_uppercase();
            engine.log.warning(format_args!("DEBUG {name} ends the process"));
            engine.log.flush();
            std::process::abort();
        }
        (b"restart" | b"crash-and-recover", _) => reply.error("ERR failed to restart the server. Check server logs."),
        (b"reload", options) => match reload::reload(engine, options) {
            Ok(()) => reply.simple("OK"),
            Err(text) => reply.error(text),
        },
        (b"loadaof", []) => match reload::load_log(engine) {
            Ok(()) => reply.simple("OK"),
            Err(text) => reply.error(text),
        },
        _ => return false,
    }
    true
}

/// What concerns keys and values. False if it is something else.
fn values(engine: &mut Engine, client: ClientId, name: &[u8], arguments: &[&[u8]], reply: &mut Writer<'_>) -> bool {
    let db = engine.clients.get(client).map_or(0, |session| session.db as usize);
    match (name, arguments) {
        (b"digest", []) => reply.simple(&digest::of_everything(&engine.shard)),
        (b"digest-value", keys) => {
            reply.array(keys.len());
            keys.iter().for_each(|key| reply.simple(&digest::of_value(&engine.shard, db, key)));
        }
        (b"populate", [count, rest @ ..]) if rest.len() <= 2 => {
            match populate::populate(&mut engine.shard, db, count, rest) {
                Ok(()) => reply.simple("OK"),
                Err(text) => reply.error(text),
            }
        }
        (b"htstats", [db, ..]) => object::table_stats(&engine.shard, db, reply),
        (b"object" | b"sdslen" | b"listpack" | b"quicklist" | b"htstats-key", [key, ..]) => {
            match engine.shard.find(db, key) {
                None => reply.error("ERR no such key"),
                Some(found) => object::describe(name, &engine.shard, db, found, reply),
            }
        }
        _ => return false,
    }
    true
}

/// What has no meaning here, but is asked of every server. False if it is not.
fn ignored(name: &[u8], arguments: &[&[u8]], reply: &mut Writer<'_>) -> bool {
    match (name, arguments) {
        (
            b"quicklist-packed-threshold"
            | b"dict-resizing"
            | b"set-disable-deny-scripts"
            | b"aof-flush-sleep"
            | b"delay-rdb-client-free-seconds"
            | b"drop-cluster-packet-filter"
            | b"leak",
            [_],
        )
        | (b"stringmatch-test", []) => reply.simple("OK"),
        (b"replybuffer", [what, _])
            if what.eq_ignore_ascii_case(b"peak-reset-time") || what.eq_ignore_ascii_case(b"resizing") =>
        {
            reply.simple("OK");
        }
        (b"client-eviction", []) => reply.error("ERR maxmemory-clients is disabled."),
        _ => return false,
    }
    true
}

/// Any number but 0.
fn is_on(argument: &[u8]) -> bool {
    parse_integer(argument).is_some_and(|n| n != 0)
}

/// Seconds with a fraction. What makes no sense is no time.
fn duration(seconds: &[u8]) -> Duration {
    let seconds = std::str::from_utf8(seconds).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_fractions() {
        assert_eq!(duration(b"0.25"), Duration::from_millis(250));
        assert_eq!((duration(b"-1"), duration(b"x"), duration(b"inf")), Default::default());
    }
}
