//! The commands of a sentinel as one static table: arity, flags, categories and documentation.
//!
//! What `COMMAND` lists is what Redis 7.2 lists in sentinel mode: the 15 commands of 7.0 and, beside their 57 subcommands,
//! `CLIENT SETINFO`. Spellings and commands beyond that are accepted but hidden.

mod bongsu;
mod sentinel;
mod top;

pub(super) use top::COMMANDS;

use bongsu_protocol::command::{ArgFlags, ArgKind, ArgSpec, CommandFlags};

/// Flags of commands about the connection or its user.
const CONNECTION: CommandFlags = CommandFlags::NOSCRIPT.with(CommandFlags::LOADING).with(CommandFlags::STALE);
/// Flags of administrative commands.
const ADMIN: CommandFlags = CommandFlags::ADMIN.with(CONNECTION);
/// Flags of commands that only tell about the server itself.
const ABOUT: CommandFlags = CommandFlags::LOADING.with(CommandFlags::STALE);

const CONSTANT: &str = "O(1)";
/// Complexity of a container.
const BY_SUBCOMMAND: &str = "Depends on subcommand.";

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

const fn block(name: &'static str, arguments: &'static [ArgSpec]) -> ArgSpec {
    ArgSpec::new(name, ArgKind::Block).arguments(arguments)
}

#[cfg(test)]
mod tests {
    use bongsu_protocol::command::CommandTable;

    use super::COMMANDS;

    #[test]
    fn listings_show_what_redis_shows() {
        let table = CommandTable::new(&COMMANDS);
        assert_eq!(table.top_level().count(), 15);
        assert_eq!(table.iter().filter(|command| command.is_listed()).count(), 73);
    }

    #[test]
    fn extensions_are_known_but_hidden() {
        let table = CommandTable::new(&COMMANDS);
        for name in ["quit", "reset", "bongsu|explain", "sentinel|primaries"] {
            let command = table.by_full_name(name.as_bytes()).expect(name);
            assert!(!command.is_listed(), "{name}");
        }
        assert!(table.by_full_name(b"client|no-touch").is_none());
    }

    #[test]
    fn every_command_is_documented() {
        for command in CommandTable::new(&COMMANDS).iter() {
            assert!(!command.spec.docs.summary.is_empty(), "{}", command.full_name);
        }
    }
}
