//! Scenarios of the automatic failover.

mod support;

use support::{World, options};

#[test]
fn a_killed_master_is_replaced_by_its_best_replica() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(3).offset = 1500;
    let killed = w.now;
    w.kill(1);
    w.run_until("all sentinels name the new master", 3000, |w| w.masters() == vec![3, 3, 3]);
    assert!(w.now - killed <= 1300, "took {} ms\n{}", w.now - killed, w.transcript());
    w.run_until("the other replica follows", 3000, |w| w.nodes[&2].master == Some(3));
    w.run_until("the failover ends", 3000, |w| w.count("+failover-end") == 1);
}
