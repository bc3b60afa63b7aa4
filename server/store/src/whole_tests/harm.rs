//! What no client can bring about.

use proptest::prelude::*;

use super::COMMANDS;
use super::dump::dump;
use crate::call::testing::Bench;
use crate::commands;

/// Words of all kinds, those that are just out of some range above all.
const WORDS: &[&str] = &[
    "",
    "text",
    "int",
    "list",
    "set",
    "hash",
    "zset",
    "geo",
    "hll",
    "big",
    "none",
    "none2",
    "m1",
    "m2",
    "x",
    "-1",
    "0",
    "1",
    "2",
    "3",
    "100",
    "9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775807",
    "4611686018427387904",
    "18446744073709551615",
    "4294967296",
    "-4294967296",
    "2147483648",
    "1e308",
    "-1e308",
    "1e-320",
    "inf",
    "-inf",
    "nan",
    "0x1p1023",
    "1.5",
    "-0",
    "180",
    "-85.05112878",
    "+",
    "-",
    "(1",
    "(inf",
    "[m1",
    "(m1",
    "*",
    "w_*->f",
    "#",
    "#0",
    "#9223372036854775807",
    "u8",
    "i64",
    "u63",
    "i1",
    "km",
    "m",
    "M",
];

/// Words that commands know.
const OPTIONS: &str = "NX XX GT LT CH INCR EX PX EXAT PXAT KEEPTTL GET PERSIST LIMIT COUNT MATCH TYPE WITHSCORES WITHSCORE WITHVALUES \
                       BYSCORE BYLEX REV MIN MAX LEFT RIGHT BEFORE AFTER WEIGHTS AGGREGATE SUM STORE STOREDIST BY ASC DESC ALPHA DB REPLACE \
                       RANK MAXLEN IDX LEN MINMATCHLEN WITHMATCHLEN SET GET INCRBY OVERFLOW SAT FAIL WRAP BIT BYTE AND OR XOR NOT FROMMEMBER \
                       FROMLONLAT BYRADIUS BYBOX WITHDIST WITHHASH WITHCOORD ANY ENCODING FREQ IDLETIME REFCOUNT HELP GETREG DECODE TODENSE";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a client says, a command replies; and one that fails has changed nothing.
    #[test]
    fn no_words_do_harm(
        steps in proptest::collection::vec((any::<prop::sample::Index>(), proptest::collection::vec(any::<prop::sample::Index>(), 0..10)), 1..60),
    ) {
        let mut bench = Bench::new();
        bench.shard.settings.string_max_bytes = 1 << 20;
        for line in [
            "SET text v", "SET int 7", "RPUSH list 1 m1 x", "SADD set 1 2 3", "HSET hash m1 1 m2 x", "ZADD zset 1 m1 2 m2 inf x", "GEOADD geo 13 38 m1 15 37 m2",
            "PFADD hll a b c", "ZADD big -1e308 m1 1e300 m2", "SADD big:set a b",
        ] {
            bench.run(line);
        }
        let options: Vec<&str> = COMMANDS.iter().flat_map(|line| line.split(' ')).chain(OPTIONS.split(' ')).collect();
        let all: Vec<_> = commands::all().filter(|command| command.spec.name != "pfselftest").collect();
        let word = |index: prop::sample::Index| {
            let index = index.index(WORDS.len() * 3);
            let word = WORDS.get(index).copied().unwrap_or_else(|| options[index % options.len()]);
            word.as_bytes().to_vec()
        };
        for (which, words) in steps {
            let name = all[which.index(all.len())].spec.name.as_bytes().to_vec();
            let mut line = vec![name];
            line.extend(words.into_iter().map(word));
            let before = dump(&bench);
            let Some(reply) = bench.run_words(line.clone()) else { continue };
            let spelled = || line.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ");
            if reply.starts_with(b"-") {
                prop_assert_eq!(&before, &dump(&bench), "{}", spelled());
                prop_assert_eq!(bench.effects.dirty, 0, "{}", spelled());
            }
            prop_assert!(!reply.is_empty(), "{}", spelled());
        }
        (0..16).for_each(|db| bench.shard.db(db).check_counts());
    }
}
