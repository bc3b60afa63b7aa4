//! Commands of sorted sets.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, KeyAccess, KeySpec};

use crate::call::Handler;
use crate::commands::DataCommand;

use super::{add, combine, get, pop, random, range, remove, scan};

const READ: CommandFlags = CommandFlags::READONLY;
const WRITE: CommandFlags = CommandFlags::WRITE;
const GROW: CommandFlags = CommandFlags::WRITE.with(CommandFlags::DENYOOM);
const FAST: CommandFlags = CommandFlags::FAST;
const BLOCKING: CommandFlags = CommandFlags::BLOCKING;

const READS: KeyAccess = KeyAccess::RO.with(KeyAccess::ACCESS);
const TAKES: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::DELETE);

const LOOK_AT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RO)];
const READ_KEY: &[KeySpec] = &[KeySpec::single(1, READS)];
const UPDATE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::UPDATE))];
const COUNT_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::UPDATE))];
const REMOVE_KEY: &[KeySpec] = &[KeySpec::single(1, KeyAccess::RW.with(KeyAccess::DELETE))];
const TAKE_KEY: &[KeySpec] = &[KeySpec::single(1, TAKES)];
const TAKE_KEYS: &[KeySpec] = &[KeySpec::range(1, -2, 1, TAKES)];
const COUNTED_TAKES: &[KeySpec] = &[KeySpec::counted(1, TAKES)];
const COUNTED_TAKES_2: &[KeySpec] = &[KeySpec::counted(2, TAKES)];
const COUNTED_READS: &[KeySpec] = &[KeySpec::counted(1, READS)];
const TARGET: KeySpec = KeySpec::single(1, KeyAccess::OW.with(KeyAccess::UPDATE));
const STORE_KEYS: &[KeySpec] = &[TARGET, KeySpec::single(2, READS)];
const COUNTED_STORE: &[KeySpec] = &[TARGET, KeySpec::counted(2, READS)];

const CONSTANT: &str = "O(1)";
const BY_LOG: &str = "O(log(N)), N members";
const BY_LOGS: &str = "O(M*log(N)), N members, M of them named or taken";
const BY_RANGE: &str = "O(log(N)+M), N members, M of them in the range";
const BY_UNION: &str = "O(N+M*log(M)), N members of all inputs, M of the result";
const BY_INTER: &str = "O(N*K+M*log(M)), N members of the smallest of K inputs, M of the result";

/// Since this version `ZRANGE` does what commands of their own did before.
const ONE_RANGE_SINCE: &str = "6.2.0";

struct Shape(&'static str, i32, CommandFlags, &'static [KeySpec]);

const fn command(shape: Shape, run: Handler, about: [&'static str; 3]) -> DataCommand {
    let Shape(name, arity, flags, keys) = shape;
    let [summary, since, complexity] = about;
    let spec = CommandSpec::new(name, arity, flags, Categories::SORTEDSET).keys(keys);
    DataCommand { spec: spec.about(summary, since, "sorted-set", complexity), run }
}

const fn varying(command: DataCommand) -> DataCommand {
    DataCommand { spec: command.spec.tips(&["nondeterministic_output"]), run: command.run }
}

const fn outdated(command: DataCommand, replaced_by: &'static str) -> DataCommand {
    DataCommand { spec: command.spec.deprecated(ONE_RANGE_SINCE, replaced_by), run: command.run }
}

pub(in crate::commands) static COMMANDS: &[DataCommand] = &[
    command(
        Shape("bzmpop", -5, WRITE.with(BLOCKING), COUNTED_TAKES_2),
        pop::bzmpop,
        ["Take members from the first sorted set that has any, and wait for them if none has", "7.0.0", BY_LOGS],
    ),
    command(
        Shape("bzpopmax", -3, WRITE.with(FAST).with(BLOCKING), TAKE_KEYS),
        pop::bzpopmax,
        ["Take the highest member of the first sorted set that has any, and wait for one if none has", "5.0.0", BY_LOG],
    ),
    command(
        Shape("bzpopmin", -3, WRITE.with(FAST).with(BLOCKING), TAKE_KEYS),
        pop::bzpopmin,
        ["Take the lowest member of the first sorted set that has any, and wait for one if none has", "5.0.0", BY_LOG],
    ),
    command(
        Shape("zadd", -4, GROW.with(FAST), UPDATE_KEY),
        add::zadd,
        ["Add members, or give them other scores", "1.2.0", BY_LOGS],
    ),
    command(
        Shape("zcard", 2, READ.with(FAST), LOOK_AT_KEY),
        get::zcard,
        ["Give the number of members", "1.2.0", CONSTANT],
    ),
    command(
        Shape("zcount", 4, READ.with(FAST), READ_KEY),
        get::zcount,
        ["Count the members in a range of scores", "2.0.0", BY_LOG],
    ),
    command(
        Shape("zdiff", -3, READ, COUNTED_READS),
        combine::zdiff,
        ["Give the members of the first input that are in none of the others", "6.2.0", BY_UNION],
    ),
    command(
        Shape("zdiffstore", -4, GROW, COUNTED_STORE),
        combine::zdiffstore,
        ["Store the members of the first input that are in none of the others", "6.2.0", BY_UNION],
    ),
    command(
        Shape("zincrby", 4, GROW.with(FAST), COUNT_KEY),
        add::zincrby,
        ["Add to the score of a member", "1.2.0", BY_LOG],
    ),
    command(
        Shape("zinter", -3, READ, COUNTED_READS),
        combine::zinter,
        ["Give the members that all inputs have", "6.2.0", BY_INTER],
    ),
    command(
        Shape("zintercard", -3, READ, COUNTED_READS),
        combine::zintercard,
        ["Count the members that all inputs have", "7.0.0", BY_INTER],
    ),
    command(
        Shape("zinterstore", -4, GROW, COUNTED_STORE),
        combine::zinterstore,
        ["Store the members that all inputs have", "2.0.0", BY_INTER],
    ),
    command(
        Shape("zlexcount", 4, READ.with(FAST), READ_KEY),
        get::zlexcount,
        ["Count the members in a range of bytes, where all scores are equal", "2.8.9", BY_LOG],
    ),
    command(
        Shape("zmpop", -4, WRITE, COUNTED_TAKES),
        pop::zmpop,
        ["Take members from the first sorted set that has any", "7.0.0", BY_LOGS],
    ),
    command(
        Shape("zmscore", -3, READ.with(FAST), READ_KEY),
        get::zmscore,
        ["Give the scores of several members", "6.2.0", "O(M), M members named"],
    ),
    command(
        Shape("zpopmax", -2, WRITE.with(FAST), TAKE_KEY),
        pop::zpopmax,
        ["Take the members with the highest scores", "5.0.0", BY_LOGS],
    ),
    command(
        Shape("zpopmin", -2, WRITE.with(FAST), TAKE_KEY),
        pop::zpopmin,
        ["Take the members with the lowest scores", "5.0.0", BY_LOGS],
    ),
    varying(command(
        Shape("zrandmember", -2, READ, READ_KEY),
        random::zrandmember,
        ["Give random members", "6.2.0", BY_LOGS],
    )),
    command(
        Shape("zrange", -4, READ, READ_KEY),
        range::zrange,
        ["Give the members of a range of ranks, scores or bytes", "1.2.0", BY_RANGE],
    ),
    outdated(
        command(
            Shape("zrangebylex", -4, READ, READ_KEY),
            range::zrangebylex,
            ["Give the members of a range of bytes, where all scores are equal", "2.8.9", BY_RANGE],
        ),
        "`ZRANGE` with the `BYLEX` argument",
    ),
    outdated(
        command(
            Shape("zrangebyscore", -4, READ, READ_KEY),
            range::zrangebyscore,
            ["Give the members of a range of scores", "1.0.5", BY_RANGE],
        ),
        "`ZRANGE` with the `BYSCORE` argument",
    ),
    command(
        Shape("zrangestore", -5, GROW, STORE_KEYS),
        range::zrangestore,
        ["Store the members of a range under another key", "6.2.0", BY_RANGE],
    ),
    command(
        Shape("zrank", -3, READ.with(FAST), READ_KEY),
        get::zrank,
        ["Give the rank of a member, from the lowest score on", "2.0.0", BY_LOG],
    ),
    command(Shape("zrem", -3, WRITE.with(FAST), REMOVE_KEY), remove::zrem, ["Remove members", "1.2.0", BY_LOGS]),
    command(
        Shape("zremrangebylex", 4, WRITE, REMOVE_KEY),
        remove::zremrangebylex,
        ["Remove the members of a range of bytes, where all scores are equal", "2.8.9", BY_RANGE],
    ),
    command(
        Shape("zremrangebyrank", 4, WRITE, REMOVE_KEY),
        remove::zremrangebyrank,
        ["Remove the members of a range of ranks", "2.0.0", BY_RANGE],
    ),
    command(
        Shape("zremrangebyscore", 4, WRITE, REMOVE_KEY),
        remove::zremrangebyscore,
        ["Remove the members of a range of scores", "1.2.0", BY_RANGE],
    ),
    outdated(
        command(
            Shape("zrevrange", -4, READ, READ_KEY),
            range::zrevrange,
            ["Give the members of a range of ranks, the highest score first", "1.2.0", BY_RANGE],
        ),
        "`ZRANGE` with the `REV` argument",
    ),
    outdated(
        command(
            Shape("zrevrangebylex", -4, READ, READ_KEY),
            range::zrevrangebylex,
            ["Give the members of a range of bytes, the last one first", "2.8.9", BY_RANGE],
        ),
        "`ZRANGE` with the `REV` and `BYLEX` arguments",
    ),
    outdated(
        command(
            Shape("zrevrangebyscore", -4, READ, READ_KEY),
            range::zrevrangebyscore,
            ["Give the members of a range of scores, the highest score first", "2.2.0", BY_RANGE],
        ),
        "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    ),
    command(
        Shape("zrevrank", -3, READ.with(FAST), READ_KEY),
        get::zrevrank,
        ["Give the rank of a member, from the highest score on", "2.0.0", BY_LOG],
    ),
    varying(command(
        Shape("zscan", -3, READ, READ_KEY),
        scan::zscan,
        ["Go through members and scores step by step", "2.8.0", "O(1) per call"],
    )),
    command(
        Shape("zscore", 3, READ.with(FAST), READ_KEY),
        get::zscore,
        ["Give the score of a member", "1.2.0", CONSTANT],
    ),
    command(
        Shape("zunion", -3, READ, COUNTED_READS),
        combine::zunion,
        ["Give the members that any input has", "6.2.0", BY_UNION],
    ),
    command(
        Shape("zunionstore", -4, GROW, COUNTED_STORE),
        combine::zunionstore,
        ["Store the members that any input has", "2.0.0", BY_UNION],
    ),
];
