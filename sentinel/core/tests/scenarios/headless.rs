//! Scenarios of a group whose configured master has become a replica of somebody.

use crate::support::{World, options, run_id};
use bongsu_sentinel_core::Role;

/// Makes a node a master with this history and this many keys.
fn promote(w: &mut World, port: u16, history: u64, keys: u64) {
    let node = w.node(port);
    node.role = Role::Master;
    node.master = None;
    node.replid = run_id(history);
    node.keys = keys;
}

fn follow(w: &mut World, port: u16, master: u16) {
    let keys = w.nodes[&master].keys;
    let replid = w.nodes[&master].replid;
    let node = w.node(port);
    node.role = Role::Replica;
    node.master = Some(master);
    node.keys = keys;
    node.replid = replid;
}

#[test]
fn the_node_that_the_master_follows_takes_its_place() {
    let mut w = World::settled(3, 2, &options(2));
    promote(&mut w, 2, 40, 10);
    follow(&mut w, 1, 2);
    follow(&mut w, 3, 2);
    w.run_until("the failover finds it", 60_000, |w| w.masters() == [2; 3]);
}

#[test]
fn a_fuller_master_is_preferred_to_an_empty_one_that_the_master_follows() {
    let mut w = World::settled(3, 2, &options(2));
    promote(&mut w, 2, 40, 0);
    promote(&mut w, 3, 41, 10);
    follow(&mut w, 1, 2);
    w.run_until("the fuller one is chosen", 60_000, |w| w.masters() == [3; 3]);
    w.run_until("the others follow it", 60_000, |w| (1..=2).all(|p| w.nodes[&p].master == Some(3)));
}

/// Votes for it would keep the others from trying, and they may know a replica.
#[test]
fn a_leader_that_knows_no_replica_leaves_the_next_attempts_to_others() {
    let mut w = World::settled(3, 0, &options(2));
    w.kill(1);
    w.run_until("somebody finds nobody to promote", 10_000, |w| w.count("-failover-abort-no-good-slave") == 1);
    let (_, leader, _) = *w.events.iter().find(|(_, _, e)| e.name == "-failover-abort-no-good-slave").unwrap();
    let tries = |w: &World| w.names(leader).iter().filter(|n| **n == "+try-failover").count();
    w.run_for(20_000);
    assert_eq!(tries(&w), 1, "{}", w.transcript());
    assert!(w.count("+try-failover") > 1, "somebody else tries meanwhile");
    w.run_until("its turn comes again", 30_000, |w| tries(w) > 1);
}

/// It went silent as a replica of its own replica, and is still one when it speaks again.
#[test]
fn a_circle_is_opened_whatever_the_master_went_down_for() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(2).sees_master = false;
    w.node(2).link_down_for = Some(std::time::Duration::from_secs(900));
    follow(&mut w, 1, 2);
    w.run_for(11_000);
    w.freeze(1);
    w.run_for(40_000);
    w.thaw(1);
    w.run_until("the replica is promoted", 120_000, |w| w.masters() == [2; 3]);
}
