//! What a server says while it loads its data, beside `redis-server`, and how it ends then.

use std::fs;
use std::path::Path;
use std::process::Command;

use redis::Value;

use super::node::{Kind, Node, copy};
use super::support::{self, wait};

const KINDS: [Kind; 2] = [Kind::Ours, Kind::Redis];

/// So slow that it does not come to its end, and often enough at hand to be asked.
const SLOWLY: &str = "key-load-delay 5000\nloading-process-events-interval-bytes 1024\n";

const KEYS: usize = 20_000;

/// Redis hears nobody for a thousand commands of a log, however long each takes.
fn kinds(directives: &str) -> &'static [Kind] {
    if directives.starts_with("appendonly") { &[Kind::Ours] } else { &KINDS }
}

/// A directory with a snapshot, or with a log.
fn data(directives: &str) -> tempfile::TempDir {
    let (made, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let node = Node::start(Kind::Redis, made.path(), directives);
    let mut connection = node.connect();
    let mut pipeline = redis::pipe();
    for n in 0..KEYS {
        pipeline.cmd("SET").arg(format!("key:{n}")).arg(n.to_string().repeat(10)).ignore();
    }
    pipeline.exec(&mut connection).unwrap();
    if directives.is_empty() {
        node.ask::<()>("SAVE");
    }
    copy(made.path(), dir.path());
    dir
}

/// A server that is loading a copy of these data.
fn loading(kind: Kind, data: &Path, directives: &str) -> (Node, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    copy(data, dir.path());
    let node = Node::launch(kind, dir.path(), &format!("{SLOWLY}{directives}"));
    wait("it is loading", || {
        let text: String = redis::cmd("INFO").arg("persistence").query(&mut support::connect(node.port)?).ok()?;
        let has = |field: &str| text.lines().any(|line| line.trim() == field);
        (has("loading:1") && !has("loading_loaded_bytes:0")).then_some(())
    });
    (node, dir)
}

/// The kind of a reply, and of an error its text.
fn answer(node: &Node, line: &str) -> String {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    match node.try_ask::<Value>(&words) {
        Ok(_) => "a reply".to_owned(),
        Err(error) => format!("{} {}", error.code().unwrap_or_default(), error.detail().unwrap_or_default()),
    }
}

#[test]
fn commands_are_refused_or_answered_as_redis_does() {
    let data = data("");
    let nodes = KINDS.map(|kind| loading(kind, data.path(), ""));
    for line in [
        "PING",
        "GET key:1",
        "SET a b",
        "DBSIZE",
        "INFO",
        "CONFIG GET port",
        "CONFIG SET maxclients 100",
        "CLIENT LIST",
        "CLIENT ID",
        "COMMAND COUNT",
        "ECHO hi",
        "SELECT 1",
        "AUTH wrong",
        "HELLO 3",
        "MULTI",
        "SUBSCRIBE channel",
        "PUBLISH channel message",
        "PUBSUB CHANNELS",
        "SAVE",
        "BGSAVE",
        "BGREWRITEAOF",
        "LASTSAVE",
        "FLUSHALL",
        "KEYS *",
        "TIME",
        "ROLE",
        "REPLICAOF NO ONE",
        "WAIT 0 0",
        "SLOWLOG GET",
        "LATENCY LATEST",
        "MEMORY USAGE key:1",
        "ACL WHOAMI",
        "OBJECT ENCODING key:1",
        "DEBUG JMAP",
        "RESET",
        "WATCH key:1",
        "UNWATCH",
        "READONLY",
        "NO SUCH",
        "EXEC",
        "DISCARD",
    ] {
        let [ours, redis] = [0, 1].map(|index: usize| answer(&nodes[index].0, line));
        assert_eq!(ours, redis, "{line}");
    }
}

#[test]
fn progress_is_told() {
    for directives in ["", "appendonly yes\n"] {
        let data = data(directives);
        for &kind in kinds(directives) {
            let (node, dir) = loading(kind, data.path(), directives);
            let number = |name: &str| node.info(name).parse::<f64>().unwrap();
            let file = if directives.is_empty() { "dump.rdb" } else { "appendonlydir" };
            let mut size = fs::metadata(dir.path().join(file)).unwrap().len();
            if !directives.is_empty() {
                let files = fs::read_dir(dir.path().join(file)).unwrap().flatten();
                let is_log = |name: &str| name.ends_with(".aof") || name.ends_with(".rdb");
                let logs = files.filter(|file| is_log(&file.file_name().to_string_lossy()));
                size = logs.map(|file| file.metadata().unwrap().len()).sum();
            }
            assert_eq!(number("loading_total_bytes"), size as f64, "{kind:?}");
            let first = number("loading_loaded_bytes");
            assert!(first > 0.0 && first <= size as f64, "{kind:?}: {first}");
            let percent = number("loading_loaded_perc");
            assert!(percent > 0.0 && percent <= 100.0, "{kind:?}: {percent}");
            assert!(number("loading_eta_seconds") >= 0.0 && number("loading_start_time") > 1e9, "{kind:?}");
            assert_eq!((number("async_loading"), number("loading")), (0.0, 1.0), "{kind:?}");
            // And it goes on at once, without delay.
            node.ask::<()>("CONFIG SET key-load-delay 0");
            wait("it has loaded its data", || (node.info("loading") == "0").then_some(()));
            assert_eq!(node.ask::<usize>("DBSIZE"), KEYS, "{kind:?}");
        }
    }
}

/// Half of the data never take the place of all of them.
#[test]
fn ending_amid_the_data_leaves_them_as_they_are() {
    for directives in ["", "save 1 1\n", "appendonly yes\n"] {
        let data = data(if directives.starts_with("save") { "" } else { directives });
        for &kind in kinds(directives) {
            for end in ["SIGTERM", "SHUTDOWN", "SHUTDOWN SAVE"] {
                let (mut node, dir) = loading(kind, data.path(), directives);
                if end == "SIGTERM" {
                    assert!(Command::new("kill").arg(node.id().to_string()).status().unwrap().success());
                } else {
                    let _closed = answer(&node, end);
                }
                assert_eq!(node.wait_for_end(), Some(0), "{kind:?} {end}: {}", node.log());
                let again = Node::start(kind, dir.path(), directives);
                assert_eq!(again.ask::<usize>("DBSIZE"), KEYS, "{kind:?} {end} {directives}");
            }
        }
    }
}
