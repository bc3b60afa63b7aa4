//! What a server says of itself: INFO beside that of `redis-server`, the slow log, delays, DEBUG.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::collections::BTreeMap;
use std::net::TcpStream;

use bongsu_protocol::resp::Value;
use common::Running;
use common::conn::Conn;
use common::peer::Peer;

/// A server, and a connection to it.
struct Served {
    client: Conn<TcpStream>,
    _server: Running,
}

impl Served {
    fn start(directives: &str) -> Self {
        let server = Running::start(directives);
        Self { client: Conn::over(server.connect()), _server: server }
    }

    fn ask(&mut self, line: &str) -> String {
        ask(&mut self.client, line)
    }
}

/// The reply as text, elements of arrays in brackets.
fn ask(client: &mut Conn<TcpStream>, line: &str) -> String {
    client.send_line(line);
    text_of(&client.hear())
}

fn text_of(value: &Value<'_>) -> String {
    match value {
        Value::Simple(text) | Value::Bulk(text) | Value::Error(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Integer(n) => n.to_string(),
        Value::Array(elements) => format!("[{}]", elements.iter().map(text_of).collect::<Vec<_>>().join(" ")),
        other => format!("{other:?}"),
    }
}

/// The names of the fields of every section, in order.
fn fields(info: &str) -> BTreeMap<String, Vec<String>> {
    let mut sections = BTreeMap::<String, Vec<String>>::new();
    let mut section = String::new();
    for line in info.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            section = name.to_owned();
            sections.entry(section.clone()).or_default();
        } else if let Some((name, _)) = line.split_once(':') {
            sections.entry(section.clone()).or_default().push(name.to_owned());
        }
    }
    sections
}

fn info_of_redis() -> String {
    let peer = Peer::start("");
    let mut client = Conn::over(peer.connect());
    ask(&mut client, "SET a b");
    ask(&mut client, "INFO everything")
}

#[test]
fn every_field_of_redis_is_there_in_its_order() {
    // What depends on what has happened.
    const OTHERS: [&str; 3] = ["Commandstats", "Latencystats", "Errorstats"];
    let mut server = Served::start("");
    server.ask("SET a b");
    let ours = fields(&server.ask("INFO everything"));
    for (section, names) in fields(&info_of_redis()) {
        let mine = ours.get(&section).unwrap_or_else(|| panic!("no section {section}"));
        if OTHERS.contains(&section.as_str()) {
            continue;
        }
        let mut rest = mine.iter();
        for name in names {
            assert!(rest.any(|field| *field == name), "{section}: {name} is not where Redis has it in {mine:?}");
        }
    }
}

#[test]
fn counters_count() {
    let mut server = Served::start("");
    for line in ["SET a b", "GET a", "GET nokey", "SET a", "NOSUCH", "INCR a", "EXPIRE a 100"] {
        server.ask(line);
    }
    let info = server.ask("INFO everything");
    for expected in [
        "cmdstat_set:calls=1,",
        "rejected_calls=1,failed_calls=0",
        "cmdstat_incr:calls=1,",
        "errorstat_ERR:count=3",
        "total_error_replies:3",
        "keyspace_hits:1",
        "keyspace_misses:1",
        "connected_clients:1",
        "latency_percentiles_usec_get:p50=",
        "db0:keys=1,expires=1,avg_ttl=",
    ] {
        assert!(info.contains(expected), "{expected} is not in {info}");
    }
    server.ask("CONFIG RESETSTAT");
    let info = server.ask("INFO everything");
    assert!(info.contains("total_error_replies:0") && !info.contains("cmdstat_set"), "{info}");
}

#[test]
fn slow_requests_are_kept_without_their_secrets() {
    let mut server = Served::start("slowlog-log-slower-than 0\nslowlog-max-len 5");
    server.ask("SLOWLOG RESET");
    server.ask("CONFIG SET requirepass hunter2");
    server.ask("AUTH hunter2");
    server.ask("ACL SETUSER bob >hunter2");
    server.ask("SADD set 1");
    let log = server.ask("SLOWLOG GET");
    assert!(!log.contains("hunter2"), "{log}");
    assert!(log.contains("[CONFIG SET requirepass (redacted)]") && log.contains("[SADD set 1]"), "{log}");
    assert_eq!(server.ask("SLOWLOG LEN"), "5");
    assert_eq!(server.ask("SLOWLOG GET -2"), "ERR count should be greater than or equal to -1");
    server.ask("CONFIG SET slowlog-log-slower-than -1");
    server.ask("SLOWLOG RESET");
    assert_eq!(server.ask("SLOWLOG GET"), "[]");
}

#[test]
fn delays_are_noted() {
    let mut server = Served::start("latency-monitor-threshold 1\nenable-debug-command yes");
    server.ask("DEBUG SLEEP 0.002");
    let latest = server.ask("LATENCY LATEST");
    assert!(latest.starts_with("[[command "), "{latest}");
    assert!(server.ask("LATENCY GRAPH command").starts_with("command - high "));
    assert!(server.ask("LATENCY DOCTOR").contains("1. command: "));
    assert_eq!(server.ask("LATENCY GRAPH x"), "ERR No samples available for event 'x'");
    server.ask("CONFIG SET latency-monitor-threshold 0");
    assert_eq!(server.ask("LATENCY RESET"), "1");
    let histogram = server.ask("LATENCY HISTOGRAM debug");
    assert!(histogram.starts_with("[debug [calls 1 histogram_usec ["), "{histogram}");
}

#[test]
fn debug_is_only_for_those_who_may() {
    let mut server = Served::start("");
    assert!(server.ask("DEBUG SLEEP 0").starts_with("ERR DEBUG command not allowed."));
    let mut server = Served::start("enable-debug-command local");
    let empty = server.ask("DEBUG DIGEST");
    assert_eq!(empty, "0".repeat(40));
    assert_eq!(server.ask("DEBUG POPULATE 100 x 10"), "OK");
    assert_eq!(server.ask("DBSIZE"), "100");
    assert_eq!(server.ask("GETRANGE x:7 0 6"), "value:7");
    let full = server.ask("DEBUG DIGEST");
    server.ask("SADD set a b c");
    assert_ne!(server.ask("DEBUG DIGEST"), full);
    server.ask("DEL set");
    assert_eq!(server.ask("DEBUG DIGEST"), full);
    assert!(server.ask("DEBUG OBJECT x:1").contains(" encoding:embstr serializedlength:11 "));
    assert!(server.ask("DEBUG NOPE").starts_with("ERR unknown subcommand or wrong number of arguments for 'NOPE'."));
}

#[test]
fn the_score_of_a_process_is_left_alone_once_it_is_restored() {
    const FILE: &str = "/proc/self/oom_score_adj";
    let mut server = Served::start("oom-score-adj-values \"0 20 0\"");
    let before: i64 = std::fs::read_to_string(FILE).unwrap().trim().parse().unwrap();
    for line in ["CONFIG SET oom-score-adj yes", "CONFIG SET oom-score-adj no"] {
        assert_eq!(server.ask(line), "OK");
    }
    // Raising it is allowed to everybody.
    std::fs::write(FILE, (before + 1).to_string()).unwrap();
    let mut score_after = |line: &str| {
        assert_eq!(server.ask(line), "OK");
        std::fs::read_to_string(FILE).unwrap().trim().parse::<i64>().unwrap() - before
    };
    assert_eq!(score_after("CONFIG SET oom-score-adj no"), 1);
    assert_eq!(score_after("CONFIG SET oom-score-adj yes"), 1, "it begins where it was");
    assert_eq!(score_after("REPLICAOF 127.0.0.1 1"), 21, "replicas have a score of their own");
    assert_eq!(score_after("REPLICAOF NO ONE"), 1);
}

#[test]
fn memory_is_told() {
    let mut server = Served::start("");
    server.ask("SET a b");
    assert!(server.ask("MEMORY USAGE a").parse::<usize>().unwrap() > 0);
    assert_eq!(server.ask("MEMORY USAGE a SAMPLES -1"), "ERR syntax error");
    let before = used(&mut server);
    server.ask(&format!("SET big {}", "x".repeat(1_000_000)));
    assert!(used(&mut server) > before + 900_000);
    server.ask("DEL big");
    let info = server.ask("INFO memory");
    let peak = figure(&info, "used_memory_peak:");
    assert!(peak > before + 900_000 && figure(&info, "used_memory:") < peak, "{info}");
}

fn used(server: &mut Served) -> usize {
    figure(&server.ask("INFO memory"), "used_memory:")
}

fn figure(info: &str, name: &str) -> usize {
    info.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
}
