//! Commands of lists.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{blocking, change, pop, push, read, shift};

const READ: CommandFlags = CommandFlags::READONLY;
const WRITE: CommandFlags = CommandFlags::WRITE;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const FAST: CommandFlags = CommandFlags::FAST;
const BLOCKING: CommandFlags = CommandFlags::BLOCKING;

const TAKES: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::DELETE);
const ADDS: KeyAccess = KeyAccess::RW.with(KeyAccess::INSERT);

const LOOK_AT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO)];
const READ_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO.with(KeyAccess::ACCESS))];
const ADD_KEY: &[KeySpec] = &[KeySpec::single(1, ADDS)];
const TAKE_KEY: &[KeySpec] = &[KeySpec::single(1, TAKES)];
const REMOVE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::DELETE))];
const UPDATE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE))];
const MOVE_KEYS: &[KeySpec] = &[KeySpec::single(1, TAKES), KeySpec::single(2, ADDS)];
const TAKE_KEYS: &[KeySpec] = &[KeySpec::range(1, -2, 1, TAKES)];
const COUNTED_KEYS: &[KeySpec] = &[KeySpec::counted(1, TAKES)];
const COUNTED_KEYS_2: &[KeySpec] = &[KeySpec::counted(2, TAKES)];

const CONSTANT: &str = "O(1)";
const BY_LEN: &str = "O(N), N elements of the list";
const BY_COUNT: &str = "O(N), N elements given or taken";
const BY_KEYS: &str = "O(N), N keys";

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::LIST).keys(keys);
    DataCommand { spec: spec.about(summary, since, "list", complexity), run }
}

const fn outdated(command: DataCommand, since: &'static str, replaced_by: &'static str) -> DataCommand {
    DataCommand { spec: command.spec.deprecated(since, replaced_by), run: command.run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("blmove", 6, GROW.with(BLOCKING), MOVE_KEYS),
        blocking::blmove,
        ["Move an element to another list, and wait for one if there is none", "6.2.0", CONSTANT],
    ),
    command(
        Shape("blmpop", -5, WRITE.with(BLOCKING), COUNTED_KEYS_2),
        blocking::blmpop,
        ["Take elements from the first list that has any, and wait for them if none has", "7.0.0", BY_COUNT],
    ),
    command(
        Shape("blpop", -3, WRITE.with(BLOCKING), TAKE_KEYS),
        blocking::blpop,
        ["Take the head of the first list that has one, and wait for it if none has", "2.0.0", BY_KEYS],
    ),
    command(
        Shape("brpop", -3, WRITE.with(BLOCKING), TAKE_KEYS),
        blocking::brpop,
        ["Take the tail of the first list that has one, and wait for it if none has", "2.0.0", BY_KEYS],
    ),
    outdated(
        command(
            Shape("brpoplpush", 4, GROW.with(BLOCKING), MOVE_KEYS),
            blocking::brpoplpush,
            ["Move the tail of a list to the head of another, and wait for it if there is none", "2.2.0", CONSTANT],
        ),
        "6.2.0",
        "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    ),
    command(Shape("lindex", 3, READ, READ_KEY), read::lindex, ["Give the element at an index", "1.0.0", BY_LEN]),
    command(
        Shape("linsert", 5, GROW, ADD_KEY),
        push::linsert,
        ["Add an element before or behind another one", "2.2.0", BY_LEN],
    ),
    command(
        Shape("llen", 2, READ.with(FAST), LOOK_AT_KEY),
        read::llen,
        ["Give the length of a list", "1.0.0", CONSTANT],
    ),
    command(Shape("lmove", 5, GROW, MOVE_KEYS), shift::lmove, ["Move an element to another list", "6.2.0", CONSTANT]),
    command(
        Shape("lmpop", -4, WRITE, COUNTED_KEYS),
        pop::lmpop,
        ["Take elements from the first list that has any", "7.0.0", BY_COUNT],
    ),
    command(
        Shape("lpop", -2, WRITE.with(FAST), TAKE_KEY),
        pop::lpop,
        ["Take elements from the head of a list", "1.0.0", BY_COUNT],
    ),
    command(Shape("lpos", -3, READ, READ_KEY), read::lpos, ["Give the indexes of an element", "6.0.6", BY_LEN]),
    command(
        Shape("lpush", -3, GROW.with(FAST), ADD_KEY),
        push::lpush,
        ["Add elements at the head of a list", "1.0.0", BY_COUNT],
    ),
    command(
        Shape("lpushx", -3, GROW.with(FAST), ADD_KEY),
        push::lpushx,
        ["Add elements at the head of a list, if it is there", "2.2.0", BY_COUNT],
    ),
    command(
        Shape("lrange", 4, READ, READ_KEY),
        read::lrange,
        ["Give the elements between two indexes", "1.0.0", BY_LEN],
    ),
    command(
        Shape("lrem", 4, WRITE, REMOVE_KEY),
        change::lrem,
        ["Remove elements that are equal to this one", "1.0.0", BY_LEN],
    ),
    command(Shape("lset", 4, GROW, UPDATE_KEY), push::lset, ["Replace the element at an index", "1.0.0", BY_LEN]),
    command(
        Shape("ltrim", 4, WRITE, REMOVE_KEY),
        change::ltrim,
        ["Remove all elements but those between two indexes", "1.0.0", "O(N), N elements removed"],
    ),
    command(
        Shape("rpop", -2, WRITE.with(FAST), TAKE_KEY),
        pop::rpop,
        ["Take elements from the tail of a list", "1.0.0", BY_COUNT],
    ),
    outdated(
        command(
            Shape("rpoplpush", 3, GROW, MOVE_KEYS),
            shift::rpoplpush,
            ["Move the tail of a list to the head of another", "1.2.0", CONSTANT],
        ),
        "6.2.0",
        "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    ),
    command(
        Shape("rpush", -3, GROW.with(FAST), ADD_KEY),
        push::rpush,
        ["Add elements at the tail of a list", "1.0.0", BY_COUNT],
    ),
    command(
        Shape("rpushx", -3, GROW.with(FAST), ADD_KEY),
        push::rpushx,
        ["Add elements at the tail of a list, if it is there", "2.2.0", BY_COUNT],
    ),
];
