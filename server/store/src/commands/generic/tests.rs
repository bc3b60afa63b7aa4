use crate::call::testing::Bench;

const NOW_MS: u64 = 1_700_000_000_000;

#[test]
fn keys_come_and_go() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET a 1 b 2 c 3", "+OK"),
        ("EXISTS a b a none", ":3"),
        ("TYPE a", "+string"),
        ("TYPE none", "+none"),
        ("DBSIZE", ":3"),
        ("DEL a none", ":1"),
        ("UNLINK b", ":1"),
        ("KEYS *", "*1 $1 c"),
        ("KEYS x*", "*0"),
        ("RANDOMKEY", "$1 c"),
        ("FLUSHDB NOW", "-ERR syntax error"),
        ("FLUSHDB ASYNC", "+OK"),
        ("RANDOMKEY", "$-1"),
        ("FLUSHALL", "+OK"),
    ]);
    assert_eq!((bench.effects.dirty, bench.effects.flushed.len()), (1, 16));
}

#[test]
fn a_renamed_key_keeps_value_and_expiry() {
    let mut bench = Bench::new();
    bench.check(&[
        ("RENAME none a", "-ERR no such key"),
        ("SET a 1 PX 5000", "+OK"),
        ("SET b 2", "+OK"),
        ("RENAMENX a b", ":0"),
        ("RENAME a b", "+OK"),
        ("GET b", "$1 1"),
        ("PTTL b", ":5000"),
        ("EXISTS a", ":0"),
        ("RENAMENX b a", ":1"),
        ("RENAMENX a a", ":0"),
        ("RENAME a a", "+OK"),
        ("PTTL a", ":5000"),
    ]);
    bench.run("RENAME a b");
    assert_eq!(bench.events(), ["rename_from", "rename_to"]);
}

#[test]
fn expiries_are_set_under_conditions() {
    let mut bench = Bench::new();
    bench.check(&[
        ("EXPIRE none 10", ":0"),
        ("SET k v", "+OK"),
        ("TTL none", ":-2"),
        ("TTL k", ":-1"),
        ("EXPIRE k 10 XX", ":0"),
        ("EXPIRE k 10 GT", ":0"),
        ("EXPIRE k 10 LT", ":1"),
        ("EXPIRE k 20 NX", ":0"),
        ("EXPIRE k 5 GT", ":0"),
        ("EXPIRE k 20 XX GT", ":1"),
        ("TTL k", ":20"),
        ("PEXPIRE k 1500", ":1"),
        ("TTL k", ":2"),
        ("EXPIRE k 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible"),
        ("EXPIRE k 1 GT LT", "-ERR GT and LT options at the same time are not compatible"),
        ("EXPIRE k 1 SOON", "-ERR Unsupported option SOON"),
        ("EXPIRE k x", "-ERR value is not an integer or out of range"),
        ("EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command"),
        ("PERSIST k", ":1"),
        ("PERSIST k", ":0"),
        ("EXPIREAT k 1800000000", ":1"),
        ("EXPIRETIME k", ":1800000000"),
        ("PEXPIRETIME k", ":1800000000000"),
    ]);
    bench.run("EXPIRE k 10");
    assert_eq!(bench.told(), [format!("PEXPIREAT k {}", NOW_MS + 10_000)]);
    bench.run("EXPIRE k -1");
    assert_eq!((bench.told(), bench.events()), (vec!["DEL k".to_owned()], vec!["del"]));
    bench.check(&[("EXISTS k", ":0")]);
}

/// What is over is not seen, whoever asks, and is gone for good once somebody has asked.
#[test]
fn keys_whose_time_is_over_are_not_there() {
    let mut bench = Bench::new();
    bench.check(&[("SET a 1 PX 10", "+OK"), ("SET b 2", "+OK")]);
    bench.shard.now_ms += 10;
    bench.check(&[
        ("KEYS *", "*1 $1 b"),
        ("DBSIZE", ":2"),
        ("EXISTS a", ":0"),
        ("DBSIZE", ":1"),
        ("RANDOMKEY", "$1 b"),
    ]);
    bench.shard.may_expire = false;
    bench.check(&[("SET a 1 PX 10", "+OK")]);
    bench.shard.now_ms += 10;
    bench.check(&[("GET a", "$-1"), ("DBSIZE", ":2")]);
}
