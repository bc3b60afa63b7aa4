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
