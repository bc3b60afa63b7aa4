use crate::call::testing::Bench;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const SYNTAX: &str = "-ERR syntax error";

#[test]
fn members_are_added_under_conditions() {
    let mut bench = Bench::new();
    bench.check(&[
        ("ZADD z 1 a 2.5 b 1e20 c", ":3"),
        ("ZADD z 1 a 3 b", ":0"),
        ("ZADD z CH 1 a 4 b 5 d", ":2"),
        ("ZADD z NX 9 a 9 e", ":1"),
        ("ZADD z XX 9 f", ":0"),
        ("ZADD none XX 9 f", ":0"),
        ("EXISTS none", ":0"),
        ("ZADD z GT CH 0 a 10 b", ":1"),
        ("ZADD z LT CH 0 a 20 b", ":1"),
        ("ZADD z INCR 2 a", "$1 2"),
        ("ZADD z GT INCR -2 a", "$-1"),
        ("ZINCRBY z 0.5 a", "$3 2.5"),
        ("ZADD z inf i", ":1"),
        ("ZINCRBY z -inf i", "-ERR resulting score is not a number (NaN)"),
        ("ZRANGE z 0 -1 WITHSCORES", "*12 $1 a $3 2.5 $1 d $1 5 $1 e $1 9 $1 b $2 10 $1 c $5 1e+20 $1 i $3 inf"),
    ]);
    bench.check(&[
        ("ZADD z NX 1 a 2", SYNTAX),
        ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible"),
        ("ZADD z NX GT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
        ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
        ("ZADD z 1 a x b", "-ERR value is not a valid float"),
        ("ZADD z nan a", "-ERR value is not a valid float"),
        ("SET s v", "+OK"),
        ("ZADD s 1 a", WRONG_TYPE),
    ]);
    bench.run("ZADD new 1 a 2 b 2 b");
    assert_eq!((bench.effects.dirty, bench.events()), (2, vec!["new", "zadd"]));
    assert_eq!(bench.effects.ready, [(0, b"new".to_vec())]);
    bench.run("ZADD new 1 a");
    assert_eq!((bench.effects.dirty, bench.events().len()), (0, 0));
}

#[test]
fn ranges_are_of_ranks_scores_or_bytes() {
    let mut bench = Bench::new();
    bench.check(&[
        ("ZADD z 1 a 2 b 3 c 4 d", ":4"),
        ("ZRANGE z 1 -2", "*2 $1 b $1 c"),
        ("ZRANGE z 0 1 REV", "*2 $1 d $1 c"),
        ("ZRANGE z 0 1 REV REV", SYNTAX),
        ("ZREVRANGE z 0 0 WITHSCORES", "*2 $1 d $1 4"),
        ("ZRANGEBYSCORE z (1 3", "*2 $1 b $1 c"),
        ("ZREVRANGEBYSCORE z +inf -inf LIMIT 1 2", "*2 $1 c $1 b"),
        ("ZRANGE z (4 -inf BYSCORE REV LIMIT 0 1", "*1 $1 c"),
        (
            "ZRANGE z 0 -1 LIMIT 0 1",
            "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        ),
        ("ZRANGEBYSCORE z x 1", "-ERR min or max is not a float"),
        ("ZCOUNT z (1 (4", ":2"),
        ("ZADD l 0 a 0 b 0 c", ":3"),
        ("ZRANGEBYLEX l [a (c", "*2 $1 a $1 b"),
        ("ZREVRANGEBYLEX l + (a LIMIT 1 5", "*1 $1 b"),
        ("ZRANGE l - + BYLEX WITHSCORES", "-ERR syntax error, WITHSCORES not supported in combination with BYLEX"),
        ("ZLEXCOUNT l - (c", ":2"),
        ("ZLEXCOUNT l a c", "-ERR min or max not valid string range item"),
        ("ZRANGESTORE t z 2 3", ":2"),
        ("ZRANGE t 0 -1", "*2 $1 c $1 d"),
        ("ZRANGESTORE t z 9 10", ":0"),
        ("EXISTS t", ":0"),
        ("ZRANK z c", ":2"),
        ("ZREVRANK z c WITHSCORE", "*2 :1 $1 3"),
        ("ZRANK z none WITHSCORE", "*-1"),
        ("ZRANK z none", "$-1"),
        ("ZMSCORE z a none", "*2 $1 1 $-1"),
        ("ZREMRANGEBYRANK z 0 0", ":1"),
        ("ZREMRANGEBYSCORE z 4 4", ":1"),
        ("ZREMRANGEBYLEX l [b +", ":2"),
        ("ZREM z b c none", ":2"),
        ("EXISTS z", ":0"),
    ]);
    assert_eq!(bench.effects.dirty, 0);
    bench.run("ZREM l a b");
    assert_eq!((bench.effects.dirty, bench.events()), (1, vec!["zrem", "del"]));
}

#[test]
fn who_waits_is_told_to_replicas_as_who_takes() {
    let mut bench = Bench::new();
    bench.check(&[
        ("BZPOPMIN a b 0", "+(waits)"),
        ("BZPOPMIN a x", "-ERR timeout is not a float or out of range"),
        ("ZADD b 1 x 2 y 3 z 4 w", ":4"),
        ("BZPOPMIN a b 0", "*3 $1 b $1 x $1 1"),
    ]);
    assert_eq!(bench.told(), ["ZPOPMIN b"]);
    bench.check(&[("BZMPOP 0 2 a b MAX COUNT 2", "*2 $1 b *2 *2 $1 w $1 4 *2 $1 z $1 3")]);
    assert_eq!(bench.told(), ["ZPOPMAX b 2"]);
    bench.check(&[("ZMPOP 2 a b MIN COUNT 9", "*2 $1 b *1 *2 $1 y $1 2")]);
    assert_eq!((bench.told(), bench.events()), (vec!["ZPOPMIN b 1".to_owned()], vec!["zpopmin", "del"]));
    bench.check(&[
        ("ZMPOP 1 b MIN", "*-1"),
        ("ZMPOP 0 b MIN", "-ERR numkeys should be greater than 0"),
        ("ZMPOP 1 b MIN COUNT 0", "-ERR count should be greater than 0"),
        ("ZPOPMIN b", "*0"),
        ("ZPOPMAX b -1", "-ERR value is out of range, must be positive"),
        ("ZADD b 1 x 2 y", ":2"),
        ("ZPOPMAX b 0", "*0"),
        ("ZPOPMAX b", "*2 $1 y $1 2"),
    ]);
    assert_eq!((bench.told().len(), bench.effects.dirty), (0, 1));
}

#[test]
fn inputs_are_combined_with_weights() {
    Bench::new().check(&[
        ("ZADD a 1 x 2 y", ":2"),
        ("ZADD b 10 y 20 z", ":2"),
        ("SADD s y w", ":2"),
        ("ZUNION 2 a b WITHSCORES", "*6 $1 x $1 1 $1 y $2 12 $1 z $2 20"),
        ("ZUNION 2 a b WEIGHTS 2 0.5 AGGREGATE MAX WITHSCORES", "*6 $1 x $1 2 $1 y $1 5 $1 z $2 10"),
        ("ZINTER 3 a b s WITHSCORES", "*2 $1 y $2 13"),
        ("ZDIFF 2 a s WITHSCORES", "*2 $1 x $1 1"),
        ("ZINTERCARD 2 a b LIMIT 1", ":1"),
        ("ZUNIONSTORE t 2 a s AGGREGATE MIN", ":3"),
        ("ZRANGE t 0 -1 WITHSCORES", "*6 $1 w $1 1 $1 x $1 1 $1 y $1 1"),
        ("ZINTERSTORE t 2 a none", ":0"),
        ("EXISTS t", ":0"),
        ("ZDIFFSTORE t 1 a", ":2"),
        ("ZUNION 0 a", "-ERR at least 1 input key is needed for 'zunion' command"),
        ("ZUNION 3 a b", SYNTAX),
        ("ZUNION 1 a WEIGHTS x", "-ERR weight value is not a float"),
        ("ZINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative"),
        ("ZDIFF 1 a WEIGHTS 1", SYNTAX),
        ("SET text v", "+OK"),
        ("ZUNION 2 text a", WRONG_TYPE),
    ]);
}

#[test]
fn random_members_are_different_ones_or_not() {
    let mut bench = Bench::new();
    let pairs: Vec<String> = (0..500).map(|n| format!("{n} m{n}")).collect();
    bench.run(&format!("ZADD z {}", pairs.join(" ")));
    for count in [1, 7, 400, 499, 500, 900] {
        let reply = bench.run(&format!("ZRANDMEMBER z {count}"));
        let mut words: Vec<&str> = reply.split(' ').filter(|word| word.starts_with('m')).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count.min(500));
    }
    assert!(bench.run("ZRANDMEMBER z -900 WITHSCORES").starts_with("*1800 "));
    bench.check(&[("ZRANDMEMBER none", "$-1"), ("ZRANDMEMBER none 3", "*0"), ("ZRANDMEMBER z 3 x", SYNTAX)]);
    let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), "0".to_owned());
    loop {
        let reply = bench.run(&format!("ZSCAN z {cursor} COUNT 20"));
        seen.extend(reply.split(' ').filter(|word| word.starts_with('m')).map(str::to_owned));
        cursor = reply.split(' ').nth(2).unwrap().to_owned();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 500);
}

#[test]
fn differences_are_the_same_either_way() {
    let mut bench = Bench::new();
    for n in 0..60 {
        bench.run(&format!("ZADD large {n} m{n}"));
    }
    let others: Vec<String> = (0..30).map(|n| format!("other{n}")).collect();
    for (n, other) in others.iter().enumerate() {
        bench.run(&format!("ZADD {other} 1 m{}", n * 2));
    }
    bench.run(&format!("ZDIFFSTORE many 31 large {}", others.join(" ")));
    bench.run(&format!("ZUNIONSTORE united 30 {}", others.join(" ")));
    bench.run("ZDIFFSTORE few 2 large united");
    assert_eq!(bench.run("ZRANGE many 0 -1 WITHSCORES"), bench.run("ZRANGE few 0 -1 WITHSCORES"));
    assert_eq!(bench.run("ZCARD many"), ":30");
}

#[test]
fn where_nothing_is_scanned_options_do_not_matter() {
    assert_eq!(Bench::new().run("ZSCAN none 0 WHATEVER"), "*2 $1 0 *0");
}
