//! Ours as a replica of Debian's server.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "replica/nodes.rs"]
mod nodes;

use nodes::{Client, Ours, Peer, assert_same};

/// Keys of every type, small and large, with and without expiry, in two databases.
fn fill(master: &mut Client) {
    master.expect("DEBUG POPULATE 3000 text 100", "OK");
    for kind in ["RPUSH l", "SADD s", "SADD i", "ZADD z", "HSET h"] {
        for (size, name) in [(5, "small"), (700, "large")] {
            let mut request = format!("{kind}:{name}");
            for n in 0..size {
                request += &match kind {
                    "RPUSH l" => format!(" {n} element{n}"),
                    "SADD s" => format!(" member{n}"),
                    "SADD i" => format!(" {}", n * 70_000),
                    "ZADD z" => format!(" {n}.5 member{n}"),
                    _ => format!(" field{n} value{n}"),
                };
            }
            assert!(master.ask(&request).parse::<u32>().is_ok());
        }
    }
    master.expect("PEXPIRE text:1 100000000", "1");
    master.expect("SELECT 9", "OK");
    master.expect("SET n 12", "OK");
    master.expect("SELECT 0", "OK");
}

fn follow(replica: &mut Client, port: u16) {
    replica.expect(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
    replica.until("master_link_status", "up");
}

#[test]
fn all_data_come_over_in_every_form() {
    for sent in ["yes", "no"] {
        let master = Peer::start(&format!("--repl-diskless-sync {sent}"));
        let mut to_master = master.client();
        fill(&mut to_master);
        for taken in ["repl-diskless-load swapdb", "repl-diskless-load disabled", "replica-load-in-place yes"] {
            let replica = Ours::start(taken);
            let mut to_replica = replica.client();
            to_replica.expect("SET own data", "OK");
            follow(&mut to_replica, master.port);
            assert_same(&mut to_master, &mut to_replica);
            to_replica.expect("GET own", "nil");
            to_master.expect("SET after sync", "OK");
            to_master.expect("WAIT 1 0", "1");
            to_replica.expect("GET after", "sync");
            assert_same(&mut to_master, &mut to_replica);
            assert!(std::fs::read_dir(&replica.dir).unwrap().next().is_none(), "something is left behind");
        }
    }
}

#[test]
fn old_data_are_served_while_others_come() {
    // The master takes its time for each key.
    let master = Peer::start("--rdb-key-save-delay 500 --repl-diskless-sync yes");
    let mut to_master = master.client();
    to_master.expect("DEBUG POPULATE 2000 text 1000", "OK");
    let replica = Ours::start("repl-diskless-load swapdb");
    let mut to_replica = replica.client();
    to_replica.expect("SET own data", "OK");
    to_replica.expect(&format!("REPLICAOF 127.0.0.1 {}", master.port), "OK");
    to_replica.until("master_sync_in_progress", "1");
    to_replica.expect("GET own", "data");
    to_replica.expect("ROLE", &format!("slave 127.0.0.1 {} sync -1", master.port));
    // What is written meanwhile is in the stream behind the data.
    to_master.expect("SET meanwhile written", "OK");
    to_replica.until("master_link_status", "up");
    assert_same(&mut to_master, &mut to_replica);
    to_replica.expect("MGET own meanwhile", "nil written");
}

#[test]
fn a_broken_link_goes_on_where_it_was() {
    let master = Peer::start("");
    let mut to_master = master.client();
    fill(&mut to_master);
    let replica = Ours::start("");
    let mut to_replica = replica.client();
    follow(&mut to_replica, master.port);
    let mut other = master.client();
    for n in 0..20 {
        for m in 0..200 {
            to_master.send(&format!("SET key{m} {n}"));
        }
        for request in ["MULTI", "SELECT 3", "INCR n", "SELECT 0", "INCR n", "EXEC"] {
            to_master.send(request);
        }
        if n % 2 == 0 {
            to_replica.until_reply("CLIENT KILL TYPE master", "1");
        } else {
            other.until_reply("CLIENT KILL TYPE replica", "1");
        }
        for _ in 0..206 {
            to_master.hear();
        }
        to_replica.until("master_link_status", "up");
    }
    assert_same(&mut to_master, &mut to_replica);
    assert_eq!(to_master.info("sync_full"), "1");
    to_master.until("connected_slaves", "1");
}

#[test]
fn a_replica_only_reads() {
    let master = Peer::start("");
    let mut to_master = master.client();
    let replica = Ours::start("replica-serve-stale-data no");
    let mut to_replica = replica.client();
    follow(&mut to_replica, master.port);
    const READ_ONLY: &str = "READONLY You can't write against a read only replica.";
    to_replica.expect("SET a b", READ_ONLY);
    to_replica.expect("MULTI", "OK");
    to_replica.expect("SET a b", READ_ONLY);
    to_replica.expect("EXEC", "EXECABORT Transaction discarded because of previous errors.");
    assert!(to_replica.ask("WAIT 0 0").starts_with("ERR WAIT cannot be used with replica instances."));
    // Keys go when the master says so, and are not shown from the time on at which they are over.
    to_master.expect("DEBUG SET-ACTIVE-EXPIRE 0", "OK");
    to_master.expect("PSETEX gone 1 x", "OK");
    to_master.expect("WAIT 1 0", "1");
    to_replica.until_reply("GET gone", "nil");
    to_replica.expect("DBSIZE", "1");
    to_master.until_reply("GET gone", "nil");
    to_replica.until_reply("DBSIZE", "0");
    let client = to_replica.ask("CLIENT LIST TYPE master");
    assert!(client.contains("flags=M") && client.lines().count() == 1, "{client}");
    to_replica.expect("CONFIG SET replica-read-only no", "OK");
    to_replica.expect("SET a b", "OK");
    // No master says when these go.
    to_replica.expect("PSETEX own 1 x", "OK");
    to_replica.until_reply("DBSIZE", "1");
    drop(master);
    to_replica.until("master_link_status", "down");
    const STALE: &str = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    to_replica.expect("GET a", STALE);
    to_replica.expect("CONFIG SET replica-serve-stale-data yes", "OK");
    to_replica.expect("GET a", "b");
}

#[test]
fn roles_change_without_new_data() {
    let (one, two) = (Peer::start(""), Peer::start(""));
    let (mut to_one, mut to_two) = (one.client(), two.client());
    fill(&mut to_one);
    let ours = Ours::start("");
    let mut to_ours = ours.client();
    follow(&mut to_ours, one.port);
    follow(&mut to_two, one.port);
    to_one.expect("SET a 1", "OK");
    to_one.expect("WAIT 2 0", "2");
    // Another one of the same history becomes master.
    to_two.expect("REPLICAOF NO ONE", "OK");
    to_two.expect("SET a 2", "OK");
    follow(&mut to_ours, two.port);
    assert_same(&mut to_two, &mut to_ours);
    assert_eq!(to_two.info("sync_partial_ok"), "1");
    // And then this one.
    to_ours.expect("REPLICAOF NO ONE", "OK");
    let offset = to_ours.info("master_repl_offset");
    to_ours.expect("ROLE", &format!("master {offset} "));
    to_ours.expect("SET a 3", "OK");
    follow(&mut to_two, ours.addr.port());
    assert_same(&mut to_ours, &mut to_two);
    assert_eq!(to_ours.info("sync_partial_ok"), "1");
    // The old master comes back as a replica of its replica.
    to_two.expect("REPLICAOF NO ONE", "OK");
    to_two.expect("SET a 4", "OK");
    follow(&mut to_ours, two.port);
    assert_same(&mut to_two, &mut to_ours);
    assert_eq!(to_two.info("sync_full"), "0");
}

#[test]
fn a_master_that_changed_nothing_goes_back_to_being_a_replica() {
    let master = Peer::start("");
    let mut to_master = master.client();
    fill(&mut to_master);
    let ours = Ours::start("");
    let mut to_ours = ours.client();
    follow(&mut to_ours, master.port);
    to_ours.expect("REPLICAOF NO ONE", "OK");
    to_master.expect("SET a 1", "OK");
    follow(&mut to_ours, master.port);
    assert_same(&mut to_master, &mut to_ours);
    assert_eq!((to_master.info("sync_full"), to_master.info("sync_partial_ok")), ("1".into(), "1".into()));
    // Otherwise it has something that others have not.
    to_ours.expect("REPLICAOF NO ONE", "OK");
    to_ours.expect("SET own 1", "OK");
    follow(&mut to_ours, master.port);
    to_ours.expect("GET own", "nil");
    assert_same(&mut to_master, &mut to_ours);
}

#[test]
fn who_goes_back_to_a_stream_is_in_its_database() {
    let master = Peer::start("");
    let mut to_master = master.client();
    let replica = Ours::start("");
    let mut to_replica = replica.client();
    follow(&mut to_replica, master.port);
    to_master.expect("SELECT 5", "OK");
    to_master.expect("SET a 1", "OK");
    to_replica.until("db5", "keys=1,expires=0,avg_ttl=0");
    to_replica.expect("REPLICAOF NO ONE", "OK");
    follow(&mut to_replica, master.port);
    to_master.expect("SET b 2", "OK");
    assert_same(&mut to_master, &mut to_replica);
}

#[test]
fn replicas_follow_a_replica() {
    let master = Peer::start("");
    let mut to_master = master.client();
    fill(&mut to_master);
    let (first, second) = (Ours::start(""), Ours::start(""));
    let (mut to_first, mut to_second) = (first.client(), second.client());
    // Two of the same master have the same stream, so that one can go over to the other.
    follow(&mut to_first, master.port);
    follow(&mut to_second, master.port);
    follow(&mut to_second, first.addr.port());
    to_master.expect("SET a 1", "OK");
    to_master.expect("MULTI", "OK");
    to_master.expect("INCR a", "QUEUED");
    to_master.expect("LPUSH l:small x", "QUEUED");
    to_master.ask("EXEC");
    assert_same(&mut to_master, &mut to_first);
    assert_same(&mut to_master, &mut to_second);
    drop(master);
    to_first.until("master_link_status", "down");
    to_first.expect("REPLICAOF NO ONE", "OK");
    to_first.expect("INCR a", "3");
    let renamed = to_first.info("master_replid");
    to_second.until("master_replid", &renamed);
    assert_same(&mut to_first, &mut to_second);
    assert_eq!(to_first.info("sync_full"), "0");
}

#[test]
fn a_stream_that_is_passed_on_goes_on_in_its_database() {
    let master = Peer::start("");
    let mut to_master = master.client();
    let (first, second) = (Ours::start("repl-diskless-sync-delay 0"), Ours::start(""));
    let (mut to_first, mut to_second) = (first.client(), second.client());
    follow(&mut to_first, master.port);
    to_master.expect("SELECT 5", "OK");
    to_master.expect("SET a 1", "OK");
    to_first.until("db5", "keys=1,expires=0,avg_ttl=0");
    // It begins anew from a server that does not name the database again.
    follow(&mut to_second, first.addr.port());
    // Nor does one that has only been away for a moment hear of it again.
    to_second.expect("CLIENT KILL TYPE master", "1");
    to_first.until("sync_partial_ok", "1");
    to_second.until("master_link_status", "up");
    to_master.expect("SET b 2", "OK");
    assert_same(&mut to_master, &mut to_second);
    assert_eq!(to_first.info("sync_full"), "1");
}

#[test]
fn data_are_told_by_their_place_only_where_changes_move_it() {
    let master = Peer::start("");
    let mut to_master = master.client();
    to_master.expect("SET k v", "OK");
    let server = Ours::start("");
    let mut client = server.client();
    client.expect("SET own data", "OK");
    let tells_place = |client: &mut Client| {
        client.expect("SAVE", "OK");
        let file = std::fs::read(server.dir.join("dump.rdb")).unwrap();
        file.windows(7).any(|bytes| bytes == b"repl-id")
    };
    // Nobody keeps the stream, so that whatever is written later would have the same place.
    assert!(!tells_place(&mut client));
    follow(&mut client, master.port);
    assert!(tells_place(&mut client));
}

#[test]
fn a_master_without_data_replaces_nothing() {
    let master = Peer::start("");
    let (port, mut to_master) = (master.port, master.client());
    fill(&mut to_master);
    let replica = Ours::start("");
    let mut to_replica = replica.client();
    follow(&mut to_replica, port);
    assert_same(&mut to_master, &mut to_replica);
    let before = to_replica.ask("DEBUG DIGEST");
    drop(master);
    let master = Peer::start_at(port, "");
    to_replica.until("full_resync_rejected", "empty-dataset");
    to_replica.expect("DEBUG DIGEST", &before);
    // A few keys are not what there was.
    let mut to_master = master.client();
    to_master.expect("SET new data", "OK");
    to_replica.until("full_resync_rejected", "shrunken-dataset");
    to_replica.expect("DEBUG DIGEST", &before);
    // Whoever knows better can say so.
    to_replica.expect("CONFIG SET replica-full-resync-min-ratio 0", "OK");
    to_replica.until("master_link_status", "up");
    assert_same(&mut to_master, &mut to_replica);
    to_replica.expect("DBSIZE", "1");
    // What a master of the same history has lost, somebody has removed.
    to_replica.expect("CONFIG SET replica-full-resync-min-ratio 10", "OK");
    to_master.expect("FLUSHALL", "OK");
    to_replica.until_reply("DBSIZE", "0");
}

#[test]
fn who_waits_for_keys_is_told_when_this_is_no_master_any_more() {
    let master = Peer::start("");
    let ours = Ours::start("");
    let (mut waiting, mut other) = (ours.client(), ours.client());
    waiting.send("BLPOP list 0");
    other.until("blocked_clients", "1");
    follow(&mut other, master.port);
    let told = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
    assert_eq!(waiting.hear(), told);
    let again = format!("REPLICAOF 127.0.0.1 {}", master.port);
    other.expect(&again, "OK Already connected to specified master");
    other.expect("REPLICAOF host nonsense", "ERR value is not an integer or out of range");
    other.expect("REPLICAOF host 70000", "ERR Invalid master port");
    assert_eq!(other.ask("CONFIG GET replicaof"), format!("replicaof 127.0.0.1 {}", master.port));
}

#[test]
fn a_password_is_told_and_a_master_is_configured() {
    let master = Peer::start("--requirepass secret");
    let mut to_master = master.client();
    to_master.expect("AUTH secret", "OK");
    fill(&mut to_master);
    let replica = Ours::start(&format!("replicaof 127.0.0.1 {}\nmasterauth secret", master.port));
    let mut to_replica = replica.client();
    to_replica.until("master_link_status", "up");
    assert_same(&mut to_master, &mut to_replica);
    to_replica.expect("CONFIG SET masterauth wrong", "OK");
    to_replica.expect("CLIENT KILL TYPE master", "1");
    to_replica.until("master_link_status", "down");
    to_replica.expect("CONFIG SET masterauth secret", "OK");
    to_replica.until("master_link_status", "up");
}
