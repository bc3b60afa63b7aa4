//! A data server is killed at any moment, and comes back with what it has promised.
//!
//! `BONGSU_KILLS=N` kills N times as often.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "server_crash/disk.rs"]
mod disk;
#[path = "server_crash/load.rs"]
mod load;
#[path = "server_crash/log.rs"]
mod log;
#[path = "server_crash/node.rs"]
mod node;
mod support;
#[path = "server_crash/sync.rs"]
mod sync;

use std::time::{Duration, Instant};

use load::{Load, list_of};
use node::Node;
use support::resp::Wire;
use support::wait;

/// Clients that append at the same time.
const CLIENTS: usize = 3;

/// With `appendfsync everysec`: what was acknowledged so long before the last acknowledgement is there. If the disk stands still for longer,
/// nothing more is acknowledged.
const LOSS_MAX: Duration = Duration::from_secs(2);

/// Number of kills.
fn kills(few: usize) -> usize {
    let factor = std::env::var("BONGSU_KILLS").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    few * factor
}

/// A number that looks random and is the same in every run.
fn scatter(round: usize) -> u64 {
    let mut x = round as u64 ^ 0x9e37_79b9_7f4a_7c15;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Until a moment that is another one in every round, after something was acknowledged.
fn let_it_run(load: &Load, round: usize) {
    wait("something is acknowledged", || (load.len() > 20).then_some(()));
    std::thread::sleep(Duration::from_micros(scatter(round) % 60_000));
}

/// Does this to a server over and over until it is gone.
fn pester(node: &Node, lines: &'static [&str]) -> std::thread::JoinHandle<()> {
    let mut wire = node.wire();
    std::thread::spawn(move || while lines.iter().all(|line| tell(&mut wire, line)) {})
}

/// False if nobody listens any more. Refusals are answers.
fn tell(wire: &mut Wire, line: &str) -> bool {
    node::ask(wire, line).is_some()
}

/// Kills a server with a log in the middle of all this, and looks every time.
fn survives(kills: usize, directives: &str, lines: &'static [&str], may_lose: Option<Duration>) {
    let mut node = Node::new(&format!("appendonly yes\n{directives}"));
    let mut before: Option<(usize, usize)> = None;
    node.start();
    for round in 0..kills {
        let (load, other) = (Load::start(&node, round, CLIENTS), pester(&node, lines));
        let_it_run(&load, round);
        // It is not gone before the disk has done what it was told.
        let killed = Instant::now();
        node.kill();
        let promise = load.end();
        other.join().unwrap();
        node.snapshot_is_whole();
        node.start();
        node.is_tidy();
        let kept = promise.is_kept_by(&node, may_lose.map(|loss| promise.last_until(killed) - loss));
        if let Some((round, kept)) = before {
            assert_eq!(list_of(&node, round).len(), kept, "what was there after the start before this one");
        }
        before = Some((round, kept));
    }
}

#[test]
fn with_always_nothing_that_was_acknowledged_is_lost() {
    survives(kills(45), "appendfsync always\n", &["PING"], None);
}

#[test]
fn with_always_nothing_is_lost_while_the_log_is_written_anew() {
    survives(kills(45), "appendfsync always\n", &["BGREWRITEAOF"], None);
    survives(
        kills(15),
        "appendfsync always\naof-use-rdb-preamble no\nrdb-key-save-delay 100\n",
        &["BGREWRITEAOF"],
        None,
    );
}

#[test]
fn with_everysec_the_end_may_be_missing_and_nothing_else() {
    survives(kills(40), "appendfsync everysec\n", &["BGREWRITEAOF", "BGSAVE"], Some(LOSS_MAX));
}

#[test]
fn without_syncs_what_is_there_is_a_beginning() {
    survives(kills(30), "appendfsync no\n", &["BGSAVE", "BGREWRITEAOF", "BGSAVE SCHEDULE"], Some(LOSS_MAX));
}

/// On one connection it is known what comes before a snapshot and what behind it.
#[test]
fn without_a_log_exactly_the_last_snapshot_is_there() {
    let mut node = Node::new("rdb-key-save-delay 200\n");
    node.start();
    for round in 0..kills(30) {
        for key in 0..20 {
            node.ask(&format!("SET filler:{key} {round}"));
        }
        // How long the list was when the last snapshot that is complete was begun, and when the one under way was.
        let (mut wire, mut complete, mut under_way, mut len) = (node.wire(), 0, 0, 0);
        let until = Instant::now() + Duration::from_micros(20_000 + scatter(round) % 60_000);
        while Instant::now() < until {
            for _ in 0..10 {
                node::ask(&mut wire, &format!("RPUSH list:{round} 0:{len}")).unwrap();
                len += 1;
            }
            if node.info("rdb_bgsave_in_progress") == "0" {
                complete = under_way;
                assert!(!node::ask(&mut wire, "BGSAVE").unwrap().is_error());
                under_way = len;
            }
        }
        node.kill();
        node.snapshot_is_whole();
        node.start();
        node.is_tidy();
        let kept = list_of(&node, round).len();
        assert!(kept == complete || kept == under_way, "{kept}, and neither {complete} nor {under_way}");
    }
}

/// There is a log that holds what this connection writes.
fn wait_for_log(wire: &mut Wire) {
    node::ask(wire, "SET something new").unwrap();
    let answer = node::ask(wire, "WAITAOF 1 0 0").unwrap();
    assert!(answer.has("1"), "{answer:?}");
}

/// Whatever becomes of the log that is begun and given up again and again, the one that is complete is there.
#[test]
fn a_log_that_is_turned_on_holds_what_is_acknowledged_once_it_is_complete() {
    let mut node = Node::new("appendonly yes\nappendfsync always\n");
    node.start();
    for round in 0..kills(15) {
        let toggles: &[&str] = &["CONFIG SET appendonly no", "CONFIG SET appendonly yes", "BGSAVE"];
        let (load, other) = (Load::start(&node, round, CLIENTS), pester(&node, toggles));
        let_it_run(&load, round);
        node.kill();
        let _promises_nothing = load.end();
        other.join().unwrap();
        node.snapshot_is_whole();
        node.start();
        node.is_tidy();
        assert!(load::has_no_gaps(&list_of(&node, round)));
        node.ask("CONFIG SET appendonly no");
        let load = Load::start(&node, round + 1_000_000, CLIENTS);
        node.ask("CONFIG SET appendonly yes");
        wait_for_log(&mut node.wire());
        let_it_run(&load, round);
        node.kill();
        let promise = load.end();
        node.start();
        promise.is_kept_by(&node, None);
    }
}

/// What changes while the log waits for its base is in the base, and is not done again.
#[test]
fn what_happens_before_the_base_is_begun_is_not_done_twice() {
    let mut node = Node::new("");
    node.start();
    node.ask("DEBUG POPULATE 100");
    node.ask("CONFIG SET rdb-key-save-delay 5000");
    node.ask("BGSAVE");
    node.ask("CONFIG SET appendonly yes appendfsync always");
    let mut wire = node.wire();
    for line in ["INCR n", "RPUSH l x"].repeat(10) {
        node::ask(&mut wire, line).unwrap();
    }
    node.ask("CONFIG SET rdb-key-save-delay 0");
    wait_for_log(&mut wire);
    node.kill();
    node.configure("appendonly yes\n");
    node.start();
    assert_eq!((node.ask("GET n").text(), node.ask("LLEN l").text()), ("10", "10"));
}

/// A snapshot that was given up is not complete later, behind a newer one.
#[test]
fn what_was_given_up_never_takes_the_place_of_what_is_newer() {
    for round in 0..kills(10) {
        let mut node = Node::new("");
        node.start();
        node.ask("DEBUG POPULATE 200");
        node.ask("CONFIG SET rdb-key-save-delay 100");
        node.ask("BGSAVE");
        std::thread::sleep(Duration::from_micros(scatter(round) % 25_000));
        node.ask("FLUSHALL");
        node.ask("CONFIG SET rdb-key-save-delay 0");
        node.ask("SET k v");
        assert_eq!(node.ask("SAVE").text(), "OK");
        node.kill();
        node.start();
        assert_eq!((node.ask("DBSIZE").text(), node.ask("GET k").text()), ("1", "v"));
    }
}

/// What a process has left behind that was killed while it wrote.
#[test]
fn what_was_never_complete_goes_at_the_next_start() {
    let mut node = Node::new("appendonly yes\n");
    node.start();
    let mut wire = node.wire();
    (0..100).for_each(|key| drop(node::ask(&mut wire, &format!("SET {key} x"))));
    assert!(node::ask(&mut wire, "WAITAOF 1 0 0").expect("an answer").has("1"));
    node.ask("CONFIG SET rdb-key-save-delay 100000");
    node.ask("BGSAVE");
    wait("it writes", || node.files().iter().any(|name| name.starts_with("temp-")).then_some(()));
    node.kill();
    node.start();
    node.is_tidy();
    node.ask("CONFIG SET rdb-key-save-delay 100000");
    node.ask("BGREWRITEAOF");
    wait("it writes", || node.files().iter().any(|name| name.starts_with("temp-")).then_some(()));
    node.kill();
    node.start();
    node.is_tidy();
    assert_eq!(node.ask("DBSIZE").text(), "100");
}

/// Files that were about to take the place of others, and those that were renamed for a manifest that was never written.
#[test]
fn what_no_manifest_names_goes_at_the_next_start() {
    const NOBODY: u32 = u32::MAX;
    let mut node = Node::new("appendonly yes\nappendfsync always\namnesia-guard no\n");
    node.start();
    node.ask("SET k v");
    node.wait_for("aof_rewrite_in_progress", "0");
    node.kill();
    let (data, log) = (node.data().to_owned(), node.data().join("appendonlydir"));
    assert!(log.join("appendonly.aof.1.incr.aof").exists() && log.join("appendonly.aof.1.base.rdb").exists());
    let left = [
        data.join(format!("node.state.{NOBODY}.temp")),
        log.join(format!("appendonly.aof.manifest.{NOBODY}.temp")),
        log.join("appendonly.aof.2.incr.aof"),
        log.join("appendonly.aof.2.base.rdb"),
    ];
    left.iter().for_each(|path| std::fs::write(path, "not all of it").unwrap());
    // Files of others.
    let kept = [data.join("node.state.241121"), log.join("appendonly.aof.7.base.rdb"), log.join("notes")];
    kept.iter().for_each(|path| std::fs::write(path, "").unwrap());
    node.start();
    assert!(!left.iter().any(|path| path.exists()), "{:?}", node.files());
    assert!(kept.iter().all(|path| path.exists()), "{:?}", node.files());
    assert_eq!(node.ask("GET k").text(), "v");
    // Without its manifest nobody knows what is what, and what is there may be the last copy.
    node.kill();
    std::fs::remove_file(log.join("appendonly.aof.manifest")).unwrap();
    let copies = ["1.base.rdb", "1.incr.aof"].map(|name| log.join(format!("appendonly.aof.{name}")));
    let before = copies.each_ref().map(|path| std::fs::read(path).unwrap());
    for _ in 0..2 {
        node.start();
        assert_eq!(node.ask("DBSIZE").text(), "0");
        node.ask("BGREWRITEAOF");
        node.wait_for("aof_rewrite_in_progress", "0");
        node.kill();
        assert_eq!(copies.each_ref().map(|path| std::fs::read(path).unwrap()), before);
    }
}
