//! Replicas made by hand: what they are sent, and what clients hear of how far they are.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;

use common::{Running, expect};

#[track_caller]
fn ask(client: &mut TcpStream, request: &str, reply: &str) {
    client.write_all(format!("{request}\r\n").as_bytes()).unwrap();
    expect(client, reply.as_bytes());
}

/// A field of `INFO replication` or `stats`.
fn field(client: &mut TcpStream, name: &str) -> String {
    client.write_all(b"INFO replication stats\r\n").unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        let mut some = [0; 4096];
        let got = client.read(&mut some).unwrap();
        said.extend_from_slice(&some[..got]);
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.unwrap_or_default().to_owned()
}

/// Asks until a field has this value.
fn until(client: &mut TcpStream, name: &str, value: &str) {
    while field(client, name) != value {}
}

/// A replica that has the stream up to before the byte of this number.
fn follow(server: &Running, id: &str, from: u64) -> TcpStream {
    let mut replica = server.connect();
    ask(&mut replica, "REPLCONF listening-port 7001", "+OK\r\n");
    ask(&mut replica, "REPLCONF capa eof capa psync2", "+OK\r\n");
    ask(&mut replica, &format!("PSYNC {id} {from}"), &format!("+CONTINUE {id}\r\n"));
    replica
}

/// A server that keeps its stream, because a replica has been there; with the name of the stream.
fn remembering() -> (Running, TcpStream, String) {
    let server = Running::start("");
    let mut client = server.connect();
    let mut first = server.connect();
    first.write_all(b"PSYNC ? -1\r\n").unwrap();
    until(&mut client, "connected_slaves", "1");
    drop(first);
    until(&mut client, "connected_slaves", "0");
    let id = field(&mut client, "master_replid");
    (server, client, id)
}

#[test]
fn who_comes_back_is_sent_what_it_missed() {
    let (server, mut client, id) = remembering();
    ask(&mut client, "SET k 1", "+OK\r\n");
    let mut replica = follow(&server, &id, 1);
    let first = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n";
    expect(&mut replica, first);
    ask(&mut client, "INCR k", ":2\r\n");
    expect(&mut replica, b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n");
    drop(replica);
    let mut replica = follow(&server, &id, first.len() as u64 + 1);
    expect(&mut replica, b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n");
    assert_eq!(field(&mut client, "sync_partial_ok"), "2");
    let line = field(&mut client, "slave0");
    assert!(line.starts_with("ip=127.0.0.1,port=7001,state=online,offset="), "{line}");
}

#[test]
fn copies_are_waited_for() {
    let (server, mut client, id) = remembering();
    let mut replica = follow(&server, &id, 1);
    ask(&mut client, "WAIT 1 50", ":1\r\n");
    ask(&mut client, "SET k 1", "+OK\r\n");
    let told = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n";
    expect(&mut replica, told);
    client.write_all(b"WAIT 1 0\r\n").unwrap();
    expect(&mut replica, b"*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
    replica.write_all(format!("REPLCONF ACK {}\r\n", told.len()).as_bytes()).unwrap();
    expect(&mut client, b":1\r\n");
    ask(&mut client, "WAIT 2 20", ":1\r\n");
    ask(&mut client, "MULTI", "+OK\r\n");
    ask(&mut client, "INCR k", "+QUEUED\r\n");
    ask(&mut client, "WAIT 1 0", "+QUEUED\r\n");
    ask(&mut client, "EXEC", "*2\r\n:2\r\n:1\r\n");
}

#[test]
fn changes_may_need_replicas_that_can_be_relied_on() {
    let (server, mut client, id) = remembering();
    ask(&mut client, "CONFIG SET min-replicas-to-write 1", "+OK\r\n");
    ask(&mut client, "SET k 1", "-NOREPLICAS Not enough good replicas to write.\r\n");
    ask(&mut client, "GET k", "$-1\r\n");
    let _replica = follow(&server, &id, 1);
    ask(&mut client, "SET k 1", "+OK\r\n");
}

#[test]
fn a_replica_does_not_touch_data_and_is_found_among_clients() {
    let (server, mut client, id) = remembering();
    let mut replica = follow(&server, &id, 1);
    replica.write_all(b"GET k\r\n").unwrap();
    // An answer would be part of the stream to it.
    let mut said = Vec::new();
    let _hung_up = replica.read_to_end(&mut said);
    assert_eq!(String::from_utf8_lossy(&said), "");
    until(&mut client, "connected_slaves", "0");
    let _replica = follow(&server, &id, 1);
    ask(&mut client, "CLIENT KILL TYPE replica", ":1\r\n");
    until(&mut client, "connected_slaves", "0");
}
