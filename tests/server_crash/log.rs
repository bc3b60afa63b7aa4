//! The append-only log when the disk cannot be trusted, and when it is switched off and on.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::node::{Node, ask};
use super::support::data_server::words;
use super::support::wait;

/// Values that a new base needs more room for than there is.
const VALUES: usize = 80;
const VALUE_BYTES: usize = 5000;

/// The file that the stream goes into.
fn stream_file(node: &Node) -> PathBuf {
    let name = node.files().into_iter().filter(|name| name.ends_with(".incr.aof")).max().expect("a file");
    node.data().join("appendonlydir").join(name)
}

#[test]
fn what_the_disk_may_have_lost_is_not_promised_before_a_new_base_has_it() {
    let directives = "appendonly yes\nappendfsync everysec\nrdbcompression no\n";
    let mut node = Node::on_small_disk(directives, 1024);
    node.start();
    for key in 0..VALUES {
        node.ask(&format!("SET {key} {}", "x".repeat(VALUE_BYTES)));
    }
    node.ask("BGREWRITEAOF");
    node.wait_for("aof_rewrite_in_progress", "0");
    // Nobody is left to answer.
    drop(ask(&mut node.wire(), "SHUTDOWN"));
    node.end();
    // What is written there is taken, and cannot be brought to disk.
    let stream = stream_file(&node);
    fs::remove_file(&stream).unwrap();
    symlink("/dev/null", &stream).unwrap();
    node.start();
    let (spare, filler) = (node.data().join("spare"), node.data().join("filler"));
    fs::write(&spare, vec![0; 100 * 1024]).unwrap();
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    fs::remove_file(spare).unwrap();
    let mut wire = node.wire();
    ask(&mut wire, "SET k promised").unwrap();
    node.wait_for("aof_last_bgrewrite_status", "err");
    assert_eq!(node.info("aof_rewrite_scheduled"), "1", "the log cannot do without");
    node.wait_for("aof_last_write_status", "ok");
    let copies = ask(&mut wire, "WAITAOF 1 0 50").unwrap();
    assert!(copies.has("0") && !copies.has("1"), "{copies:?}");
    drop(file);
    fs::remove_file(filler).unwrap();
    node.ask("BGREWRITEAOF");
    assert!(ask(&mut wire, "WAITAOF 1 0 0").unwrap().has("1"));
    node.kill();
    node.start();
    assert_eq!(node.ask("GET k").text(), "promised");
    assert_eq!(node.ask("DBSIZE").text(), (VALUES + 1).to_string());
}

#[test]
fn a_log_that_is_switched_off_and_on_again_at_once_is_whole() {
    for policy in ["always", "everysec"] {
        let mut node = Node::new(&format!("appendonly yes\nappendfsync {policy}\n"));
        node.start();
        let mut wire = node.wire();
        for round in 0..10 {
            let lines = [
                format!("RPUSH list a{round}"),
                "CONFIG SET appendonly no".to_owned(),
                format!("RPUSH list b{round}"),
                "CONFIG SET appendonly yes".to_owned(),
                format!("RPUSH list c{round}"),
            ];
            let requests: Vec<_> = lines.iter().map(|line| words(line)).collect();
            assert!(requests.iter().all(|request| wire.send(request)));
            for line in &lines {
                assert!(!wire.read(line).expect("an answer").is_error());
            }
            assert!(ask(&mut wire, "WAITAOF 1 0 0").unwrap().has("1"), "what comes behind is durable");
        }
        wait("nothing is left over", || (!node.files().iter().any(|name| name.starts_with("temp-"))).then_some(()));
        node.kill();
        node.start();
        assert_eq!(node.ask("LLEN list").text(), "30");
        assert_eq!(node.ask("CONFIG SET appendonly no").text(), "OK");
        node.is_tidy();
    }
}
