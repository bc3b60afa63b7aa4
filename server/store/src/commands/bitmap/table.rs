//! Commands of strings of bits.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeyFinder, KeyRef, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{combine, count, field, single};

const READ: CommandFlags = CommandFlags::READONLY;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const FAST: CommandFlags = CommandFlags::FAST;

const READS: KeyAccess = KeyAccess::RO.with(KeyAccess::ACCESS);
const CHANGES: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::UPDATE);

const READ_KEY: &[KeySpec] = &[KeySpec::single(1, READS)];
const CHANGE_KEY: &[KeySpec] = &[KeySpec::single(1, CHANGES)];
const FIELD_KEY: &[KeySpec] =
    &[KeySpec::single(1, CHANGES.with(KeyAccess::VARIABLE_FLAGS)).notes("Only reads where there is nothing but `GET`")];
const COMBINE_KEYS: &[KeySpec] =
    &[KeySpec::single(2, KeyAccess::OW.with(KeyAccess::UPDATE)), KeySpec::range(3, -1, 1, READS)];

/// Where all steps only read, a user need not be allowed to write.
fn keys_of_bitfield(argv: &[&[u8]]) -> Option<Vec<KeyRef>> {
    let writes = |word: &&[u8]| word.eq_ignore_ascii_case(b"SET") || word.eq_ignore_ascii_case(b"INCRBY");
    let access = if argv.iter().skip(2).any(writes) { CHANGES } else { READS };
    Some(vec![KeyRef { position: 1, access }])
}

const CONSTANT: &str = "O(1)";
const BY_LENGTH: &str = "O(N), N bytes looked at";
const BY_STEPS: &str = "O(N), N operations";

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::BITMAP).keys(keys);
    DataCommand { spec: spec.about(summary, since, "bitmap", complexity), run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("bitcount", -2, READ, READ_KEY),
        count::bitcount,
        ["Count the ones in a string or a part of it", "2.6.0", BY_LENGTH],
    ),
    DataCommand {
        spec: command(
            Shape("bitfield", -2, GROW, FIELD_KEY),
            field::bitfield,
            ["Read and change integers of any width at any position", "3.2.0", BY_STEPS],
        )
        .spec
        .key_finder(KeyFinder(keys_of_bitfield)),
        run: field::bitfield,
    },
    command(
        Shape("bitfield_ro", -2, READ.with(FAST), READ_KEY),
        field::bitfield_ro,
        ["Read integers of any width at any position", "6.0.0", BY_STEPS],
    ),
    command(
        Shape("bitop", -4, GROW, COMBINE_KEYS),
        combine::bitop,
        ["Combine strings bit by bit and store what comes of it", "2.6.0", "O(N), N bytes of the longest string"],
    ),
    command(
        Shape("bitpos", -3, READ, READ_KEY),
        count::bitpos,
        ["Find the first one or zero in a string or a part of it", "2.8.7", BY_LENGTH],
    ),
    command(Shape("getbit", 3, READ.with(FAST), READ_KEY), single::getbit, ["Give a bit", "2.2.0", CONSTANT]),
    command(Shape("setbit", 4, GROW, CHANGE_KEY), single::setbit, ["Set or clear a bit", "2.2.0", CONSTANT]),
];
