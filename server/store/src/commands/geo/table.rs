//! Commands of places.

use bongsu_protocol::command::{
    BeginSearch, Categories, CommandFlags, CommandSpec, FindKeys, KeyAccess, KeyFinder, KeyRef, KeySpec,
};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{add, get, search};

const READ: CommandFlags = CommandFlags::READONLY;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);

const READS: KeyAccess = KeyAccess::RO.with(KeyAccess::ACCESS);
const REPLACES: KeyAccess = KeyAccess::OW.with(KeyAccess::UPDATE);

const READ_KEY: &[KeySpec] = &[KeySpec::single(1, READS)];
const UPDATE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE))];
const STORE_KEYS: &[KeySpec] = &[KeySpec::single(1, REPLACES), KeySpec::single(2, READS)];
const RADIUS_KEYS: &[KeySpec] = &[KeySpec::single(1, READS), behind("STORE", 6), behind("STOREDIST", 6)];
const RADIUS_BY_MEMBER_KEYS: &[KeySpec] = &[KeySpec::single(1, READS), behind("STORE", 5), behind("STOREDIST", 5)];

const CONSTANT: &str = "O(1)";
const BY_LOGS: &str = "O(M*log(N)), N members, M of them named";
const BY_AREA: &str = "O(log(N)+M), N members, M of them in the cells around the place";

/// The key that follows a word.
const fn behind(keyword: &'static str, start_from: i32) -> KeySpec {
    KeySpec {
        notes: "",
        access: REPLACES,
        begin: BeginSearch::Keyword { keyword, start_from },
        find: FindKeys::Range { last: 0, step: 1, limit: 0 },
    }
}

/// The key that is searched, and the one that results are stored under: of several the last one counts.
fn find_radius_keys(argv: &[&[u8]]) -> Option<Vec<KeyRef>> {
    let mut keys = vec![KeyRef { position: 1, access: READS }];
    let (mut index, mut target) = (5, None);
    while index + 1 < argv.len() {
        if argv[index].eq_ignore_ascii_case(b"STORE") || argv[index].eq_ignore_ascii_case(b"STOREDIST") {
            index += 1;
            target = Some(KeyRef { position: index, access: REPLACES });
        }
        index += 1;
    }
    keys.extend(target);
    Some(keys)
}

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::GEO).keys(keys);
    DataCommand { spec: spec.about(summary, since, "geo", complexity), run }
}

const fn outdated(command: DataCommand, replaced_by: &'static str) -> DataCommand {
    DataCommand { spec: command.spec.deprecated("6.2.0", replaced_by), run: command.run }
}

const fn storing(command: DataCommand) -> DataCommand {
    DataCommand { spec: command.spec.key_finder(KeyFinder(find_radius_keys)), run: command.run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(Shape("geoadd", -5, GROW, UPDATE_KEY), add::geoadd, ["Add places, or move them", "3.2.0", BY_LOGS]),
    command(Shape("geodist", -4, READ, READ_KEY), get::geodist, ["Give the distance of two places", "3.2.0", CONSTANT]),
    command(Shape("geohash", -2, READ, READ_KEY), get::geohash, ["Give places as geohashes", "3.2.0", CONSTANT]),
    command(Shape("geopos", -2, READ, READ_KEY), get::geopos, ["Give longitudes and latitudes", "3.2.0", CONSTANT]),
    storing(outdated(
        command(
            Shape("georadius", -6, GROW, RADIUS_KEYS),
            search::georadius,
            ["Give or store what lies in a circle around a place", "3.2.0", BY_AREA],
        ),
        "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    )),
    outdated(
        command(
            Shape("georadius_ro", -6, READ, READ_KEY),
            search::georadius_ro,
            ["Give what lies in a circle around a place", "3.2.10", BY_AREA],
        ),
        "`GEOSEARCH` with the `BYRADIUS` argument",
    ),
    storing(outdated(
        command(
            Shape("georadiusbymember", -5, GROW, RADIUS_BY_MEMBER_KEYS),
            search::georadiusbymember,
            ["Give or store what lies in a circle around a member", "3.2.0", BY_AREA],
        ),
        "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    )),
    outdated(
        command(
            Shape("georadiusbymember_ro", -5, READ, READ_KEY),
            search::georadiusbymember_ro,
            ["Give what lies in a circle around a member", "3.2.10", BY_AREA],
        ),
        "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    ),
    command(
        Shape("geosearch", -7, READ, READ_KEY),
        search::geosearch,
        ["Give what lies in a circle or a box", "6.2.0", BY_AREA],
    ),
    command(
        Shape("geosearchstore", -8, GROW, STORE_KEYS),
        search::geosearchstore,
        ["Store what lies in a circle or a box", "6.2.0", BY_AREA],
    ),
];
