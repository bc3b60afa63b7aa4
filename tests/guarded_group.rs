//! Groups under sentinels whose nodes of ours come back without their data: somebody who has them becomes master, long before a silence
//! would be noticed, and where nobody has any the group comes up by itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up is a failed test")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;

use support::{GROUP, Installation, Program, command, info, monitor, wait};

use Program::{Ours, Real};

/// Keys that everybody has at first.
const KEYS: u64 = 200;

/// Nothing is decided by silence in these tests.
const DOWN_AFTER_MS: u64 = 20_000;

/// A master with data, two replicas that have them, and three sentinels.
fn group(nodes: [Program; 3], sentinels: Program, directives: &str) -> (Installation, u16) {
    let mut i = Installation::empty();
    let master = i.add_node_of(nodes[0], "");
    for n in 0..KEYS {
        assert_eq!(command::<String>(master, &["SET", &format!("key:{n}"), "value"]).as_deref(), Some("OK"));
    }
    for program in &nodes[1..] {
        i.add_node_of(*program, &format!("replicaof 127.0.0.1 {master}\n"));
    }
    wait_for_keys(&i, KEYS);
    let limit = format!("sentinel down-after-milliseconds {GROUP} {DOWN_AFTER_MS}\n{directives}");
    for _ in 0..3 {
        i.add_sentinel(sentinels, &format!("{}{limit}", monitor(GROUP, master)));
    }
    i.wait_until_known();
    let path = i.home(master).join("node.state");
    let knows = |text: &str| text.contains(&format!("keys {KEYS}\n")) && text.matches("\nreplica ").count() == 2;
    wait("the record is written", || knows(&fs::read_to_string(&path).ok()?).then_some(()));
    (i, master)
}

#[track_caller]
fn wait_for_keys(i: &Installation, count: u64) {
    for node in &i.nodes {
        wait("a node has all keys", || (command::<u64>(*node, &["DBSIZE"])? == count).then_some(()));
    }
}

/// Another node has become master, and everybody has all keys.
#[track_caller]
fn is_replaced(i: &Installation, master: u16) -> u16 {
    let new = i.wait_for_new_master(master);
    wait("the amnesiac follows", || (info(master, "master_link_status")? == "up").then_some(()));
    wait_for_keys(i, KEYS + 1);
    assert_eq!(info(master, "dataset_state").as_deref(), Some("ok"));
    new
}

#[test]
fn an_amnesiac_is_replaced() {
    for nodes in [[Ours, Ours, Ours], [Ours, Real, Real]] {
        let (mut i, master) = group(nodes, Ours, "");
        i.kill(master);
        i.start_node(master);
        is_replaced(&i, master);
    }
}

/// A sentinel of Redis takes a node that goes on loading for one that is down, if it is told to.
#[test]
fn an_amnesiac_is_replaced_by_sentinels_of_redis() {
    let period = format!("sentinel master-reboot-down-after-period {GROUP} 1000\n");
    let (mut i, master) = group([Ours, Ours, Real], Real, &period);
    i.kill(master);
    i.start_node(master);
    is_replaced(&i, master);
}

#[test]
fn the_one_who_has_the_data_is_chosen() {
    for nodes in [[Ours, Ours, Ours], [Ours, Ours, Real]] {
        let (mut i, master) = group(nodes, Ours, "");
        let [second, third] = [i.nodes[1], i.nodes[2]];
        for node in [master, second] {
            i.kill(node);
        }
        for node in [master, second] {
            i.start_node(node);
        }
        assert_eq!(is_replaced(&i, master), third);
    }
}

/// What it wrote down of itself is gone as well: the sentinels know what it was.
#[test]
fn a_master_without_its_disk_asks_the_sentinels() {
    let (mut i, master) = group([Ours, Real, Real], Ours, "");
    let hosts: Vec<String> = i.sentinels.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let mut file = File::options().append(true).open(i.file(master)).unwrap();
    writeln!(file, "sentinel-hosts {}\nsentinel-group {GROUP}", hosts.join(",")).unwrap();
    i.kill(master);
    fs::remove_file(i.home(master).join("node.state")).unwrap();
    i.start_node(master);
    is_replaced(&i, master);
    let log = i.log(master);
    assert!(log.contains("the sentinels know it as a master with data"), "{log}");
}

#[test]
fn a_group_that_lost_everything_comes_up() {
    for nodes in [[Ours, Ours, Ours], [Ours, Real, Ours]] {
        let (mut i, _) = group(nodes, Ours, "");
        for node in i.nodes.clone() {
            i.kill(node);
            // Debian's replica keeps what it was sent.
            let _not_there = fs::remove_file(i.home(node).join("dump.rdb"));
        }
        for node in i.nodes.clone() {
            i.start_node(node);
        }
        let master = wait("a master takes writes", || {
            let named = i.addresses();
            let first = named.first().copied().flatten()?;
            (named.iter().all(|a| *a == Some(first)) && info(first, "connected_slaves")? == "2").then_some(())?;
            command::<String>(first, &["SET", "after", "all"]).filter(|answer| answer == "OK").map(|_| first)
        });
        wait_for_keys(&i, 1);
        assert_eq!(info(master, "role").as_deref(), Some("master"));
    }
}
