//! A replica that empties itself before it loads its master's data, and what happens to it meanwhile.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "replica/nodes.rs"]
mod nodes;
#[path = "replica/scripted.rs"]
mod scripted;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use nodes::{Client, Ours, Peer, assert_same};
use scripted::{meet, see_off, sized};

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

#[test]
fn data_for_which_there_is_no_database_do_not_take_the_place_of_others() {
    let master = Peer::start("--databases 32");
    let mut to_master = master.client();
    for request in ["SET k 1", "SELECT 20", "SET k 2"] {
        to_master.expect(request, "OK");
    }
    let replica = Ours::start("databases 16\nreplica-load-in-place yes");
    let mut to_replica = replica.client();
    to_replica.expect("SET own data", "OK");
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.port), "OK");
    // It has given up once, and asks again.
    to_master.until("sync_full", "2");
    to_replica.expect("GET own", "data");
    to_replica.expect("DBSIZE", "1");
}

/// A snapshot that is whole and cannot be loaded nevertheless: it has a key twice.
const KEY_TWICE: &[u8] = b"REDIS0010\xfe\x00\x00\x03new\x04data\x00\x03new\x04data\xff\0\0\0\0\0\0\0\0";

/// A replica with a log that has emptied itself for data that cannot be loaded, and its link.
fn amid_failing(delay_us: u64) -> (TcpListener, Ours, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let replica = Ours::start(&format!("replica-load-in-place yes\nkey-load-delay {delay_us}"));
    let mut to_replica = replica.client();
    to_replica.expect("CONFIG SET appendonly yes", "OK");
    to_replica.until("aof_rewrite_scheduled", "0");
    to_replica.until("aof_rewrite_in_progress", "0");
    to_replica.expect("SET own data", "OK");
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", listener.local_addr().unwrap().port()), "OK");
    let mut link = meet(&listener);
    link.write_all(&sized(KEY_TWICE)).unwrap();
    to_replica.until_reply("GET own", LOADING);
    (listener, replica, link)
}

/// It has begun without data: what it had before does not come back with what is new.
#[track_caller]
fn assert_begins_anew(replica: &Ours) {
    let mut to_replica = replica.client();
    to_replica.until_reply("DBSIZE", "0");
    assert_eq!(to_replica.info("role"), "master");
    to_replica.expect("SET first 1", "OK");
    to_replica.until("aof_rewrite_scheduled", "0");
    to_replica.until("aof_rewrite_in_progress", "0");
    to_replica.expect("SET second 2", "OK");
    // As at a start.
    to_replica.expect("DEBUG LOADAOF", "OK");
    to_replica.expect("MGET first second own", "1 2 nil");
    to_replica.expect("DBSIZE", "2");
}

#[test]
fn who_is_promoted_without_data_begins_a_log() {
    let (_listener, replica, link) = amid_failing(0);
    // It has failed when it hangs up.
    see_off(link);
    let mut to_replica = replica.client();
    to_replica.expect("GET own", LOADING);
    to_replica.expect("REPLICAOF NO ONE", "OK");
    assert_begins_anew(&replica);
}

#[test]
fn who_is_promoted_before_its_data_fail_begins_a_log() {
    let (_listener, replica, _link) = amid_failing(10_000_000);
    let mut to_replica = replica.client();
    to_replica.expect("REPLICAOF NO ONE", "OK");
    to_replica.expect("GET own", LOADING);
    to_replica.expect("CONFIG SET key-load-delay 0", "OK");
    assert_begins_anew(&replica);
}
