//! `bongsu healthcheck check --publish`.

use serde_json::{Value, json};

use super::check::{document, group, kinds, local, words};
use crate::support::etcd::Etcd;
use crate::support::zookeeper::ZooKeeper;
use crate::support::{GROUP, Installation, Program, monitor, wait};

/// What no sentinel publishes to; nothing is compared there.
const OF_ANOTHER_GROUP: &str = "
  - name: other
    type: etcd
    endpoints: http://127.0.0.1:1
    groups: other
";

fn record(master: u16, epoch: u64) -> Value {
    let primary = json!({ "host": "127.0.0.1", "port": master, "tls": false });
    json!({ "group": GROUP, "epoch": epoch, "primary": primary, "replicas": [], "reason": "x", "published_at_ms": 1,
        "publisher": { "id": "a", "addr": "" } })
}

#[test]
fn what_stores_hold_is_held_against_the_sentinels() {
    let mut i = Installation::empty();
    let (etcd, zookeeper) = (Etcd::start(&mut i), ZooKeeper::start(&mut i));
    let master = i.add_node("");
    let publish = format!("publish zk type zookeeper\npublish zk endpoints 127.0.0.1:{}\n", zookeeper.port);
    i.add_sentinel(Program::Ours, &format!("{}{publish}", monitor(GROUP, master)));
    let file = i.home(i.sentinels[0]).join("targets.yaml");
    std::fs::write(
        &file,
        format!(
            "publish:\n  - name: store\n    type: etcd\n    endpoints: http://127.0.0.1:{}\n  - name: zk\n    type: zookeeper\n    \
             endpoints: 127.0.0.1:{}\n{OF_ANOTHER_GROUP}",
            etcd.port, zookeeper.port
        ),
    )
    .unwrap();
    let args = [group(&i), vec!["--publish".to_owned(), file.display().to_string()]].concat();
    let args = words(&args);
    let key = format!("/bongsu/{GROUP}");

    // ZooKeeper holds what the sentinel wrote, etcd what the test puts there.
    wait("the sentinel has published", || {
        let found = super::check::check(&[&args[..], &["--json"]].concat());
        let found: Value = serde_json::from_slice(&found.stdout).ok()?;
        (kinds(&found["findings"]) == ["not-published"]).then_some(())
    });
    let missing = document(&args, 2);
    assert_eq!(missing["findings"][0]["target"], "store", "{missing}");
    let check = |value: &Value, status: i32| {
        etcd.put(&key, &value.to_string());
        document(&args, status)["findings"].clone()
    };
    assert_eq!(check(&record(master, 0), 0), json!([]));
    let elsewhere = check(&record(1, 7), 2);
    assert_eq!(kinds(&elsewhere), ["published-differs"]);
    assert_eq!(elsewhere[0]["primary"], local(1));
    let older = check(&record(master, 7), 1);
    assert_eq!((kinds(&older), &older[0]["epoch"]), (vec!["published-epoch".to_owned()], &json!(7)));
    let foreign = check(&json!("hands off"), 2);
    assert_eq!(kinds(&foreign), ["not-published"]);
    assert!(foreign[0]["instead"].is_string(), "{foreign}");

    // A store that hangs takes no longer than the limit, and one that is gone is told as such.
    etcd.put(&key, &record(master, 0).to_string());
    i.signal(etcd.port, "-STOP");
    let hangs = document(&[&args[..], &["--timeout", "400"]].concat(), 3);
    assert_eq!(kinds(&hangs["findings"]), ["not-comparable"], "{hangs}");
    i.signal(etcd.port, "-CONT");
    i.kill(zookeeper.port);
    let gone = document(&args, 3);
    assert_eq!(
        (kinds(&gone["findings"]), &gone["findings"][0]["what"]),
        (vec!["not-comparable".to_owned()], &json!("zk"))
    );
}

#[test]
fn a_file_that_cannot_be_used_is_no_success() {
    let mut i = Installation::empty();
    let master = i.add_node("");
    i.add_sentinel(Program::Ours, &monitor(GROUP, master));
    let file = i.home(i.sentinels[0]).join("targets.yaml");
    for text in ["publish:\n  - name: a\n    typ: etcd\n".to_owned(), format!("publish:{OF_ANOTHER_GROUP}")] {
        std::fs::write(&file, text).unwrap();
        let args = [group(&i), vec!["--publish".to_owned(), file.display().to_string()]].concat();
        let output = super::check::check(&words(&args));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.starts_with("UNKNOWN: ") && error.contains("targets.yaml"), "{error}");
    }
}
