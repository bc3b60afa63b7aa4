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
    assert_eq!(bench.events(), ["new", "rename_from", "rename_to"]);
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

#[test]
fn replicas_free_as_lazily_as_their_master() {
    let mut bench = Bench::new();
    for (line, expired, emptied) in [
        ("EXPIRE k -1", false, true),
        ("GETEX k PXAT 1", false, true),
        ("EXPIRE k -1", true, false),
        ("GETEX k PXAT 1", true, false),
        ("SPOP k 5", true, false),
        ("SPOP k 5", false, true),
    ] {
        let is_set = line.starts_with("SPOP");
        bench.run(if is_set { "SADD k 1 2 x" } else { "SET k v" });
        (bench.shard.settings.unlinks_expired, bench.shard.settings.unlinks_emptied) = (expired, emptied);
        bench.run(line);
        let is_lazy = if is_set { emptied } else { expired };
        let name = if is_lazy { "UNLINK" } else { "DEL" };
        assert_eq!(bench.told(), [format!("{name} k")], "{line}");
    }
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

#[test]
fn values_tell_how_they_are_kept() {
    let mut bench = Bench::new();
    bench.check(&[
        ("OBJECT ENCODING none", "$-1"),
        ("SET k 12", "+OK"),
        ("OBJECT ENCODING k", "$3 int"),
        ("OBJECT REFCOUNT k", ":2147483647"),
        ("APPEND k x", ":3"),
        ("OBJECT ENCODING k", "$3 raw"),
        ("OBJECT REFCOUNT k", ":1"),
        ("SET k short", "+OK"),
        ("OBJECT ENCODING k", "$6 embstr"),
        ("SADD s 1", ":1"),
        ("OBJECT ENCODING s", "$6 intset"),
        ("OBJECT IDLETIME s", ":0"),
    ]);
    bench.shard.now_ms += 5000;
    bench.check(&[("OBJECT IDLETIME s", ":5")]);
    assert!(bench.run("OBJECT FREQ s").starts_with("-ERR An LFU maxmemory policy is not selected"));
    bench.shard.settings.policy = crate::eviction::Policy::AllKeysLfu;
    bench.check(&[("SADD t 1", ":1"), ("OBJECT FREQ t", ":5")]);
    assert!(bench.run("OBJECT IDLETIME s").starts_with("-ERR An LFU maxmemory policy is selected"));
}

#[test]
fn values_are_copied_and_moved() {
    let mut bench = Bench::new();
    bench.check(&[
        ("COPY none b", ":0"),
        ("SADD a 1 2", ":2"),
        ("PEXPIRE a 5000", ":1"),
        ("COPY a b", ":1"),
        ("SADD b 3", ":1"),
        ("SCARD a", ":2"),
        ("PTTL b", ":5000"),
        ("COPY a b", ":0"),
        ("COPY a b REPLACE", ":1"),
        ("SCARD b", ":2"),
        ("COPY a a", "-ERR source and destination objects are the same"),
        ("COPY a a DB 1", ":1"),
        ("COPY a b DB 99", "-ERR DB index is out of range"),
        ("COPY a b DB", "-ERR syntax error"),
        ("MOVE a 0", "-ERR source and destination objects are the same"),
        ("MOVE a 1", ":0"),
        ("MOVE a x", "-ERR value is not an integer or out of range"),
        ("MOVE a 16", "-ERR DB index is out of range"),
        ("MOVE b 1", ":1"),
        ("EXISTS b", ":0"),
    ]);
    let there = bench.shard.find(1, b"b").expect("moved");
    assert_eq!(bench.shard.db(1).expiry_ms(there), Some(NOW_MS + 5000));
    bench.check(&[("SET s v", "+OK"), ("MOVE s 1", ":1")]);
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["new", "move_from", "move_to"], 1));
    let changed: Vec<_> = bench.effects.changed.iter().map(|(db, _)| *db).collect();
    assert_eq!((changed, bench.effects.ready.clone()), (vec![0, 1], vec![(1, b"s".to_vec())]));
}

#[test]
fn databases_are_exchanged() {
    let mut bench = Bench::new();
    bench.check(&[("SET k v", "+OK"), ("SWAPDB 0 1", "+OK"), ("EXISTS k", ":0")]);
    bench.check(&[("SWAPDB 1 0", "+OK")]);
    assert_eq!((bench.effects.swapped.clone(), bench.effects.dirty), (vec![1, 0], 1));
    bench.check(&[
        ("EXISTS k", ":1"),
        ("SWAPDB x 0", "-ERR invalid first DB index"),
        ("SWAPDB 0 x", "-ERR invalid second DB index"),
        ("SWAPDB 0 16", "-ERR DB index is out of range"),
    ]);
}

#[test]
fn all_keys_are_gone_through() {
    let mut bench = Bench::new();
    for n in 0..300 {
        bench.run(&format!("SET key:{n} {n}"));
    }
    bench.check(&[("SADD set 1", ":1"), ("SET gone 1 PX 10", "+OK")]);
    bench.shard.now_ms += 10;
    let (mut cursor, mut seen) = ("0".to_owned(), Vec::new());
    loop {
        let reply = bench.run(&format!("SCAN {cursor} COUNT 20"));
        let words: Vec<_> = reply.split(' ').collect();
        seen.extend(words[4..].iter().filter(|word| !word.starts_with('$')).map(|word| (*word).to_owned()));
        words[2].clone_into(&mut cursor);
        if cursor == "0" {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), bench.run("EXISTS gone")), (301, ":0".to_owned()));
    bench.check(&[
        ("SCAN 0 COUNT 1000 TYPE set", "*2 $1 0 *1 $3 set"),
        ("SCAN 0 COUNT 1000 MATCH *:77", "*2 $1 0 *1 $6 key:77"),
        ("SCAN 0 COUNT 1000 TYPE none", "*2 $1 0 *0"),
        ("SCAN x", "-ERR invalid cursor"),
    ]);
}

#[test]
fn a_key_is_found_among_many_that_are_over() {
    let mut bench = Bench::new();
    for n in 0..500 {
        bench.run(&format!("SET over:{n} x PX 10"));
    }
    bench.run("SET stays x");
    bench.shard.now_ms += 11;
    assert_eq!(bench.run("RANDOMKEY"), "$5 stays");
}

#[test]
fn what_takes_long_to_free_is_left_to_others() {
    let mut bench = Bench::new();
    for n in 0..200 {
        bench.run(&format!("SADD one m{n}"));
    }
    bench.run("FLUSHDB");
    assert!(bench.shard.has_garbage(), "one key may have many members");
}

#[test]
fn small_integers_do_not_count_as_shared_where_each_has_its_own_use() {
    let mut bench = Bench::new();
    bench.shard.settings.shares_integers = false;
    bench.check(&[("SET k 12", "+OK"), ("OBJECT REFCOUNT k", ":1")]);
}
