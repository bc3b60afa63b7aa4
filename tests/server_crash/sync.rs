//! Servers that are killed while a replica is sent everything.

use std::time::Duration;

use super::load::Load;
use super::node::Node;
use super::support::wait;
use super::{CLIENTS, kills, let_it_run, scatter};

/// Large enough that a replica puts what comes into a file.
const VALUE_BYTES: usize = 10_000;
const KEYS: usize = 2000;

fn master(diskless: &str) -> Node {
    let mut master = Node::new(&format!(
        "appendonly yes\nappendfsync always\nrdbcompression no\nrepl-diskless-sync {diskless}\nrepl-diskless-sync-delay 0\n"
    ));
    master.start();
    let (mut wire, value) = (master.wire(), "x".repeat(VALUE_BYTES));
    for key in 0..KEYS {
        assert_eq!(super::node::ask(&mut wire, &format!("SET filler:{key} {value}")).unwrap().text(), "OK");
    }
    master
}

/// Waits until a replica has been sent some of what there is, and a moment that is another one in every round.
fn let_it_come(replica: &Node, round: usize) {
    wait("data come", || {
        let info = replica.ask("INFO replication");
        let read = info.text().lines().find_map(|line| line.strip_prefix("master_sync_read_bytes:"))?;
        (read.trim().parse::<u64>().ok()? > 0).then_some(())
    });
    std::thread::sleep(Duration::from_micros(scatter(round) % 300_000));
}

#[track_caller]
fn converge(master: &Node, replica: &Node) {
    replica.wait_for("master_link_status", "up");
    wait("the replica has everything", || {
        (master.info("master_repl_offset") == replica.info("slave_repl_offset")).then_some(())
    });
    assert_eq!(master.ask("DEBUG DIGEST"), replica.ask("DEBUG DIGEST"));
    replica.is_tidy();
    master.is_tidy();
}

/// Everything is sent over and over, and one of both is killed in the middle of it.
fn survives(diskless: &str, kills_master: bool) {
    let mut master = master(diskless);
    let mut replica = Node::new(&format!("replicaof 127.0.0.1 {}\n", master.port));
    for round in 0..kills(4) {
        // In all it takes about a second.
        master.ask("CONFIG SET rdb-key-save-delay 500");
        let load = Load::start(&master, round, CLIENTS);
        replica.start();
        let_it_run(&load, round);
        if diskless == "yes" {
            let_it_come(&replica, round);
        }
        if kills_master {
            master.kill();
            let promise = load.end();
            master.start();
            promise.is_kept_by(&master, None);
        } else {
            replica.kill();
            master.ask("CONFIG SET rdb-key-save-delay 0");
            replica.start();
            converge_under(load, &mut master, &replica);
        }
        converge(&master, &replica);
        replica.kill();
    }
}

/// The load ends with the master, which comes back.
fn converge_under(load: Load, master: &mut Node, replica: &Node) {
    replica.wait_for("master_link_status", "up");
    master.kill();
    let promise = load.end();
    master.start();
    promise.is_kept_by(master, None);
}

#[test]
fn a_master_is_killed_amid_a_full_sync_from_memory() {
    survives("yes", true);
}

#[test]
fn a_master_is_killed_amid_a_full_sync_from_a_file() {
    survives("no", true);
}

#[test]
fn a_replica_is_killed_amid_a_full_sync_from_memory() {
    survives("yes", false);
}

#[test]
fn a_replica_is_killed_amid_a_full_sync_from_a_file() {
    survives("no", false);
}
