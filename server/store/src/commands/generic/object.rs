//! How a value is kept and used.

use bongsu_protocol::command::write_help;

use crate::call::{Call, Done, Fault, Outcome};
use crate::eviction::{frequency, idle_s};
use crate::keyspace::Stored;

/// Integers below this one are shared by all keys that have them, as other servers count references.
const SHARED_INTEGERS: i64 = 10_000;

/// How many keys share a shared integer: it is not counted.
const SHARED: i64 = i32::MAX as i64;

const HELP: &[&str] = &[
    "ENCODING <key>",
    "    Tell how the value of a key is kept.",
    "FREQ <key>",
    "    Tell how often a key is used, as a logarithmic counter.",
    "IDLETIME <key>",
    "    Tell for how many seconds a key has not been used.",
    "REFCOUNT <key>",
    "    Tell how many share the value of a key.",
];

const COUNTS_USE: Fault = Fault::text(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at \
     runtime LRU and LFU data will take some time to adjust.",
);

const COUNTS_NO_USE: Fault = Fault::text(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between \
     policies at runtime LRU and LFU data will take some time to adjust.",
);

pub(super) fn object(call: &mut Call<'_>) -> Outcome {
    if call.is(1, "HELP") {
        write_help(&mut call.reply, "OBJECT", HELP);
        return Ok(Done::Replied);
    }
    let found = call.find_in(call.db, call.arg(2));
    match found {
        Some(_) => call.shard.stats.hits += 1,
        None => call.shard.stats.misses += 1,
    }
    let Some(found) = found else { return call.answer(|reply| reply.null()) };
    let (clock, now_ms) = (call.shard.db(call.db).clock(found), call.shard.now_ms);
    let is_lfu = call.shard.settings.policy.is_lfu();
    if call.is(1, "ENCODING") {
        let name = call.value(found).encoding();
        call.answer(|reply| reply.bulk(name))
    } else if call.is(1, "REFCOUNT") {
        let is_shared = matches!(call.value(found), Stored::Int(0..SHARED_INTEGERS));
        let is_shared = is_shared && call.shard.settings.shares_integers;
        call.number(if is_shared { SHARED } else { 1 })
    } else if call.is(1, "IDLETIME") {
        if is_lfu { Err(COUNTS_USE) } else { call.number(idle_s(clock, now_ms) as i64) }
    } else if !is_lfu {
        Err(COUNTS_NO_USE)
    } else {
        call.number(frequency(clock, now_ms, &call.shard.settings.lfu).into())
    }
}
