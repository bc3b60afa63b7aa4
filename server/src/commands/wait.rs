//! Waiting for copies of what was written.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{CONSTANT, NOSCRIPT, ServerCommand, spec};
use crate::engine::Engine;

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

/// There are no replicas, so that none is worth waiting for.
fn wait(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let [_, replicas, timeout] = argv else { return };
    if parse_integer(replicas).is_none() {
        return reply.error(NOT_AN_INTEGER);
    }
    match check_timeout(timeout, engine.shard.now_ms) {
        Ok(()) => reply.integer(0),
        Err(text) => reply.error(text),
    }
}

/// There is no log on disk either.
fn wait_on_disk(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let [_, local, replicas, timeout] = argv else { return };
    let checked = match (parse_integer(local), parse_integer(replicas)) {
        (Some(local @ (0 | 1)), Some(0..)) => check_timeout(timeout, engine.shard.now_ms).map(|()| local),
        (None, _) | (Some(0 | 1), None) => Err(NOT_AN_INTEGER),
        (Some(0 | 1), Some(_)) => Err("ERR value is out of range, must be positive"),
        (Some(_), _) => Err("ERR value is out of range, value must between 0 and 1"),
    };
    match checked {
        Ok(0) => {
            reply.array(2);
            reply.integer(0);
            reply.integer(0);
        }
        Ok(_) => reply.error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."),
        Err(text) => reply.error(text),
    }
}

/// Milliseconds. When they are over can be told as a time.
fn check_timeout(text: &[u8], now_ms: u64) -> Result<(), &'static str> {
    match parse_integer(text) {
        None => Err("ERR timeout is not an integer or out of range"),
        Some(..0) => Err("ERR timeout is negative"),
        Some(ms) if i64::try_from(now_ms).ok().and_then(|now_ms| ms.checked_add(now_ms)).is_none() => {
            Err("ERR timeout is out of range")
        }
        Some(_) => Ok(()),
    }
}
