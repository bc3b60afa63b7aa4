//! What buffers of connections take, and who goes when they take too much.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Running, expect};

/// How long something may take that is not to be waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request of these words.
fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    words.iter().for_each(|word| write!(bytes, "${}\r\n{word}\r\n", word.len()).unwrap());
    bytes
}

fn send(stream: &mut TcpStream, words: &[&str]) {
    stream.write_all(&request(words)).unwrap();
}

#[track_caller]
fn ask(stream: &mut TcpStream, words: &[&str], reply: &str) {
    send(stream, words);
    expect(stream, reply.as_bytes());
}

/// A reply that is text.
fn text(stream: &mut TcpStream, words: &[&str]) -> String {
    send(stream, words);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let length: usize = std::str::from_utf8(&head[1..head.len() - 2]).unwrap().parse().unwrap();
    let mut bytes = vec![0; length + 2];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A figure in the line of the client with this name; `None` if there is none.
fn figure(asking: &mut TcpStream, name: &str, field: &str) -> Option<usize> {
    let list = text(asking, &["CLIENT", "LIST"]);
    let line = list.lines().find(|line| line.contains(&format!(" name={name} ")))?;
    let value = line.split(' ').find_map(|word| word.strip_prefix(field)?.strip_prefix('='))?;
    Some(value.parse().unwrap())
}

#[track_caller]
fn wait_for(asking: &mut TcpStream, name: &str, field: &str, wanted: Option<usize>) {
    let since = Instant::now();
    while figure(asking, name, field) != wanted {
        assert!(since.elapsed() < PATIENCE, "{field} of {name} is {:?}", figure(asking, name, field));
    }
}

fn named(server: &Running, name: &str) -> TcpStream {
    let mut stream = server.connect();
    ask(&mut stream, &["CLIENT", "SETNAME", name], "+OK\r\n");
    stream
}

#[test]
fn a_large_argument_has_the_room_that_it_needs() {
    let server = Running::start("");
    let (mut asking, mut large) = (server.connect(), named(&server, "large"));
    large.write_all(b"*2\r\n$4\r\nECHO\r\n$300000\r\n").unwrap();
    large.write_all(&[b'x'; 300_000]).unwrap();
    wait_for(&mut asking, "large", "qbuf", Some(300_000));
    assert_eq!(figure(&mut asking, "large", "qbuf-free"), Some(2), "the end of the line");
    let total = figure(&mut asking, "large", "tot-mem").unwrap();
    assert!((300_000..302_000).contains(&total), "{total}");
    large.write_all(b"\r\n").unwrap();
    expect(&mut large, b"$300000\r\n");
}

#[test]
fn what_is_announced_is_not_all_taken_at_once() {
    let server = Running::start("");
    let (mut asking, mut large) = (server.connect(), named(&server, "large"));
    large.write_all(b"*1\r\n$400000000\r\nx").unwrap();
    wait_for(&mut asking, "large", "qbuf", Some(1));
    let total = figure(&mut asking, "large", "tot-mem").unwrap();
    assert!(total < 17 << 20, "{total}");
}

#[test]
fn requests_of_a_transaction_count_once() {
    let server = Running::start("");
    let (mut asking, mut one) = (server.connect(), named(&server, "one"));
    ask(&mut one, &["MULTI"], "+OK\r\n");
    ask(&mut one, &["SET", "key", &"x".repeat(1_000_000)], "+QUEUED\r\n");
    let info = text(&mut asking, &["INFO", "memory"]);
    let all = info.lines().find_map(|line| line.strip_prefix("mem_clients_normal:")).unwrap();
    assert!((1_000_000..1_200_000).contains(&all.parse().unwrap()), "{all}");
    ask(&mut one, &["EXEC"], "*1\r\n+OK\r\n");
}

#[test]
fn a_request_is_in_the_buffer_while_it_runs() {
    let server = Running::start("");
    let info = text(&mut server.connect(), &["CLIENT", "INFO"]);
    assert!(info.contains(&format!(" qbuf={} ", request(&["CLIENT", "INFO"]).len())), "{info}");
}

#[test]
fn who_has_read_its_replies_needs_no_buffer_for_them() {
    let server = Running::start("");
    let (mut asking, mut silent) = (server.connect(), named(&server, "silent"));
    let long = "x".repeat(10_000);
    ask(&mut silent, &["ECHO", &long], &format!("$10000\r\n{long}\r\n"));
    wait_for(&mut asking, "silent", "rbs", Some(0));
}

#[test]
fn who_has_too_many_replies_goes_before_who_takes_most() {
    let server = Running::start("");
    let (mut asking, mut most, mut slow) = (server.connect(), named(&server, "most"), named(&server, "slow"));
    ask(&mut asking, &["CLIENT", "NO-EVICT", "on"], "+OK\r\n");
    ask(&mut asking, &["CONFIG", "SET", "client-output-buffer-limit", "normal 3000000 0 0"], "+OK\r\n");
    ask(&mut asking, &["CONFIG", "SET", "maxmemory-clients", "10000000"], "+OK\r\n");
    ask(&mut asking, &["SETRANGE", "key", "3999999", "x"], ":4000000\r\n");
    most.write_all(b"*1\r\n$7000000\r\n").unwrap();
    most.write_all(&vec![b'x'; 7_000_000]).unwrap();
    wait_for(&mut asking, "most", "qbuf", Some(7_000_000));
    send(&mut slow, &["GET", "key"]);
    assert!(slow.read(&mut [0; 8]).is_ok_and(|read| read == 0), "it is closed, and gets nothing");
    assert_eq!(figure(&mut asking, "slow", "qbuf"), None);
    assert_eq!(figure(&mut asking, "most", "qbuf"), Some(7_000_000));
}
