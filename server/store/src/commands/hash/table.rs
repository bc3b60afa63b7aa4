//! Commands of hashes.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{change, counters, random, read};

const READ: CommandFlags = CommandFlags::READONLY;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const FAST: CommandFlags = CommandFlags::FAST;

const COUNTS: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::UPDATE);

const LOOK_AT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO)];
const READ_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO.with(KeyAccess::ACCESS))];
const UPDATE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE))];
const ADD_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::INSERT))];
const REMOVE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::DELETE))];
const COUNT_KEY: &[KeySpec] = &[KeySpec::single(1, COUNTS)];

const CONSTANT: &str = "O(1)";
const BY_FIELDS: &str = "O(N), N fields given or wanted";
const BY_LEN: &str = "O(N), N fields of the hash";

const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];
const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    hinted(shape, run, about, &[])
}

const fn hinted(shape: Shape, run: Handler, about: [&'static str; 3], tips: &'static [&'static str]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::HASH).keys(keys).tips(tips);
    DataCommand { spec: spec.about(summary, since, "hash", complexity), run }
}

const fn outdated(command: DataCommand, since: &'static str, replaced_by: &'static str) -> DataCommand {
    DataCommand { spec: command.spec.deprecated(since, replaced_by), run: command.run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("hdel", -3, CommandFlags::WRITE.with(FAST), REMOVE_KEY),
        change::hdel,
        ["Remove fields of a hash", "2.0.0", BY_FIELDS],
    ),
    command(
        Shape("hexists", 3, READ.with(FAST), LOOK_AT_KEY),
        read::hexists,
        ["Tell whether a hash has a field", "2.0.0", CONSTANT],
    ),
    command(Shape("hget", 3, READ.with(FAST), READ_KEY), read::hget, ["Give the value of a field", "2.0.0", CONSTANT]),
    hinted(
        Shape("hgetall", 2, READ, READ_KEY),
        read::hgetall,
        ["Give all fields of a hash with their values", "2.0.0", BY_LEN],
        ANY_ORDER,
    ),
    command(
        Shape("hincrby", 4, GROW.with(FAST), COUNT_KEY),
        counters::hincrby,
        ["Add a number to an integer in a hash", "2.0.0", CONSTANT],
    ),
    command(
        Shape("hincrbyfloat", 4, GROW.with(FAST), COUNT_KEY),
        counters::hincrbyfloat,
        ["Add a number to a number with a fraction in a hash", "2.6.0", CONSTANT],
    ),
    hinted(
        Shape("hkeys", 2, READ, READ_KEY),
        read::hkeys,
        ["Give all fields of a hash without their values", "2.0.0", BY_LEN],
        ANY_ORDER,
    ),
    command(
        Shape("hlen", 2, READ.with(FAST), LOOK_AT_KEY),
        read::hlen,
        ["Count the fields of a hash", "2.0.0", CONSTANT],
    ),
    command(
        Shape("hmget", -3, READ.with(FAST), READ_KEY),
        read::hmget,
        ["Give the values of several fields", "2.0.0", BY_FIELDS],
    ),
    outdated(
        command(
            Shape("hmset", -4, GROW.with(FAST), UPDATE_KEY),
            change::hmset,
            ["Set fields of a hash, without counting the new ones", "2.0.0", BY_FIELDS],
        ),
        "4.0.0",
        "`HSET` with multiple field-value pairs",
    ),
    hinted(
        Shape("hrandfield", -2, READ, READ_KEY),
        random::hrandfield,
        ["Give random fields of a hash", "6.2.0", BY_FIELDS],
        ANY_OUTPUT,
    ),
    hinted(
        Shape("hscan", -3, READ, READ_KEY),
        read::hscan,
        [
            "Give some fields of a hash with their values, and where to go on",
            "2.8.0",
            "O(1) a step, O(N) for all of N fields",
        ],
        ANY_OUTPUT,
    ),
    command(Shape("hset", -4, GROW.with(FAST), UPDATE_KEY), change::hset, ["Set fields of a hash", "2.0.0", BY_FIELDS]),
    command(
        Shape("hsetnx", 4, GROW.with(FAST), ADD_KEY),
        change::hsetnx,
        ["Set a field of a hash, if it is not there", "2.0.0", CONSTANT],
    ),
    command(
        Shape("hstrlen", 3, READ.with(FAST), LOOK_AT_KEY),
        read::hstrlen,
        ["Give the length of the value of a field", "3.2.0", CONSTANT],
    ),
    hinted(Shape("hvals", 2, READ, READ_KEY), read::hvals, ["Give all values of a hash", "2.0.0", BY_LEN], ANY_ORDER),
];
