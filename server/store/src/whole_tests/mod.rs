//! What must hold of every command, whatever it does.

mod dump;
mod harm;
mod image;
mod told;

use proptest::prelude::*;

use crate::call::testing::Bench;

/// Commands of all types. `A` and `B` stand for keys, `m` for a member, `n` for a number, `L` for something long.
const COMMANDS: &[&str] = &[
    "SET A m",
    "SET A L",
    "SET A n EX n",
    "SET A m KEEPTTL",
    "APPEND A L",
    "APPEND A m",
    "SETRANGE A n m",
    "INCR A",
    "INCRBYFLOAT A n",
    "SETBIT A n 1",
    "BITFIELD A SET u8 n n",
    "BITOP OR A A B",
    "GETDEL A",
    "GETEX A PX n",
    "GETSET A L",
    "MSETNX A m B L",
    "PFADD A m n L",
    "PFMERGE A B",
    "PFCOUNT A",
    "DEL A",
    "RENAME A B",
    "RENAMENX A B",
    "COPY A B REPLACE",
    "COPY A B",
    "COPY A A DB 1 REPLACE",
    "MOVE A 1",
    "PEXPIRE A n",
    "PERSIST A",
    "SWAPDB 0 1",
    "SORT A ALPHA STORE B",
    "SORT A BY nosort GET # GET key_* STORE A",
    "RANDOMKEY",
    "SCAN 0 COUNT 50",
    "LPUSH A m L n",
    "RPUSH A L L L",
    "RPUSH A m n m",
    "LPOP A",
    "RPOP A n",
    "LSET A 0 L",
    "LSET A 0 m",
    "LINSERT A BEFORE m L",
    "LREM A 0 m",
    "LREM A -1 L",
    "LTRIM A 1 -2",
    "LTRIM A n -1",
    "LMOVE A B LEFT RIGHT",
    "LMOVE A A LEFT RIGHT",
    "LMPOP 2 A B LEFT COUNT 2",
    "RPOPLPUSH A B",
    "SADD A m n",
    "SADD A n",
    "SADD A L",
    "SREM A m n",
    "SPOP A",
    "SPOP A n",
    "SMOVE A B m",
    "SINTERSTORE A A B",
    "SUNIONSTORE A A B",
    "SDIFFSTORE B A B",
    "SRANDMEMBER A -5",
    "HSET A m L n m",
    "HSET A m n",
    "HSETNX A n m",
    "HDEL A m n",
    "HINCRBY A n n",
    "HINCRBYFLOAT A n n",
    "HRANDFIELD A -3 WITHVALUES",
    "ZADD A n m n n",
    "ZADD A n L",
    "ZADD A XX INCR n m",
    "ZINCRBY A n m",
    "ZREM A m n",
    "ZPOPMIN A n",
    "ZREMRANGEBYRANK A 1 -2",
    "ZREMRANGEBYSCORE A 3 n",
    "ZUNIONSTORE A 2 A B",
    "ZINTERSTORE B 2 A B",
    "ZDIFFSTORE A 2 A B",
    "ZRANGESTORE B A 1 -1",
    "ZMPOP 2 A B MAX COUNT 2",
    "GEOADD A 13.3 n.5 m",
    "GEOSEARCHSTORE B A FROMLONLAT 13 20 BYRADIUS 3000 km",
    "GEORADIUS A 13 20 3000 km STORE A",
    "OBJECT ENCODING A",
    "FLUSHDB",
];

/// A command with its words filled in.
fn line(template: &str, one: u8, other: u8, n: u16) -> String {
    let word = |word: &str| match word {
        "A" => format!("key_{}", one % 6),
        "B" => format!("key_{}", other % 6),
        "m" => format!("m{}", n % 40),
        "n" => (n % 50).to_string(),
        "L" => "x".repeat(60 + usize::from(n % 900) * usize::from(1 + n % 7)),
        "n.5" => format!("{}.5", n % 50),
        other => other.to_owned(),
    };
    template.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Memory is counted step by step as it is taken and given back; a new count gives the same, and in the end nothing is left.
    #[test]
    fn memory_is_what_was_counted(
        steps in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>(), any::<u16>()), 1..400),
        small in any::<bool>(),
    ) {
        let mut bench = Bench::new();
        if small {
            let settings = &mut bench.shard.settings;
            (settings.hash_max_listpack_entries, settings.zset_max_listpack_entries) = (3, 3);
            (settings.set_max_listpack_entries, settings.set_max_intset_entries) = (3, 3);
            settings.list_max_listpack_size = 4;
        }
        for (which, one, other, n) in steps {
            bench.run(&line(COMMANDS[which.index(COMMANDS.len())], one, other, n));
            bench.shard.now_ms += 5;
        }
        for db in 0..2 {
            bench.shard.db(db).check_counts();
        }
        bench.run("SWAPDB 0 1");
        for key in 0..6 {
            bench.run(&format!("DEL key_{key}"));
            bench.run(&format!("MOVE key_{key} 1"));
        }
        bench.run("SWAPDB 0 1");
        for key in 0..6 {
            bench.run(&format!("DEL key_{key}"));
        }
        for db in 0..2 {
            bench.shard.db(db).check_counts();
            prop_assert_eq!(bench.shard.db(db).len(), 0);
            prop_assert!(bench.shard.db(db).heap_bytes() < 8192, "{} bytes are left", bench.shard.db(db).heap_bytes());
        }
    }

    /// To every command a key whose time is over is as good as none, whether or not it may be removed.
    #[test]
    fn what_is_over_is_not_there(
        types in proptest::collection::vec(0..5u8, 6),
        steps in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>(), any::<u16>()), 1..20),
        may_expire in any::<bool>(),
    ) {
        let (mut with, mut without) = (Bench::new(), Bench::new());
        for (key, kind) in types.iter().enumerate() {
            let words = ["SET K 5", "RPUSH K 1 2", "SADD K 1 2", "HSET K m1 1", "ZADD K 1 2"][usize::from(*kind)];
            with.run(&words.replace('K', &format!("key_{key}")));
            with.run(&format!("PEXPIRE key_{key} 10"));
        }
        for bench in [&mut with, &mut without] {
            bench.shard.now_ms += 11;
            bench.shard.may_expire = may_expire;
        }
        for (which, one, other, n) in steps {
            let template = COMMANDS[which.index(COMMANDS.len())];
            if ["SWAPDB", "FLUSHDB", "SCAN", "RANDOMKEY"].iter().any(|name| template.starts_with(name)) {
                continue;
            }
            let line = line(template, one, other, n);
            // Which element is taken is a matter of chance.
            with.shard.random = without.shard.random.clone();
            prop_assert_eq!(with.run(&line), without.run(&line), "{}", line);
            let names = |bench: &Bench| bench.events().into_iter().filter(|name| *name != "expired").collect::<Vec<_>>();
            prop_assert_eq!(names(&with), names(&without), "{}", line);
            prop_assert_eq!((with.effects.dirty, with.told()), (without.effects.dirty, without.told()), "{}", line);
        }
        for key in 0..6 {
            with.run(&format!("DEL key_{key}"));
            prop_assert_eq!(with.run(&format!("EXISTS key_{key}")), ":0");
        }
    }
}

/// Every look-up of a key by a command that reads or changes its value is a use of it.
#[test]
fn changes_are_uses() {
    let changes = [
        ("SET k v", "APPEND k x"),
        ("SET k v", "SETRANGE k 1 x"),
        ("SET k v", "SETBIT k 1 1"),
        ("SET k v", "PEXPIRE k 100000"),
        ("SET k v EX 1000", "PERSIST k"),
        ("SET k 1", "INCR k"),
        ("SET k v", "SET k w"),
        ("RPUSH k a b", "LPUSH k x"),
        ("RPUSH k a b", "RPOP k"),
        ("RPUSH k a b", "LINSERT k BEFORE none x"),
        ("ZADD k 1 a 2 b", "ZADD k 3 c"),
        ("ZADD k 1 a 2 b", "ZPOPMIN k"),
        ("SADD k a b", "SREM k a"),
        ("HSET k a b c d", "HDEL k a"),
        ("PFADD k a", "PFADD k b"),
    ];
    for (before, change) in changes {
        for no_touch in [false, true] {
            let mut bench = Bench::new();
            bench.run(before);
            bench.shard.now_ms += 7000;
            assert_eq!(bench.run("OBJECT IDLETIME k"), ":7", "asking is no use");
            bench.run("SCAN 0");
            bench.run("TTL k");
            assert_eq!(bench.run("OBJECT IDLETIME k"), ":7", "nor is looking whether it is there");
            bench.caller.no_touch = no_touch;
            bench.run(change);
            let expected = if no_touch && !change.starts_with("SET k") { ":7" } else { ":0" };
            assert_eq!(bench.run("OBJECT IDLETIME k"), expected, "{change}");
        }
    }
}
