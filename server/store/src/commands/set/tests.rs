use crate::call::testing::Bench;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn members_are_added_and_removed() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SADD s 3 1 2 1", ":3"),
        ("SADD s 1", ":0"),
        ("SMEMBERS s", "*3 $1 1 $1 2 $1 3"),
        ("SMEMBERS none", "*0"),
        ("SADD s x", ":1"),
        ("SMEMBERS s", "*4 $1 1 $1 2 $1 3 $1 x"),
        ("SCARD s", ":4"),
        ("SCARD none", ":0"),
        ("SISMEMBER s x", ":1"),
        ("SISMEMBER s y", ":0"),
        ("SMISMEMBER s x y 1", "*3 :1 :0 :1"),
        ("SMISMEMBER none x", "*1 :0"),
        ("SREM s x y 1", ":2"),
        ("SSCAN s 0", "*2 $1 0 *2 $1 2 $1 3"),
        ("SSCAN s 0 MATCH 3 COUNT 1", "*2 $1 0 *1 $1 3"),
        ("SSCAN s 0 COUNT 0", "-ERR syntax error"),
        ("SMOVE s t 2", ":1"),
        ("SMOVE s t 2", ":0"),
        ("SMOVE s s 3", ":1"),
        ("SMOVE s t 3", ":1"),
        ("EXISTS s", ":0"),
        ("SREM t 2 3", ":2"),
        ("EXISTS t", ":0"),
    ]);
}

#[test]
fn changes_are_told() {
    let mut bench = Bench::new();
    bench.run("SADD s a b c a");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["new", "sadd"], 3));
    bench.run("SADD s a");
    assert_eq!((bench.events(), bench.effects.dirty), (vec![], 0));
    bench.run("SMOVE s t a");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["srem", "new", "sadd"], 2));
    bench.run("SREM s b x");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["srem"], 1));
    bench.run("SPOP s");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["spop", "del"], 1));
    assert_eq!(bench.told(), ["DEL s"]);
    bench.run("SUNIONSTORE u t none");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["keymiss", "new", "sunionstore"], 1));
    bench.run("SINTERSTORE u t none");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["keymiss", "del"], 1));
}

/// Replicas remove what the master took, in commands of limited length.
#[test]
fn taken_members_are_told_in_batches() {
    let mut bench = Bench::new();
    for n in 0..4000 {
        bench.run(&format!("SADD s m{n}"));
    }
    assert!(bench.run("SPOP s 1030").starts_with("*1030 "));
    let told = bench.told();
    let lens: Vec<_> = told.iter().map(|command| command.split(' ').count()).collect();
    assert_eq!((lens, bench.effects.dirty), (vec![1026, 8], 1030));
    assert!(told.iter().all(|command| command.starts_with("SREM s m")));
    bench.check(&[("SPOP s 0", "*0"), ("SCARD s", ":2970")]);
    bench.run("SPOP s 2969");
    assert_eq!((bench.effects.dirty, bench.run("SCARD s")), (2969, ":1".to_owned()));
    bench.run("SPOP s 5");
    assert_eq!((bench.told(), bench.events()), (vec!["DEL s".to_owned()], vec!["spop", "del"]));
    bench.check(&[("SPOP s", "$-1"), ("SPOP s 1", "*0"), ("SPOP s x", "-ERR value is out of range, must be positive")]);
}

#[test]
fn random_members_are_given() {
    Bench::new().check(&[
        ("SRANDMEMBER s", "$-1"),
        ("SRANDMEMBER s 5", "*0"),
        ("SADD s 7", ":1"),
        ("SRANDMEMBER s", "$1 7"),
        ("SRANDMEMBER s 5", "*1 $1 7"),
        ("SRANDMEMBER s -2", "*2 $1 7 $1 7"),
        ("SRANDMEMBER s 1 2", "-ERR syntax error"),
        ("SRANDMEMBER s x", "-ERR value is not an integer or out of range"),
        ("SPOP s", "$1 7"),
    ]);
}

#[test]
fn sets_are_combined() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SADD a 1 2 3 4", ":4"),
        ("SADD b 2 3 x", ":3"),
        ("SADD c 3", ":1"),
        ("SINTER a b", "*2 $1 2 $1 3"),
        ("SINTER a b none", "*0"),
        ("SUNION c b", "*3 $1 2 $1 3 $1 x"),
        ("SDIFF a b", "*2 $1 1 $1 4"),
        ("SDIFF a none c", "*3 $1 1 $1 2 $1 4"),
        ("SDIFF a a", "*0"),
        ("SDIFF none a", "*0"),
        ("SINTERCARD 2 a b", ":2"),
        ("SINTERCARD 2 a b LIMIT 1", ":1"),
        ("SINTERCARD 2 a b LIMIT 0", ":2"),
        ("SINTERCARD 2 a none", ":0"),
        ("SINTERCARD 0 a", "-ERR numkeys should be greater than 0"),
        ("SINTERCARD x a", "-ERR numkeys should be greater than 0"),
        ("SINTERCARD 2 a", "-ERR Number of keys can't be greater than number of args"),
        ("SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative"),
        ("SINTERCARD 1 a LIMIT", "-ERR syntax error"),
        ("SINTERSTORE d a b", ":2"),
        ("SMEMBERS d", "*2 $1 2 $1 3"),
        ("SDIFFSTORE d a b", ":2"),
        ("SUNIONSTORE a a b", ":5"),
        ("SINTERSTORE a none b", ":0"),
        ("EXISTS a", ":0"),
        ("SET s v", "+OK"),
        ("SUNION none s", WRONG_TYPE),
        ("SUNIONSTORE s b", ":3"),
    ]);
}

/// What was found before a key turned out to be over is looked for again.
#[test]
fn keys_whose_time_is_over_are_empty_sets() {
    let mut bench = Bench::new();
    for n in 0..200 {
        bench.run(&format!("SADD s{n} {n} x"));
    }
    bench.check(&[("SADD gone 1 x", ":2"), ("PEXPIRE gone 10", ":1")]);
    bench.shard.now_ms += 10;
    bench.check(&[("SUNION s1 gone s2", "*3 $1 1 $1 x $1 2"), ("EXISTS gone", ":0")]);
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::new();
    bench.check(&[("SET s v", "+OK"), ("HSET h a 1", ":1"), ("SADD t 1", ":1")]);
    for line in
        ["SADD @ a", "SREM @ a", "SMOVE @ t a", "SMOVE t @ 1", "SPOP @", "SCARD @", "SINTER none @", "SSCAN @ 0"]
    {
        bench.check(&[(line.replace('@', "s").as_str(), WRONG_TYPE), (line.replace('@', "h").as_str(), WRONG_TYPE)]);
        assert_eq!(bench.effects.dirty, 0);
    }
}
