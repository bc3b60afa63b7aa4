//! What clients do to one another: transactions, waiting, subscriptions, caches, pauses.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::io::Write;
use std::net::TcpStream;

use common::{Running, expect};

#[track_caller]
fn ask(client: &mut TcpStream, request: &str, reply: &str) {
    client.write_all(format!("{request}\r\n").as_bytes()).unwrap();
    expect(client, reply.as_bytes());
}

#[track_caller]
fn hear(client: &mut TcpStream, message: &str) {
    expect(client, message.as_bytes());
}

/// Waits until so many clients wait.
fn until_blocked(client: &mut TcpStream, count: usize) {
    use std::io::Read;
    let wanted = format!("blocked_clients:{count}\r\n");
    loop {
        client.write_all(b"INFO clients\r\n").unwrap();
        let mut said = Vec::new();
        while !said.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 4096];
            let got = client.read(&mut byte).unwrap();
            said.extend_from_slice(&byte[..got]);
        }
        if String::from_utf8_lossy(&said).contains(&wanted) {
            return;
        }
    }
}

#[test]
fn a_transaction_runs_as_a_whole_or_not_at_all() {
    let server = Running::start("");
    let (mut one, mut two) = (server.connect(), server.connect());
    ask(&mut one, "MULTI", "+OK\r\n");
    ask(&mut one, "SET k 1", "+QUEUED\r\n");
    ask(&mut one, "INCR k", "+QUEUED\r\n");
    ask(&mut two, "GET k", "$-1\r\n");
    ask(&mut one, "EXEC", "*2\r\n+OK\r\n:2\r\n");
    ask(&mut one, "MULTI", "+OK\r\n");
    ask(&mut one, "NONSENSE", "-ERR unknown command 'NONSENSE', with args beginning with: \r\n");
    ask(&mut one, "INCR k", "+QUEUED\r\n");
    ask(&mut one, "EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    ask(&mut one, "GET k", "$1\r\n2\r\n");
    ask(&mut one, "EXEC", "-ERR EXEC without MULTI\r\n");
}

#[test]
fn a_transaction_fails_if_what_it_watches_has_changed() {
    let server = Running::start("");
    let (mut one, mut two) = (server.connect(), server.connect());
    let mut attempt = |change: &str, changed: &str, result: &str| {
        ask(&mut one, "WATCH k other", "+OK\r\n");
        ask(&mut two, change, changed);
        ask(&mut one, "MULTI", "+OK\r\n");
        ask(&mut one, "PING", "+QUEUED\r\n");
        ask(&mut one, "EXEC", result);
    };
    const RAN: &str = "*1\r\n+PONG\r\n";
    const FAILED: &str = "*-1\r\n";
    attempt("GET k", "$-1\r\n", RAN);
    attempt("FLUSHALL", "+OK\r\n", RAN);
    attempt("SET k 1", "+OK\r\n", FAILED);
    attempt("SET stranger 1", "+OK\r\n", RAN);
    attempt("FLUSHALL", "+OK\r\n", FAILED);
    attempt("SWAPDB 0 1", "+OK\r\n", RAN);
}

#[test]
fn who_waits_is_served_in_turn() {
    let server = Running::start("");
    let (mut first, mut second, mut giver) = (server.connect(), server.connect(), server.connect());
    first.write_all(b"BLPOP a b 0\r\nPING\r\n").unwrap();
    until_blocked(&mut giver, 1);
    second.write_all(b"BLPOP b 0\r\n").unwrap();
    until_blocked(&mut giver, 2);
    ask(&mut giver, "RPUSH b 1 2 3", ":3\r\n");
    hear(&mut first, "*2\r\n$1\r\nb\r\n$1\r\n1\r\n+PONG\r\n");
    hear(&mut second, "*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
    ask(&mut giver, "LRANGE b 0 -1", "*1\r\n$1\r\n3\r\n");
    // In a transaction nobody waits, and those outside are served when it is over.
    first.write_all(b"BLPOP c 0\r\n").unwrap();
    until_blocked(&mut giver, 1);
    giver.write_all(b"MULTI\r\nRPUSH c x\r\nLPOP c\r\nBLPOP c 0\r\nRPUSH c y\r\nEXEC\r\n").unwrap();
    hear(&mut giver, &format!("+OK\r\n{}*4\r\n:1\r\n$1\r\nx\r\n*-1\r\n:1\r\n", "+QUEUED\r\n".repeat(4)));
    hear(&mut first, "*2\r\n$1\r\nc\r\n$1\r\ny\r\n");
    ask(&mut first, "BLPOP c 0.01", "*-1\r\n");
    // Another type is nothing to those who wait for lists.
    first.write_all(b"BLPOP d 0\r\n").unwrap();
    until_blocked(&mut giver, 1);
    ask(&mut giver, "SADD d x", ":1\r\n");
    ask(&mut giver, "DEL d", ":1\r\n");
    ask(&mut giver, "LPUSH d z", ":1\r\n");
    hear(&mut first, "*2\r\n$1\r\nd\r\n$1\r\nz\r\n");
    first.write_all(b"BLMOVE e f LEFT RIGHT 0\r\nCLIENT ID\r\n").unwrap();
    until_blocked(&mut giver, 1);
    ask(&mut giver, "CLIENT UNBLOCK 1 ERROR", ":1\r\n");
    hear(&mut first, "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n:1\r\n");
}

#[test]
fn messages_and_events_reach_their_subscribers() {
    let server = Running::start("");
    let (mut listener, mut speaker) = (server.connect(), server.connect());
    ask(&mut listener, "SUBSCRIBE news", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    ask(&mut listener, "PSUBSCRIBE __key*__:*", "*3\r\n$10\r\npsubscribe\r\n$10\r\n__key*__:*\r\n:2\r\n");
    ask(&mut speaker, "PUBLISH news hello", ":1\r\n");
    hear(&mut listener, "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
    ask(&mut speaker, "CONFIG SET notify-keyspace-events KEA", "+OK\r\n");
    ask(&mut speaker, "SET k v", "+OK\r\n");
    let event = |channel: &str, payload: &str| {
        format!(
            "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n${}\r\n{channel}\r\n${}\r\n{payload}\r\n",
            channel.len(),
            payload.len()
        )
    };
    hear(&mut listener, &event("__keyspace@0__:k", "set"));
    hear(&mut listener, &event("__keyevent@0__:set", "k"));
    ask(&mut listener, "PUNSUBSCRIBE", "*3\r\n$12\r\npunsubscribe\r\n$10\r\n__key*__:*\r\n:1\r\n");
    ask(
        &mut listener,
        "GET k",
        "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n",
    );
    ask(&mut listener, "RESET", "+RESET\r\n");
    ask(&mut listener, "GET k", "$1\r\nv\r\n");
}

#[test]
fn caches_learn_what_has_changed() {
    let server = Running::start("");
    let (mut cache, mut redirected, mut other) = (server.connect(), server.connect(), server.connect());
    other.write_all(b"HELLO 3\r\n").unwrap();
    cache.write_all(b"HELLO 3\r\n").unwrap();
    let skip = |client: &mut TcpStream| {
        use std::io::Read;
        let mut said = Vec::new();
        while !said.ends_with(b"modules\r\n*0\r\n") {
            let mut byte = [0; 1];
            assert_eq!(client.read(&mut byte).unwrap(), 1);
            said.push(byte[0]);
        }
    };
    skip(&mut other);
    skip(&mut cache);
    ask(&mut cache, "CLIENT TRACKING ON", "+OK\r\n");
    ask(&mut cache, "GET k", "_\r\n");
    ask(&mut other, "SET k 1", "+OK\r\n");
    hear(&mut cache, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    // It has not read the key since.
    ask(&mut other, "SET k 2", "+OK\r\n");
    ask(&mut cache, "GET k", "$1\r\n2\r\n");
    ask(&mut other, "FLUSHALL", "+OK\r\n");
    hear(&mut cache, ">2\r\n$10\r\ninvalidate\r\n_\r\n");
    ask(&mut cache, "CLIENT TRACKING OFF", "+OK\r\n");
    ask(&mut cache, "CLIENT TRACKING ON BCAST PREFIX user: NOLOOP", "+OK\r\n");
    ask(&mut cache, "SET user:1 own", "+OK\r\n");
    ask(&mut other, "SET user:2 other", "+OK\r\n");
    hear(&mut cache, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$6\r\nuser:2\r\n");
    ask(
        &mut redirected,
        "SUBSCRIBE __redis__:invalidate",
        "*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n",
    );
    ask(&mut other, "CLIENT TRACKING ON REDIRECT 2", "+OK\r\n");
    ask(&mut other, "GET x", "_\r\n");
    ask(&mut cache, "SET x y", "+OK\r\n");
    hear(&mut redirected, "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nx\r\n");
}

#[test]
fn a_pause_holds_writers_back_and_loses_nothing() {
    let server = Running::start("");
    let (mut writer, mut other) = (server.connect(), server.connect());
    ask(&mut other, "CLIENT PAUSE 100000 WRITE", "+OK\r\n");
    writer.write_all(b"GET k\r\nSET k 1\r\nINCR k\r\n").unwrap();
    hear(&mut writer, "$-1\r\n");
    until_blocked(&mut other, 1);
    ask(&mut other, "GET k", "$-1\r\n");
    ask(&mut other, "CLIENT UNPAUSE", "+OK\r\n");
    hear(&mut writer, "+OK\r\n:2\r\n");
}

#[test]
fn whom_a_pause_holds_back_nobody_else_lets_go() {
    let server = Running::start("");
    let (mut writer, mut other) = (server.connect(), server.connect());
    ask(&mut other, "CLIENT PAUSE 100000 WRITE", "+OK\r\n");
    writer.write_all(b"CLIENT ID\r\nCLIENT REPLY SKIP\r\nBLPOP l 0\r\nPING\r\n").unwrap();
    hear(&mut writer, ":1\r\n");
    until_blocked(&mut other, 1);
    ask(&mut other, "CLIENT UNBLOCK 1", ":0\r\n");
    ask(&mut other, "CLIENT UNPAUSE", "+OK\r\n");
    // It waits for the list now, and still wants no reply.
    ask(&mut other, "LPUSH l x", ":1\r\n");
    hear(&mut writer, "+PONG\r\n");
    writer.write_all(b"BLPOP l 0\r\n").unwrap();
    until_blocked(&mut other, 1);
    ask(&mut other, "CLIENT UNBLOCK 1", ":1\r\n");
    hear(&mut writer, "*-1\r\n");
}

#[test]
fn an_exec_that_is_refused_ends_the_transaction() {
    let server = Running::start("");
    let (mut one, mut other) = (server.connect(), server.connect());
    ask(&mut one, "MULTI", "+OK\r\n");
    ask(&mut one, "SET k 1", "+QUEUED\r\n");
    ask(&mut other, "CONFIG SET maxmemory 1", "+OK\r\n");
    const OOM: &str =
        "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.\r\n";
    ask(&mut one, "EXEC", OOM);
    ask(&mut one, "EXEC", "-ERR EXEC without MULTI\r\n");
    ask(&mut other, "CONFIG SET maxmemory 0", "+OK\r\n");
    ask(&mut other, "ACL SETUSER u on nopass +@all ~*", "+OK\r\n");
    ask(&mut one, "AUTH u x", "+OK\r\n");
    ask(&mut one, "MULTI", "+OK\r\n");
    ask(
        &mut one,
        "EXEC now",
        "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n",
    );
    ask(&mut one, "MULTI", "+OK\r\n");
    ask(&mut other, "ACL SETUSER u -exec", "+OK\r\n");
    const DENIED: &str =
        "-EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the 'exec' command\r\n";
    ask(&mut one, "EXEC", DENIED);
    ask(&mut other, "ACL SETUSER u +exec", "+OK\r\n");
    ask(&mut one, "EXEC", "-ERR EXEC without MULTI\r\n");
}

#[test]
fn permissions_are_those_of_the_moment_of_exec() {
    let server = Running::start("");
    let (mut one, mut other) = (server.connect(), server.connect());
    ask(&mut other, "ACL SETUSER u on nopass +@all ~* &*", "+OK\r\n");
    ask(&mut one, "AUTH u x", "+OK\r\n");
    ask(&mut one, "MULTI", "+OK\r\n");
    for request in ["SET k v", "GET k", "PUBLISH c x", "PING"] {
        ask(&mut one, request, "+QUEUED\r\n");
    }
    ask(&mut other, "ACL SETUSER u -set resetkeys resetchannels", "+OK\r\n");
    let denied = |reason: &str| {
        format!(
            "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This \
             command is no longer allowed for the following reason: no permission to {reason}\r\n"
        )
    };
    let replies = [
        denied("execute the command or subcommand"),
        denied("touch the specified keys"),
        denied("access one of the channels used as argument to the command"),
        "+PONG\r\n".to_owned(),
    ];
    ask(&mut one, "EXEC", &format!("*4\r\n{}", replies.concat()));
    ask(&mut other, "EXISTS k", ":0\r\n");
}

/// A figure of INFO.
fn figure(client: &mut TcpStream, name: &str) -> u64 {
    use std::io::Read;
    client.write_all(b"INFO everything\r\n").unwrap();
    let mut length = String::new();
    while !length.ends_with("\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        length.push(char::from(byte[0]));
    }
    let mut text = vec![0; length[1..].trim_end().parse::<usize>().unwrap() + 2];
    client.read_exact(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.parse().ok()).unwrap()
}

#[test]
fn nothing_is_evicted_in_a_pause() {
    let server = Running::start("");
    let (mut one, mut other) = (server.connect(), server.connect());
    ask(&mut one, "SET k v", "+OK\r\n");
    ask(&mut one, "CONFIG SET maxmemory-policy allkeys-lru", "+OK\r\n");
    ask(&mut other, "CLIENT PAUSE 100000 WRITE", "+OK\r\n");
    ask(&mut one, "CONFIG SET maxmemory 1", "+OK\r\n");
    ask(&mut one, "GET k", "$1\r\nv\r\n");
    ask(&mut other, "CLIENT UNPAUSE", "+OK\r\n");
    ask(&mut one, "GET k", "$-1\r\n");
    ask(&mut one, "CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range\r\n");
}

fn hear_exec(client: &mut TcpStream) {
    let reply = format!("$10000\r\n{}\r\n", "x".repeat(10_000));
    ask(client, "EXEC", &format!("*100\r\n{}", reply.repeat(100)));
}

#[test]
fn requests_that_wait_for_exec_are_memory_in_use() {
    let server = Running::start("");
    let (mut one, mut other) = (server.connect(), server.connect());
    let before = figure(&mut other, "used_memory");
    for end in ["DISCARD", "EXEC", "RESET"] {
        ask(&mut one, "MULTI", "+OK\r\n");
        for _ in 0..100 {
            ask(&mut one, &format!("PING {}", "x".repeat(10_000)), "+QUEUED\r\n");
        }
        assert!(figure(&mut other, "used_memory") > before + 1_000_000, "{end}");
        match end {
            "EXEC" => hear_exec(&mut one),
            "RESET" => ask(&mut one, end, "+RESET\r\n"),
            _ => ask(&mut one, end, "+OK\r\n"),
        }
        assert!(figure(&mut other, "used_memory") < before + 500_000, "{end}");
    }
}

#[test]
fn caches_that_are_gone_leave_nothing_behind() {
    let server = Running::start("");
    let (mut cache, mut other) = (server.connect(), server.connect());
    ask(&mut cache, "CLIENT TRACKING ON REDIRECT 2", "+OK\r\n");
    ask(&mut cache, "GET k", "$-1\r\n");
    assert_eq!(figure(&mut other, "tracking_total_keys"), 1);
    ask(&mut cache, "CLIENT TRACKING OFF", "+OK\r\n");
    assert_eq!(figure(&mut other, "tracking_total_keys"), 0);
}
