//! Subcommands of `CLIENT`.

use crate::command::{ArgFlags, ArgSpec, Categories, CommandFlags, CommandSpec};

use super::{ABOUT, ADMIN, CONNECTION, CONSTANT, EVERYWHERE, MULTIPLE, OPTIONAL, integer, one_of, text};

const BY_CLIENTS: &str = "O(N), N connections";

/// All of them.
pub static SUBCOMMANDS: [CommandSpec; 17] = [
    spec("caching", 3, CONNECTION)
        .about("Track the keys of the next request, or not", "6.0.0", "connection", CONSTANT)
        .arguments(&[one_of("mode", &[ArgSpec::word("yes", "YES"), ArgSpec::word("no", "NO")])]),
    spec("getname", 2, CONNECTION).about("Tell the name of this connection", "2.6.9", "connection", CONSTANT),
    spec("getredir", 2, CONNECTION).about("Tell who receives invalidations", "6.0.0", "connection", CONSTANT),
    spec("help", 2, ABOUT).about("Describe the subcommands", "5.0.0", "connection", CONSTANT),
    spec("id", 2, CONNECTION).about("Tell the id of this connection", "5.0.0", "connection", CONSTANT),
    spec("info", 2, CONNECTION)
        .about("Describe this connection", "6.2.0", "connection", CONSTANT)
        .tips(&["nondeterministic_output"]),
    spec("kill", -3, ADMIN).about("End connections", "2.4.0", "connection", BY_CLIENTS).arguments(&[one_of(
        "filter",
        &[
            text("old-format").display("ip:port").deprecated_since("2.8.12"),
            one_of("new-format", &KILL).flags(MULTIPLE),
        ],
    )]),
    spec("list", -2, ADMIN)
        .about("Describe all connections", "2.4.0", "connection", BY_CLIENTS)
        .tips(&["nondeterministic_output"])
        .arguments(&[
            one_of("client-type", &TYPES).token("TYPE").since("5.0.0").flags(OPTIONAL),
            integer("client-id").token("ID").since("6.2.0").flags(OPTIONAL.with(MULTIPLE)),
        ]),
    spec("no-evict", 3, ADMIN)
        .about("Spare this connection from eviction", "7.0.0", "connection", CONSTANT)
        .arguments(&[one_of("enabled", &[ArgSpec::word("on", "ON"), ArgSpec::word("off", "OFF")])]),
    spec("pause", -3, ADMIN).about("Hold back requests for a while", "3.0.0", "connection", CONSTANT).arguments(&[
        integer("timeout"),
        one_of("mode", &[ArgSpec::word("write", "WRITE"), ArgSpec::word("all", "ALL")]).since("6.2.0").flags(OPTIONAL),
    ]),
    spec("reply", 3, CONNECTION)
        .about("Answer the requests of this connection, or not", "3.2.0", "connection", CONSTANT)
        .arguments(&[one_of(
            "action",
            &[ArgSpec::word("on", "ON"), ArgSpec::word("off", "OFF"), ArgSpec::word("skip", "SKIP")],
        )]),
    spec("setinfo", 4, CONNECTION)
        .about("Tell which library uses this connection", "7.2.0", "connection", CONSTANT)
        .tips(EVERYWHERE)
        .arguments(&[one_of("attr", &[text("libname").token("LIB-NAME"), text("libver").token("LIB-VER")])]),
    spec("setname", 3, CONNECTION)
        .about("Name this connection", "2.6.9", "connection", CONSTANT)
        .tips(EVERYWHERE)
        .arguments(&[text("connection-name")]),
    spec("tracking", -3, CONNECTION)
        .about("Send invalidations of keys, or not", "6.0.0", "connection", CONSTANT)
        .arguments(&TRACKING),
    spec("trackinginfo", 2, CONNECTION).about("Tell the state of tracking", "6.2.0", "connection", CONSTANT),
    spec("unblock", -3, ADMIN).about("Wake a connection that waits", "5.0.0", "connection", CONSTANT).arguments(&[
        integer("client-id"),
        one_of("unblock-type", &[ArgSpec::word("timeout", "TIMEOUT"), ArgSpec::word("error", "ERROR")]).flags(OPTIONAL),
    ]),
    spec("unpause", 2, ADMIN).about("End a pause", "6.2.0", "connection", BY_CLIENTS),
];

/// `CLIENT NO-TOUCH`, which servers without keys do not have.
pub static NO_TOUCH: CommandSpec = spec("no-touch", 3, CONNECTION)
    .about("Leave no trace in the clocks of keys", "7.2.0", "connection", CONSTANT)
    .arguments(&[one_of("enabled", &[ArgSpec::word("on", "ON"), ArgSpec::word("off", "OFF")])]);

static TYPES: [ArgSpec; 4] = [
    ArgSpec::word("normal", "NORMAL"),
    ArgSpec::word("master", "MASTER"),
    ArgSpec::word("replica", "REPLICA"),
    ArgSpec::word("pubsub", "PUBSUB"),
];

static TYPES_TO_KILL: [ArgSpec; 5] = [
    ArgSpec::word("normal", "NORMAL"),
    ArgSpec::word("master", "MASTER").since("3.2.0"),
    ArgSpec::word("slave", "SLAVE"),
    ArgSpec::word("replica", "REPLICA").since("5.0.0"),
    ArgSpec::word("pubsub", "PUBSUB"),
];

static KILL: [ArgSpec; 6] = [
    integer("client-id").token("ID").since("2.8.12").flags(OPTIONAL),
    one_of("client-type", &TYPES_TO_KILL).token("TYPE").since("2.8.12").flags(OPTIONAL),
    text("username").token("USER").flags(OPTIONAL),
    text("addr").display("ip:port").token("ADDR").flags(OPTIONAL),
    text("laddr").display("ip:port").token("LADDR").since("6.2.0").flags(OPTIONAL),
    one_of("skipme", &[ArgSpec::word("yes", "YES"), ArgSpec::word("no", "NO")]).token("SKIPME").flags(OPTIONAL),
];

static TRACKING: [ArgSpec; 7] = [
    one_of("status", &[ArgSpec::word("on", "ON"), ArgSpec::word("off", "OFF")]),
    integer("client-id").token("REDIRECT").flags(OPTIONAL),
    text("prefix").token("PREFIX").flags(OPTIONAL.with(MULTIPLE).with(ArgFlags::MULTIPLE_TOKEN)),
    ArgSpec::word("bcast", "BCAST").flags(OPTIONAL),
    ArgSpec::word("optin", "OPTIN").flags(OPTIONAL),
    ArgSpec::word("optout", "OPTOUT").flags(OPTIONAL),
    ArgSpec::word("noloop", "NOLOOP").flags(OPTIONAL),
];

const fn spec(name: &'static str, arity: i32, flags: CommandFlags) -> CommandSpec {
    CommandSpec::new(name, arity, flags, Categories::CONNECTION)
}
