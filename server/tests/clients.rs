//! What several clients of one server see of each other, in which order.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::Running;

/// What is done with the clients of a server.
trait Clients {
    fn client(&self) -> Client;

    /// Waits until a field of INFO has this value.
    fn wait_for(&self, field: &str);
}

impl Clients for Running {
    fn client(&self) -> Client {
        Client { stream: self.connect() }
    }

    #[track_caller]
    fn wait_for(&self, field: &str) {
        let limit = Instant::now() + Duration::from_secs(30);
        let mut client = self.client();
        while !client.info().lines().any(|line| line == field) {
            assert!(Instant::now() < limit, "never: {field}");
        }
    }
}

struct Client {
    stream: TcpStream,
}

impl Client {
    fn send(&mut self, line: &str) {
        write!(self.stream, "{line}\r\n").unwrap();
    }

    /// These lines come next; what is in them as sent, without the ends of lines.
    #[track_caller]
    fn expect(&mut self, lines: &[&str]) {
        let wanted = lines.iter().fold(String::new(), |mut all, line| {
            write!(all, "{line}\r\n").unwrap();
            all
        });
        let mut got = vec![0; wanted.len()];
        let result = self.stream.read_exact(&mut got);
        assert_eq!(String::from_utf8_lossy(&got), wanted, "{result:?}");
    }

    /// The server closes the connection, maybe before it has read all.
    #[track_caller]
    fn expect_end(&mut self) {
        let read = self.stream.read(&mut [0; 8]);
        assert!(
            matches!(&read, Ok(0)) || read.as_ref().is_err_and(|e| e.kind() == ErrorKind::ConnectionReset),
            "{read:?}"
        );
    }

    #[track_caller]
    fn ask(&mut self, line: &str, reply: &[&str]) {
        self.send(line);
        self.expect(reply);
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    fn info(&mut self) -> String {
        self.send("INFO everything");
        let length: usize = self.line()[1..].parse().unwrap();
        let mut text = vec![0; length + 2];
        self.stream.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}

#[test]
fn a_key_that_goes_to_make_room_is_told_of_before_the_reply() {
    let server = Running::start("maxmemory-policy volatile-random");
    let mut client = server.client();
    client.send("HELLO 3");
    while !client.line().starts_with("*0") {}
    client.ask("CLIENT TRACKING on", &["+OK"]);
    client.ask("SET short x EX 1000", &["+OK"]);
    client.ask("GET short", &["$1", "x"]);
    let used = client.info().lines().find_map(|line| line.strip_prefix("used_memory:").map(str::to_owned)).unwrap();
    let limit = used.parse::<usize>().unwrap() + 100 * 1024;
    client.ask(&format!("CONFIG SET maxmemory {limit}"), &["+OK"]);
    client.ask("SETBIT big 3200000 0", &[":0"]);
    client.ask("GETBIT big 0", &[">2", "$10", "invalidate", "*1", "$5", "short", ":0"]);
}

#[test]
fn permissions_are_those_of_the_moment_a_request_goes_on() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    one.ask("ACL SETUSER u on nopass +@all allkeys", &["+OK"]);
    other.ask("AUTH u x", &["+OK"]);
    other.send("BLPOP list 0");
    server.wait_for("blocked_clients:1");
    one.ask("ACL SETUSER u resetkeys", &["+OK"]);
    one.ask("LPUSH list a", &[":1"]);
    other.expect(&["-NOPERM No permissions to access a key"]);
    one.ask("LLEN list", &[":1"]);
    let stats = one.info().lines().find(|line| line.starts_with("cmdstat_blpop:")).unwrap().to_owned();
    assert!(stats.contains("calls=0,") && stats.ends_with("rejected_calls=1,failed_calls=0"), "{stats}");
    let info = one.info();
    assert!(info.contains("acl_access_denied_cmd:0\r\nacl_access_denied_key:1\r\n"), "{info}");
}

#[test]
fn those_whom_a_pause_holds_back_count_as_blocked() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    one.ask("CLIENT PAUSE 100000 WRITE", &["+OK"]);
    other.send("SET a b");
    server.wait_for("blocked_clients:1");
    // It may change how the sketch is kept.
    let mut third = server.client();
    third.send("PFCOUNT a");
    server.wait_for("blocked_clients:2");
    one.ask("CLIENT UNPAUSE", &["+OK"]);
    other.expect(&["+OK"]);
    third.expect(&["-WRONGTYPE Key is not a valid HyperLogLog string value."]);
    server.wait_for("blocked_clients:0");
}

#[test]
fn users_that_are_loaded_anew_have_to_connect_anew() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("users.acl");
    std::fs::write(&file, "user u on nopass +@all ~*\n").unwrap();
    let server = Running::start(&format!("aclfile {}", file.display()));
    let (mut one, mut other, mut own) = (server.client(), server.client(), server.client());
    one.ask("ACL LOAD", &["+OK"]);
    other.ask("AUTH u x", &["+OK"]);
    own.ask("AUTH u x", &["+OK"]);
    one.ask("ACL LOAD", &["+OK"]);
    one.ask("PING", &["+PONG"]);
    assert_eq!(other.stream.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(own.stream.read(&mut [0; 8]).unwrap(), 0);
    let mut again = server.client();
    again.ask("AUTH u x", &["+OK"]);
    again.ask("ACL LOAD", &["+OK"]);
    assert_eq!(again.stream.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn messages_come_to_those_who_want_no_replies() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    one.send("CLIENT REPLY OFF");
    one.send("GET a");
    one.ask("SUBSCRIBE c", &["*3", "$9", "subscribe", "$1", "c", ":1"]);
    other.ask("PUBLISH c x", &[":1"]);
    one.expect(&["*3", "$7", "message", "$1", "c", "$1", "x"]);
    one.ask("UNSUBSCRIBE c", &["*3", "$11", "unsubscribe", "$1", "c", ":0"]);
}

#[test]
fn the_reply_comes_before_what_it_makes_one_hear_of() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    one.ask("RPUSH to a", &[":1"]);
    other.send("HELLO 3");
    while !other.line().starts_with("*0") {}
    other.ask("CLIENT TRACKING on", &["+OK"]);
    other.ask("LRANGE to 0 -1", &["*1", "$1", "a"]);
    other.send("BLMOVE from to LEFT LEFT 0");
    server.wait_for("blocked_clients:1");
    one.ask("RPUSH from b", &[":1"]);
    other.expect(&["$1", "b", ">2", "$10", "invalidate", "*1", "$2", "to"]);
}

#[test]
fn exec_that_is_refused_ends_the_transaction() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    one.ask("MULTI", &["+OK"]);
    one.ask("SET a b", &["+QUEUED"]);
    other.ask("CONFIG SET maxmemory 1", &["+OK"]);
    one.ask(
        "EXEC",
        &["-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'."],
    );
    one.ask("EXEC", &["-ERR EXEC without MULTI"]);
    other.ask("CONFIG SET maxmemory 0", &["+OK"]);
    one.ask("MULTI", &["+OK"]);
    one.ask("EXEC a", &["-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"]);
    one.ask("EXEC", &["-ERR EXEC without MULTI"]);
}

#[test]
fn a_large_request_leaves_no_large_buffer_behind() {
    let server = Running::start("");
    let mut one = server.client();
    let value = "x".repeat(1 << 20);
    one.send(&format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n${}\r\n{value}", value.len()));
    one.expect(&["+OK"]);
    one.send("CLIENT LIST");
    one.line();
    let list = one.line();
    let free = list.split(' ').find_map(|word| word.strip_prefix("qbuf-free=")).unwrap();
    assert!(free.parse::<usize>().unwrap() < 64 * 1024, "{list}");
}

#[test]
fn connections_that_take_most_go_when_all_take_too_much() {
    let server = Running::start("maxmemory-clients 1000000");
    let (mut one, mut small, mut large, mut kept) =
        (server.client(), server.client(), server.client(), server.client());
    kept.ask("CLIENT NO-EVICT on", &["+OK"]);
    for (client, length) in [(&mut kept, 300_000), (&mut small, 100_000), (&mut large, 600_000)] {
        // One byte less than was announced, so that it waits for the rest.
        let part = "x".repeat(length - 1);
        client.stream.write_all(format!("*1\r\n${length}\r\n{part}").as_bytes()).unwrap();
    }
    server.wait_for("evicted_clients:1");
    large.expect_end();
    one.ask("CLIENT NO-EVICT on", &["+OK"]);
    one.ask("CONFIG SET maxmemory-clients 1", &["+OK"]);
    small.expect_end();
    one.ask("CONFIG SET maxmemory-clients 0", &["+OK"]);
    kept.send("x");
    let error = kept.line();
    assert!(error.starts_with("-ERR unknown command"), "{error}");
}

#[test]
fn nothing_waits_for_a_client_that_has_read_its_replies() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    other.ask("ECHO something", &["$9", "something"]);
    one.send("CLIENT LIST ID 2");
    one.line();
    let line = one.line();
    assert!(line.contains(" obl=0 oll=0 omem=0 "), "{line}");
}

#[test]
fn what_a_connection_did_is_counted() {
    let server = Running::start("");
    let (mut one, mut other) = (server.client(), server.client());
    let mut tell = |totals: &str| {
        other.send("CLIENT LIST ID 1");
        other.line();
        other.line().ends_with(totals)
    };
    one.ask("WATCH a b a", &["+OK"]);
    one.ask("ECHO x", &["$1", "x"]);
    assert!(tell(" lib-ver= watch=2 tot-net-in=21 tot-net-out=12 tot-cmds=2"));
    one.ask("UNWATCH", &["+OK"]);
    assert!(tell(" watch=0 tot-net-in=30 tot-net-out=17 tot-cmds=3"));
    one.send("BLPOP list 0");
    server.wait_for("blocked_clients:1");
    assert!(tell(" watch=0 tot-net-in=44 tot-net-out=17 tot-cmds=3"), "it is not answered yet");
    server.client().ask("RPUSH list x", &[":1"]);
    one.expect(&["*2", "$4", "list", "$1", "x"]);
    assert!(tell(" watch=0 tot-net-in=44 tot-net-out=38 tot-cmds=4"));
    one.ask("WATCH a", &["+OK"]);
    one.ask("MULTI", &["+OK"]);
    one.ask("EXEC", &["*0"]);
    assert!(tell(" watch=0 tot-net-in=66 tot-net-out=52 tot-cmds=7"));
}

#[test]
fn waiting_for_copies_takes_times_that_there_are() {
    let server = Running::start("");
    let mut client = server.client();
    for line in ["WAIT 2 9223372036854775807", "WAITAOF 0 0 9223372036854775807", "WAITAOF 1 0 9223372036854775807"] {
        client.ask(line, &["-ERR timeout is out of range"]);
    }
    client.ask("WAIT 2 9223372036854775808", &["-ERR timeout is not an integer or out of range"]);
    client.ask("WAIT 2 -1", &["-ERR timeout is negative"]);
    client.ask("WAIT 2 1000", &[":0"]);
}

#[test]
fn a_reply_without_end_ends_its_connection_at_the_limit() {
    let server = Running::start("client-output-buffer-limit \"normal 1000000 0 0\"");
    let mut other = server.client();
    other.ask("HSET h a b", &[":1"]);
    other.ask("SADD s a", &[":1"]);
    other.ask("ZADD z 1 a", &[":1"]);
    for line in ["HRANDFIELD h", "SRANDMEMBER s", "ZRANDMEMBER z"] {
        for count in ["-999999999", "-9223372036854775807"] {
            let mut client = server.client();
            client.send(&format!("{line} {count}"));
            client.expect_end();
        }
        other.ask(&format!("{line} -2"), &["*2", "$1", "a", "$1", "a"]);
    }
    assert!(other.info().contains("\r\nclient_output_buffer_limit_disconnections:6\r\n"));
    // Who wants no reply has none that is too long.
    other.send("CLIENT REPLY OFF");
    other.send("HRANDFIELD h -9223372036854775807");
    other.send("CLIENT REPLY ON");
    other.expect(&["+OK"]);
}

#[test]
fn clusters_are_known_and_refused() {
    let server = Running::start("");
    let mut client = server.client();
    let refusal = "-ERR This instance has cluster support disabled";
    for line in
        ["CLUSTER INFO", "CLUSTER HELP", "CLUSTER KEYSLOT a", "cluster reset soft", "ASKING", "READONLY", "READWRITE"]
    {
        client.ask(line, &[refusal]);
    }
    client.ask("CLUSTER NONE", &["-ERR unknown subcommand 'NONE'. Try CLUSTER HELP."]);
    client.ask("CLUSTER MEET", &["-ERR wrong number of arguments for 'cluster|meet' command"]);
    client.ask("COMMAND LIST FILTERBY PATTERN xinfo*", &["*0"]);
    client.ask("COMMAND LIST FILTERBY PATTERN cluster|my*", &["*2", "$12", "cluster|myid", "$17", "cluster|myshardid"]);
    client.ask("COMMAND INFO readonly", &READONLY);
}

/// As Redis describes it.
const READONLY: [&str; 18] = [
    "*1",
    "*10",
    "$8",
    "readonly",
    ":1",
    "*3",
    "+loading",
    "+stale",
    "+fast",
    ":0",
    ":0",
    ":0",
    "*2",
    "+@fast",
    "+@connection",
    "*0",
    "*0",
    "*0",
];

#[test]
fn memory_exceeds_its_limit_by_one_request_at_the_most() {
    let server = Running::start("enable-debug-command yes\nmaxmemory-policy allkeys-random");
    let mut client = server.client();
    client.ask("DEBUG POPULATE 200000 small 100", &["+OK"]);
    let used = |info: &str| -> usize {
        let field = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        field.unwrap().parse().unwrap()
    };
    let limit = used(&client.info()) + 100_000;
    client.ask(&format!("CONFIG SET maxmemory {limit}"), &["+OK"]);
    // Each of these makes thousands of the small ones go.
    let large = 1_000_000;
    for round in 0..5 {
        let requests: String = (0..4).map(|key| format!("SETBIT large{round}{key} {} 0\r\n", large * 8 - 1)).collect();
        client.send(requests.trim_end());
        client.expect(&[":0"; 4]);
        let info = client.info();
        assert!(used(&info) < limit + large + large / 10, "{} of {limit}", used(&info));
    }
}
