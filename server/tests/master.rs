//! Ours as a master of ours: what the stream is made of besides the data, and how much of it is kept.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "replica/nodes.rs"]
#[expect(dead_code, reason = "other tests need the rest")]
mod nodes;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nodes::{Client, Ours};

/// A master without pings, and a replica that has everything.
fn pair(options: &str) -> (Ours, Ours) {
    let master = Ours::start(&format!("repl-diskless-sync-delay 0\nrepl-ping-replica-period 3600\n{options}"));
    let replica = Ours::start("");
    let mut to_replica = replica.client();
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.addr.port()), "OK");
    to_replica.until("master_link_status", "up");
    (master, replica)
}

/// Follows without being a server.
fn listen(master: &Ours, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(master.addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request).unwrap();
    // Something of what it wants is there.
    assert!(stream.read(&mut [0; 1]).unwrap() > 0);
    stream
}

#[test]
fn who_follows_is_given_no_replies() {
    let master = Ours::start("repl-diskless-sync-delay 0");
    let mut to_master = master.client();
    for (follow, ask) in [
        ("SYNC\r\n", "PING\r\n"),
        ("PSYNC ? -1\r\n", "SLOWLOG GET\r\n"),
        ("PSYNC ? -1\r\n", "GET k\r\n"),
        ("PSYNC ? -1\r\n", "NONSENSE\r\n"),
    ] {
        let mut stream = listen(&master, follow.as_bytes());
        stream.write_all(ask.as_bytes()).unwrap();
        let mut all = Vec::new();
        // It ends, perhaps with what was on its way.
        let _hung_up = stream.read_to_end(&mut all);
        for reply in [&b"PONG"[..], b"*0\r\n", b"-ERR"] {
            assert!(!all.windows(reply.len()).any(|window| window == reply), "{ask}");
        }
        to_master.until("connected_slaves", "0");
    }
    let mut silent = listen(&master, b"PSYNC ? -1\r\n");
    silent.write_all(b"REPLCONF ACK 0\r\nNONSENSE\r\n").unwrap();
    to_master.until("connected_slaves", "0");
}

#[test]
fn replicas_can_be_told_what_did_not_happen() {
    let (master, replica) = pair("");
    let (mut to_master, mut to_replica) = (master.client(), replica.client());
    to_master.expect("DEBUG REPLICATE SET only there", "OK");
    to_replica.until_reply("GET only", "there");
    to_master.expect("EXISTS only", "0");
    to_master.expect("DEBUG REPLICATE nonsense", "OK");
    to_replica.until("unexpected_error_replies", "1");
    to_replica.until("master_link_status", "up");
}

#[test]
fn counts_of_syncs_begin_anew() {
    let (master, _replica) = pair("");
    let mut to_master = master.client();
    assert_eq!(to_master.info("sync_full"), "1");
    to_master.expect("CONFIG RESETSTAT", "OK");
    assert_eq!(to_master.info("sync_full"), "0");
}

#[test]
fn little_is_kept_if_little_is_wanted() {
    let (master, replica) = pair("repl-backlog-size 16384");
    let mut to_master = master.client();
    for n in 0..1000 {
        to_master.expect(&format!("SET {n} {}", "x".repeat(1000)), "OK");
    }
    assert_eq!(to_master.ask("WAIT 1 0"), "1");
    drop(replica);
    to_master.until("connected_slaves", "0");
    let kept = |client: &mut Client| client.info("mem_total_replication_buffers").parse::<usize>().unwrap();
    assert!(kept(&mut to_master) < 64 * 1024, "{} bytes are kept", kept(&mut to_master));
}

#[test]
fn a_replica_that_takes_what_it_is_sent_is_not_behind() {
    let (master, _replica) = pair("client-output-buffer-limit \"replica 64k 0 0\"\nrepl-backlog-size 16384");
    let mut to_master = master.client();
    // Until it has acknowledged its data, the stream is kept for it, which the limit is for.
    to_master.expect("SET small x", "OK");
    to_master.expect("WAIT 1 0", "1");
    to_master.expect(&format!("SET k {}", "x".repeat(200_000)), "OK");
    to_master.expect("WAIT 1 0", "1");
    assert_eq!((to_master.info("sync_full"), to_master.info("connected_slaves")), ("1".to_owned(), "1".to_owned()));
    assert_eq!(to_master.info("client_output_buffer_limit_disconnections"), "0");
}

/// The log of a replica does not lead to the data of its master before they are in its base, however little there is in it.
#[test]
fn a_replica_has_nothing_on_disk_until_its_log_has_begun_anew() {
    let master = Ours::start("repl-diskless-sync-delay 0");
    let mut to_master = master.client();
    to_master.expect("SET early 1", "OK");
    let replica = Ours::start("rdb-key-save-delay 100000000");
    let mut to_replica = replica.client();
    to_replica.expect("CONFIG SET appendonly yes", "OK");
    to_replica.until("aof_rewrite_in_progress", "0");
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.addr.port()), "OK");
    to_replica.until("master_link_status", "up");
    to_master.expect("SET late 1", "OK");
    to_master.expect("WAITAOF 0 1 50", "0 0");
    to_replica.expect("CONFIG SET rdb-key-save-delay 0", "OK");
    to_master.expect("WAITAOF 0 1 0", "0 1");
}

/// Of what waits to be sent to a replica, no value that is there already is too much.
#[test]
fn a_value_beyond_the_limit_of_output_is_sent_with_all_data() {
    let master = Ours::start("repl-diskless-sync-delay 0\nclient-output-buffer-limit \"replica 64k 0 0\"");
    master.client().expect(&format!("SET large {}", "x".repeat(6_000_000)), "OK");
    let replica = Ours::start("");
    let mut to_replica = replica.client();
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.addr.port()), "OK");
    to_replica.until("master_link_status", "up");
    to_replica.expect("STRLEN large", "6000000");
}

/// Whoever asks for a snapshot hears that there is none.
#[test]
fn a_snapshot_that_was_asked_for_and_failed_stops_no_writes() {
    let server = Ours::start("save 1000 1000\ndbfilename taken");
    let mut client = server.client();
    std::fs::create_dir(server.dir.join("taken")).unwrap();
    client.expect("SET k 1", "OK");
    assert!(client.ask("SAVE").starts_with("ERR"));
    assert!(client.ask("SHUTDOWN").starts_with("ERR Errors trying to SHUTDOWN"));
    client.expect("PING", "PONG");
    client.expect("SET k 2", "OK");
    assert_eq!(client.info("rdb_last_bgsave_status"), "ok");
}

#[test]
fn a_server_that_cannot_save_says_so_to_whoever_asks() {
    let server = Ours::start("save 1000 1000\ndbfilename taken");
    let mut client = server.client();
    std::fs::create_dir(server.dir.join("taken")).unwrap();
    client.expect("SET k 1", "OK");
    client.expect("BGSAVE", "Background saving started");
    client.until("rdb_last_bgsave_status", "err");
    for request in ["PING", "SET k 2"] {
        assert!(client.ask(request).starts_with("MISCONF"), "{request}");
    }
    client.expect("GET k", "1");
    client.expect("MULTI", "OK");
    client.expect("GET k", "QUEUED");
    assert!(client.ask("SET k 2").starts_with("MISCONF"));
    assert!(client.ask("EXEC").starts_with("EXECABORT"));
    client.expect("CONFIG SET stop-writes-on-bgsave-error no", "OK");
    client.expect("PING", "PONG");
    client.expect("SET k 2", "OK");
}
