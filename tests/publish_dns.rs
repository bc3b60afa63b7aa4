//! Clients that know the master only by its name in DNS, on a real BIND.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use support::bind::Bind;
use support::{GROUP, Installation, Program, ask, command, connect, monitor, wait};

fn start(replicas: usize) -> (Installation, Bind) {
    let mut i = Installation::empty();
    let bind = Bind::start(&mut i);
    let master = i.add_node("");
    for _ in 0..replicas {
        i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    }
    for _ in 0..3 {
        i.add_sentinel(Program::Ours, &format!("{}{}", monitor(GROUP, master), bind.directives()));
    }
    i.wait_until_known();
    wait("the name leads to the master", || (bind.port_of_master()? == master).then_some(()));
    (i, bind)
}

/// What a client saw that looks the name up whenever its connection breaks.
#[derive(Default, Debug)]
struct Seen {
    acknowledged: u64,
    refused: Vec<String>,
}

fn write_until(stop: &AtomicBool, bind: Bind) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let Some(mut connection) = bind.port_of_master().and_then(connect) else { continue };
        while !stop.load(Ordering::Relaxed) {
            match redis::cmd("INCR").arg("counter").query::<u64>(&mut connection) {
                Ok(_) => seen.acknowledged += 1,
                Err(error) if error.code().is_some() => seen.refused.push(error.to_string()),
                Err(_) => break,
            }
        }
    }
    seen
}

#[test]
fn a_client_by_name_passes_a_switchover_without_a_refused_or_lost_write() {
    let (i, bind) = start(2);
    let old = i.nodes[0];
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let stop = stop.clone();
            thread::spawn(move || write_until(&stop, bind))
        })
        .collect();
    wait("there are writes", || (command::<u64>(old, &["GET", "counter"])? > 100).then_some(()));
    wait("the hand-over is accepted", || ask::<String>(i.sentinels[0], &["FAILOVER", GROUP]));
    let new = i.wait_for_new_master(old);
    let before: u64 = command(new, &["GET", "counter"]).unwrap_or_default();
    wait("they write to the new one", || (command::<u64>(new, &["GET", "counter"])? > before + 100).then_some(()));
    stop.store(true, Ordering::Relaxed);
    let seen: Vec<Seen> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    let refused: Vec<&String> = seen.iter().flat_map(|seen| &seen.refused).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let acknowledged: u64 = seen.iter().map(|seen| seen.acknowledged).sum();
    let kept: u64 = command(new, &["GET", "counter"]).unwrap();
    assert!(kept >= acknowledged, "{kept} of {acknowledged} kept");
    assert_eq!(bind.port_of_master(), Some(new));
}

#[test]
fn a_name_follows_a_master_that_was_killed() {
    let (mut i, bind) = start(1);
    let old = i.nodes[0];
    i.kill(old);
    let new = i.wait_for_new_master(old);
    wait("the name leads to the new one", || (bind.port_of_master()? == new).then_some(()));
}

#[test]
fn a_name_server_that_is_away_during_a_failover_learns_of_it() {
    let (mut i, bind) = start(1);
    let old = i.nodes[0];
    i.signal(bind.port, "-STOP");
    i.kill(old);
    let new = i.wait_for_new_master(old);
    i.signal(bind.port, "-CONT");
    wait("the name leads to the new one", || (bind.port_of_master()? == new).then_some(()));
}

fn bongsu(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bongsu")).args(arguments).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

/// What a zone holds beforehand stays, is told, and is replaced when an operator says so.
fn an_operator_replaces(records: &str, state: &str, finding: &str) {
    let mut i = Installation::empty();
    let bind = Bind::start_with(&mut i, records);
    let master = i.add_node("");
    i.add_sentinel(Program::Ours, &format!("{}{}", monitor(GROUP, master), bind.directives()));
    let sentinel = i.sentinels[0];
    wait("it is told", || {
        let views: Vec<HashMap<String, String>> = command(sentinel, &["BONGSU", "PUBLICATIONS", GROUP])?;
        (views.first()?["state"] == state).then_some(())
    });
    let targets = i.home(sentinel).join("targets.conf");
    std::fs::write(&targets, bind.directives()).unwrap();
    let (address, targets) = (format!("127.0.0.1:{sentinel}"), targets.display().to_string());
    let check =
        || bongsu(&["healthcheck", "check", "--group", GROUP, "--sentinel", &address, "--publish", &targets, "--json"]);
    let (status, text) = check();
    assert!(status == Some(2) && text.contains(finding), "{text}");
    let (status, text) = bongsu(&["publish", "now", GROUP, "--sentinel", &address, "--wait", "300"]);
    assert!(status != Some(0) && text.contains("--force"), "{text}");
    assert_ne!(bind.port_of_master(), Some(master));
    let (status, text) = bongsu(&["publish", "now", GROUP, "--sentinel", &address, "--force"]);
    assert_eq!(status, Some(0), "{text}");
    assert_eq!(bind.port_of_master(), Some(master));
    let (status, text) = check();
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn an_operator_replaces_a_foreign_address() {
    an_operator_replaces(&format!("{GROUP}.redis 60 A 192.0.2.1\n"), "foreign", "not-published");
}

#[test]
fn an_operator_replaces_a_higher_epoch() {
    let records = format!(
        "{GROUP}.redis 60 A 192.0.2.1\n_epoch.{GROUP}.redis 60 TXT \"v1\" \"epoch=99\" \"group={GROUP}\" \"primary=192.0.2.1:6379\"\n\
         _redis._tcp.{GROUP}.redis 60 SRV 0 0 6379 {GROUP}.redis\n"
    );
    an_operator_replaces(&records, "superseded", "published-differs");
}
