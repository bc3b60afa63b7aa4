//! Transactions.

use bongsu_protocol::command::{Categories, CommandFlags, KeyAccess, KeySpec};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, CONSTANT, FAST, NOSCRIPT, ServerCommand, ServerHandler, spec};
use crate::engine::Engine;

const RULE: CommandFlags = NOSCRIPT.with(ANY_STATE).with(CommandFlags::ALLOW_BUSY);
const WATCHED: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyAccess::RO)];

const fn command(
    name: &'static str,
    arity: i32,
    flags: CommandFlags,
    keys: &'static [KeySpec],
    run: ServerHandler,
    about: [&'static str; 3],
) -> ServerCommand {
    let [summary, since, complexity] = about;
    let about = [summary, since, "transactions", complexity];
    ServerCommand { spec: spec(name, arity, flags, Categories::TRANSACTION, about).keys(keys), run }
}

pub(super) static COMMANDS: &[ServerCommand] = &[
    command("discard", 1, RULE.with(FAST), &[], discard, ["Forget a transaction", "2.0.0", "O(N), N requests"]),
    command(
        "exec",
        1,
        NOSCRIPT.with(ANY_STATE).with(CommandFlags::SKIP_SLOWLOG),
        &[],
        exec,
        ["Run the requests of a transaction in one go", "1.2.0", "Depends on the requests."],
    ),
    command("multi", 1, RULE.with(FAST), &[], multi, ["Begin a transaction", "1.2.0", CONSTANT]),
    command("unwatch", 1, RULE.with(FAST), &[], unwatch, ["Watch no key any more", "2.2.0", CONSTANT]),
    command(
        "watch",
        -2,
        RULE.with(FAST),
        WATCHED,
        watch,
        ["Let the next transaction fail if one of these keys changes before it", "2.2.0", "O(N), N keys"],
    ),
];

fn in_transaction(engine: &Engine, client: ClientId) -> bool {
    engine.clients.get(client).is_some_and(|session| session.queued.is_some())
}

fn multi(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    if in_transaction(engine, client) {
        return reply.error("ERR MULTI calls can not be nested");
    }
    reply.simple("OK");
    engine.begin(client);
}

fn exec(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    if !in_transaction(engine, client) {
        return Writer::new(out, engine.protocol(client)).error("ERR EXEC without MULTI");
    }
    engine.exec(client, out);
}

fn discard(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    if !in_transaction(engine, client) {
        return reply.error("ERR DISCARD without MULTI");
    }
    reply.simple("OK");
    engine.discard(client);
}

fn watch(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    if in_transaction(engine, client) {
        return reply.error("ERR WATCH inside MULTI is not allowed");
    }
    reply.simple("OK");
    let Some(session) = engine.clients.get(client) else { return };
    // What is lost already cannot be lost again.
    if session.dirty_transaction {
        return;
    }
    let db = session.db as usize;
    for key in argv.get(1..).unwrap_or_default() {
        let found = engine.shard.find(db, key);
        let expiry_ms = found.and_then(|found| engine.shard.db(db).expiry_ms(found));
        let was_over = expiry_ms.is_some_and(|at| at <= engine.shard.now_ms);
        engine.watches.add(client, (db, key.to_vec()), found.is_some() && !was_over, was_over);
    }
    engine.update_interest();
    let watched = engine.watches.of(client).len();
    if let Some(session) = engine.clients.get_mut(client) {
        session.io.count(|totals| totals.watched = watched);
    }
}

fn unwatch(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    engine.watches.remove(client);
    engine.update_interest();
    let Some(session) = engine.clients.get_mut(client) else { return };
    session.dirty_transaction = false;
    session.io.count(|totals| totals.watched = 0);
    Writer::new(out, session.protocol).simple("OK");
}
