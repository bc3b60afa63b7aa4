//! The subcommands of `ACL`, `CLIENT` and `COMMAND`, which every server has.

mod acl;
mod client;
mod command;

pub use acl::SUBCOMMANDS as ACL_SUBCOMMANDS;
pub use client::{NO_TOUCH as CLIENT_NO_TOUCH, SUBCOMMANDS as CLIENT_SUBCOMMANDS};
pub use command::SUBCOMMANDS as COMMAND_SUBCOMMANDS;

use super::{ArgFlags, ArgKind, ArgSpec, CommandFlags};

/// Flags of commands about the connection or its user.
const CONNECTION: CommandFlags = CommandFlags::NOSCRIPT.with(CommandFlags::LOADING).with(CommandFlags::STALE);
/// Flags of administrative commands.
const ADMIN: CommandFlags = CommandFlags::ADMIN.with(CONNECTION);
/// Flags of commands that only tell about the server itself.
const ABOUT: CommandFlags = CommandFlags::LOADING.with(CommandFlags::STALE);

const CONSTANT: &str = "O(1)";

/// For clients of a cluster: send it to every node, and expect success from every one.
const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const OPTIONAL: ArgFlags = ArgFlags::OPTIONAL;
const MULTIPLE: ArgFlags = ArgFlags::MULTIPLE;

const fn text(name: &'static str) -> ArgSpec {
    ArgSpec::new(name, ArgKind::String)
}

const fn integer(name: &'static str) -> ArgSpec {
    ArgSpec::new(name, ArgKind::Integer)
}

const fn one_of(name: &'static str, arguments: &'static [ArgSpec]) -> ArgSpec {
    ArgSpec::new(name, ArgKind::OneOf).arguments(arguments)
}
