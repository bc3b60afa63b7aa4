//! Groups under sentinels whose nodes of ours come back without their data: somebody who has them becomes master, long before a silence
//! would be noticed, and where nobody has any the group comes up by itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up is a failed test")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use support::dataset::{KEYS, save, wait_for_info, wait_for_keys, wait_for_record, write};
use support::{GROUP, Installation, Program, command, info, monitor, wait};

use Program::{Ours, Real};

/// Nothing is decided by silence in these tests.
const DOWN_AFTER_MS: u64 = 20_000;

/// A master with data, two replicas that have them, and three sentinels.
fn group(nodes: [Program; 3], sentinels: Program, directives: &str) -> (Installation, u16) {
    group_of(nodes, "", sentinels, directives)
}

/// As [`group`], with directives of the master.
fn group_of(nodes: [Program; 3], own: &str, sentinels: Program, directives: &str) -> (Installation, u16) {
    let mut i = Installation::empty();
    let master = i.add_node_of(nodes[0], own);
    write(master, 0..KEYS);
    for program in &nodes[1..] {
        i.add_node_of(*program, &format!("replicaof 127.0.0.1 {master}\n"));
    }
    all_have(&i, KEYS);
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
fn all_have(i: &Installation, count: u64) {
    i.nodes.iter().for_each(|node| wait_for_keys(*node, count));
}

/// Another node has become master, and everybody has all keys.
#[track_caller]
fn is_replaced(i: &Installation, master: u16) -> u16 {
    is_replaced_with(i, master, KEYS)
}

#[track_caller]
fn is_replaced_with(i: &Installation, master: u16, keys: u64) -> u16 {
    let new = i.wait_for_new_master(master);
    wait_for_info(master, "master_link_status", "up");
    all_have(i, keys + 1);
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

/// The master has saved what it has, dies, and starts again after this has happened to its files.
fn loses(directives: &str, accident: impl Fn(&Path)) {
    for nodes in [[Ours, Ours, Ours], [Ours, Real, Real]] {
        let (mut i, master) = group_of(nodes, directives, Ours, "");
        if directives.starts_with("save") {
            save(master);
        }
        i.kill(master);
        accident(&i.home(master));
        i.start_node(master);
        is_replaced(&i, master);
    }
}

#[test]
fn a_master_without_its_snapshot_is_replaced() {
    loses("save 3600 100000\n", |home| fs::remove_file(home.join("dump.rdb")).unwrap());
}

#[test]
fn a_master_without_its_log_is_replaced() {
    loses("appendonly yes\n", |home| fs::remove_dir_all(home.join("appendonlydir")).unwrap());
}

#[test]
fn a_master_with_an_older_snapshot_is_replaced() {
    for nodes in [[Ours, Ours, Ours], [Ours, Real, Real]] {
        let (mut i, master) = group_of(nodes, "save 3600 100000\n", Ours, "");
        let home = i.home(master);
        save(master);
        fs::copy(home.join("dump.rdb"), home.join("older.rdb")).unwrap();
        write(master, KEYS..2 * KEYS);
        save(master);
        all_have(&i, 2 * KEYS);
        wait_for_record(&i, master, &format!("saved-keys {}\n", 2 * KEYS));
        i.kill(master);
        fs::rename(home.join("older.rdb"), home.join("dump.rdb")).unwrap();
        i.start_node(master);
        is_replaced_with(&i, master, 2 * KEYS);
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

/// Who may ask the sentinels, besides everybody else.
const GATE_USER: &str =
    "user gate on >secret +sentinel|get-master-addr-by-name +sentinel|replicas\nuser nobody on >secret\n";

/// A group whose master has lost its disk with what it wrote down of itself, and is started again with these directives.
fn without_disk(login: &str, sentinels: &str) -> (Installation, u16) {
    let (mut i, master) = group([Ours, Real, Real], Ours, &format!("{GATE_USER}{sentinels}"));
    let hosts: Vec<String> = i.sentinels.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let mut file = File::options().append(true).open(i.file(master)).unwrap();
    writeln!(file, "sentinel-hosts {}\nsentinel-group {GROUP}\n{login}", hosts.join(",")).unwrap();
    i.kill(master);
    fs::remove_file(i.home(master).join("node.state")).unwrap();
    i.start_node(master);
    (i, master)
}

/// The sentinels know what it was.
#[test]
fn a_master_without_its_disk_asks_the_sentinels() {
    for login in ["", "sentinel-user gate\nsentinel-pass secret\n"] {
        let (i, master) = without_disk(login, "");
        is_replaced(&i, master);
        let log = i.log(master);
        assert!(log.contains("the sentinels know it as a master with data"), "{log}");
    }
}

/// A sentinel that does not answer to it has not said that it was nobody: it waits as long as it is told to, and says why.
#[test]
fn a_refusal_is_no_answer() {
    for (login, refusal) in [
        ("sentinel-user gate\nsentinel-pass wrong\n", "WRONGPASS"),
        ("sentinel-user nobody\nsentinel-pass secret\n", "NOPERM"),
    ] {
        // Nothing is done about it meanwhile.
        let idle = format!("sentinel amnesia-failover {GROUP} no\n");
        let (i, master) = without_disk(&format!("{login}sentinel-boot-timeout 2\n"), &idle);
        wait("it gives up", || i.log(master).contains("too few sentinels answered").then_some(()));
        let log = i.log(master);
        assert!(log.contains(refusal), "{log}");
    }
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
        all_have(&i, 1);
        assert_eq!(info(master, "role").as_deref(), Some("master"));
    }
}
