//! `DUMP` and `RESTORE` as clients see them.

use bongsu_persist::crc64::Crc64;

use crate::client::{Client, shown};
use crate::common::Running;

fn restore(client: &mut Client, key: &str, ttl: &str, payload: &[u8], options: &str) -> String {
    let mut more: Vec<&[u8]> = vec![payload];
    more.extend(options.split_whitespace().map(str::as_bytes));
    client.send_with(&format!("RESTORE {key} {ttl}"), &more);
    shown(&client.hear())
}

/// A value with a version and a checksum.
fn sealed(value: &[u8]) -> Vec<u8> {
    let mut payload = [value, &[10, 0]].concat();
    let sum = Crc64::of(&payload);
    payload.extend_from_slice(&sum.to_le_bytes());
    payload
}

#[test]
fn what_makes_no_sense_is_told_in_the_words_of_redis() {
    let server = Running::start("");
    let mut client = Client::of(&server);
    client.check("SET k v", "OK");
    let payload = client.dump("k");
    client.check("DUMP nothing", "nil");
    let cases = [
        ("k", "0", "", "-BUSYKEY Target key name already exists."),
        ("k", "x", "", "-BUSYKEY Target key name already exists."),
        ("k", "0", "REPLACE", "OK"),
        ("n", "x", "", "-ERR value is not an integer or out of range"),
        ("n", "-1", "", "-ERR Invalid TTL value, must be >= 0"),
        ("n", "0", "ELSE", "-ERR syntax error"),
        ("n", "0", "IDLETIME", "-ERR syntax error"),
        ("n", "0", "IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0"),
        ("n", "0", "IDLETIME x", "-ERR value is not an integer or out of range"),
        ("n", "0", "FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("n", "0", "FREQ 1 IDLETIME 1", "-ERR syntax error"),
        ("n", "0", "IDLETIME 9223372036854775807", "OK"),
    ];
    for (key, ttl, options, reply) in cases {
        assert_eq!(restore(&mut client, key, ttl, &payload, options), reply, "{key} {ttl} {options}");
    }
    let mut other = payload;
    *other.last_mut().unwrap() ^= 1;
    let footer = "-ERR DUMP payload version or checksum are wrong";
    for bad in [other.as_slice(), &other[..5], b""] {
        assert_eq!(restore(&mut client, "bad", "0", bad, ""), footer);
    }
    // Neither type is one.
    for kind in [0x08, 0xee] {
        assert_eq!(restore(&mut client, "bad", "0", &sealed(&[kind, 1, b'x']), ""), "-ERR Bad data format");
    }
}

#[test]
fn times_to_live_come_with_the_key() {
    let server = Running::start("");
    let mut client = Client::of(&server);
    client.check("SET k v", "OK");
    let payload = client.dump("k");
    assert_eq!(restore(&mut client, "a", "100000", &payload, ""), "OK");
    let left: u64 = shown(&client.ask("PTTL a")).parse().unwrap();
    assert!((50_000..=100_000).contains(&left), "{left}");
    assert_eq!(restore(&mut client, "b", "4000000000000", &payload, "ABSTTL"), "OK");
    client.check("PEXPIRETIME b", "4000000000000");
    assert_eq!(restore(&mut client, "c", "1", &payload, "ABSTTL"), "OK");
    client.check("EXISTS c", "0");
    assert_eq!(restore(&mut client, "b", "1", &payload, "ABSTTL REPLACE"), "OK");
    client.check("EXISTS b", "0");
    client.check("CONFIG SET maxmemory-policy allkeys-lfu", "OK");
    assert_eq!(restore(&mut client, "f", "0", &payload, "FREQ 100"), "OK");
    client.check("OBJECT FREQ f", "100");
    client.check("CONFIG SET maxmemory-policy allkeys-lru", "OK");
    assert_eq!(restore(&mut client, "i", "0", &payload, "IDLETIME 1000"), "OK");
    let idle: u64 = shown(&client.ask("OBJECT IDLETIME i")).parse().unwrap();
    assert!((1000..1100).contains(&idle), "{idle}");
}

#[test]
fn everybody_learns_of_a_restored_key() {
    let server = Running::start("");
    let mut client = Client::of(&server);
    client.check("RPUSH list a b", "2");
    client.check("ZADD z 1 m", "1");
    let (list, zset) = (client.dump("list"), client.dump("z"));
    client.check("DEL list z", "2");
    let (mut pops, mut pops_zset, mut watches) = (Client::of(&server), Client::of(&server), Client::of(&server));
    pops.send("BLPOP list 0");
    pops_zset.send("BZPOPMIN z 0");
    watches.check("WATCH list", "OK");
    watches.check("MULTI", "OK");
    // That both wait already can be seen.
    while !shown(&client.ask("INFO clients")).contains("blocked_clients:2") {}
    assert_eq!(restore(&mut client, "list", "0", &list, ""), "OK");
    assert_eq!(restore(&mut client, "z", "0", &zset, ""), "OK");
    pops.check_next("[list a]");
    pops_zset.check_next("[z m 1]");
    watches.check("EXEC", "nil");
    client.check("LRANGE list 0 -1", "[b]");
}

#[test]
fn duplicates_are_refused_whoever_sends_them() {
    let server = Running::start("");
    let mut client = Client::of(&server);
    // A hash with a field that is there twice.
    let twice = sealed(b"\x10\x13\x13\x00\x00\x00\x04\x00\x81a\x02\x81b\x02\x81a\x02\x81c\x02\xff");
    client.check("ACL SETUSER default skip-sanitize-payload", "OK");
    for sanitizes in ["yes", "clients", "no"] {
        client.check(&format!("CONFIG SET sanitize-dump-payload {sanitizes}"), "OK");
        assert_eq!(restore(&mut client, "h", "0", &twice, ""), "-ERR Bad data format", "{sanitizes}");
    }
}
