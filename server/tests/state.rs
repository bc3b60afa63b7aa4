//! What does not happen yet, or not any more, because of the state that the server is in.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "replica/nodes.rs"]
#[expect(dead_code, reason = "other tests need the rest")]
mod nodes;

use nodes::{Ours, Peer};

/// Amid a pause a replica takes what its master says and does nothing of it.
#[test]
fn a_replica_does_not_apply_what_comes_amid_a_pause() {
    let master = Peer::start("");
    let mut to_master = master.client();
    let replica = Ours::start("");
    let mut to_replica = replica.client();
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.port), "OK");
    to_replica.until("master_link_status", "up");
    to_master.expect("SET k before", "OK");
    to_master.expect("WAIT 1 0", "1");
    to_replica.expect("CLIENT PAUSE 100000 WRITE", "OK");
    let applied = to_replica.info("slave_repl_offset");
    to_master.expect("SET k meanwhile", "OK");
    let written = to_master.info("master_repl_offset");
    to_replica.until("slave_read_repl_offset", &written);
    assert_eq!(to_replica.info("slave_repl_offset"), applied);
    to_replica.expect("GET k", "before");
    to_replica.expect("CLIENT UNPAUSE", "OK");
    to_master.expect("WAIT 1 0", "1");
    to_replica.expect("GET k", "meanwhile");
    // It ends by itself, too.
    to_replica.expect("CLIENT PAUSE 100 ALL", "OK");
    to_master.expect("SET k after", "OK");
    to_master.expect("WAIT 1 0", "1");
    to_replica.expect("GET k", "after");
}

#[test]
fn a_transaction_of_reads_ends_where_reads_are_not_served() {
    let server = Ours::start("replica-serve-stale-data no");
    let (mut client, mut other) = (server.client(), server.client());
    for request in ["GET k", "PING"] {
        client.expect("MULTI", "OK");
        client.expect(request, "QUEUED");
        other.expect("REPLICAOF 127.0.0.1 1", "OK");
        let said = client.ask("EXEC");
        assert!(said.starts_with("EXECABORT") && said.contains("MASTERDOWN"), "{said}");
        other.expect("REPLICAOF NO ONE", "OK");
    }
    other.expect("REPLICAOF 127.0.0.1 1", "OK");
    client.expect("MULTI", "OK");
    other.expect("REPLICAOF NO ONE", "OK");
    client.expect("GET k", "QUEUED");
    client.expect("EXEC", "nil");
}

#[test]
fn no_key_goes_amid_a_transaction_that_lowers_the_limit() {
    let server = Ours::start("maxmemory-policy allkeys-lru");
    let mut client = server.client();
    client.expect("MULTI", "OK");
    for request in ["INCR x", "CONFIG SET maxmemory 1", "INCR x"] {
        client.expect(request, "QUEUED");
    }
    client.expect("EXEC", "1 OK 2");
    client.until("evicted_keys", "1");
    client.expect("DBSIZE", "0");
}

#[test]
fn developers_see_that_time_goes_into_upkeep() {
    let server = Ours::start("");
    let mut client = server.client();
    let mut spent = || {
        client
            .ask("INFO debug")
            .lines()
            .find_map(|line| line.strip_prefix("eventloop_duration_cron_sum:")?.parse().ok())
    };
    let first: Option<u64> = spent();
    assert!(first < spent());
}

#[test]
fn a_key_whose_time_is_over_wakes_nobody() {
    let server = Ours::start("");
    let (mut waiting, mut client) = (server.client(), server.client());
    client.expect("DEBUG SET-ACTIVE-EXPIRE 0", "OK");
    waiting.send("BLPOP k 0");
    client.until("blocked_clients", "1");
    client.expect("MULTI", "OK");
    for request in ["RPUSH k early", "PEXPIRE k 10", "DEBUG SLEEP 0.05"] {
        client.expect(request, "QUEUED");
    }
    client.expect("EXEC", "1 1 OK");
    assert_eq!(client.info("expired_keys"), "0");
    client.expect("EXISTS k", "0");
    assert_eq!(client.info("expired_keys"), "1");
    client.expect("RPUSH k late", "1");
    assert_eq!(waiting.hear(), "k late");
}
