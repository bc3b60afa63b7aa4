//! Commands that concern the connection or the server.

mod absent;
mod acl;
mod client;
mod cluster;
mod connection;
mod debug;
mod dump;
mod info;
mod latency;
mod lolwut;
mod memory;
mod migrate;
mod module;
mod persistence;
mod pubsub;
mod replication;
mod role;
mod server;
mod slowlog;
mod transaction;
mod wait;

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec};
use bongsu_protocol::session::ClientId;

use crate::config;
use crate::engine::Engine;
pub(crate) use absent::ABSENT;
pub(crate) use dump::{PAYLOAD_VERSION, PayloadCommand, PayloadHandler, PayloadRules};

/// Runs a command that concerns the connection or the server. What it writes is the reply.
pub(crate) type ServerHandler = fn(&mut Engine, ClientId, &[&[u8]], &mut Vec<u8>);

/// A command that concerns the connection or the server. A container runs for all its subcommands.
pub(crate) struct ServerCommand {
    pub(crate) spec: CommandSpec,
    pub(crate) run: ServerHandler,
}

/// What they take, for [`bongsu_protocol::command::CommandTable::document`].
pub(crate) const SYNOPSES: &str = include_str!("synopses.txt");

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static ServerCommand> {
    [
        acl::COMMANDS,
        client::COMMANDS,
        cluster::COMMANDS,
        config::COMMANDS,
        connection::COMMANDS,
        debug::COMMANDS,
        info::COMMANDS,
        latency::COMMANDS,
        lolwut::COMMANDS,
        memory::COMMANDS,
        migrate::COMMANDS,
        module::COMMANDS,
        persistence::COMMANDS,
        pubsub::COMMANDS,
        replication::COMMANDS,
        role::COMMANDS,
        server::COMMANDS,
        slowlog::COMMANDS,
        transaction::COMMANDS,
        wait::COMMANDS,
    ]
    .into_iter()
    .flatten()
}

/// Those of the keyspace that make or read payloads.
pub(crate) fn payload_commands() -> impl Iterator<Item = &'static PayloadCommand> {
    dump::COMMANDS.iter()
}

/// The descriptions of all commands of this crate.
pub(crate) fn specs() -> impl Iterator<Item = &'static CommandSpec> {
    all().map(|command| &command.spec).chain(payload_commands().map(|command| &command.spec))
}

/// Whether this is the name of a command, of whatever kind: also of one that is not here.
pub(crate) fn is_known(name: &[u8]) -> bool {
    let ours = specs().map(|spec| spec.name);
    let elsewhere = ABSENT.iter().filter(|name| !name.contains('|'));
    let names = ours.chain(bongsu_store::commands::all().map(|command| command.spec.name)).chain(elsewhere);
    names.into_iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name))
}

const NOSCRIPT: CommandFlags = CommandFlags::NOSCRIPT;
const FAST: CommandFlags = CommandFlags::FAST;
/// Allowed while data is loaded, and without a link to the master.
const ANY_STATE: CommandFlags = CommandFlags::LOADING.with(CommandFlags::STALE);

const CONSTANT: &str = "O(1)";
/// Complexity of a container.
const BY_SUBCOMMAND: &str = "Depends on subcommand.";

/// What a command is described with: summary, first version, group, complexity.
type About = [&'static str; 4];

const fn spec(
    name: &'static str,
    arity: i32,
    flags: CommandFlags,
    categories: Categories,
    about: About,
) -> CommandSpec {
    let [summary, since, group, complexity] = about;
    CommandSpec::new(name, arity, flags, categories).about(summary, since, group, complexity)
}
