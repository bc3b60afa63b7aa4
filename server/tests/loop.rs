//! The loop over real sockets: pipelines, pieces, several clients, other transports, broken protocol.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::io::{Read, Write};

use common::{Running, expect};

#[test]
fn a_pipeline_is_answered_in_order() {
    let server = Running::start("");
    let mut client = server.connect();
    let count = 20_000;
    let mut requests = Vec::new();
    for n in 0..count {
        requests.extend_from_slice(format!("SET key:{n} {n}\r\nGET key:{n}\r\nINCR total\r\n").as_bytes());
    }
    let mut writer = client.try_clone().unwrap();
    let sender = std::thread::spawn(move || writer.write_all(&requests).unwrap());
    let mut replies = Vec::new();
    for n in 0..count {
        let digits = n.to_string();
        replies.extend_from_slice(format!("+OK\r\n${}\r\n{digits}\r\n:{}\r\n", digits.len(), n + 1).as_bytes());
    }
    expect(&mut client, &replies);
    sender.join().unwrap();
}

#[test]
fn requests_may_come_in_pieces() {
    let server = Running::start("");
    let mut client = server.connect();
    client.set_nodelay(true).unwrap();
    for byte in b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" {
        client.write_all(&[*byte]).unwrap();
    }
    expect(&mut client, b"+OK\r\n$5\r\nhello\r\n");
}

#[test]
fn large_values_go_both_ways() {
    let server = Running::start("");
    let mut client = server.connect();
    let value = vec![b'x'; 20 * 1024 * 1024];
    let mut request = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len()).into_bytes();
    request.extend_from_slice(&value);
    request.extend_from_slice(b"\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    client.write_all(&request).unwrap();
    let mut reply = format!("+OK\r\n${}\r\n", value.len()).into_bytes();
    reply.extend_from_slice(&value);
    reply.extend_from_slice(b"\r\n");
    expect(&mut client, &reply);
}

#[test]
fn clients_share_the_keyspace_but_not_their_database() {
    let server = Running::start("");
    let (mut one, mut two) = (server.connect(), server.connect_by_path());
    one.write_all(b"SET k 1\r\nSELECT 1\r\nGET k\r\nPING\r\n").unwrap();
    expect(&mut one, b"+OK\r\n+OK\r\n$-1\r\n+PONG\r\n");
    two.write_all(b"GET k\r\nHELLO 3\r\nGET none\r\nSELECT 16\r\n").unwrap();
    expect(&mut two, b"$1\r\n1\r\n%7\r\n");
    let mut rest = Vec::new();
    while !rest.ends_with(b"_\r\n-ERR DB index is out of range\r\n") {
        let mut buffer = [0; 1024];
        let got = two.read(&mut buffer).unwrap();
        assert!(got > 0, "{}", String::from_utf8_lossy(&rest));
        rest.extend_from_slice(&buffer[..got]);
    }
}

#[test]
fn a_broken_client_is_told_and_the_others_are_not_disturbed() {
    let server = Running::start("");
    let (mut good, mut bad) = (server.connect(), server.connect());
    bad.write_all(b"SET k v\r\n*1\r\n!\r\nGET k\r\n").unwrap();
    let mut said = String::new();
    bad.read_to_string(&mut said).unwrap();
    assert_eq!(said, "+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    good.write_all(b"GET k\r\nNOTHING\r\nQUIT\r\nGET k\r\n").unwrap();
    let mut said = String::new();
    good.read_to_string(&mut said).unwrap();
    let unknown = "-ERR unknown command 'NOTHING', with args beginning with: \r\n";
    assert_eq!(said, format!("$1\r\nv\r\n{unknown}+OK\r\n"));
}

/// It sends without reading until the server stops reading from it, and then gets all that it asked for.
#[test]
fn a_client_that_does_not_read_keeps_nobody_waiting() {
    let server = Running::start("");
    let (mut slow, mut other) = (server.connect(), server.connect());
    slow.write_all(format!("SET k {}\r\n", "v".repeat(60_000)).as_bytes()).unwrap();
    expect(&mut slow, b"+OK\r\n");
    let asked = 3000;
    let mut writer = slow.try_clone().unwrap();
    let sender = std::thread::spawn(move || writer.write_all("GET k\r\n".repeat(asked).as_bytes()).unwrap());
    for _ in 0..100 {
        other.write_all(b"PING\r\n").unwrap();
        expect(&mut other, b"+PONG\r\n");
    }
    let mut got = vec![0; asked * (60_000 + 10)];
    slow.read_exact(&mut got).unwrap();
    sender.join().unwrap();
}

#[test]
fn the_last_replies_arrive_before_the_end() {
    let server = Running::start("");
    let value = vec![b'x'; 20 * 1024 * 1024];
    let mut client = server.connect();
    client.write_all(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len()).as_bytes()).unwrap();
    client.write_all(&value).unwrap();
    client.write_all(b"\r\n").unwrap();
    expect(&mut client, b"+OK\r\n");
    for (last, reply) in [
        ("QUIT\r\nSET k 1\r\n", "+OK\r\n"),
        ("*1\r\nfoo\r\nSET k 1\r\n", "-ERR Protocol error: expected '$', got 'f'\r\n"),
    ] {
        let mut client = server.connect();
        client.write_all(format!("GET k\r\n{last}").as_bytes()).unwrap();
        let mut wanted = format!("${}\r\n", value.len()).into_bytes();
        wanted.extend_from_slice(&value);
        wanted.extend_from_slice(format!("\r\n{reply}").as_bytes());
        expect(&mut client, &wanted);
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    }
}

#[test]
fn replies_beyond_all_measure_wait_for_their_reader() {
    let server = Running::start("");
    let (value, count) = (vec![b'x'; 1024 * 1024], 200);
    let mut client = server.connect();
    client.write_all(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len()).as_bytes()).unwrap();
    client.write_all(&value).unwrap();
    client.write_all(b"\r\n").unwrap();
    expect(&mut client, b"+OK\r\n");
    client.write_all("GET k\r\n".repeat(count).as_bytes()).unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut other = server.connect();
    other.write_all(b"CLIENT LIST ID 1\r\n").unwrap();
    let mut text = vec![0; 4096];
    let got = other.read(&mut text).unwrap();
    let listed = String::from_utf8_lossy(&text[..got]).into_owned();
    let total = listed.split_once("tot-mem=").unwrap().1;
    let total: usize = total.split_once(' ').unwrap().0.parse().unwrap();
    assert!(total < 2 * 100 * value.len(), "{listed}");
    let mut wanted = format!("${}\r\n", value.len()).into_bytes();
    wanted.extend_from_slice(&value);
    wanted.extend_from_slice(b"\r\n");
    (0..count / 2).for_each(|_| expect(&mut client, &wanted));
}

#[test]
fn memory_of_large_requests_is_given_back() {
    let server = Running::start("");
    let mut client = server.connect();
    let value = vec![b'x'; 8 * 1024 * 1024];
    client.write_all(format!("*2\r\n$4\r\nECHO\r\n${}\r\n", value.len()).as_bytes()).unwrap();
    client.write_all(&value).unwrap();
    client.write_all(b"\r\n").unwrap();
    let mut wanted = format!("${}\r\n", value.len()).into_bytes();
    wanted.extend_from_slice(&value);
    wanted.extend_from_slice(b"\r\n");
    expect(&mut client, &wanted);
    let mut other = server.connect();
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        other.write_all(b"CLIENT LIST ID 1\r\n").unwrap();
        let mut text = vec![0; 4096];
        let got = other.read(&mut text).unwrap();
        let listed = String::from_utf8_lossy(&text[..got]).into_owned();
        let spare = listed.split_once("qbuf-free=").unwrap().1;
        if spare.split_once(' ').unwrap().0.parse::<usize>().unwrap() < 64 * 1024 {
            return;
        }
        assert!(std::time::Instant::now() < limit, "{listed}");
    }
}

#[test]
fn connections_are_probed_as_often_as_the_system_allows() {
    let server = Running::start("");
    let mut client = server.connect();
    for seconds in [1, 2, 3, 100_000] {
        client.write_all(format!("CONFIG SET tcp-keepalive {seconds}\r\n").as_bytes()).unwrap();
        expect(&mut client, b"+OK\r\n");
        let mut other = server.connect();
        other.write_all(b"PING\r\n").unwrap();
        expect(&mut other, b"+PONG\r\n");
    }
}

#[test]
fn a_request_may_have_very_many_arguments() {
    let server = Running::start("");
    let mut client = server.connect();
    let count = 1_100_000;
    let mut request = format!("*{}\r\n$3\r\nDEL\r\n", count + 1).into_bytes();
    (0..count).for_each(|_| request.extend_from_slice(b"$1\r\nk\r\n"));
    client.write_all(&request).unwrap();
    expect(&mut client, b":0\r\n");
}
