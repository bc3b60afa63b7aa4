//! `MEMORY`.

mod doctor;

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec, write_help};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, ServerCommand, spec};
use crate::engine::Engine;
use crate::info::Usage;

const KEY: &[KeySpec] = &[KeySpec::single(2, KeyAccess::RO)];
const SHOWN: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

const fn part(name: &'static str, arity: i32, flags: CommandFlags, about: [&'static str; 2]) -> CommandSpec {
    let [summary, complexity] = about;
    spec(name, arity, flags, Categories::NONE, [summary, "4.0.0", "server", complexity])
}

static PARTS: [CommandSpec; 6] = [
    part("doctor", 2, CommandFlags::NONE, ["Say what is odd about the use of memory", CONSTANT]).tips(SHOWN),
    part("help", 2, ANY_STATE, ["Describe the subcommands", CONSTANT]),
    part("malloc-stats", 2, CommandFlags::NONE, ["Show what the allocator counts", CONSTANT]).tips(SHOWN),
    part("purge", 2, CommandFlags::NONE, ["Ask the allocator to give memory back", CONSTANT])
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    part("stats", 2, CommandFlags::NONE, ["Show what memory is used for", "O(N), N databases"]).tips(SHOWN),
    part("usage", -3, CommandFlags::READONLY, ["Tell how much memory a key takes with its value", CONSTANT]).keys(KEY),
];

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "memory",
        -2,
        CommandFlags::NONE,
        Categories::NONE,
        ["What memory is used for", "4.0.0", "server", BY_SUBCOMMAND],
    )
    .subcommands(&PARTS),
    run,
}];

const HELP: &[&str] = &[
    "DOCTOR",
    "    Say what is odd about the use of memory.",
    "MALLOC-STATS",
    "    Show what the allocator counts.",
    "PURGE",
    "    Ask the allocator to give memory back.",
    "STATS",
    "    Show what memory is used for.",
    "USAGE <key> [SAMPLES <count>]",
    "    Tell how many bytes <key> takes with its value. All of it is counted,",
    "    whatever <count> is.",
];

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    match argv.get(1).copied().unwrap_or_default().to_ascii_lowercase().as_slice() {
        b"doctor" => reply.verbatim(*b"txt", doctor::report(&Usage::of(engine))),
        b"malloc-stats" => reply.bulk("Stats not supported for the current allocator"),
        b"purge" => reply.simple("OK"),
        b"stats" => stats(engine, &mut reply),
        b"usage" => usage(engine, client, argv, &mut reply),
        _ => write_help(&mut reply, "MEMORY", HELP),
    }
}

fn usage(engine: &Engine, client: ClientId, argv: &[&[u8]], reply: &mut Writer<'_>) {
    let [_, _, key, options @ ..] = argv else { return };
    let (pairs, rest) = options.as_chunks::<2>();
    for [name, samples] in pairs {
        if !name.eq_ignore_ascii_case(b"SAMPLES") {
            return reply.error("ERR syntax error");
        }
        match parse_integer(samples) {
            None => return reply.error("ERR value is not an integer or out of range"),
            Some(..0) => return reply.error("ERR syntax error"),
            Some(_) => {}
        }
    }
    if !rest.is_empty() {
        return reply.error("ERR syntax error");
    }
    let db = engine.clients.get(client).map_or(0, |session| session.db as usize);
    match engine.shard.find(db, key) {
        Some(found) => reply.integer(engine.shard.db(db).cost(found) as i64),
        None => reply.null(),
    }
}

enum Figure {
    Bytes(usize),
    Signed(i64),
    Ratio(f64),
}

fn stats(engine: &Engine, reply: &mut Writer<'_>) {
    use Figure::{Bytes, Ratio, Signed};
    let usage = Usage::of(engine);
    let dbs: Vec<usize> = (0..engine.shard.databases()).filter(|db| !engine.shard.db(*db).is_empty()).collect();
    let keys: usize = dbs.iter().map(|db| engine.shard.db(*db).len()).sum();
    let before = [
        ("peak.allocated", Bytes(usage.peak)),
        ("total.allocated", Bytes(usage.used)),
        ("startup.allocated", Bytes(usage.startup)),
        ("replication.backlog", Bytes(0)),
        ("clients.slaves", Bytes(0)),
        ("clients.normal", Bytes(usage.clients)),
        ("cluster.links", Bytes(0)),
        ("aof.buffer", Bytes(0)),
        ("lua.caches", Bytes(0)),
        ("functions.caches", Bytes(0)),
    ];
    let after = [
        ("overhead.db.hashtable.lut", Bytes(usage.tables)),
        ("overhead.db.hashtable.rehashing", Bytes(0)),
        ("overhead.total", Bytes(usage.overhead())),
        ("db.dict.rehashing.count", Bytes(0)),
        ("keys.count", Bytes(keys)),
        ("keys.bytes-per-key", Bytes(usage.used.saturating_sub(usage.startup).checked_div(keys).unwrap_or(0))),
        ("dataset.bytes", Bytes(usage.dataset())),
        ("dataset.percentage", Ratio(usage.dataset_percent())),
        ("peak.percentage", Ratio(usage.peak_percent())),
        ("allocator.allocated", Bytes(usage.used)),
        ("allocator.active", Bytes(usage.resident)),
        ("allocator.resident", Bytes(usage.resident)),
        ("allocator-fragmentation.ratio", Ratio(usage.fragmentation())),
        ("allocator-fragmentation.bytes", Signed(usage.fragmentation_bytes())),
        ("allocator-rss.ratio", Ratio(1.0)),
        ("allocator-rss.bytes", Bytes(0)),
        ("rss-overhead.ratio", Ratio(1.0)),
        ("rss-overhead.bytes", Bytes(0)),
        ("fragmentation", Ratio(usage.fragmentation())),
        ("fragmentation.bytes", Signed(usage.fragmentation_bytes())),
    ];
    reply.map(before.len() + dbs.len() + after.len());
    write_figures(&before, reply);
    for db in dbs {
        // Expiries lie with the keys.
        let parts = [
            ("overhead.hashtable.main", Bytes(engine.shard.db(db).table_bytes())),
            ("overhead.hashtable.expires", Bytes(0)),
            ("overhead.hashtable.slot-to-keys", Bytes(0)),
        ];
        reply.bulk(format!("db.{db}"));
        reply.map(parts.len());
        write_figures(&parts, reply);
    }
    write_figures(&after, reply);
}

fn write_figures(figures: &[(&str, Figure)], reply: &mut Writer<'_>) {
    for (name, figure) in figures {
        reply.bulk(name);
        match figure {
            Figure::Bytes(bytes) => reply.integer(*bytes as i64),
            Figure::Signed(bytes) => reply.integer(*bytes),
            Figure::Ratio(ratio) => reply.double(*ratio),
        }
    }
}
