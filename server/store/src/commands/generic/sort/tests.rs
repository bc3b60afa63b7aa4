use crate::call::testing::Bench;
use crate::keyspace::{New, Object};
use crate::zset::{Limits, Zset};

#[test]
fn elements_are_sorted() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SORT none", "*0"),
        ("RPUSH l 3 1 10 2", ":4"),
        ("SORT l", "*4 $1 1 $1 2 $1 3 $2 10"),
        ("SORT l DESC", "*4 $2 10 $1 3 $1 2 $1 1"),
        ("SORT l ALPHA", "*4 $1 1 $2 10 $1 2 $1 3"),
        ("SORT l LIMIT 1 2", "*2 $1 2 $1 3"),
        ("SORT l LIMIT -5 1", "*1 $1 1"),
        ("SORT l LIMIT 4 2", "*0"),
        ("SORT l LIMIT 2 -1", "*2 $1 3 $2 10"),
        ("SORT l LIMIT 2 9223372036854775807", "*2 $1 3 $2 10"),
        ("SORT l LIMIT 0 x", "-ERR value is not an integer or out of range"),
        ("SORT l LIMIT 0", "-ERR syntax error"),
        ("SORT l UP", "-ERR syntax error"),
        ("SORT l BY nosort", "*4 $1 3 $1 1 $2 10 $1 2"),
        ("SORT l BY nosort DESC LIMIT 1 2", "*2 $2 10 $1 1"),
    ]);
    let limits = Limits::new(&bench.shard.settings, bench.shard.hasher());
    let mut zset = Zset::new();
    for (member, score) in [("a", 2.0), ("b", 1.0), ("c", 3.0)] {
        zset.set(member.as_bytes(), score, limits);
    }
    bench.shard.store(0, None, b"z", New::Object(Object::Zset(zset)), None);
    bench.check(&[
        ("SORT z", "-ERR One or more scores can't be converted into double"),
        ("SORT z ALPHA DESC", "*3 $1 c $1 b $1 a"),
        ("SORT z BY nosort", "*3 $1 b $1 a $1 c"),
        ("SORT z BY nosort DESC LIMIT 0 2", "*2 $1 c $1 a"),
        ("SORT z BY nosort LIMIT 5 10", "*0"),
        ("SORT_RO z ALPHA", "*3 $1 a $1 b $1 c"),
        ("SORT_RO z STORE k", "-ERR syntax error"),
        ("SET s v", "+OK"),
        ("SORT s", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
    ]);
}

#[test]
fn other_keys_decide_and_are_given() {
    Bench::new().check(&[
        ("SADD s 1 2 3", ":3"),
        ("MSET w_1 30 w_2 20 w_3 10", "+OK"),
        ("SORT s BY w_*", "*3 $1 3 $1 2 $1 1"),
        (r#"SET w_2 " 25\x00x""#, "+OK"),
        ("SORT s BY w_*", "*3 $1 3 $1 2 $1 1"),
        ("DEL w_2", ":1"),
        ("SORT s BY w_*", "*3 $1 2 $1 3 $1 1"),
        ("SORT s BY w_* ALPHA DESC", "*3 $1 1 $1 3 $1 2"),
        ("SORT s GET w_* GET #", "*6 $2 30 $1 1 $-1 $1 2 $2 10 $1 3"),
        ("SORT s GET fixed", "*3 $-1 $-1 $-1"),
        ("HSET o_1 f 5", ":1"),
        ("HSET o_3 f text", ":1"),
        ("SORT s BY o_*->f", "-ERR One or more scores can't be converted into double"),
        ("SORT s BY o_*->f ALPHA GET o_*->f", "*3 $-1 $1 5 $4 text"),
        ("SORT s BY o_* ALPHA LIMIT 0 1", "*1 $1 1"),
    ]);
}

#[test]
fn results_are_stored_as_lists() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SADD s b a c", ":3"),
        ("SORT s BY nosort STORE l", ":3"),
        ("LRANGE l 0 -1", "*3 $1 a $1 b $1 c"),
        ("SORT s ALPHA GET # GET x* STORE l", ":6"),
    ]);
    assert_eq!((bench.events().last(), bench.effects.dirty, bench.effects.ready.len()), (Some(&"sortstore"), 6, 1));
    bench.check(&[
        ("LRANGE l 0 -1", "*6 $1 a $0  $1 b $0  $1 c $0"),
        ("SORT s STORE l", "-ERR One or more scores can't be converted into double"),
        ("LLEN l", ":6"),
        ("SORT none STORE l", ":0"),
        ("EXISTS l", ":0"),
    ]);
}

#[test]
fn keys_are_found_behind_store() {
    let keys = |line: &str| {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        super::keys_of(&words).map(|keys| keys.iter().map(|key| key.position).collect::<Vec<_>>())
    };
    assert_eq!(keys("sort abc store invalid store stillbad store def"), Some(vec![1, 7]));
    assert_eq!(keys("sort abc get store limit 1 store by store"), Some(vec![1]));
    assert_eq!(keys("sort abc store"), Some(vec![1]));
}

#[test]
fn who_may_not_read_all_keys_is_not_led_to_others() {
    let mut bench = Bench::new();
    bench.caller.reads_all_keys = false;
    bench.check(&[
        ("SADD s 2 1", ":2"),
        ("SORT s BY w_*", "-ERR BY option of SORT denied due to insufficient ACL permissions."),
        ("SORT s GET #", "-ERR GET option of SORT denied due to insufficient ACL permissions."),
        ("SORT s BY none", "*2 $1 1 $1 2"),
    ]);
    bench.caller.is_script = true;
    bench.check(&[("SADD t b a", ":2"), ("SORT t BY none", "*2 $1 a $1 b")]);
}
