//! `MODULE`: there are none, and none can be loaded.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, write_help};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, NOSCRIPT, ServerCommand, spec};
use crate::config::{Directive, is_local};
use crate::engine::Engine;

const ADMIN: CommandFlags = CommandFlags::ADMIN.with(NOSCRIPT);
const LOADS: CommandFlags = ADMIN.with(CommandFlags::NO_ASYNC_LOADING);

const fn part(name: &'static str, arity: i32, flags: CommandFlags, about: [&'static str; 2]) -> CommandSpec {
    let [summary, since] = about;
    spec(name, arity, flags, Categories::NONE, [summary, since, "server", CONSTANT])
}

static PARTS: [CommandSpec; 5] = [
    part("help", 2, ANY_STATE, ["Describe the subcommands", "5.0.0"]),
    part("list", 2, ADMIN, ["Show the modules", "4.0.0"]).tips(&["nondeterministic_output_order"]),
    part("load", -3, LOADS, ["Load a module", "4.0.0"]),
    part("loadex", -3, LOADS, ["Load a module with directives of its own", "7.0.0"]),
    part("unload", 3, LOADS, ["Remove a module", "4.0.0"]),
];

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "module",
        -2,
        CommandFlags::NONE,
        Categories::NONE,
        ["Modules, of which there are none", "4.0.0", "server", BY_SUBCOMMAND],
    )
    .subcommands(&PARTS),
    run,
}];

const FORBIDDEN: &str = "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run \
                         it from a local connection, otherwise you need to set this option in the configuration file, and \
                         then restart the server.";

const HELP: &[&str] = &[
    "LIST",
    "    Show the modules.",
    "LOAD <path> [<arg> ...]",
    "    Load a module.",
    "LOADEX <path> [CONFIG <name> <value> ...] [ARGS ...]",
    "    Load a module with directives of its own.",
    "UNLOAD <name>",
    "    Remove a module.",
];

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let may_load =
        engine.config.permits(Directive::EnableModuleCommand, engine.clients.get(client).is_some_and(is_local));
    match argv.get(1).copied().unwrap_or_default().to_ascii_lowercase().as_slice() {
        b"help" => write_help(&mut reply, "MODULE", HELP),
        b"list" => reply.array(0),
        _ if !may_load => reply.error(FORBIDDEN),
        b"unload" => reply.error("ERR Error unloading module: no such module with that name"),
        _ => reply.error("ERR Error loading the extension. Please check the server logs."),
    }
}
