//! Commands of estimates.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{add, count, debug};

const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);

const READS: KeyAccess = KeyAccess::RO.with(KeyAccess::ACCESS);
const KEEPS: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS);

const ADD_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::INSERT))];
const COUNT_KEYS: &[KeySpec] =
    &[KeySpec::range(1, -1, 1, KEEPS).notes("The estimate is kept in the value, which replicas are told")];
const MERGE_KEYS: &[KeySpec] = &[KeySpec::single(1, KEEPS.with(KeyAccess::INSERT)), KeySpec::range(2, -1, 1, READS)];
const DEBUG_KEY: &[KeySpec] = &[KeySpec::single(2, KEEPS)];

const CONSTANT: &str = "O(1)";

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::HYPERLOGLOG).keys(keys);
    DataCommand { spec: spec.about(summary, since, "hyperloglog", complexity), run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("pfadd", -2, GROW.with(CommandFlags::FAST), ADD_KEY),
        add::pfadd,
        ["Add elements whose number is to be estimated", "2.8.9", "O(1) per element"],
    ),
    command(
        Shape("pfcount", -2, CommandFlags::READONLY.with(CommandFlags::MAY_REPLICATE), COUNT_KEYS),
        count::pfcount,
        ["Estimate how many different elements were added to some keys", "2.8.9", "O(N), N keys"],
    ),
    command(
        Shape("pfdebug", 3, GROW.with(CommandFlags::ADMIN), DEBUG_KEY),
        debug::pfdebug,
        ["Look into a value of PFADD", "2.8.9", CONSTANT],
    ),
    command(
        Shape("pfmerge", -2, GROW, MERGE_KEYS),
        add::pfmerge,
        ["Add the elements of some keys to another one", "2.8.9", "O(N), N keys"],
    ),
    command(
        Shape("pfselftest", 1, CommandFlags::ADMIN, &[]),
        debug::pfselftest,
        ["Test whether estimates are as good as they must be", "2.8.9", CONSTANT],
    ),
];
