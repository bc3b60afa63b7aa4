//! What nobody should send to a data server and somebody will: it says what is wrong, others do not notice, and it lives on.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use support::data_server::{DataServer, words};
use support::resp::{Element, Wire};
use support::wait;

/// How long bytes are sent, unless `BONGSU_TEST_NOISE_SECONDS` says otherwise.
const NOISE_SECONDS: u64 = 4;
const NOISE_SENDERS: u64 = 4;

/// How long a reply to noise is waited for.
const PATIENCE: Duration = Duration::from_millis(20);

fn head(kind: char, n: i64) -> Vec<u8> {
    format!("{kind}{n}\r\n").into_bytes()
}

/// What is answered, and whether the connection is over then.
fn answer(server: &DataServer, bytes: &[u8]) -> (String, bool) {
    let mut wire = server.wire();
    // It may be over before all is sent.
    wire.send_bytes(bytes);
    let first = wire.read("bad bytes").map(|element| element.text().to_owned()).unwrap_or_default();
    wire.send(&words("PING"));
    (first, wire.read("PING").is_none())
}

#[test]
fn who_breaks_the_protocol_is_told_and_hung_up_on() {
    let server = DataServer::start("");
    let mut other = server.wire();
    for (bytes, error) in [
        (b"*abc\r\n".to_vec(), "invalid multibulk length"),
        (head('*', i64::MAX), "invalid multibulk length"),
        (head('*', 2_147_483_648), "invalid multibulk length"),
        (b"*1\r\n:1\r\n".to_vec(), "expected '$', got ':'"),
        (b"*1\r\n*1\r\n*1\r\n".to_vec(), "expected '$', got '*'"),
        (b"*1\r\n$-5\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n$x\r\n".to_vec(), "invalid bulk length"),
        ([b"*1\r\n".to_vec(), head('$', i64::MAX)].concat(), "invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000000000\r\n".to_vec(), "invalid bulk length"),
        (b"PING \"x\r\n".to_vec(), "unbalanced quotes in request"),
        (b"PING 'x' \"\\xzz\"y\r\n".to_vec(), "unbalanced quotes in request"),
        (vec![b'x'; 70_000], "too big inline request"),
        ([b"*".to_vec(), vec![b'1'; 70_000]].concat(), "too big mbulk count string"),
        ([b"*1\r\n$".to_vec(), vec![b'1'; 70_000]].concat(), "too big bulk count string"),
    ] {
        let shown = bytes[..bytes.len().min(40)].escape_ascii().to_string();
        let expected = (format!("ERR Protocol error: {error}"), true);
        assert_eq!(answer(&server, &bytes), expected, "{shown}");
        other.send(&words("PING"));
        assert_eq!(other.read("PING").unwrap().text(), "PONG", "{shown}");
    }
    // Nothing at all is asked for here.
    for bytes in [b"*0\r\n".as_slice(), b"*-1\r\n", b"\r\n\r\n", b"*-9223372036854775808\r\n"] {
        assert_eq!(answer(&server, &[bytes, b"PING\r\n"].concat()).0, "PONG", "{}", bytes.escape_ascii());
    }
}

#[test]
fn strangers_may_send_little() {
    let server = DataServer::start("requirepass secret\n");
    let authentication = "Authentication required.";
    assert_eq!(answer(&server, b"GET k\r\n").0, format!("NOAUTH {authentication}"));
    let error = |what: &str| (format!("ERR Protocol error: unauthenticated {what} length"), true);
    assert_eq!(answer(&server, &head('*', 11)), error("multibulk"));
    assert_eq!(answer(&server, b"*2\r\n$4\r\nAUTH\r\n$16385\r\n"), error("bulk"));
}

#[test]
fn what_is_nested_deeply_or_long_is_only_long() {
    let server = DataServer::start("");
    let mut wire = server.wire();
    for (line, reply) in [
        ("MULTI", "OK"),
        ("MULTI", "ERR MULTI calls can not be nested"),
        ("EXEC", ""),
        ("EXEC", "ERR EXEC without MULTI"),
        ("DISCARD", "ERR DISCARD without MULTI"),
    ] {
        wire.send(&words(line));
        assert_eq!(wire.read(line).unwrap().text(), reply, "{line}");
    }
    // One request with very many arguments, one with a very long one, and a transaction of very many requests.
    let many: Vec<Vec<u8>> =
        std::iter::once(b"DEL".to_vec()).chain(std::iter::repeat_n(b"k".to_vec(), 300_000)).collect();
    wire.send(&many);
    assert_eq!(wire.read("DEL").unwrap(), Element::Leaf("integer", "0".to_owned()));
    wire.send(&[b"SET".to_vec(), b"k".to_vec(), vec![b'x'; 20 << 20]]);
    assert_eq!(wire.read("SET").unwrap().text(), "OK");
    wire.send_bytes(&[b"MULTI\r\n".to_vec(), b"INCR n\r\n".repeat(20_000), b"EXEC\r\n".to_vec()].concat());
    (0..20_001).for_each(|_| drop(wire.read("a queued request").unwrap()));
    assert!(wire.read("EXEC").unwrap().has("20000"));
    // Patterns that take for ever if they are tried one star at a time.
    let pattern = "a*".repeat(30) + "b";
    wire.send(&words(&format!("SET {} x", "a".repeat(120))));
    assert_eq!(wire.read("SET").unwrap().text(), "OK");
    wire.send(&words(&format!("KEYS {pattern}")));
    assert_eq!(wire.read("KEYS").unwrap(), Element::Aggregate("array", Vec::new()));
    for line in ["SETRANGE k 536870912 x", "SETBIT k 4294967296 1", "SETRANGE k -1 x", "SETBIT k -1 1"] {
        assert!(server.ask(line).is_error(), "{line}");
    }
}

#[test]
fn half_open_connections_end_when_they_are_silent_for_too_long() {
    let server = DataServer::start("timeout 1\n");
    let silent: Vec<Wire> = (0..50).map(|_| server.wire()).collect();
    let mut half = server.wire();
    half.send_bytes(b"*2\r\n$3\r\nGE");
    assert!(half.read("nothing").is_none(), "it is hung up on");
    for mut wire in silent {
        assert!(wire.read("nothing").is_none());
    }
    // Who only stops sending is still answered.
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
    stream.write_all(b"PING\r\nPING\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said, "+PONG\r\n+PONG\r\n");
}

#[test]
fn there_are_no_more_clients_than_allowed() {
    let server = DataServer::start("maxclients 5\n");
    let mut known: Vec<Wire> = Vec::new();
    wait("the one that waited for the start is gone", || (server.figure("connected_clients") == 1).then_some(()));
    wait("all places are taken", || {
        let mut wire = server.wire();
        wire.send(&words("PING"));
        let refused = wire.read("PING")?.is_error();
        if !refused {
            known.push(wire);
        }
        (known.len() == 5).then_some(())
    });
    let mut wire = server.wire();
    assert_eq!(wire.read("a connection").unwrap().text(), "ERR max number of clients reached");
    assert!(wire.read("nothing").is_none());
    known[0].send(&words("PING"));
    assert_eq!(known[0].read("PING").unwrap().text(), "PONG");
    known.pop();
    wait("a place is free", || {
        let mut wire = server.wire();
        wire.send(&words("PING"));
        wire.read("PING").filter(|reply| !reply.is_error())
    });
}

#[test]
fn who_reads_too_slowly_is_hung_up_on() {
    let server =
        DataServer::start("client-output-buffer-limit pubsub 1mb 0 0\nclient-output-buffer-limit normal 8mb 0 0\n");
    let (mut slow, mut speaker) = (server.wire(), server.wire());
    slow.send(&words("SUBSCRIBE c"));
    slow.read("SUBSCRIBE").unwrap();
    let message = [b"PUBLISH".to_vec(), b"c".to_vec(), vec![b'x'; 100_000]];
    wait("the subscriber is gone", || {
        speaker.send(&message);
        (speaker.read("PUBLISH").unwrap().text() == "0").then_some(())
    });
    speaker.send(&[b"SET".to_vec(), b"k".to_vec(), vec![b'x'; 1 << 20]]);
    speaker.read("SET").unwrap();
    let mut greedy = server.wire();
    greedy.send_bytes(&b"GET k\r\n".repeat(100));
    wait("who asks for much and takes nothing is gone", || (server.figure("connected_clients") == 2).then_some(()));
    assert_eq!(server.figure("client_output_buffer_limit_disconnections"), 2);
}

#[test]
fn queries_are_no_longer_than_allowed() {
    let server = DataServer::start("client-query-buffer-limit 1mb\n");
    let mut wire = server.wire();
    wire.send_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8000000\r\n");
    let piece = vec![b'x'; 1 << 20];
    while wire.send_bytes(&piece) {}
    wait("it is counted", || (server.figure("client_query_buffer_limit_disconnections") == 1).then_some(()));
    assert_eq!(server.ask("EXISTS k").text(), "0");
}

/// What one command of this test may add: a string of 10 KB, what belongs to it, and growing tables.
const WORK_BYTES: u64 = 256 * 1024;

#[test]
fn memory_is_never_more_than_the_limit_and_one_command() {
    let server = DataServer::start("");
    let limit = server.figure("used_memory") + (8 << 20);
    let mut wire = server.wire();
    let mut ask = |line: &str| {
        wire.send(&words(line));
        wire.read(line).unwrap()
    };
    ask(&format!("CONFIG SET maxmemory {limit}"));
    let value = "x".repeat(10_000);
    for policy in [
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] {
        ask("FLUSHALL SYNC");
        assert_eq!(ask(&format!("CONFIG SET maxmemory-policy {policy}")).text(), "OK");
        let expiry = if policy.starts_with("volatile") { " EX 10000" } else { "" };
        let mut refused = 0;
        for n in 0..3000 {
            let reply = ask(&format!("SET key:{n} {value}{expiry}"));
            if reply.is_error() {
                assert_eq!(reply.text(), "OOM command not allowed when used memory > 'maxmemory'.");
                refused += 1;
            }
            if n % 50 == 0 {
                let used = server.figure("used_memory");
                assert!(used <= limit + WORK_BYTES, "{policy}: {used} of {limit}");
            }
        }
        assert_eq!(refused > 0, policy == "noeviction", "{policy}: {refused} refused");
        assert!(!ask("DBSIZE").is_error());
    }
    // Keys without an expiry stay where only others may go.
    ask("FLUSHALL SYNC");
    let kept = (0..3000).take_while(|n| !ask(&format!("SET kept:{n} {value}")).is_error()).count();
    assert!(kept > 100 && kept < 3000);
    assert_eq!(ask("DBSIZE").text(), kept.to_string());
    assert_eq!(ask("GET kept:0").text(), value);
    assert_eq!(ask("DEL kept:0").text(), "1");
}

/// A generator of numbers that are the same for the same seed (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn noise(&mut self) -> Vec<u8> {
        const PIECES: [&[u8]; 20] = [
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
            b"*1000000\r\n",
            b"*2\r\n$3\r\nGET\r\n",
            b"$5\r\n",
            b"\r\n",
            b"MULTI\r\n",
            b"EXEC\r\n",
            b"BLPOP nothing 1\r\n",
            b"SUBSCRIBE a b\r\n",
            b"CLIENT REPLY OFF\r\n",
            b"HELLO 3\r\n",
            b"RESET\r\n",
            b"MONITOR\r\n",
            b"\"\\x",
            b"CLIENT TRACKING on BCAST\r\n",
            b"LPUSH l 1 2 3\r\n",
            b"SORT l BY nosort GET # STORE m\r\n",
            b"QUIT\r\n",
            b"\x16\x03\x01\x02\x00",
            b"INFO\r\n",
        ];
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..=self.below(12) {
            match self.below(3) {
                0 => bytes.extend((0..self.below(64)).map(|_| self.below(256) as u8).collect::<Vec<u8>>()),
                _ => bytes.extend_from_slice(PIECES[self.below(PIECES.len())]),
            }
        }
        if self.below(3) == 0 && !bytes.is_empty() {
            let at = self.below(bytes.len());
            bytes[at] = self.below(256) as u8;
        }
        bytes
    }
}

fn disturb(port: u16, seed: u64, until: Instant) {
    let mut random = Random(seed);
    while Instant::now() < until {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may be closed in the middle.
        let _ = stream.write_all(&random.noise());
        if random.below(2) == 0 {
            let _ = stream.read(&mut [0; 4096]);
        }
    }
}

#[test]
fn random_bytes_harm_nobody_else() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("BONGSU_TEST_NOISE_SECONDS").unwrap_or(NOISE_SECONDS);
    let seed = number("BONGSU_TEST_NOISE_SEED")
        .unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()) + 1);
    println!("BONGSU_TEST_NOISE_SEED={seed}");
    let server = DataServer::start("rename-command FLUSHALL ''\nrename-command SHUTDOWN ''\n");
    let until = Instant::now() + Duration::from_secs(seconds);
    let port = server.port;
    let counted = std::thread::scope(|scope| {
        (0..NOISE_SENDERS).for_each(|n| drop(scope.spawn(move || disturb(port, seed + n * 1_000_003, until))));
        let (mut wire, mut count) = (server.wire(), 0);
        while Instant::now() < until {
            count += 1;
            wire.send(&words("INCR mine"));
            assert_eq!(wire.read("INCR").unwrap().text(), count.to_string(), "amid the noise");
        }
        count
    });
    assert_eq!(server.ask("GET mine").text(), counted.to_string());
    wait("its clients are gone", || (server.figure("connected_clients") == 1).then_some(()));
}
