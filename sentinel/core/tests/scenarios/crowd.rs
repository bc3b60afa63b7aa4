//! Scenarios of a sentinel with thousands of nodes: what it asks less often, and that nobody is noticed much later for it.

use std::time::Duration;

use bongsu_sentinel_core::{Addr, Epoch, GroupName, GroupOptions, GroupSpec};

use crate::support::{World, addr, options};

/// Other groups, and members of each: more nodes than a sentinel asks as often as a few.
const GROUPS: u16 = 20;
const MEMBERS: u16 = 80;

fn patient() -> GroupOptions {
    let mut options = options(1);
    options.down_after = Duration::from_secs(5);
    options
}

/// A sentinel that watches, beside the usual group, very many nodes, none of which can be reached.
fn crowded() -> World {
    let mut w = World::settled(1, 2, &patient());
    for group in 0..GROUPS {
        let first = 30_000 + group * MEMBERS;
        let replicas: Vec<Addr> = (first + 1..first + MEMBERS).map(addr).collect();
        let spec = GroupSpec {
            name: GroupName::parse(&format!("crowd-{group}")).unwrap(),
            master: addr(first),
            options: options(9),
            config_epoch: Epoch::ZERO,
            leader_epoch: Epoch::ZERO,
            replicas,
            peers: Vec::new(),
        };
        w.operate(0, |core, now| core.monitor(now, spec)).unwrap();
    }
    w.run_for(10_000);
    w.forget();
    w
}

#[test]
fn quiet_replicas_of_a_crowd_get_fewer_heartbeats() {
    let mut w = crowded();
    w.run_for(30_000);
    assert!((24..=31).contains(&w.pinged(1)), "the master: {}", w.pinged(1));
    for replica in [2, 3] {
        assert!((10..=13).contains(&w.pinged(replica)), "replica {replica}: {}", w.pinged(replica));
    }
}

#[test]
fn few_nodes_get_every_heartbeat() {
    let mut w = World::settled(1, 2, &patient());
    w.run_for(30_000);
    for node in [1, 2, 3] {
        assert!((24..=31).contains(&w.pinged(node)), "node {node}: {}", w.pinged(node));
    }
}

/// A short `down-after-milliseconds` asks for more heartbeats than the usual one, whatever the crowd.
#[test]
fn nobody_waits_longer_than_a_short_limit_allows() {
    let mut w = crowded();
    w.operate(0, |core, now| {
        let change = bongsu_sentinel_core::GroupChange::DownAfter(Duration::from_millis(900));
        core.set(now, "mymaster", change)
    })
    .unwrap();
    w.forget();
    w.run_for(30_000);
    for replica in [2, 3] {
        assert!(w.pinged(replica) > 31, "replica {replica}: {}", w.pinged(replica));
    }
}

#[test]
fn a_frozen_replica_of_a_crowd_is_noticed_a_heartbeat_later_at_most() {
    let mut w = crowded();
    let frozen = w.now;
    w.freeze(3);
    w.run_until("it is down", 12_000, |w| w.heard(0).contains(&"+sdown slave 3".to_owned()));
    assert!(w.now - frozen <= 7700, "after {} ms", w.now - frozen);
}

#[test]
fn masters_of_a_crowd_are_noticed_as_ever() {
    let mut w = crowded();
    let frozen = w.now;
    w.freeze(1);
    w.run_until("its replica takes its place", 10_000, |w| w.masters()[0] != 1);
    assert!(w.now - frozen <= 6100, "after {} ms", w.now - frozen);
}
