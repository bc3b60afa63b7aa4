//! Masters that come back without their data, before replicas that have them. Nobody supervises these: what saves the data is what
//! the nodes themselves do. A master of ours refuses to pass its emptiness on, whoever follows it; a replica of ours refuses to take
//! it over, whoever it follows.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up is a failed test")]

mod support;

use std::fs;

use support::dataset::{KEYS, save, wait_for_info, wait_for_keys, wait_for_record, write};
use support::{Installation, Program, command, info, try_command, wait};

use Program::{Ours, Real};

/// A master and a replica that has all its keys.
fn pair(programs: [Program; 2], directives: &str) -> (Installation, [u16; 2]) {
    pair_with(programs, [directives, ""])
}

/// As [`pair`], with directives of the master and of the replica.
fn pair_with(programs: [Program; 2], directives: [&str; 2]) -> (Installation, [u16; 2]) {
    let mut i = Installation::empty();
    let master = i.add_node_of(programs[0], directives[0]);
    write(master, 0..KEYS);
    let replica = i.add_node_of(programs[1], &format!("replicaof 127.0.0.1 {master}\n{}", directives[1]));
    wait_for_keys(replica, KEYS);
    if programs[0] == Ours {
        wait_for_record(&i, master, &format!("keys {KEYS}\n"));
        wait_for_record(&i, master, "\nreplica ");
    }
    (i, [master, replica])
}

/// The error that a node answers with.
fn refusal(node: u16, words: &[&str]) -> Option<String> {
    try_command::<redis::Value>(node, words)?.err().map(|error| error.to_string())
}

/// A master of ours, which has been started again, knows that it lost its data, and the replica keeps them.
#[track_caller]
fn is_amnesiac(i: &Installation, [master, replica]: [u16; 2], keys: u64) {
    wait_for_info(master, "dataset_state", "amnesia");
    for words in [&["PING"][..], &["GET", "key:1"], &["SET", "key:1", "2"], &["DBSIZE"]] {
        let said = refusal(master, words).unwrap();
        assert!(said.contains("amnesia"), "{words:?}: {said}");
    }
    // The replica comes back, again and again.
    let attempts = || i.log(replica).matches("amnesia").count();
    let before = attempts();
    wait("the replica asks", || (attempts() > before + 1).then_some(()));
    wait_for_keys(replica, keys);
    assert_eq!(info(replica, "master_link_status").as_deref(), Some("down"));
}

/// A replica of ours keeps its data although its master has none.
#[track_caller]
fn refuses(replica: u16, reason: &str) {
    wait_for_info(replica, "full_resync_rejected", reason);
    wait_for_keys(replica, KEYS);
    assert_eq!(info(replica, "master_link_status").as_deref(), Some("down"));
    assert_eq!(command::<String>(replica, &["GET", "key:1"]).as_deref(), Some("value"));
}

/// The master ends at once and is started again, after something has happened to its files.
fn restart(i: &mut Installation, master: u16, accident: impl FnOnce(&std::path::Path)) {
    i.kill(master);
    accident(&i.home(master));
    i.start_node(master);
}

const EVERYBODY: [[Program; 2]; 3] = [[Ours, Ours], [Ours, Real], [Real, Ours]];

/// After an accident that leaves the master with nothing but what it knows of itself.
fn survives(directives: &str, accident: impl Fn(&std::path::Path)) {
    for programs in EVERYBODY {
        let (mut i, nodes) = pair(programs, directives);
        if directives.starts_with("save") {
            save(nodes[0]);
        }
        restart(&mut i, nodes[0], &accident);
        match programs[0] {
            Ours => is_amnesiac(&i, nodes, KEYS),
            Real => refuses(nodes[1], "empty-dataset"),
        }
    }
}

#[test]
fn without_persistence() {
    survives("", |_| {});
}

#[test]
fn without_its_snapshot() {
    survives("save 3600 100000\n", |home| fs::remove_file(home.join("dump.rdb")).unwrap());
}

#[test]
fn without_its_log() {
    survives("appendonly yes\n", |home| fs::remove_dir_all(home.join("appendonlydir")).unwrap());
}

/// Whoever follows it has to log in, and may then do nothing but follow.
#[test]
fn among_nodes_with_users() {
    let users =
        "user default on nopass ~* &* +@all -psync -sync -replconf\nuser follower on >secret +ping +psync +replconf\n";
    let login = "masteruser follower\nmasterauth secret\n";
    for programs in EVERYBODY {
        let (mut i, nodes) = pair_with(programs, [users, login]);
        restart(&mut i, nodes[0], |_| {});
        match programs[0] {
            Ours => is_amnesiac(&i, nodes, KEYS),
            Real => refuses(nodes[1], "empty-dataset"),
        }
    }
}

/// Nothing is left of what it knew of itself, either: only a replica of ours can tell.
#[test]
fn without_its_disk() {
    for programs in [[Ours, Ours], [Real, Ours]] {
        let (mut i, [master, replica]) = pair(programs, "");
        restart(&mut i, master, |home| {
            let _not_there = fs::remove_file(home.join("node.state"));
        });
        refuses(replica, "empty-dataset");
    }
}

#[test]
fn with_an_older_snapshot() {
    for programs in [[Ours, Ours], [Ours, Real]] {
        let (mut i, nodes) = pair(programs, "save 3600 100000\n");
        let [master, replica] = nodes;
        let home = i.home(master);
        save(master);
        fs::copy(home.join("dump.rdb"), home.join("older.rdb")).unwrap();
        write(master, KEYS..2 * KEYS);
        save(master);
        wait_for_keys(replica, 2 * KEYS);
        wait_for_record(&i, master, &format!("saved-keys {}\n", 2 * KEYS));
        restart(&mut i, master, |home| fs::rename(home.join("older.rdb"), home.join("dump.rdb")).unwrap());
        is_amnesiac(&i, nodes, 2 * KEYS);
    }
}

/// What a crash may take with what is configured is no loss to be told of: the snapshot is the one that was saved last.
#[test]
fn with_its_last_snapshot() {
    for programs in EVERYBODY {
        let (mut i, [master, replica]) = pair(programs, "save 3600 100000\n");
        save(master);
        write(master, KEYS..KEYS + 10);
        wait_for_keys(replica, KEYS + 10);
        restart(&mut i, master, |_| {});
        wait_for_info(replica, "master_link_status", "up");
        wait_for_keys(replica, KEYS);
        write(master, KEYS..KEYS + 1);
        wait_for_keys(replica, KEYS + 1);
    }
}

#[test]
fn after_a_flush() {
    for programs in EVERYBODY {
        let (mut i, [master, replica]) = pair(programs, "appendonly yes\nappendfsync always\n");
        assert_eq!(command::<String>(master, &["FLUSHALL"]).as_deref(), Some("OK"));
        wait_for_keys(replica, 0);
        if programs[0] == Ours {
            wait_for_record(&i, master, "\nkeys 0\n");
        }
        restart(&mut i, master, |_| {});
        wait_for_info(replica, "master_link_status", "up");
        write(master, 0..3);
        wait_for_keys(replica, 3);
    }
}

/// The replica has missed so much that it is sent everything, which is nothing: but of the same history.
#[test]
fn after_a_flush_that_the_replica_missed() {
    for programs in EVERYBODY {
        let (mut i, [master, replica]) = pair(programs, "repl-backlog-size 16kb\n");
        // What is written down by Debian's replica names the history after a restart, too.
        save(replica);
        i.kill(replica);
        assert_eq!(command::<String>(master, &["FLUSHALL"]).as_deref(), Some("OK"));
        let large = "x".repeat(40_000);
        assert_eq!(command::<String>(master, &["SET", "large", &large]).as_deref(), Some("OK"));
        assert_eq!(command::<u64>(master, &["DEL", "large"]), Some(1));
        i.start_node(replica);
        wait_for_keys(replica, 0);
        wait_for_info(replica, "master_link_status", "up");
    }
}

#[test]
fn an_operator_may_mean_it() {
    for empty in [Ours, Real] {
        let (mut i, [_, replica]) = pair([Ours, Ours], "");
        let stranger = i.add_node_of(empty, "");
        let port = stranger.to_string();
        assert_eq!(command::<String>(replica, &["REPLICAOF", "127.0.0.1", &port]).as_deref(), Some("OK"));
        refuses(replica, "empty-dataset");
        // A single key is enough of a dataset for somebody who chose it.
        write(stranger, 0..1);
        wait_for_keys(replica, 1);
        wait_for_info(replica, "master_link_status", "up");
        assert_eq!(info(replica, "full_resync_rejected"), None);
    }
    let (mut i, [_, replica]) = pair([Ours, Ours], "");
    let stranger = i.add_node_of(Real, "").to_string();
    let no_limit = ["CONFIG", "SET", "replica-full-resync-min-ratio", "0"];
    assert_eq!(command::<String>(replica, &no_limit).as_deref(), Some("OK"));
    assert_eq!(command::<String>(replica, &["REPLICAOF", "127.0.0.1", &stranger]).as_deref(), Some("OK"));
    wait_for_keys(replica, 0);
}

#[test]
fn a_chain_of_replicas() {
    for programs in [[Ours, Ours, Ours], [Ours, Real, Ours], [Real, Ours, Real], [Real, Ours, Ours]] {
        let (mut i, nodes) = pair([programs[0], programs[1]], "");
        let last = i.add_node_of(programs[2], &format!("replicaof 127.0.0.1 {}\n", nodes[1]));
        wait_for_keys(last, KEYS);
        restart(&mut i, nodes[0], |_| {});
        match programs[0] {
            Ours => is_amnesiac(&i, nodes, KEYS),
            Real => refuses(nodes[1], "empty-dataset"),
        }
        wait_for_keys(last, KEYS);
    }
}

/// What was on disk stays until what took its place is, and longer if that is far less.
#[test]
fn the_last_generation_is_kept() {
    for (coming, is_kept) in [(KEYS, false), (1, true)] {
        let (mut i, [_, replica]) = pair([Ours, Ours], "");
        save(replica);
        let stranger = i.add_node_of(Real, "");
        write(stranger, 0..coming);
        let before = fs::read(i.home(replica).join("dump.rdb")).unwrap();
        let port = stranger.to_string();
        assert_eq!(command::<String>(replica, &["REPLICAOF", "127.0.0.1", &port]).as_deref(), Some("OK"));
        wait_for_info(replica, "master_link_status", "up");
        let kept = i.home(replica).join("dump.rdb.prev");
        assert_eq!(fs::read(&kept).unwrap(), before);
        save(replica);
        if is_kept {
            wait_for_record(&i, replica, "previous-until ");
            assert_eq!(fs::read(&kept).unwrap(), before);
        } else {
            wait("it is removed", || (!kept.exists()).then_some(()));
        }
    }
}

/// As [`the_last_generation_is_kept`], of a log: what is kept is a log that a server starts from.
#[test]
fn the_last_log_is_kept() {
    for (coming, is_kept) in [(KEYS, false), (1, true)] {
        let (mut i, [_, replica]) = pair_with([Ours, Ours], ["", "appendonly yes\n"]);
        wait_for_log(replica);
        let stranger = i.add_node_of(Real, "");
        write(stranger, 0..coming);
        let port = stranger.to_string();
        assert_eq!(command::<String>(replica, &["REPLICAOF", "127.0.0.1", &port]).as_deref(), Some("OK"));
        wait_for_info(replica, "master_link_status", "up");
        let kept = i.home(replica).join("appendonlydir.prev");
        if !is_kept {
            wait("it is removed", || (!kept.exists()).then_some(()));
            continue;
        }
        wait_for_record(&i, replica, "previous-until ");
        // What goes on in the log that took its place changes nothing.
        write(stranger, 0..50);
        wait_for_keys(replica, 50);
        let other = i.add_node_of(Ours, "appendonly yes\n");
        i.kill(other);
        let place = i.home(other).join("appendonlydir");
        fs::remove_dir_all(&place).unwrap();
        fs::create_dir(&place).unwrap();
        for file in fs::read_dir(&kept).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), place.join(file.file_name())).unwrap();
        }
        i.start_node(other);
        wait_for_keys(other, KEYS);
        assert_eq!(command::<String>(other, &["GET", "key:1"]).as_deref(), Some("value"));
    }
}

/// Waits until everything that a node has is in its log.
fn wait_for_log(node: u16) {
    wait("the log is complete", || {
        let told: String = command(node, &["INFO", "persistence"])?;
        let has = |line: &str| told.lines().any(|own| own.trim() == line);
        (has("aof_rewrite_in_progress:0") && has("aof_last_bgrewrite_status:ok") && has("aof_rewrite_scheduled:0"))
            .then_some(())
    });
}

/// Nobody else can have what it lost: it serves, at once or after a while.
#[test]
fn who_was_always_alone() {
    let mut i = Installation::empty();
    let forgetful = i.add_node_of(Ours, "");
    let snapshots = i.add_node_of(Ours, "save 3600 100000\namnesia-timeout 1\n");
    for node in [forgetful, snapshots] {
        write(node, 0..KEYS);
        wait_for_record(&i, node, &format!("keys {KEYS}\n"));
    }
    save(snapshots);
    wait_for_record(&i, snapshots, "saved-keys ");
    restart(&mut i, forgetful, |_| {});
    assert_eq!(info(forgetful, "dataset_state").as_deref(), Some("ok"));
    restart(&mut i, snapshots, |home| fs::remove_file(home.join("dump.rdb")).unwrap());
    wait_for_info(snapshots, "dataset_state", "amnesia");
    wait_for_info(snapshots, "dataset_state", "ok");
    for node in [forgetful, snapshots] {
        write(node, 0..1);
    }
}

/// The operator says that the data are lost for good, and the record of that outlives another restart.
#[test]
fn an_operator_ends_it() {
    for words in [&["REPLICAOF", "NO", "ONE"][..], &["CONFIG", "SET", "amnesia-guard", "no"]] {
        let (mut i, [master, replica]) = pair([Ours, Ours], "");
        i.kill(replica);
        for _ in 0..2 {
            restart(&mut i, master, |_| {});
            wait_for_info(master, "dataset_state", "amnesia");
        }
        assert_eq!(command::<String>(master, words).as_deref(), Some("OK"));
        wait_for_info(master, "dataset_state", "ok");
        wait_for_record(&i, master, "\nkeys 0\n");
        restart(&mut i, master, |_| {});
        assert_eq!(info(master, "dataset_state").as_deref(), Some("ok"));
        write(master, 0..1);
    }
}
