//! The commands of the keyspace, and the table that describes them.

mod bitmap;
mod expiry;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod items;
mod list;
mod picks;
mod scan;
mod set;
mod string;
mod timeout;
mod zset;

use bongsu_protocol::command::CommandSpec;

use crate::call::Handler;

/// A command: what it is, and what it does.
pub struct DataCommand {
    /// Name, arity, flags, keys, documentation.
    pub spec: CommandSpec,
    /// What it does.
    pub run: Handler,
}

/// All commands of the keyspace.
pub fn all() -> impl Iterator<Item = &'static DataCommand> {
    [
        bitmap::COMMANDS,
        generic::COMMANDS,
        geo::COMMANDS,
        hash::COMMANDS,
        hyperloglog::COMMANDS,
        list::COMMANDS,
        set::COMMANDS,
        string::COMMANDS,
        zset::COMMANDS,
    ]
    .into_iter()
    .flatten()
}
