//! Commands of keys of any type.

use bongsu_protocol::command::{
    BeginSearch, Categories, CommandFlags, CommandSpec, FindKeys, KeyAccess, KeyFinder, KeyRef, KeySpec,
};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{expire, keys, object, relocate, scan, sort};

const READ: CommandFlags = CommandFlags::READONLY;
const WRITE: CommandFlags = CommandFlags::WRITE;
const FAST: CommandFlags = CommandFlags::FAST;

const LOOK_AT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO)];
const READ_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO.with(KeyAccess::ACCESS))];
const LOOK_AT_KEYS: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyAccess::RO)];
const REMOVE_KEYS: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyAccess::RM.with(KeyAccess::DELETE))];
const UPDATE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE))];
const FROM: KeySpec = KeySpec::single(1, KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::DELETE));
const RENAME_KEYS: &[KeySpec] = &[FROM, KeySpec::single(2, KeyAccess::OW.with(KeyAccess::UPDATE))];
const RENAMENX_KEYS: &[KeySpec] = &[FROM, KeySpec::single(2, KeyAccess::OW.with(KeyAccess::INSERT))];

const COPY_KEYS: &[KeySpec] = &[
    KeySpec::single(1, KeyAccess::RO.with(KeyAccess::ACCESS)),
    KeySpec::single(2, KeyAccess::OW.with(KeyAccess::UPDATE)),
];
const MOVE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::UPDATE))];
const OBJECT_KEY: &[KeySpec] = &[KeySpec::single(2, KeyAccess::RO)];
const SORTED: KeySpec = KeySpec::single(1, KeyAccess::RO.with(KeyAccess::ACCESS));
const SORT_PATTERNS: KeySpec =
    untold(KeyAccess::RO.with(KeyAccess::ACCESS), "The elements decide which keys `BY` and `GET` lead to");
const SORT_TARGET: KeySpec = untold(KeyAccess::OW.with(KeyAccess::UPDATE), "`STORE` may stand anywhere");
const SORT_KEYS: &[KeySpec] = &[SORTED, SORT_PATTERNS, SORT_TARGET];
const SORT_RO_KEYS: &[KeySpec] = &[SORTED, SORT_PATTERNS];

/// Keys that cannot be told from where arguments stand.
const fn untold(access: KeyAccess, notes: &'static str) -> KeySpec {
    KeySpec { notes, access, begin: BeginSearch::Unknown, find: FindKeys::Unknown }
}

const DANGEROUS: Categories = Categories::KEYSPACE.with(Categories::DANGEROUS);

const CONSTANT: &str = "O(1)";
const BY_KEYS: &str = "O(N), N keys";

/// For clients of a cluster: the keys may be asked for shard by shard, and the numbers added up.
const SUMMED: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];
const EVERY_SHARD: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const SORTS: Categories =
    Categories::SET.with(Categories::SORTEDSET).with(Categories::LIST).with(Categories::DANGEROUS);
const BY_SORTED: &str = "O(N+M*log(M)), N elements of which M are given; O(N) where nothing is sorted";

const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

static OBJECT: &[CommandSpec] = &[
    object_about("encoding", ["Tell how a value is kept", "2.2.3"]),
    object_about("freq", ["Tell how often a key is used", "4.0.0"]),
    CommandSpec::new("help", 2, CommandFlags::LOADING.with(CommandFlags::STALE), Categories::KEYSPACE).about(
        "Tell what can be asked of values",
        "6.2.0",
        "generic",
        CONSTANT,
    ),
    object_about("idletime", ["Tell for how long a key has not been used", "2.2.3"]),
    object_about("refcount", ["Tell how many share a value", "2.2.3"]),
];

const fn object_about(name: &'static str, about: [&'static str; 2]) -> CommandSpec {
    let [summary, since] = about;
    spec(Shape(name, 3, READ, OBJECT_KEY), Categories::KEYSPACE, [summary, since, CONSTANT]).tips(ANY_OUTPUT)
}

/// Commands about databases are listed with those about the server.
const SERVER: &str = "server";

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn spec(shape: Shape, categories: Categories, about: [&'static str; 3]) -> CommandSpec {
    in_group("generic", shape, categories, about)
}

const fn in_group(group: &'static str, shape: Shape, categories: Categories, about: [&'static str; 3]) -> CommandSpec {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    CommandSpec::new(name, arity, flags, categories).keys(keys).about(summary, since, group, complexity)
}

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    DataCommand { spec: spec(shape, Categories::KEYSPACE, about), run }
}

const fn hinted(shape: Shape, run: Handler, about: [&'static str; 3], tips: &'static [&'static str]) -> DataCommand {
    DataCommand { spec: spec(shape, Categories::KEYSPACE, about).tips(tips), run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("copy", -3, GROW, COPY_KEYS),
        relocate::copy,
        ["Give another key the same value", "6.2.0", "O(N), N elements of the value"],
    ),
    DataCommand {
        spec: in_group(
            SERVER,
            Shape("dbsize", 1, READ.with(FAST), &[]),
            Categories::KEYSPACE,
            ["Count the keys of the database", "1.0.0", CONSTANT],
        )
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"]),
        run: keys::dbsize,
    },
    hinted(Shape("del", -2, WRITE, REMOVE_KEYS), keys::del, ["Remove keys", "1.0.0", BY_KEYS], SUMMED),
    hinted(
        Shape("exists", -2, READ.with(FAST), LOOK_AT_KEYS),
        keys::exists,
        ["Count how many of these keys are there", "1.0.0", BY_KEYS],
        SUMMED,
    ),
    command(
        Shape("expire", -3, WRITE.with(FAST), UPDATE_KEY),
        expire::expire,
        ["Let a key go after seconds", "1.0.0", CONSTANT],
    ),
    command(
        Shape("expireat", -3, WRITE.with(FAST), UPDATE_KEY),
        expire::expireat,
        ["Let a key go at a time in seconds", "1.2.0", CONSTANT],
    ),
    command(
        Shape("expiretime", 2, READ.with(FAST), READ_KEY),
        expire::expiretime,
        ["Tell when a key goes, in seconds", "7.0.0", CONSTANT],
    ),
    DataCommand {
        spec: in_group(SERVER, Shape("flushall", -1, WRITE, &[]), DANGEROUS, ["Empty all databases", "1.0.0", BY_KEYS])
            .tips(EVERY_SHARD),
        run: keys::flushall,
    },
    DataCommand {
        spec: in_group(SERVER, Shape("flushdb", -1, WRITE, &[]), DANGEROUS, ["Empty the database", "1.0.0", BY_KEYS])
            .tips(EVERY_SHARD),
        run: keys::flushdb,
    },
    DataCommand {
        spec: spec(Shape("keys", 2, READ, &[]), DANGEROUS, ["Give all keys that match a pattern", "1.0.0", BY_KEYS])
            .tips(&["request_policy:all_shards", "nondeterministic_output_order"]),
        run: keys::keys,
    },
    command(
        Shape("move", 3, WRITE.with(FAST), MOVE_KEY),
        relocate::move_to_db,
        ["Move a key to another database", "1.0.0", CONSTANT],
    ),
    DataCommand {
        spec: CommandSpec::new("object", -2, CommandFlags::NONE, Categories::NONE)
            .about("Ask how values are kept and used", "2.2.3", "generic", CONSTANT)
            .subcommands(OBJECT),
        run: object::object,
    },
    command(Shape("persist", 2, WRITE.with(FAST), UPDATE_KEY), expire::persist, ["Let a key stay", "2.2.0", CONSTANT]),
    command(
        Shape("pexpire", -3, WRITE.with(FAST), UPDATE_KEY),
        expire::pexpire,
        ["Let a key go after milliseconds", "2.6.0", CONSTANT],
    ),
    command(
        Shape("pexpireat", -3, WRITE.with(FAST), UPDATE_KEY),
        expire::pexpireat,
        ["Let a key go at a time in milliseconds", "2.6.0", CONSTANT],
    ),
    command(
        Shape("pexpiretime", 2, READ.with(FAST), READ_KEY),
        expire::pexpiretime,
        ["Tell when a key goes, in milliseconds", "7.0.0", CONSTANT],
    ),
    hinted(
        Shape("pttl", 2, READ.with(FAST), READ_KEY),
        expire::pttl,
        ["Tell after how many milliseconds a key goes", "2.6.0", CONSTANT],
        &["nondeterministic_output"],
    ),
    hinted(
        Shape("randomkey", 1, READ, &[]),
        keys::randomkey,
        ["Give any key", "1.0.0", CONSTANT],
        &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
    ),
    command(Shape("rename", 3, WRITE, RENAME_KEYS), keys::rename, ["Give a value another key", "1.0.0", CONSTANT]),
    command(
        Shape("renamenx", 3, WRITE.with(FAST), RENAMENX_KEYS),
        keys::renamenx,
        ["Give a value another key, if that is free", "1.0.0", CONSTANT],
    ),
    hinted(
        Shape("scan", -2, READ, &[]),
        scan::scan,
        ["Give some keys, and where to go on", "2.8.0", "O(1) a step, O(N) for all of N keys"],
        &["nondeterministic_output", "request_policy:special", "response_policy:special"],
    ),
    DataCommand {
        spec: spec(
            Shape("sort", -2, GROW, SORT_KEYS),
            SORTS,
            ["Sort the elements of a collection", "1.0.0", BY_SORTED],
        )
        .key_finder(KeyFinder(sort::keys_of)),
        run: sort::sort,
    },
    DataCommand {
        spec: spec(
            Shape("sort_ro", -2, READ, SORT_RO_KEYS),
            SORTS,
            ["Sort the elements of a collection, without storing them", "7.0.0", BY_SORTED],
        )
        .key_finder(KeyFinder(|_| Some(vec![KeyRef { position: 1, access: SORTED.access }]))),
        run: sort::sort_ro,
    },
    DataCommand {
        spec: in_group(
            SERVER,
            Shape("swapdb", 3, WRITE.with(FAST), &[]),
            DANGEROUS,
            ["Exchange two databases", "4.0.0", "O(N), N clients that watch or wait for keys"],
        ),
        run: relocate::swapdb,
    },
    hinted(
        Shape("touch", -2, READ.with(FAST), LOOK_AT_KEYS),
        keys::touch,
        ["Note that keys are used, and count those that are there", "3.2.1", BY_KEYS],
        SUMMED,
    ),
    hinted(
        Shape("ttl", 2, READ.with(FAST), READ_KEY),
        expire::ttl,
        ["Tell after how many seconds a key goes", "1.0.0", CONSTANT],
        &["nondeterministic_output"],
    ),
    command(
        Shape("type", 2, READ.with(FAST), LOOK_AT_KEY),
        keys::kind,
        ["Tell the type of a value", "1.0.0", CONSTANT],
    ),
    hinted(
        Shape("unlink", -2, WRITE.with(FAST), REMOVE_KEYS),
        keys::del,
        ["Remove keys; their memory is freed on the side", "4.0.0", BY_KEYS],
        SUMMED,
    ),
];
