//! What `DUMP` and `RESTORE` are.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec};

use super::{PayloadCommand, restore, serialize};
use crate::commands::spec;

const READ_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO.with(KeyAccess::ACCESS))];
const OVERWRITE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::OW.with(KeyAccess::UPDATE))];

const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const DANGEROUS: Categories = Categories::KEYSPACE.with(Categories::DANGEROUS);

const BY_SIZE: &str = "O(N), N bytes of the value";
const BY_RESTORED: &str = "O(N), N bytes of the value; O(N*log(M)) for a sorted set of M members";

const HISTORY: &[(&str, &str)] = &[
    ("3.0.0", "The option `REPLACE`."),
    ("5.0.0", "The option `ABSTTL`."),
    ("5.0.0", "The options `IDLETIME` and `FREQ`."),
];

pub(in crate::commands) static COMMANDS: &[PayloadCommand] = &[
    PayloadCommand {
        spec: spec(
            "dump",
            2,
            CommandFlags::READONLY,
            Categories::KEYSPACE,
            ["Give a value as bytes that RESTORE takes", "2.6.0", "generic", BY_SIZE],
        )
        .keys(READ_KEY)
        .tips(&["nondeterministic_output"]),
        run: serialize::dump,
    },
    PayloadCommand {
        spec: restoring("restore", GROW, ["Make a key of the bytes that DUMP gave", "2.6.0", "generic", BY_RESTORED]),
        run: restore::restore,
    },
    PayloadCommand {
        spec: restoring(
            "restore-asking",
            GROW.with(CommandFlags::ASKING),
            ["What RESTORE does, between nodes of a cluster", "3.0.0", "server", BY_RESTORED],
        ),
        run: restore::restore,
    },
];

const fn restoring(name: &'static str, flags: CommandFlags, about: [&'static str; 4]) -> CommandSpec {
    spec(name, -4, flags, DANGEROUS, about).keys(OVERWRITE_KEY).history(HISTORY)
}
