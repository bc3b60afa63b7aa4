//! The sentinel that leads a failover dies in the middle of it, and comes back.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::collections::BTreeMap;

use support::resp::Wire;
use support::{GROUP, Installation, Program, ask, info, wait};

/// Exit status of a simulated crash.
const CRASHED: i32 = 99;

/// Three sentinels of which the first notices a dead master long before the others and needs nobody's opinion, so that it
/// leads the failover.
fn installation() -> Installation {
    let mut i = Installation::empty();
    let master = i.add_node("");
    for _ in 0..2 {
        i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    }
    for (quorum, down_after_ms) in [(1, 500), (2, 3000), (2, 3000)] {
        i.add_sentinel(
            Program::Ours,
            &format!(
                "sentinel monitor {GROUP} 127.0.0.1 {master} {quorum}\n\
                 sentinel down-after-milliseconds {GROUP} {down_after_ms}\n\
                 sentinel failover-timeout {GROUP} 10000\n"
            ),
        );
    }
    i.wait_until_known();
    i
}

fn leader_dies_after_simulated(failure: &str) {
    let mut i = installation();
    let (master, leader) = (i.nodes[0], i.sentinels[0]);
    ask::<String>(leader, &["SIMULATE-FAILURE", failure]).unwrap();
    i.kill(master);
    assert_eq!(i.wait_for_end(leader), Some(CRASHED));
    i.start_sentinel(leader, Program::Ours);
    recovers(&mut i, master);
}

fn leader_dies_at(event: &str) {
    let mut i = installation();
    let (master, leader) = (i.nodes[0], i.sentinels[0]);
    let mut events = Wire::connect(leader);
    events.send(&[b"SUBSCRIBE".to_vec(), event.as_bytes().to_vec()]);
    events.read("SUBSCRIBE").unwrap();
    i.kill(master);
    let said = events.next().expect("the leader comes to this state");
    assert!(said.has(event), "{said:?}");
    i.kill(leader);
    i.start_sentinel(leader, Program::Ours);
    recovers(&mut i, master);
}

/// One master that the sentinels agree on and the other nodes follow, the old one included; no sentinel has voted twice.
fn recovers(i: &mut Installation, old: u16) {
    let new = i.wait_for_new_master(old);
    i.start_node(old);
    for node in i.nodes.clone().into_iter().filter(|node| *node != new) {
        wait("the node follows", || (info(node, "master_port")? == new.to_string()).then_some(()));
    }
    assert_eq!(info(new, "role").unwrap(), "master");
    assert!(i.addresses().iter().all(|named| *named == Some(new)));
    for sentinel in &i.sentinels {
        let mut votes = BTreeMap::new();
        for (leader, epoch) in votes_in(&i.log(*sentinel)) {
            let first = votes.entry(epoch.clone()).or_insert_with(|| leader.clone());
            assert_eq!(*first, leader, "two votes in epoch {epoch}");
        }
        assert!(!votes.is_empty());
    }
}

/// Leader and epoch of each vote.
fn votes_in(log: &str) -> Vec<(String, String)> {
    let votes = log.lines().filter_map(|line| line.split_once("+vote-for-leader "));
    votes.filter_map(|(_, vote)| vote.trim().split_once(' ')).map(|(l, e)| (l.to_owned(), e.to_owned())).collect()
}

#[test]
fn a_leader_that_crashes_after_its_election() {
    leader_dies_after_simulated("crash-after-election");
}

#[test]
fn a_leader_that_crashes_after_the_promotion() {
    leader_dies_after_simulated("crash-after-promotion");
}

#[test]
fn a_leader_that_is_killed_when_it_begins() {
    leader_dies_at("+try-failover");
}

#[test]
fn a_leader_that_is_killed_when_it_is_about_to_select() {
    leader_dies_at("+failover-state-select-slave");
}

#[test]
fn a_leader_that_is_killed_when_it_has_selected() {
    leader_dies_at("+selected-slave");
}

#[test]
fn a_leader_that_is_killed_when_it_is_about_to_promote() {
    leader_dies_at("+failover-state-send-slaveof-noone");
}

#[test]
fn a_leader_that_is_killed_when_it_awaits_the_promotion() {
    leader_dies_at("+failover-state-wait-promotion");
}

#[test]
fn a_leader_that_is_killed_when_it_has_promoted() {
    leader_dies_at("+promoted-slave");
}

#[test]
fn a_leader_that_is_killed_when_it_is_about_to_repoint() {
    leader_dies_at("+failover-state-reconf-slaves");
}

#[test]
fn a_leader_that_is_killed_when_it_repoints() {
    leader_dies_at("+slave-reconf-sent");
}
