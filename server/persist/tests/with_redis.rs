//! Files and payloads of redis-server 7.0 are read, and it reads those written here.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use bongsu_persist::dump;
use bongsu_persist::rdb::decode::{Decoder, Event, Fault, Options as DecodeOptions, Verdict};
use bongsu_persist::rdb::encode::{Encoder, Options, Sizes, Version};
use bongsu_protocol::resp::Value as Reply;
use bongsu_store::image::{Head, Part, Reader, Usage, Value, Writer};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use common::images::{form, image};
use common::model::{Meant, Model};
use common::redis::Redis;
use common::{load, written};

/// Everything is looked at, and batches are small enough for collections to span them.
const STRICT: DecodeOptions = DecodeOptions { distinct: true, checksum: true, batch_bytes: 1000 };

/// Values of all types in all their encodings, with expiries, in two databases.
fn fill(redis: &mut Redis) {
    for (index, text) in
        ["", "x", "-7", "300", "70000", "12345678901", "-9223372036854775808", "007"].iter().enumerate()
    {
        redis.run(&["SET", &format!("text:{index}"), text]);
    }
    redis.run(&["SET", "compressible", &"abcabcabd".repeat(500)]);
    redis.run(&["SET", "long", &(0..40_000).map(|n| format!("{n},")).collect::<String>()]);
    redis.run(&["SET", "key that is compressed because it is so very very very very very very very long", "1"]);
    redis.run(&["SET", "12345", "a key of digits"]);
    redis.run(&["SET", "binary", "\0\r\n\u{ff}"]);
    redis.words("SET expiring value PXAT 4102444800123");
    for n in 0..2000 {
        redis.run(&["RPUSH", "list:long", &format!("element {n}"), &n.to_string()]);
        redis.run(&["SADD", "set:long", &format!("member {n}"), &n.to_string()]);
        redis.run(&["HSET", "hash:long", &format!("field {n}"), &format!("value {n}")]);
        redis.run(&["ZADD", "zset:long", &format!("{}.25", n % 77), &format!("member {n}")]);
        redis.run(&["SADD", "ints:long", &n.to_string()]);
    }
    redis.run(&["RPUSH", "list:wide", &"w".repeat(9000), "x", &"y".repeat(100_000), "17"]);
    redis.words("RPUSH list a b 1 -1 127 128 4095 4096 -4097 32768 -32769 8388608 2147483648 -9223372036854775808");
    redis.words("SADD set a b c 1");
    redis.words("SADD ints:2 1 -5 300");
    redis.words("SADD ints:4 1 -5 70000");
    redis.words("SADD ints:8 1 -5 123456789012");
    redis.words("HSET hash a 1 b two c 3.5");
    redis.words("ZADD zset 1 a 1 b 2.5 c -inf d +inf e 1e300 f 0.1 g");
    redis.words("PEXPIREAT hash 4102444800000");
    redis.words("SELECT 3");
    redis.words("SET other database");
    redis.words("SELECT 0");
}

#[test]
fn files_of_redis_are_read_and_written_back() {
    for compression in ["yes", "no"] {
        let mut redis = Redis::start(&["--rdbcompression", compression]);
        fill(&mut redis);
        let loaded = load(&redis.saved()[..], STRICT).unwrap();
        assert_eq!(loaded.checksum, Some(Verdict::Good));
        assert_eq!(loaded.model.keys.len(), 28);
        assert_eq!(loaded.model.keys[&(0, b"expiring".to_vec())].expiry_ms, Some(4_102_444_800_123));
        assert_eq!(loaded.model.get("text:5"), Some(&Meant::Text(b"12345678901".to_vec())));
        assert!(loaded.aux.iter().any(|(name, _)| name.ends_with(b"-ver")));
        let (db, keys, expiries) = loaded.sizes[0];
        assert_eq!((db, keys, expiries), (0, 27, 2));
        check_written(&mut redis, &loaded.model);
    }
}

/// Redis has the same data after it has loaded what we make of its file, and saves the same.
fn check_written(redis: &mut Redis, model: &Model) {
    let mut decoder = Decoder::new(std::io::Cursor::new(redis.saved()), STRICT);
    let mut images = Vec::new();
    while let Some(event) = decoder.next_event().unwrap() {
        if let Event::Parts(parts) = event {
            images.push(parts);
        }
    }
    for (compression, checksum) in [(true, true), (false, true), (true, false)] {
        let options = Options { compression, checksum, version: Version::V10 };
        let mut encoder = Encoder::new(options, vec![Sizes { keys: 27, expiries: 2 }]);
        let mut file = Vec::new();
        encoder.begin(&[(b"redis-ver", b"7.0.15"), (b"x-lineage", b"any thing")], &mut file);
        images.iter().for_each(|image| encoder.image(image, &mut file).unwrap());
        encoder.end(&mut file).unwrap();
        let mut other = Redis::load(&file, &[]).unwrap();
        assert_eq!(redis.digest(), other.digest());
        assert_eq!(&load(&other.saved()[..], STRICT).unwrap().model, model);
    }
}

#[test]
fn redis_reads_any_image() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let image = image().prop_map(|image| without_past(&image)).new_tree(&mut runner).unwrap().current();
        let file = written(&image, Options::default());
        let mut redis = Redis::load(&file, &[]).unwrap();
        let mut expected = Model::of(&image);
        let mut loaded = load(&redis.saved()[..], STRICT).unwrap().model;
        // What the eviction policy knows is kept only by servers that have such a policy.
        for key in expected.keys.values_mut().chain(loaded.keys.values_mut()) {
            key.usage = Usage::Unknown;
        }
        assert_eq!(loaded, expected);
    }
}

/// The same keys with expiries that are far away.
fn without_past(image: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    for part in Reader::new(image) {
        match part.unwrap() {
            Part::Head(head) => {
                let expiry_ms = head.expiry_ms.map(|ms| ms | 1 << 45);
                writer.head(&Head { expiry_ms, ..head });
            }
            element => writer.part(&element),
        }
    }
    out
}

#[test]
fn usage_is_kept_by_servers_that_evict() {
    for (policy, usage) in [("allkeys-lru", Usage::IdleSeconds(5000)), ("allkeys-lfu", Usage::Frequency(77))] {
        let mut image = Vec::new();
        common::images::put(&mut image, 0, b"key", (None, usage), &common::images::Form::Int(1));
        let mut redis = Redis::load(&written(&image, Options::default()), &["--maxmemory-policy", policy]).unwrap();
        let loaded = load(&redis.saved()[..], STRICT).unwrap();
        let found = loaded.model.keys[&(0, b"key".to_vec())].usage;
        match (usage, found) {
            (Usage::IdleSeconds(seconds), Usage::IdleSeconds(found)) => {
                assert!((seconds..seconds + 60).contains(&found))
            }
            _ => assert_eq!(found, usage),
        }
    }
}

#[test]
fn payloads_go_both_ways() {
    let mut redis = Redis::start(&["--sanitize-dump-payload", "yes"]);
    fill(&mut redis);
    let model = load(&redis.saved()[..], STRICT).unwrap().model;
    let head = |key| Head { db: 0, key, expiry_ms: None, usage: Usage::Unknown, value: Value::Int(0) };
    for (db, key) in model.keys.keys().filter(|(db, _)| *db == 0) {
        let payload = redis.bytes(&[b"DUMP".as_slice(), key]);
        let mut image = Vec::new();
        dump::decode(&payload, &head(key), dump::Options::default(), &mut image).unwrap();
        assert_eq!(Model::of(&image).keys[&(*db, key.clone())].value, model.keys[&(*db, key.clone())].value);

        let mut ours = Vec::new();
        dump::encode(&image, true, Version::V10, &mut ours).unwrap();
        redis.run(&[b"RESTORE".as_slice(), b"restored", b"0", &ours, b"REPLACE"]);
        redis.run(&[b"PERSIST".as_slice(), key]);
        let digests = redis.run(&[b"DEBUG".as_slice(), b"DIGEST-VALUE", key, b"restored"]);
        let Reply::Array(digests) = digests else { panic!("{digests:?}") };
        assert_eq!(digests[0], digests[1], "{}", key.escape_ascii());
    }
}

#[test]
fn redis_restores_any_payload() {
    let mut redis = Redis::start(&["--sanitize-dump-payload", "yes"]);
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let form = form().new_tree(&mut runner).unwrap().current();
        let (mut image, mut payload) = (Vec::new(), Vec::new());
        common::images::put(&mut image, 0, b"key", (None, Usage::Unknown), &form);
        dump::encode(&image, true, Version::V10, &mut payload).unwrap();
        redis.run(&[b"RESTORE".as_slice(), b"key", b"0", &payload, b"REPLACE"]);
        let back = redis.bytes(&["DUMP", "key"]);
        let mut again = Vec::new();
        let head = Head { db: 0, key: b"key", expiry_ms: None, usage: Usage::Unknown, value: Value::Int(0) };
        dump::decode(&back, &head, dump::Options::default(), &mut again).unwrap();
        assert_eq!(Model::of(&again), Model::of(&image));
    }
}

#[test]
fn what_cannot_be_kept_is_named() {
    let mut redis = Redis::start(&[]);
    redis.words("XADD events 1-1 field value");
    let error = load(&redis.saved()[..], STRICT).unwrap_err();
    assert!(matches!(error.fault, Fault::Unsupported(19 | 21)));
    assert_eq!(error.key.as_deref(), Some(&b"events"[..]));
    assert!(error.to_string().contains(", key 'events': stream (type "), "{error}");
}

#[test]
fn functions_are_handed_out() {
    let mut redis = Redis::start(&[]);
    let code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    redis.run(&["FUNCTION", "LOAD", code]);
    let file = redis.saved();
    assert_eq!(load(&file[..], STRICT).unwrap().functions, [code.as_bytes()]);
}
