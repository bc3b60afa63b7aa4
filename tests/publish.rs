//! The new master is shown where clients look besides the sentinels, whatever happens to those who show it.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::collections::HashMap;
use std::process::Command;

use serde_json::Value;
use support::etcd::Etcd;
use support::{GROUP, Installation, Program, command, monitor, wait};

/// Three of our sentinels and a store that they publish to.
struct Published {
    i: Installation,
    etcd: Etcd,
}

impl Published {
    fn start(replicas: usize) -> Self {
        let mut i = Installation::empty();
        let etcd = Etcd::start(&mut i);
        let master = i.add_node("");
        for _ in 0..replicas {
            i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
        }
        for _ in 0..3 {
            i.add_sentinel(Program::Ours, &format!("{}{}", monitor(GROUP, master), directives(etcd)));
        }
        i.wait_until_known();
        let me = Self { i, etcd };
        me.wait_for_record(master, replicas);
        me
    }

    /// The record names this master and so many replicas.
    fn wait_for_record(&self, master: u16, replicas: usize) -> Value {
        wait("the record names the master", || {
            let record = self.etcd.record()?;
            let is_it = record["primary"]["port"] == master && record["replicas"].as_array()?.len() == replicas;
            is_it.then_some(record)
        })
    }

    /// What each sentinel says of the only target.
    fn views(&self) -> Vec<HashMap<String, String>> {
        self.i.sentinels.iter().filter_map(|port| view(*port)).collect()
    }

    fn wait_until_in_sync(&self, epoch: &str) {
        wait("every sentinel finds it in sync", || {
            // Who has seen another content under this epoch looks again in a while only.
            for port in &self.i.sentinels {
                command::<u32>(*port, &["BONGSU", "PUBLISH", GROUP])?;
            }
            let views = self.views();
            let is_done = |view: &HashMap<String, String>| view["state"] == "in-sync" && view["epoch"] == epoch;
            (views.len() == 3 && views.iter().all(is_done)).then_some(())
        });
    }
}

fn directives(etcd: Etcd) -> String {
    format!("publish store type etcd\npublish store endpoints http://127.0.0.1:{}\n", etcd.port)
}

fn view(sentinel: u16) -> Option<HashMap<String, String>> {
    let views: Vec<HashMap<String, String>> = command(sentinel, &["BONGSU", "PUBLICATIONS", GROUP])?;
    views.into_iter().next()
}

fn bongsu(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bongsu")).args(arguments).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[test]
fn a_new_master_is_published_once_and_everybody_knows() {
    let mut p = Published::start(2);
    let old = p.i.nodes[0];
    assert_eq!(p.etcd.record().unwrap()["epoch"], 0);
    p.i.kill(old);
    let new = p.i.wait_for_new_master(old);
    let record = p.wait_for_record(new, 2);
    assert_eq!(record["reason"], "failover");
    assert_eq!(record["replicas"].as_array().unwrap().len(), 2);
    p.wait_until_in_sync(&record["epoch"].to_string());
    let wrote = p.i.sentinels.iter().filter(|port| p.i.log(**port).contains(" failover\n")).count();
    assert_eq!(wrote, 1, "the leader alone writes");
    let (is_fine, text) = bongsu(&["publish", "status", "--sentinel", &format!("127.0.0.1:{}", p.i.sentinels[0])]);
    assert!(is_fine && text.contains("in-sync") && text.contains(&new.to_string()), "{text}");
    let (_, text) = bongsu(&["status", "--sentinel", &format!("127.0.0.1:{}", p.i.sentinels[0])]);
    assert!(text.contains("published: store in-sync"), "{text}");
}

#[test]
fn a_store_that_hangs_holds_up_no_failover_and_catches_up() {
    let mut p = Published::start(2);
    let old = p.i.nodes[0];
    p.i.signal(p.etcd.port, "-STOP");
    p.i.kill(old);
    let new = p.i.wait_for_new_master(old);
    wait("a sentinel says that it fails", || {
        p.views().iter().any(|view| view["state"] == "failing" && view["error"] == "timeout").then_some(())
    });
    let sentinel = format!("127.0.0.1:{}", p.i.sentinels[0]);
    wait("so does the command line", || (!bongsu(&["publish", "status", "--sentinel", &sentinel]).0).then_some(()));
    p.i.signal(p.etcd.port, "-CONT");
    let record = p.wait_for_record(new, 2);
    p.wait_until_in_sync(&record["epoch"].to_string());
}

#[test]
fn a_wiped_store_is_filled_again() {
    let mut p = Published::start(1);
    let before = p.etcd.record().unwrap()["published_at_ms"].as_u64();
    p.etcd.wipe(&mut p.i);
    let sentinel = format!("127.0.0.1:{}", p.i.sentinels[2]);
    let (is_fine, text) = bongsu(&["publish", "now", GROUP, "--sentinel", &sentinel]);
    assert!(is_fine, "{text}");
    let record = p.etcd.record().unwrap();
    assert_eq!(record["primary"]["port"], p.i.nodes[0]);
    // Another sentinel may have come first.
    assert!(record["published_at_ms"].as_u64() > before, "{record}");
    // Nobody is asked: somebody looks from time to time.
    p.etcd.wipe(&mut p.i);
    p.wait_for_record(p.i.nodes[0], 1);
}

#[test]
fn a_leader_that_slept_through_the_next_failover_changes_nothing() {
    let mut p = Published::start(2);
    let first = p.i.nodes[0];
    // What the leader sends arrives late: it is frozen while it waits for the store.
    p.i.signal(p.etcd.port, "-STOP");
    p.i.kill(first);
    let second = p.i.wait_for_new_master(first);
    let leader = wait("a leader", || {
        let led = |port: &&u16| p.i.log(**port).contains("+failover-state-reconf-slaves");
        p.i.sentinels.iter().find(led).copied()
    });
    p.i.signal(leader, "-STOP");
    p.i.signal(p.etcd.port, "-CONT");
    p.i.start_node(first);
    let others: Vec<u16> = p.i.sentinels.iter().copied().filter(|port| *port != leader).collect();
    wait("the first one follows", || (support::info(first, "master_port")? == second.to_string()).then_some(()));
    p.i.kill(second);
    let third = wait("the others agree on a third", || {
        let named: Vec<_> = others.iter().map(|port| support::master_of(*port)).collect();
        (named[0] == named[1] && named[0] != Some(second)).then_some(named[0])?
    });
    let record = p.wait_for_record(third, 2);
    p.i.signal(leader, "-CONT");
    p.wait_until_in_sync(&record["epoch"].to_string());
    assert_eq!(p.etcd.record().unwrap()["primary"]["port"], third);
}

#[test]
fn what_others_put_there_stays_until_an_operator_decides() {
    let mut i = Installation::empty();
    let etcd = Etcd::start(&mut i);
    etcd.put(&format!("/bongsu/{GROUP}"), "\"hands off\"");
    let master = i.add_node("");
    i.add_sentinel(Program::Ours, &format!("{}{}", monitor(GROUP, master), directives(etcd)));
    let sentinel = i.sentinels[0];
    wait("it is foreign", || (view(sentinel)?["state"] == "foreign").then_some(()));
    let address = format!("127.0.0.1:{sentinel}");
    let (is_fine, text) = bongsu(&["publish", "now", GROUP, "--sentinel", &address]);
    assert!(!is_fine && text.contains("is left alone without --force"), "{text}");
    assert_eq!(etcd.record().unwrap(), "hands off");
    let (is_fine, text) = bongsu(&["publish", "now", GROUP, "--sentinel", &address, "--force"]);
    assert!(is_fine, "{text}");
    assert_eq!(etcd.record().unwrap()["primary"]["port"], master);
}

#[test]
fn a_group_that_is_removed_is_published_no_more() {
    let mut i = Installation::empty();
    let etcd = Etcd::start(&mut i);
    let master = i.add_node("");
    i.add_sentinel(Program::Ours, &format!("{}{}", monitor(GROUP, master), directives(etcd)));
    let sentinel = i.sentinels[0];
    let is_in_sync = || (view(sentinel)?["state"] == "in-sync").then_some(());
    wait("it is in sync", is_in_sync);
    let removed: Option<String> = command(sentinel, &["SENTINEL", "REMOVE", GROUP]);
    assert_eq!(removed.as_deref(), Some("OK"));
    let shown = || -> usize {
        let views: Vec<HashMap<String, String>> = command(sentinel, &["BONGSU", "PUBLICATIONS"]).unwrap();
        views.len()
    };
    assert_eq!(shown(), 0);
    let words = ["SENTINEL", "MONITOR", GROUP, "127.0.0.1", &master.to_string(), "1"];
    assert_eq!(command::<String>(sentinel, &words).as_deref(), Some("OK"));
    wait("it is in sync again", is_in_sync);
    assert_eq!(shown(), 1);
}

#[test]
fn a_record_with_a_higher_epoch_is_reported_and_left() {
    let mut i = Installation::empty();
    let etcd = Etcd::start(&mut i);
    let member = r#"{"host":"10.9.9.9","port":6379,"tls":false}"#;
    let record = format!(
        r#"{{"group":"{GROUP}","epoch":99,"primary":{member},"replicas":[],"reason":"x","published_at_ms":1,"publisher":{{"id":"a","addr":""}}}}"#
    );
    etcd.put(&format!("/bongsu/{GROUP}"), &record);
    let master = i.add_node("");
    i.add_sentinel(Program::Ours, &format!("{}{}", monitor(GROUP, master), directives(etcd)));
    let seen = wait("it is superseded", || view(i.sentinels[0]).filter(|view| view["state"] == "superseded"));
    assert_eq!((seen["held-epoch"].as_str(), seen["held"].as_str()), ("99", "10.9.9.9:6379"));
    assert_eq!(etcd.record().unwrap()["epoch"], 99);
}

/// A target that refuses needs an operator; the clients of a hand-over do not wait for that with their writes paused.
#[test]
fn a_target_that_refuses_is_not_waited_for() {
    let mut i = Installation::empty();
    let etcd = Etcd::start(&mut i);
    let master = i.add_node("");
    i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    // This etcd knows no users.
    let refusing = format!(
        "publish refusing type etcd\npublish refusing endpoints http://127.0.0.1:{}\npublish refusing prefix /other\n\
         publish refusing user nobody\npublish refusing password nothing\n",
        etcd.port
    );
    for _ in 0..3 {
        i.add_sentinel(Program::Ours, &format!("{}{}{refusing}", monitor(GROUP, master), directives(etcd)));
    }
    i.wait_until_known();
    let states = |port: &u16| {
        let views: Vec<HashMap<String, String>> = command(*port, &["BONGSU", "PUBLICATIONS", GROUP])?;
        Some(views.iter().map(|view| view["state"].clone()).collect::<Vec<_>>())
    };
    let is_known = |port: &u16| states(port).is_some_and(|states| states == ["in-sync", "failing"]);
    wait("every sentinel knows that one refuses", || i.sentinels.iter().all(is_known).then_some(()));
    // Other things may take their time, too, but not each time.
    wait("a hand-over is shorter than the wait for a target", || {
        let old = support::master_of(i.sentinels[0])?;
        support::ask::<String>(i.sentinels[0], &["FAILOVER", GROUP])?;
        i.wait_for_new_master(old);
        let paused = wait("it is over", || pause_ms(i.sentinels[0]));
        (paused < 250).then_some(())
    });
}

/// For how long the last hand-over that this sentinel led paused writes.
fn pause_ms(sentinel: u16) -> Option<u64> {
    let decisions: Vec<HashMap<String, String>> = command(sentinel, &["BONGSU", "DECISIONS", GROUP])?;
    let paused = |decision: &HashMap<String, String>| {
        decision["decision"].split_once("writes were paused for ")?.1.split(' ').next()?.parse().ok()
    };
    decisions.iter().rev().find_map(paused)
}
