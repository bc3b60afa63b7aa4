//! Commands of strings.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeyFinder, KeyRef, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{counters, get, lcs, parts, set};

const READ: CommandFlags = CommandFlags::READONLY;
const WRITE: CommandFlags = CommandFlags::WRITE;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const FAST: CommandFlags = CommandFlags::FAST;

const READS: KeyAccess = KeyAccess::RO.with(KeyAccess::ACCESS);
const COUNTS: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::UPDATE);

const READ_KEY: &[KeySpec] = &[KeySpec::single(1, READS)];
/// The length of a value is not the value: a user need not be allowed to read it.
const MEASURE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO)];
const READ_KEYS: &[KeySpec] = &[KeySpec::range(1, -1, 1, READS)];
const COMPARED_KEYS: &[KeySpec] = &[KeySpec::range(1, 1, 1, READS)];
const COUNT_KEY: &[KeySpec] = &[KeySpec::single(1, COUNTS)];
const INSERT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::INSERT))];
const UPDATE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE))];
const REPLACE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::OW.with(KeyAccess::UPDATE))];
const NEW_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::OW.with(KeyAccess::INSERT))];
const REPLACE_PAIRS: &[KeySpec] = &[KeySpec::range(1, -1, 2, KeyAccess::OW.with(KeyAccess::UPDATE))];
const NEW_PAIRS: &[KeySpec] = &[KeySpec::range(1, -1, 2, KeyAccess::OW.with(KeyAccess::INSERT))];
const TAKE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::DELETE))];
const SET_KEY: &[KeySpec] = &[KeySpec::single(1, COUNTS.with(KeyAccess::VARIABLE_FLAGS))
    .notes("Reads and writes where `GET` asks for the old value")];
const GETEX_KEY: &[KeySpec] = &[KeySpec::single(1, COUNTS).notes("Writes where it changes the expiry")];

/// The old value is read only where `GET` asks for it, and only then a user has to be allowed to read.
fn keys_of_set(argv: &[&[u8]]) -> Option<Vec<KeyRef>> {
    let reads = argv.iter().skip(3).any(|option| option.eq_ignore_ascii_case(b"GET"));
    let access = if reads { COUNTS } else { KeyAccess::OW.with(KeyAccess::UPDATE) };
    Some(vec![KeyRef { position: 1, access }])
}

const CONSTANT: &str = "O(1)";
const BY_KEYS: &str = "O(N), N keys";

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::STRING).keys(keys);
    DataCommand { spec: spec.about(summary, since, "string", complexity), run }
}

const fn outdated(command: DataCommand, since: &'static str, replaced_by: &'static str) -> DataCommand {
    DataCommand { spec: command.spec.deprecated(since, replaced_by), run: command.run }
}

const fn hinted(command: DataCommand, tips: &'static [&'static str]) -> DataCommand {
    DataCommand { spec: command.spec.tips(tips), run: command.run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("append", 3, GROW.with(FAST), INSERT_KEY),
        parts::append,
        ["Lengthen a string at its end", "2.0.0", "O(1) amortised"],
    ),
    command(
        Shape("decr", 2, GROW.with(FAST), COUNT_KEY),
        counters::decr,
        ["Take one from an integer", "1.0.0", CONSTANT],
    ),
    command(
        Shape("decrby", 3, GROW.with(FAST), COUNT_KEY),
        counters::decrby,
        ["Take a number from an integer", "1.0.0", CONSTANT],
    ),
    command(Shape("get", 2, READ.with(FAST), READ_KEY), get::get, ["Give a string", "1.0.0", CONSTANT]),
    command(
        Shape("getdel", 2, WRITE.with(FAST), TAKE_KEY),
        get::getdel,
        ["Give a string and remove it", "6.2.0", CONSTANT],
    ),
    command(
        Shape("getex", -2, WRITE.with(FAST), GETEX_KEY),
        get::getex,
        ["Give a string and change its expiry", "6.2.0", CONSTANT],
    ),
    command(
        Shape("getrange", 4, READ, READ_KEY),
        parts::getrange,
        ["Give a part of a string", "2.4.0", "O(N), N bytes of the part"],
    ),
    outdated(
        command(
            Shape("getset", 3, GROW.with(FAST), COUNT_KEY),
            get::getset,
            ["Give a string and put another in its place", "1.0.0", CONSTANT],
        ),
        "6.2.0",
        "`SET` with `GET`",
    ),
    command(Shape("incr", 2, GROW.with(FAST), COUNT_KEY), counters::incr, ["Add one to an integer", "1.0.0", CONSTANT]),
    command(
        Shape("incrby", 3, GROW.with(FAST), COUNT_KEY),
        counters::incrby,
        ["Add a number to an integer", "1.0.0", CONSTANT],
    ),
    command(
        Shape("incrbyfloat", 3, GROW.with(FAST), COUNT_KEY),
        counters::incrbyfloat,
        ["Add a number to a number with a fraction", "2.6.0", CONSTANT],
    ),
    command(
        Shape("lcs", -3, READ, COMPARED_KEYS),
        lcs::lcs,
        ["Give the longest sequence that two strings have in common", "7.0.0", "O(N*M), N and M bytes of the strings"],
    ),
    hinted(
        command(Shape("mget", -2, READ.with(FAST), READ_KEYS), get::mget, ["Give several strings", "1.0.0", BY_KEYS]),
        &["request_policy:multi_shard"],
    ),
    hinted(
        command(Shape("mset", -3, GROW, REPLACE_PAIRS), set::mset, ["Set several strings at once", "1.0.1", BY_KEYS]),
        &["request_policy:multi_shard", "response_policy:all_succeeded"],
    ),
    command(
        Shape("msetnx", -3, GROW, NEW_PAIRS),
        set::msetnx,
        ["Set several strings at once, if none of the keys is there", "1.0.1", BY_KEYS],
    ),
    outdated(
        command(
            Shape("psetex", 4, GROW, REPLACE_KEY),
            set::psetex,
            ["Set a string with an expiry in milliseconds", "2.6.0", CONSTANT],
        ),
        "2.6.12",
        "`SET` with `PX`",
    ),
    DataCommand {
        spec: command(Shape("set", -3, GROW, SET_KEY), set::set, ["Set a string", "1.0.0", CONSTANT])
            .spec
            .key_finder(KeyFinder(keys_of_set)),
        run: set::set,
    },
    outdated(
        command(
            Shape("setex", 4, GROW, REPLACE_KEY),
            set::setex,
            ["Set a string with an expiry in seconds", "2.0.0", CONSTANT],
        ),
        "2.6.12",
        "`SET` with `EX`",
    ),
    outdated(
        command(
            Shape("setnx", 3, GROW.with(FAST), NEW_KEY),
            set::setnx,
            ["Set a string, if the key is not there", "1.0.0", CONSTANT],
        ),
        "2.6.12",
        "`SET` with `NX`",
    ),
    command(
        Shape("setrange", 4, GROW, UPDATE_KEY),
        parts::setrange,
        ["Overwrite a part of a string", "2.2.0", "O(N), N bytes of the part"],
    ),
    command(
        Shape("strlen", 2, READ.with(FAST), MEASURE_KEY),
        get::strlen,
        ["Give the length of a string", "2.2.0", CONSTANT],
    ),
    outdated(
        command(
            Shape("substr", 4, READ, READ_KEY),
            parts::getrange,
            ["Give a part of a string, as GETRANGE", "1.0.0", "O(N), N bytes of the part"],
        ),
        "2.0.0",
        "`GETRANGE`",
    ),
];
