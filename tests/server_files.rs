//! Files and payloads of `redis-server` are read, and it reads ours: every type, in every encoding. And how that looks meanwhile.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "server_files/data.rs"]
mod data;
#[path = "server_files/loading.rs"]
mod loading;
#[path = "server_files/node.rs"]
mod node;
mod support;

use std::path::Path;

use data::{DATABASES, fill};
use node::{Kind, Node, copy};

/// Both directions.
const WAYS: [(Kind, Kind); 2] = [(Kind::Redis, Kind::Ours), (Kind::Ours, Kind::Redis)];

/// Lists of many small nodes, of which only those at the ends are not compressed; and elements that have nodes of their own.
const LISTS: &str = "list-compress-depth 1\nlist-max-listpack-size 5\n";

fn other(kind: Kind) -> Kind {
    if kind == Kind::Ours { Kind::Redis } else { Kind::Ours }
}

/// A server with everything, which is alone in its directory.
fn filled(kind: Kind, dir: &Path, directives: &str) -> Node {
    let node = Node::start(kind, dir, directives);
    if kind == Kind::Redis {
        // Only so are elements put into nodes of their own that are no gigabyte long.
        node.ask::<()>("DEBUG QUICKLIST-PACKED-THRESHOLD 4000b");
    }
    fill(&mut node.connect());
    node
}

/// Both have the same data, in the same encodings as far as both know them.
#[track_caller]
fn assert_alike(one: &Node, two: &Node) {
    for db in DATABASES {
        let (keys, others) = (one.keys(db), two.keys(db));
        assert_eq!(keys.len(), others.len());
        for ((key, kind, encoding, expiry), other) in keys.into_iter().zip(others) {
            let name = key.escape_ascii().to_string();
            assert_eq!((&key, &kind, expiry), (&other.0, &other.1, other.3), "{name}");
            let pair = [encoding.as_str(), other.2.as_str()];
            // Strings that have been edited are raw only until they come from a file, lists of one node are listpacks since 7.2, and
            // so are small sets.
            let is_known_to_one = pair.contains(&"listpack") && matches!(kind.as_str(), "set" | "list");
            let is_text = kind == "string" && pair.iter().all(|encoding| matches!(*encoding, "raw" | "embstr"));
            assert!(pair[0] == pair[1] || is_known_to_one || is_text, "{name}: {pair:?}");
        }
    }
    assert_eq!(one.digest(), two.digest());
}

#[test]
fn snapshots_go_both_ways() {
    for (writer, reader) in WAYS {
        for directives in ["", LISTS, "rdbcompression no\nrdbchecksum no\n"] {
            let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let one = filled(writer, dirs[0].path(), directives);
            one.ask::<()>("SAVE");
            copy(dirs[0].path(), dirs[1].path());
            let two = Node::start(reader, dirs[1].path(), directives);
            assert_alike(&one, &two);
            // And back.
            two.ask::<()>("SAVE");
            copy(dirs[1].path(), dirs[2].path());
            let three = Node::start(writer, dirs[2].path(), directives);
            assert_alike(&two, &three);
        }
    }
}

#[test]
fn logs_go_both_ways() {
    for (writer, reader) in WAYS {
        for form in ["aof-use-rdb-preamble yes\n", "aof-use-rdb-preamble no\naof-timestamp-enabled yes\n"] {
            let directives = format!("appendonly yes\nappendfsync always\n{form}");
            let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let one = filled(writer, dirs[0].path(), &directives);
            copy(dirs[0].path(), dirs[1].path());
            let two = Node::start(reader, dirs[1].path(), &directives);
            assert_alike(&one, &two);
            // On goes the log, is written anew, and goes on again; then it goes back.
            two.ask::<()>("RPUSH list:long one more");
            two.ask::<()>("BGREWRITEAOF");
            support::wait("the log is rewritten", || {
                let is_idle = two.info("aof_rewrite_in_progress") == "0" && two.info("aof_rewrite_scheduled") == "0";
                (is_idle && two.info("aof_last_bgrewrite_status") == "ok").then_some(())
            });
            two.ask::<()>("HSET hash:2000 one more");
            copy(dirs[1].path(), dirs[2].path());
            let three = Node::start(writer, dirs[2].path(), &directives);
            assert_alike(&two, &three);
        }
    }
}

#[test]
fn payloads_go_both_ways() {
    for (writer, reader) in WAYS {
        for directives in ["", LISTS] {
            let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let one = filled(writer, dirs[0].path(), directives);
            let two = Node::start(reader, dirs[1].path(), directives);
            for db in DATABASES {
                let (mut from, mut to) = (one.connect(), two.connect());
                for connection in [&mut from, &mut to] {
                    redis::cmd("SELECT").arg(db).exec(connection).unwrap();
                }
                for (key, _, _, expiry) in one.keys(db) {
                    let payload = one.dump(&mut from, &key);
                    let mut restore = redis::cmd("RESTORE");
                    restore.arg(&key).arg(expiry.max(0)).arg(payload).arg("ABSTTL");
                    restore.exec(&mut to).unwrap_or_else(|error| panic!("{}: {error}", key.escape_ascii()));
                }
            }
            assert_alike(&one, &two);
        }
    }
}

/// What is over when the file is read is left out, and by both.
#[test]
fn keys_whose_time_is_over_are_left_out() {
    for (writer, reader) in WAYS {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let one = Node::start(writer, dirs[0].path(), "");
        one.ask::<()>("DEBUG SET-ACTIVE-EXPIRE 0");
        one.ask::<()>("SET stays 1");
        one.ask::<()>("SET goes 1 PX 1");
        one.ask::<()>("SAVE");
        copy(dirs[0].path(), dirs[1].path());
        let two = Node::start(reader, dirs[1].path(), "");
        assert_eq!((two.ask::<u64>("DBSIZE"), two.ask::<String>("GET stays")), (1, "1".to_owned()));
    }
}

/// What cannot be kept is no reason to go on without it.
#[test]
fn a_file_with_something_unknown_is_refused_with_its_name() {
    let library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    let cases: [(&[&[u8]], &str); 2] = [
        (&[b"XADD", b"the stream", b"1-1", b"f", b"v"], "stream"),
        (&[b"FUNCTION", b"LOAD", library.as_bytes()], "functions are not supported"),
    ];
    for (request, said) in cases {
        for directives in ["", "appendonly yes\nappendfsync always\n"] {
            let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let redis = Node::start(Kind::Redis, dirs[0].path(), directives);
            redis.try_ask::<redis::Value>(request).unwrap();
            let is_log = !directives.is_empty();
            if !is_log {
                redis.ask::<()>("SAVE");
            }
            copy(dirs[0].path(), dirs[1].path());
            let mut ours = Node::launch(Kind::Ours, dirs[1].path(), directives);
            assert_eq!(ours.wait_for_end(), Some(1));
            let (log, name) = (ours.log(), String::from_utf8_lossy(request[0]).into_owned());
            assert!(log.contains(if is_log { &name } else { said }), "{log}");
            // And the file is as it was.
            let again = Node::start(other(ours.kind), dirs[1].path(), directives);
            assert_eq!(again.digest(), redis.digest());
        }
    }
}
