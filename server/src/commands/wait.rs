//! Waiting for copies of what was written.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{CONSTANT, NOSCRIPT, ServerCommand, spec};
use crate::engine::{Copies, Engine, NO_LOG};

const TIPS: &[&str] = &["request_policy:all_shards", "response_policy:agg_min"];

pub(super) static COMMANDS: &[ServerCommand] = &[
    ServerCommand {
        spec: spec(
            "wait",
            3,
            CommandFlags::NONE,
            Categories::CONNECTION,
            ["Wait until replicas have what this connection wrote", "3.0.0", "generic", CONSTANT],
        )
        .tips(TIPS),
        run: wait,
    },
    ServerCommand {
        spec: spec(
            "waitaof",
            4,
            NOSCRIPT,
            Categories::CONNECTION,
            ["Wait until what this connection wrote is on disk here and at replicas", "7.2.0", "generic", CONSTANT],
        )
        .tips(TIPS),
        run: wait_on_disk,
    },
];

const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

fn wait(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let [_, replicas, timeout] = argv else { return };
    if engine.is_replica() {
        return Writer::new(out, engine.protocol(client)).error(WAIT_ON_REPLICA);
    }
    let Some(replicas) = parse_integer(replicas) else {
        return Writer::new(out, engine.protocol(client)).error(NOT_AN_INTEGER);
    };
    match parse_timeout(timeout, engine.shard.now_ms) {
        Ok(timeout_ms) => {
            let replicas = usize::try_from(replicas).unwrap_or(0);
            let wanted = Copies { local: 0, replicas, on_disk: false, offset: 0, logged: 0 };
            engine.wait_for_copies(client, argv, wanted, timeout_ms, out);
        }
        Err(text) => Writer::new(out, engine.protocol(client)).error(text),
    }
}

fn wait_on_disk(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let [_, local, replicas, timeout] = argv else { return };
    if engine.is_replica() {
        return Writer::new(out, engine.protocol(client)).error(WAITAOF_ON_REPLICA);
    }
    let counts = match (parse_integer(local), parse_integer(replicas)) {
        (Some(local @ (0 | 1)), Some(replicas @ 0..)) => Ok([local, replicas]),
        (None, _) | (Some(0 | 1), None) => Err(NOT_AN_INTEGER),
        (Some(0 | 1), Some(_)) => Err("ERR value is out of range, must be positive"),
        (Some(_), _) => Err("ERR value is out of range, value must between 0 and 1"),
    };
    let checked = counts.and_then(|counts| Ok((counts, parse_timeout(timeout, engine.shard.now_ms)?)));
    match checked {
        Ok(([1, _], _)) if engine.aof.is_none() => {
            Writer::new(out, engine.protocol(client)).error(NO_LOG);
        }
        Ok((counts, timeout_ms)) => {
            let [local, replicas] = counts.map(|count| usize::try_from(count).unwrap_or(0));
            let wanted = Copies { local, replicas, on_disk: true, offset: 0, logged: 0 };
            engine.wait_for_copies(client, argv, wanted, timeout_ms, out);
        }
        Err(text) => Writer::new(out, engine.protocol(client)).error(text),
    }
}

const WAIT_ON_REPLICA: &str = "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a \
    replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.";

const WAITAOF_ON_REPLICA: &str = "ERR WAITAOF cannot be used with replica instances. Please also note that writes to \
    replicas are just local and are not propagated.";

/// Milliseconds; 0 is for ever.
fn parse_timeout(text: &[u8], now_ms: u64) -> Result<u64, &'static str> {
    match parse_integer(text) {
        None => Err("ERR timeout is not an integer or out of range"),
        Some(timeout) if timeout > i64::MAX.saturating_sub_unsigned(now_ms) => Err("ERR timeout is out of range"),
        Some(timeout) => u64::try_from(timeout).map_err(|_| "ERR timeout is negative"),
    }
}
