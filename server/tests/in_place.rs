//! A replica that empties itself before it loads its master's data, and what happens to it meanwhile.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "replica/nodes.rs"]
mod nodes;

use std::net::TcpStream;
use std::time::{Duration, Instant};

use nodes::{Client, Ours, Peer, assert_same};

/// The end does not take so long.
const PATIENCE: Duration = Duration::from_secs(60);

const LOADING: &str = "LOADING Redis is loading the dataset in memory";

/// A master, and a replica that has emptied itself for its data and takes its time to load them. It had saved what it had before.
fn amid_loading() -> (Peer, Ours) {
    let master = Peer::start("");
    let mut to_master = master.client();
    to_master.expect("DEBUG POPULATE 2000 text 100", "OK");
    to_master.expect("SELECT 3", "OK");
    to_master.expect("SET k 1", "OK");
    let replica = Ours::start("save 3600 1\nreplica-load-in-place yes\nkey-load-delay 100000");
    let mut to_replica = replica.client();
    to_replica.expect("SET own data", "OK");
    to_replica.expect("SAVE", "OK");
    let before = to_replica.info("master_replid");
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.port), "OK");
    to_replica.until("loading", "1");
    to_replica.expect("GET own", LOADING);
    // What is here is no part of any stream that somebody may have.
    assert_ne!(to_replica.info("master_replid"), before);
    assert_eq!(to_replica.info("master_repl_offset"), "0");
    (master, replica)
}

fn go_on(replica: &mut Client) {
    replica.expect("CONFIG SET key-load-delay 0", "OK");
    replica.until_reply("PING", "PONG");
    replica.until("loading", "0");
}

#[test]
fn without_the_link_it_loads_what_it_has_and_goes_on_from_there() {
    let (master, replica) = amid_loading();
    let (mut to_master, mut to_replica) = (master.client(), replica.client());
    to_master.expect("CLIENT KILL TYPE replica", "1");
    to_replica.until("master_sync_in_progress", "0");
    for request in ["GET own", "SAVE", "BGSAVE", "BGREWRITEAOF", "DBSIZE"] {
        to_replica.expect(request, LOADING);
    }
    assert_eq!(to_replica.info("loading"), "1");
    to_master.expect("SELECT 3", "OK");
    to_master.expect("INCR k", "2");
    go_on(&mut to_replica);
    to_replica.until("master_link_status", "up");
    assert_same(&mut to_master, &mut to_replica);
    assert_eq!((to_master.info("sync_full"), to_master.info("sync_partial_ok")), ("1".into(), "1".into()));
}

#[test]
fn at_its_end_what_it_saved_before_stays() {
    for shutdown in ["SHUTDOWN SAVE", "SHUTDOWN"] {
        let (_master, replica) = amid_loading();
        let mut to_replica = replica.client();
        let saved = std::fs::read(replica.dir.join("dump.rdb")).unwrap();
        to_replica.send(shutdown);
        let limit = Instant::now() + PATIENCE;
        while TcpStream::connect(replica.addr).is_ok() {
            assert!(Instant::now() < limit, "it does not end");
        }
        assert!(std::fs::read(replica.dir.join("dump.rdb")).unwrap() == saved, "{shutdown}");
    }
}

#[test]
fn who_is_promoted_meanwhile_has_what_it_loads() {
    let (master, replica) = amid_loading();
    let (mut to_master, mut to_replica) = (master.client(), replica.client());
    let theirs = to_master.info("master_replid");
    // As sentinels say it.
    to_replica.expect("MULTI", "OK");
    to_replica.expect("SLAVEOF NO ONE", "QUEUED");
    to_replica.expect("EXEC", "OK");
    to_replica.expect("SET k 2", LOADING);
    assert!(to_replica.ask("PSYNC ? -1").starts_with("LOADING"));
    go_on(&mut to_replica);
    assert_eq!(to_replica.info("role"), "master");
    assert_eq!(to_master.ask("DEBUG DIGEST"), to_replica.ask("DEBUG DIGEST"));
    // Whoever has the same from there goes on here.
    assert_ne!(to_replica.info("master_replid"), theirs);
    assert_eq!(to_replica.info("master_replid2"), theirs);
    to_replica.expect("SELECT 3", "OK");
    to_replica.expect("INCR k", "2");
    to_master.expect(&format!("REPLICAOF 127.0.0.1 {}", replica.addr.port()), "OK");
    to_master.until("master_link_status", "up");
    assert_same(&mut to_replica, &mut to_master);
    assert_eq!(to_replica.info("sync_partial_ok"), "1");
}

#[test]
fn who_is_told_to_follow_another_one_meanwhile_loads_first() {
    let (master, replica) = amid_loading();
    let (mut to_master, mut to_replica) = (master.client(), replica.client());
    let other = Peer::start(&format!("--replicaof 127.0.0.1 {}", master.port));
    let mut to_other = other.client();
    to_other.until("master_link_status", "up");
    to_replica.expect("REPLICAOF NO ONE", "OK");
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", other.port), "OK");
    to_replica.expect("DBSIZE", LOADING);
    go_on(&mut to_replica);
    to_replica.until("master_link_status", "up");
    to_master.expect("SET last 1", "OK");
    assert_same(&mut to_master, &mut to_replica);
    assert_eq!(to_other.info("sync_partial_ok"), "1");
}
