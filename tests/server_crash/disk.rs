//! A disk that is full, and a directory that goes: the server says so, loses nothing that it promised, and recovers.

use std::fs::{self, File};
use std::io::Write;

use super::load::Load;
use super::node::{Node, ask};
use super::support::wait;

/// Size of the disk, in KiB.
const SIZE_KIB: u32 = 1024;

/// Takes all room that is left.
fn fill(node: &Node) {
    let mut filler = File::create(node.data().join("filler")).unwrap();
    for size in [4096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
}

fn make_room(node: &Node) {
    fs::remove_file(node.data().join("filler")).unwrap();
}

fn is_refused(node: &Node) -> bool {
    let answer = node.ask("SET refused x");
    assert!(!answer.is_error() || answer.text().starts_with("MISCONF "), "{answer:?}");
    answer.is_error()
}

#[test]
fn a_snapshot_that_finds_no_room_is_told_of_and_harms_nothing() {
    let mut node = Node::on_small_disk("save 3600 100000\n", SIZE_KIB);
    node.start();
    node.ask("SET saved yes");
    assert_eq!(node.ask("SAVE").text(), "OK");
    fill(&node);
    node.ask("SET saved no");
    node.ask("BGSAVE");
    node.wait_for("rdb_last_bgsave_status", "err");
    assert!(is_refused(&node) && !node.ask("GET saved").is_error());
    assert!(node.ask("SAVE").is_error());
    assert!(node.snapshot_is_whole());
    node.is_tidy();
    node.kill();
    node.start();
    assert_eq!(node.ask("GET saved").text(), "yes");
    node.ask("BGSAVE");
    node.wait_for("rdb_last_bgsave_status", "err");
    make_room(&node);
    node.ask("BGSAVE");
    node.wait_for("rdb_last_bgsave_status", "ok");
    assert!(!is_refused(&node));
    assert!(node.snapshot_is_whole());
}

#[test]
fn a_log_that_finds_no_room_goes_on_when_there_is_some() {
    let mut node = Node::on_small_disk("appendonly yes\nappendfsync everysec\n", SIZE_KIB);
    node.start();
    node.ask("SET first 1");
    fill(&node);
    // What is accepted until it is known that there is no room is written later.
    let mut wire = node.wire();
    let accepted =
        (0..).take_while(|n| !ask(&mut wire, &format!("RPUSH list {n}{}", "x".repeat(5000))).unwrap().is_error());
    let accepted = accepted.count();
    assert_eq!(node.info("aof_last_write_status"), "err");
    assert!(is_refused(&node) && node.ask("GET first").text() == "1");
    assert!(node.ask("SHUTDOWN").is_error(), "it would lose what is not written");
    // A log that is begun anew needs room as well.
    node.ask("BGREWRITEAOF");
    node.wait_for("aof_last_bgrewrite_status", "err");
    make_room(&node);
    node.wait_for("aof_last_write_status", "ok");
    assert!(!is_refused(&node));
    node.kill();
    node.start();
    node.is_tidy();
    assert_eq!(node.ask("LLEN list").text(), accepted.to_string());
    assert!(!node.ask("BGREWRITEAOF").is_error());
    node.wait_for("aof_rewrite_in_progress", "0");
    node.wait_for("aof_last_bgrewrite_status", "ok");
    node.kill();
    node.start();
    assert_eq!(node.ask("LLEN list").text(), accepted.to_string());
}

#[test]
fn with_always_a_server_that_cannot_write_ends_and_has_everything() {
    let mut node = Node::on_small_disk("appendonly yes\nappendfsync always\n", SIZE_KIB);
    node.start();
    let load = Load::start(&node, 0, 3);
    wait("something is acknowledged", || (load.len() > 100).then_some(()));
    fill(&node);
    assert_eq!(node.end(), Some(1));
    let promise = load.end();
    let log = node.log();
    assert!(
        log.contains("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."),
        "{log}"
    );
    make_room(&node);
    node.start();
    promise.is_kept_by(&node, None);
}

#[test]
fn without_its_directory_it_lives_on_and_saves_when_there_is_one() {
    let mut node = Node::new("save 3600 100000\n");
    node.start();
    node.ask("SET k v");
    fs::remove_dir_all(node.data()).unwrap();
    assert_eq!(node.ask("BGSAVE").text(), "Background saving started");
    node.wait_for("rdb_last_bgsave_status", "err");
    assert!(is_refused(&node));
    assert!(node.ask("SHUTDOWN").is_error());
    assert!(node.ask("CONFIG SET appendonly yes").is_error());
    assert_eq!(node.info("aof_enabled"), "0");
    fs::create_dir(node.data()).unwrap();
    node.ask("BGSAVE");
    node.wait_for("rdb_bgsave_in_progress", "0");
    assert_eq!((node.info("rdb_last_bgsave_status").as_str(), is_refused(&node)), ("ok", false));
    node.kill();
    node.start();
    assert_eq!(node.ask("GET k").text(), "v");
}

#[test]
fn a_log_whose_directory_goes_is_whole_once_there_is_another() {
    let mut node = Node::new("appendonly yes\n");
    node.start();
    node.ask("SET k v");
    fs::remove_dir_all(node.data().join("appendonlydir")).unwrap();
    node.ask("BGREWRITEAOF");
    node.wait_for("aof_last_bgrewrite_status", "err");
    fs::create_dir(node.data().join("appendonlydir")).unwrap();
    assert!(!node.ask("BGREWRITEAOF").is_error());
    node.wait_for("aof_last_bgrewrite_status", "ok");
    let mut wire = node.wire();
    ask(&mut wire, "SET k w").unwrap();
    assert!(ask(&mut wire, "WAITAOF 1 0 0").unwrap().has("1"));
    node.kill();
    node.start();
    assert_eq!(node.ask("GET k").text(), "w");
}

#[test]
fn a_signal_ends_it_while_it_loads() {
    let mut node = Node::new("");
    node.start();
    for key in 0..100 {
        node.ask(&format!("SET {key} x"));
    }
    assert_eq!(node.ask("SAVE").text(), "OK");
    node.kill();
    node.configure("key-load-delay 1000000\nloading-process-events-interval-bytes 1024\n");
    node.launch();
    wait("it loads", || {
        std::net::TcpStream::connect(("127.0.0.1", node.port)).ok()?;
        ask(&mut node.wire(), "GET 1")?.text().starts_with("LOADING ").then_some(())
    });
    assert_eq!(node.info("loading"), "1");
    assert!(node.info("loading_total_bytes").parse::<u64>().unwrap() > 100);
    node.signal("TERM");
    assert_eq!(node.end(), Some(0));
    node.configure("");
    node.start();
    assert_eq!(node.ask("DBSIZE").text(), "100");
}
