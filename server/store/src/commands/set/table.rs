//! Commands of sets.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{change, combine, random, read};

const READ: CommandFlags = CommandFlags::READONLY;
const WRITE: CommandFlags = CommandFlags::WRITE;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const FAST: CommandFlags = CommandFlags::FAST;

const READS: KeyAccess = KeyAccess::RO.with(KeyAccess::ACCESS);
const TAKES: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::DELETE);
const ADDS: KeyAccess = KeyAccess::RW.with(KeyAccess::INSERT);

const LOOK_AT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO)];
const READ_KEY: &[KeySpec] = &[KeySpec::single(1, READS)];
const READ_KEYS: &[KeySpec] = &[KeySpec::range(1, -1, 1, READS)];
const COUNTED_KEYS: &[KeySpec] = &[KeySpec::counted(1, READS)];
const ADD_KEY: &[KeySpec] = &[KeySpec::single(1, ADDS)];
const REMOVE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::DELETE))];
const TAKE_KEY: &[KeySpec] = &[KeySpec::single(1, TAKES)];
const MOVE_KEYS: &[KeySpec] = &[KeySpec::single(1, TAKES), KeySpec::single(2, ADDS)];
const SOURCES: KeySpec = KeySpec::range(2, -1, 1, READS);
const STORE_KEYS: &[KeySpec] = &[KeySpec::single(1, KeyAccess::OW.with(KeyAccess::UPDATE)), SOURCES];
const INTERSTORE_KEYS: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE)), SOURCES];

const CONSTANT: &str = "O(1)";
const BY_MEMBERS: &str = "O(N), N members given or taken";
const BY_LEN: &str = "O(N), N members of the set";
const BY_ALL: &str = "O(N), N members of all sets";
const BY_SMALLEST: &str = "O(N*M), N members of the smallest set, M sets";

const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];
const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    hinted(shape, run, about, &[])
}

const fn hinted(shape: Shape, run: Handler, about: [&'static str; 3], tips: &'static [&'static str]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::SET).keys(keys).tips(tips);
    DataCommand { spec: spec.about(summary, since, "set", complexity), run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(Shape("sadd", -3, GROW.with(FAST), ADD_KEY), change::sadd, ["Add members to a set", "1.0.0", BY_MEMBERS]),
    command(
        Shape("scard", 2, READ.with(FAST), LOOK_AT_KEY),
        read::scard,
        ["Count the members of a set", "1.0.0", CONSTANT],
    ),
    hinted(
        Shape("sdiff", -2, READ, READ_KEYS),
        combine::sdiff,
        ["Give the members of a set that are in no other", "1.0.0", BY_ALL],
        ANY_ORDER,
    ),
    command(
        Shape("sdiffstore", -3, GROW, STORE_KEYS),
        combine::sdiffstore,
        ["Store the members of a set that are in no other", "1.0.0", BY_ALL],
    ),
    hinted(
        Shape("sinter", -2, READ, READ_KEYS),
        combine::sinter,
        ["Give the members that all sets have", "1.0.0", BY_SMALLEST],
        ANY_ORDER,
    ),
    command(
        Shape("sintercard", -3, READ, COUNTED_KEYS),
        combine::sintercard,
        ["Count the members that all sets have, up to a limit", "7.0.0", BY_SMALLEST],
    ),
    command(
        Shape("sinterstore", -3, GROW, INTERSTORE_KEYS),
        combine::sinterstore,
        ["Store the members that all sets have", "1.0.0", BY_SMALLEST],
    ),
    command(
        Shape("sismember", 3, READ.with(FAST), LOOK_AT_KEY),
        read::sismember,
        ["Tell whether a set has a member", "1.0.0", CONSTANT],
    ),
    hinted(
        Shape("smembers", 2, READ, READ_KEY),
        read::smembers,
        ["Give all members of a set", "1.0.0", BY_LEN],
        ANY_ORDER,
    ),
    command(
        Shape("smismember", -3, READ.with(FAST), READ_KEY),
        read::smismember,
        ["Tell of each of several members whether a set has it", "6.2.0", BY_MEMBERS],
    ),
    command(
        Shape("smove", 4, WRITE.with(FAST), MOVE_KEYS),
        change::smove,
        ["Take a member from a set and add it to another", "1.0.0", CONSTANT],
    ),
    hinted(
        Shape("spop", -2, WRITE.with(FAST), TAKE_KEY),
        random::spop,
        ["Take random members from a set", "1.0.0", BY_MEMBERS],
        ANY_OUTPUT,
    ),
    hinted(
        Shape("srandmember", -2, READ, READ_KEY),
        random::srandmember,
        ["Give random members of a set", "1.0.0", BY_MEMBERS],
        ANY_OUTPUT,
    ),
    command(
        Shape("srem", -3, WRITE.with(FAST), REMOVE_KEY),
        change::srem,
        ["Remove members from a set", "1.0.0", BY_MEMBERS],
    ),
    hinted(
        Shape("sscan", -3, READ, READ_KEY),
        read::sscan,
        ["Give some members of a set, and where to go on", "2.8.0", "O(1) a step, O(N) for all of N members"],
        ANY_OUTPUT,
    ),
    hinted(
        Shape("sunion", -2, READ, READ_KEYS),
        combine::sunion,
        ["Give the members that any of the sets has", "1.0.0", BY_ALL],
        ANY_ORDER,
    ),
    command(
        Shape("sunionstore", -3, GROW, STORE_KEYS),
        combine::sunionstore,
        ["Store the members that any of the sets has", "1.0.0", BY_ALL],
    ),
];
