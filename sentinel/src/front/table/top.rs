//! Commands without a container, and the containers.

use bongsu_protocol::command::{ArgSpec, Categories, Channels, CommandFlags as F, CommandSpec, families};

use super::{
    ABOUT, ADMIN, BY_SUBCOMMAND, CONNECTION, CONSTANT, MULTIPLE, OPTIONAL, block, bongsu, integer, one_of, sentinel,
    text,
};

const SUBSCRIBER: F = CONNECTION.with(F::PUBSUB);
/// May be called before authentication, and while the server is busy.
const HANDSHAKE: F = CONNECTION.with(F::FAST).with(F::NO_AUTH).with(F::ALLOW_BUSY);

/// Everything a sentinel understands.
pub(in crate::front) static COMMANDS: [CommandSpec; 18] = [
    CommandSpec::new("acl", -2, F::NONE, Categories::NONE)
        .about("Access control lists", "6.0.0", "server", BY_SUBCOMMAND)
        .subcommands(&families::ACL_SUBCOMMANDS),
    CommandSpec::new("auth", -2, HANDSHAKE, Categories::CONNECTION)
        .about("Log in", "1.0.0", "connection", "O(N), N passwords of the user")
        .arguments(&[text("username").since("6.0.0").flags(OPTIONAL), text("password")]),
    CommandSpec::new("bongsu", -2, F::ADMIN.with(F::HIDDEN), Categories::NONE)
        .about("What only this sentinel can tell", "7.0.0", "sentinel", BY_SUBCOMMAND)
        .subcommands(&bongsu::SUBCOMMANDS),
    CommandSpec::new("client", -2, F::NONE, Categories::NONE)
        .about("Connections of clients", "2.4.0", "connection", BY_SUBCOMMAND)
        .subcommands(&families::CLIENT_SUBCOMMANDS),
    CommandSpec::new("command", -1, ABOUT, Categories::CONNECTION)
        .about("Describe all commands", "2.8.13", "server", "O(N), N commands")
        .tips(&["nondeterministic_output_order"])
        .subcommands(&families::COMMAND_SUBCOMMANDS),
    CommandSpec::new("hello", -1, HANDSHAKE, Categories::CONNECTION)
        .about("Choose the protocol version, log in, name the connection", "6.0.0", "connection", CONSTANT)
        .arguments(&[block("arguments", &HELLO).flags(OPTIONAL)]),
    CommandSpec::new("info", -1, ABOUT, Categories::DANGEROUS)
        .about("State and statistics of this process", "1.0.0", "server", CONSTANT)
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .arguments(&[text("section").flags(OPTIONAL.with(MULTIPLE))]),
    CommandSpec::new("ping", -1, F::FAST, Categories::CONNECTION)
        .about("Ask for a sign of life", "1.0.0", "connection", CONSTANT)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .arguments(&[text("message").flags(OPTIONAL)]),
    CommandSpec::new("psubscribe", -2, SUBSCRIBER, Categories::NONE)
        .about("Receive events whose name matches a pattern", "2.0.0", "pubsub", "O(N), N patterns")
        .channels(Channels::AllPatterns)
        .arguments(&[text("pattern").flags(MULTIPLE)]),
    CommandSpec::new("publish", 3, F::PUBSUB.with(ABOUT).with(F::FAST), Categories::NONE)
        .about("Give this sentinel a hello message", "2.0.0", "pubsub", CONSTANT)
        .channels(Channels::First)
        .arguments(&[text("channel"), text("message")]),
    CommandSpec::new("punsubscribe", -1, SUBSCRIBER, Categories::NONE)
        .about("Stop receiving events by pattern", "2.0.0", "pubsub", "O(N), N patterns")
        .arguments(&[text("pattern").flags(OPTIONAL.with(MULTIPLE))]),
    CommandSpec::new("quit", -1, HANDSHAKE.with(F::HIDDEN), Categories::CONNECTION).about(
        "Close the connection",
        "1.0.0",
        "connection",
        CONSTANT,
    ),
    CommandSpec::new("reset", 1, HANDSHAKE.with(F::HIDDEN), Categories::CONNECTION).about(
        "Put the connection into its first state",
        "6.2.0",
        "connection",
        CONSTANT,
    ),
    CommandSpec::new("role", 1, CONNECTION.with(F::FAST), Categories::ADMIN.with(Categories::DANGEROUS)).about(
        "Tell that this is a sentinel, and of which masters",
        "2.8.12",
        "server",
        "O(N), N masters",
    ),
    CommandSpec::new("sentinel", -2, F::ADMIN, Categories::NONE)
        .about("Supervision of masters", "2.8.4", "sentinel", BY_SUBCOMMAND)
        .subcommands(&sentinel::SUBCOMMANDS),
    CommandSpec::new("shutdown", -1, ADMIN.with(F::NO_MULTI).with(F::ALLOW_BUSY), Categories::NONE)
        .about("End this process", "1.0.0", "server", CONSTANT)
        .arguments(&SHUTDOWN),
    CommandSpec::new("subscribe", -2, SUBSCRIBER, Categories::NONE)
        .about("Receive the events of these names", "2.0.0", "pubsub", "O(N), N channels")
        .channels(Channels::All)
        .arguments(&[text("channel").flags(MULTIPLE)]),
    CommandSpec::new("unsubscribe", -1, SUBSCRIBER, Categories::NONE)
        .about("Stop receiving the events of these names", "2.0.0", "pubsub", "O(N), N channels")
        .arguments(&[text("channel").flags(OPTIONAL.with(MULTIPLE))]),
];

static HELLO: [ArgSpec; 3] = [
    integer("protover"),
    block("auth", &[text("username"), text("password")]).token("AUTH").flags(OPTIONAL),
    text("clientname").token("SETNAME").flags(OPTIONAL),
];

static SHUTDOWN: [ArgSpec; 4] = [
    one_of("save-selector", &[ArgSpec::word("nosave", "NOSAVE"), ArgSpec::word("save", "SAVE")]).flags(OPTIONAL),
    ArgSpec::word("now", "NOW").since("7.0.0").flags(OPTIONAL),
    ArgSpec::word("force", "FORCE").since("7.0.0").flags(OPTIONAL),
    ArgSpec::word("abort", "ABORT").since("7.0.0").flags(OPTIONAL),
];
