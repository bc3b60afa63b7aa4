//! Masters that are restarted with less than they had, long before anybody would notice a silence. The data nodes are Debian's, which
//! obey whoever their master is: what saves the data is that a sentinel is faster than the five seconds that a diskless full
//! synchronisation waits by default.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up is a failed test")]

mod support;

use std::time::{Duration, Instant};

use support::{GROUP, Installation, Program, command, info, monitor, wait};

use Program::{Ours, Real};

/// Nothing is decided by silence in these tests.
const DOWN_AFTER: Duration = Duration::from_secs(20);

/// Keys that everybody has when the sentinels come.
const KEYS: u64 = 500;

/// As Redis has it by default.
const PATIENT_REPLICATION: &str = "repl-diskless-sync-delay 5\n";

/// A master with data and two replicas that have it, and a sentinel per program.
fn group(persistence: &str, programs: &[Program], directives: &str) -> (Installation, u16) {
    let mut i = Installation::empty();
    let master = i.add_node(persistence);
    write(master, 0..KEYS);
    for _ in 0..2 {
        i.add_node(&format!("replicaof 127.0.0.1 {master}\n{PATIENT_REPLICATION}"));
    }
    wait_for_keys(&i, KEYS);
    let limit = format!("sentinel down-after-milliseconds {GROUP} {}\n", DOWN_AFTER.as_millis());
    for program in programs {
        i.add_sentinel(*program, &format!("{}{limit}{directives}", monitor(GROUP, master)));
    }
    i.wait_until_known();
    (i, master)
}

fn write(master: u16, numbers: std::ops::Range<u64>) {
    for n in numbers {
        assert_eq!(command::<String>(master, &["SET", &format!("key:{n}"), "value"]).as_deref(), Some("OK"));
    }
}

fn key_count(node: u16) -> Option<u64> {
    command(node, &["DBSIZE"])
}

fn wait_for_keys(i: &Installation, count: u64) {
    for node in &i.nodes {
        wait("a node has all keys", || (key_count(*node)? == count).then_some(()));
    }
}

/// The master was replaced before its silence could have been noticed, and nothing was lost.
fn is_replaced(i: &Installation, master: u16, keys: u64, restarted: Instant) {
    let new = i.wait_for_new_master(master);
    assert!(restarted.elapsed() < DOWN_AFTER / 2, "{:?}", restarted.elapsed());
    assert!(key_count(new) >= Some(keys));
    wait("the amnesiac follows", || (info(master, "role")? == "slave").then_some(()));
    wait_for_keys(i, keys + 1);
    let told = i.sentinels.iter().filter(|s| i.log(**s).contains("+amnesia master mymaster")).count();
    assert!(told >= 2, "{told} sentinels");
}

/// Everybody is at work with the master after this many restarts, and no sentinel has made anything of them.
fn is_kept(i: &Installation, master: u16, keys: u64, restarts: usize) {
    for sentinel in &i.sentinels {
        let noticed = || i.log(*sentinel).matches("+reboot master").count();
        wait("the restart is noticed", || (noticed() == restarts).then_some(()));
    }
    for node in i.nodes.iter().filter(|n| **n != master) {
        wait("a replica follows", || (info(*node, "master_link_status")? == "up").then_some(()));
        wait("it follows this master", || {
            (info(*node, "master_replid")? == info(master, "master_replid")?).then_some(())
        });
    }
    wait_for_keys(i, keys);
    assert!(i.addresses().iter().all(|named| *named == Some(master)));
    for sentinel in &i.sentinels {
        let log = i.log(*sentinel);
        assert!(!["+amnesia", "+sdown master", "+try-failover"].iter().any(|event| log.contains(event)), "{log}");
    }
}

/// SHUTDOWN, which saves if the node is to.
fn restart_cleanly(i: &mut Installation, master: u16) {
    let _connection_ends = command::<String>(master, &["SHUTDOWN"]);
    assert_eq!(i.wait_for_end(master), Some(0));
    i.start_node(master);
}

fn restart_killed(i: &mut Installation, master: u16) -> Instant {
    i.kill(master);
    i.start_node(master);
    Instant::now()
}

#[test]
fn a_master_without_its_data_is_replaced_and_the_data_survive() {
    for programs in [&[Ours, Ours, Ours], &[Ours, Real, Ours]] {
        let (mut i, master) = group(PATIENT_REPLICATION, programs, "");
        let restarted = restart_killed(&mut i, master);
        is_replaced(&i, master, KEYS, restarted);
    }
}

#[test]
fn a_master_with_an_older_rdb_is_replaced_and_the_data_survive() {
    let (mut i, master) = group(&format!("save 3600 100000\n{PATIENT_REPLICATION}"), &[Ours, Ours, Ours], "");
    assert_eq!(command::<String>(master, &["SAVE"]).as_deref(), Some("OK"));
    write(master, KEYS..KEYS + 100);
    wait_for_keys(&i, KEYS + 100);
    let restarted = restart_killed(&mut i, master);
    is_replaced(&i, master, KEYS + 100, restarted);
}

#[test]
fn a_clean_restart_with_an_rdb_is_nothing() {
    let (mut i, master) = group("save 3600 1\n", &[Ours, Ours, Ours], "");
    restart_cleanly(&mut i, master);
    is_kept(&i, master, KEYS, 1);
    // Nor is one after a flush.
    assert_eq!(command::<String>(master, &["FLUSHALL"]).as_deref(), Some("OK"));
    wait_for_keys(&i, 0);
    restart_cleanly(&mut i, master);
    is_kept(&i, master, 0, 2);
}

#[test]
fn a_restart_with_an_append_only_file_is_nothing() {
    let (mut i, master) = group("appendonly yes\nappendfsync always\n", &[Ours, Ours, Ours], "");
    restart_killed(&mut i, master);
    is_kept(&i, master, KEYS, 1);
}

#[test]
fn a_group_that_lost_everything_comes_up() {
    let (mut i, master) = group("", &[Ours, Ours, Ours], "");
    for node in i.nodes.clone() {
        i.kill(node);
    }
    for node in i.nodes.clone() {
        i.start_node(node);
    }
    wait("a master takes writes", || {
        let named = i.addresses();
        let first = named.first().copied().flatten()?;
        (named.iter().all(|a| *a == Some(first)) && info(first, "connected_slaves")? == "2").then_some(())?;
        command::<String>(first, &["SET", "after", "all"]).filter(|answer| answer == "OK")
    });
    wait_for_keys(&i, 1);
    assert!(i.addresses().iter().all(|named| *named == Some(master)));
}

#[test]
fn it_can_be_switched_off() {
    let off = format!("sentinel amnesia-failover {GROUP} no\n");
    let (mut i, master) = group("", &[Ours, Ours, Ours], &off);
    restart_killed(&mut i, master);
    is_kept(&i, master, 0, 1);
}
