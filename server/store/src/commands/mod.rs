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

/// What the commands of the keyspace take, for [`bongsu_protocol::command::CommandTable::document`].
pub const SYNOPSES: &str = include_str!("synopses.txt");

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

#[cfg(test)]
mod tests {
    use bongsu_protocol::command::CommandTable;

    use super::*;

    #[test]
    fn what_takes_something_has_a_synopsis() {
        let mut table = CommandTable::of(all().map(|command| &command.spec));
        assert_eq!(table.document(SYNOPSES), Ok(()));
        let documented: Vec<&str> = SYNOPSES.lines().filter_map(|line| line.split(' ').next()).collect();
        for command in table.iter() {
            let own_words = if command.container.is_some() { 2 } else { 1 };
            let takes_something = command.spec.arity != own_words && command.spec.subcommands.is_empty();
            assert_eq!(documented.contains(&&*command.full_name), takes_something, "{}", command.full_name);
        }
    }
}
