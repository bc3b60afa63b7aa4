//! Keys that go to another server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use crate::client::{Client, shown};
use crate::common::{Running, expect};

/// A server that answers nothing by itself.
struct Other {
    listener: TcpListener,
}

impl Other {
    fn start() -> Self {
        Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap() }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Takes the next connection, answers its first requests, and has read it up to these bytes.
    fn meet(&self, answers: &str, up_to: &str) -> TcpStream {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        expect(&mut stream, b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
        stream.write_all(answers.as_bytes()).unwrap();
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains(up_to) {
            let mut some = [0; 4096];
            let got = stream.read(&mut some).unwrap();
            assert!(got > 0, "{}", said.escape_ascii());
            said.extend_from_slice(&some[..got]);
        }
        stream
    }
}

#[test]
fn keys_are_there_and_not_here_any_more() {
    let (here, there) = (Running::start(""), Running::start(""));
    let (mut source, mut target) = (Client::of(&here), Client::of(&there));
    let port = there.addr.port();
    source.check("MSET a 1 b 2 c 3 d 4", "OK");
    source.check("RPUSH list a b c", "3");
    source.check("PEXPIRE a 100000", "1");
    source.check(&format!("MIGRATE 127.0.0.1 {port} nothing 9 5000"), "NOKEY");
    source.check(&format!("MIGRATE 127.0.0.1 {port} a 9 5000"), "OK");
    source.check(&format!("MIGRATE 127.0.0.1 {port} list 9 5000 COPY"), "OK");
    source.check(&format!("MIGRATE 127.0.0.1 {port} '' 9 5000 KEYS nothing b c"), "OK");
    source.check("KEYS ?", "[d]");
    source.check("EXISTS list", "1");
    target.check("SELECT 9", "OK");
    target.check("MGET a b c", "[1 2 3]");
    target.check("LRANGE list 0 -1", "[a b c]");
    let left: u64 = shown(&target.ask("PTTL a")).parse().unwrap();
    assert!((50_000..=100_000).contains(&left), "{left}");
    // Only what the other server took goes.
    source.check("MSET b 5 c 6 e 7", "OK");
    let refused = "-ERR Target instance replied with error: BUSYKEY Target key name already exists.";
    source.check(&format!("MIGRATE 127.0.0.1 {port} '' 9 5000 KEYS b e c"), refused);
    source.check("MGET b c e", "[5 6 nil]");
    source.check(&format!("MIGRATE 127.0.0.1 {port} '' 9 5000 REPLACE KEYS b c"), "OK");
    target.check("MGET b c e", "[5 6 7]");
    source.check(
        &format!("MIGRATE 127.0.0.1 {port} d 99 5000"),
        "-ERR Target instance replied with error: ERR DB index is out of range",
    );
    source.check("GET d", "4");
}

#[test]
fn secrets_are_told_before_any_key() {
    let (here, there) = (Running::start(""), Running::start(""));
    let (mut source, mut target) = (Client::of(&here), Client::of(&there));
    target.check("CONFIG SET requirepass secret", "OK");
    let port = there.addr.port();
    source.check("SET k v", "OK");
    source.check(
        &format!("MIGRATE 127.0.0.1 {port} k 0 5000"),
        "-ERR Target instance replied with error: NOAUTH Authentication required.",
    );
    let wrong =
        "-ERR Target instance replied with error: WRONGPASS invalid username-password pair or user is disabled.";
    source.check(&format!("MIGRATE 127.0.0.1 {port} k 0 5000 AUTH wrong"), wrong);
    source.check("GET k", "v");
    source.check(&format!("MIGRATE 127.0.0.1 {port} k 0 5000 AUTH secret"), "OK");
    source.check("SET k w", "OK");
    source.check(&format!("MIGRATE 127.0.0.1 {port} k 0 5000 REPLACE AUTH2 default secret"), "OK");
    target.check("GET k", "w");
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_gets_nothing() {
    let here = Running::start("");
    let mut client = Client::of(&here);
    client.check("SET k v", "OK");
    let port = Other::start().port();
    client.check(&format!("MIGRATE 127.0.0.1 {port} k 0 500"), "-IOERR error or timeout connecting to the client");
    client.check("MIGRATE 127.0.0.1 port k 0 500", "-IOERR error or timeout connecting to the client");
    let silent = Other::start();
    let line = format!("MIGRATE 127.0.0.1 {} k 0 100", silent.port());
    client.check(&line, "-IOERR error or timeout reading to target instance");
    client.check("GET k", "v");
}

#[test]
fn who_names_a_key_on_its_way_waits_and_nobody_else() {
    let here = Running::start("");
    let (mut mover, mut client, mut other) = (Client::of(&here), Client::of(&here), Client::of(&here));
    let target = Other::start();
    client.check("MSET k v n 1", "OK");
    mover.send(&format!("MIGRATE 127.0.0.1 {} k 0 30000", target.port()));
    let mut stream = target.meet("+OK\r\n", "RESTORE");
    other.check("INCR n", "2");
    other.check("GET n", "2");
    other.check("SELECT 1", "OK");
    other.check("SET k elsewhere", "OK");
    let mut waiting: Vec<Client> = ["GET k", "APPEND k w", "FLUSHALL"]
        .into_iter()
        .map(|line| {
            let mut client = Client::of(&here);
            client.send(line);
            client
        })
        .collect();
    client.check("MULTI", "OK");
    client.check("GET n", "QUEUED");
    client.check("GET k", "QUEUED");
    client.send("EXEC");
    waiting.iter_mut().for_each(Client::expect_silence);
    client.expect_silence();
    mover.expect_silence();
    stream.write_all(b"+OK\r\n").unwrap();
    mover.check_next("OK");
    for (client, reply) in waiting.iter_mut().zip(["nil", "1", "OK"]) {
        client.check_next(reply);
    }
    // They go on in the order in which they came, but that of connections is nobody's affair.
    let got = shown(&client.hear());
    assert!(["[2 nil]", "[2 w]", "[nil nil]"].contains(&got.as_str()), "{got}");
}

#[test]
fn copies_bar_nobody() {
    let here = Running::start("");
    let (mut mover, mut client) = (Client::of(&here), Client::of(&here));
    let target = Other::start();
    client.check("SET k v", "OK");
    mover.send(&format!("MIGRATE 127.0.0.1 {} k 0 30000 COPY", target.port()));
    let mut stream = target.meet("+OK\r\n", "RESTORE");
    client.check("SET k w", "OK");
    stream.write_all(b"-ERR no\r\n").unwrap();
    mover.check_next("-ERR Target instance replied with error: ERR no");
    client.check("GET k", "w");
}

#[test]
fn a_client_that_goes_leaves_no_key_in_two_places() {
    let here = Running::start("");
    let (mut mover, mut client) = (Client::of(&here), Client::of(&here));
    let target = Other::start();
    client.check("SET k v", "OK");
    mover.send(&format!("MIGRATE 127.0.0.1 {} k 0 30000", target.port()));
    let mut stream = target.meet("+OK\r\n", "RESTORE");
    drop(mover);
    client.send("EXISTS k");
    client.expect_silence();
    stream.write_all(b"+OK\r\n").unwrap();
    client.check_next("0");
}

#[test]
fn nothing_goes_during_a_pause() {
    let here = Running::start("");
    let (mut mover, mut client) = (Client::of(&here), Client::of(&here));
    let target = Other::start();
    client.check("SET k v", "OK");
    mover.send(&format!("MIGRATE 127.0.0.1 {} k 0 30000", target.port()));
    let mut stream = target.meet("+OK\r\n", "RESTORE");
    client.check("CLIENT PAUSE 100000 WRITE", "OK");
    stream.write_all(b"+OK\r\n").unwrap();
    mover.expect_silence();
    client.check("DBSIZE", "1");
    client.check("CLIENT UNPAUSE", "OK");
    mover.check_next("OK");
    client.check("DBSIZE", "0");
}

#[test]
fn no_transaction_waits_for_another_server() {
    let here = Running::start("");
    let mut client = Client::of(&here);
    client.check("MULTI", "OK");
    client.check("MIGRATE 127.0.0.1 1 k 0 100", "-ERR Command not allowed inside a transaction");
    client.check("EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    client.check(
        "MIGRATE 127.0.0.1 1 k 0 100 KEYS a",
        "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
    );
}
