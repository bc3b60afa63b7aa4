//! A small table for the unit tests of this crate, with the attributes Redis gives these commands.

use std::sync::Arc;

use super::{Categories, Channels, CommandFlags as F, CommandSpec, CommandTable, KeyAccess as K, KeySpec};
use crate::resp::{Protocol, Writer};

const CONNECTION: F = F::NOSCRIPT.with(F::LOADING).with(F::STALE);
const ADMIN: F = F::ADMIN.with(CONNECTION);

const fn client(name: &'static str, arity: i32, flags: F) -> CommandSpec {
    CommandSpec::new(name, arity, flags, Categories::CONNECTION)
}

const fn acl(name: &'static str, arity: i32) -> CommandSpec {
    CommandSpec::new(name, arity, ADMIN, Categories::NONE)
}

static CLIENT: [CommandSpec; 4] = [
    client("id", 2, CONNECTION),
    client("kill", -3, ADMIN),
    client("list", -2, ADMIN).tips(&["nondeterministic_output"]),
    client("setname", 3, CONNECTION),
];
static ACL: [CommandSpec; 3] =
    [acl("list", 2), acl("setuser", -3), CommandSpec::new("whoami", 2, CONNECTION, Categories::NONE)];

static COMMANDS: [CommandSpec; 14] = [
    CommandSpec::new("acl", -2, F::NONE, Categories::NONE).subcommands(&ACL),
    CommandSpec::new("auth", -2, CONNECTION.with(F::FAST).with(F::NO_AUTH), Categories::CONNECTION),
    CommandSpec::new("client", -2, F::NONE, Categories::NONE).subcommands(&CLIENT),
    CommandSpec::new("command", -1, F::LOADING.with(F::STALE), Categories::CONNECTION)
        .subcommands(&[CommandSpec::new("count", 2, F::LOADING.with(F::STALE), Categories::CONNECTION)]),
    CommandSpec::new("get", 2, F::READONLY.with(F::FAST), Categories::STRING)
        .keys(&[KeySpec::single(1, K::RO.with(K::ACCESS))])
        .about("Get the string value", "1.0.0", "string", "O(1)"),
    CommandSpec::new("mset", -3, F::WRITE.with(F::DENYOOM), Categories::STRING).keys(&[KeySpec::range(
        1,
        -1,
        2,
        K::OW.with(K::UPDATE),
    )]),
    CommandSpec::new("ping", -1, F::FAST, Categories::CONNECTION),
    CommandSpec::new("psubscribe", -2, CONNECTION.with(F::PUBSUB), Categories::NONE).channels(Channels::AllPatterns),
    CommandSpec::new("publish", 3, F::PUBSUB.with(F::FAST), Categories::NONE).channels(Channels::First),
    CommandSpec::new("quit", -1, F::HIDDEN.with(F::NO_AUTH), Categories::CONNECTION),
    CommandSpec::new("select", 2, F::FAST, Categories::CONNECTION),
    CommandSpec::new("set", -3, F::WRITE.with(F::DENYOOM), Categories::STRING)
        .keys(&[KeySpec::single(1, K::OW.with(K::UPDATE))]),
    CommandSpec::new("subscribe", -2, CONNECTION.with(F::PUBSUB), Categories::NONE).channels(Channels::All),
    CommandSpec::new("unsubscribe", -1, CONNECTION.with(F::PUBSUB), Categories::NONE),
];

pub(crate) fn table() -> Arc<CommandTable> {
    Arc::new(CommandTable::new(&COMMANDS))
}

pub(crate) fn argv(line: &str) -> Vec<&[u8]> {
    line.split(' ').map(str::as_bytes).collect()
}

/// The RESP2 reply to a line of words.
pub(crate) fn ask(line: &str, handle: impl FnOnce(&[&[u8]], &mut Writer<'_>)) -> String {
    ask_in(Protocol::Resp2, line, handle)
}

pub(crate) fn ask_in(protocol: Protocol, line: &str, handle: impl FnOnce(&[&[u8]], &mut Writer<'_>)) -> String {
    let mut bytes = Vec::new();
    handle(&argv(line), &mut Writer::new(&mut bytes, protocol));
    String::from_utf8_lossy(&bytes).into_owned()
}
