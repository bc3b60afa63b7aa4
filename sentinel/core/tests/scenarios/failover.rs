//! Scenarios of the automatic failover.

use crate::support::{World, options};

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

/// Events of the leader, in the order that clients and scripts rely on.
#[test]
fn the_leader_publishes_sentinels_events_in_order() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("the failover ends", 5000, |w| w.count("+failover-end") == 1);
    let leader = w.events.iter().find(|(_, _, e)| e.name == "+elected-leader").unwrap().1;
    let names = w.names(leader);
    let expected = [
        "+sdown",
        "+odown",
        "+new-epoch",
        "+try-failover",
        "+vote-for-leader",
        "+elected-leader",
        "+failover-state-select-slave",
        "+selected-slave",
        "+failover-state-send-slaveof-noone",
        "+failover-state-wait-promotion",
        "+promoted-slave",
        "+failover-state-reconf-slaves",
        "+switch-master",
        "+slave",
        "+slave",
        "+slave-reconf-sent",
        "+slave-reconf-inprog",
        "+slave-reconf-done",
        "+failover-end",
    ];
    let mut rest = names.iter();
    for name in expected {
        assert!(rest.any(|n| *n == name), "{name} is missing or out of order in {names:?}");
    }
}

#[test]
fn observers_learn_of_the_switch_from_the_leaders_hello() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("all agree", 5000, |w| w.count("+switch-master") == 3);
    assert_eq!(w.count("+config-update-from"), 2);
    assert_eq!(w.count("+try-failover"), 1);
}

#[test]
fn the_old_master_comes_back_as_a_replica() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("the failover ends", 5000, |w| w.count("+failover-end") == 1);
    w.restart(1);
    w.run_until("it is told to follow", 15_000, |w| w.nodes[&1].master.is_some());
    assert_eq!(w.nodes[&1].master, Some(w.masters()[0]));
}

#[test]
fn nothing_happens_without_a_majority() {
    let mut w = World::settled(5, 2, &options(2));
    for site in 2..5 {
        w.kill_sentinel(site);
    }
    w.kill(1);
    w.run_for(60_000);
    assert!(w.count("+try-failover") > 0);
    assert_eq!(w.count("+elected-leader"), 0);
    assert_eq!(w.masters(), [1, 1]);
}

#[test]
fn nothing_happens_without_a_quorum() {
    let mut w = World::settled(3, 2, &options(3));
    w.kill_sentinel(2);
    w.kill(1);
    w.run_for(60_000);
    assert_eq!(w.count("+odown"), 0);
    assert_eq!(w.count("+try-failover"), 0);
}

#[test]
fn a_frozen_master_is_replaced_after_down_after() {
    let mut w = World::settled(3, 2, &options(2));
    let frozen = w.now;
    w.freeze(1);
    w.run_until("all agree", 5000, |w| w.masters().iter().all(|m| *m != 1));
    assert!(w.now - frozen < 1500, "took {} ms", w.now - frozen);
}

#[test]
fn a_refusing_host_is_down_after_the_shorter_limit() {
    let mut o = options(2);
    o.process_death_after = Some(std::time::Duration::from_millis(200));
    let mut w = World::settled(3, 2, &o);
    let killed = w.now;
    w.kill(1);
    w.run_until("all agree", 2000, |w| w.masters().iter().all(|m| *m != 1));
    assert!(w.now - killed < 330, "took {} ms", w.now - killed);
}

#[test]
fn the_shorter_limit_does_not_count_for_a_silent_host() {
    let mut o = options(2);
    o.process_death_after = Some(std::time::Duration::from_millis(200));
    let mut w = World::settled(3, 2, &o);
    let frozen = w.now;
    w.freeze(1);
    w.run_until("sdown", 3000, |w| w.count("+sdown") > 0);
    assert!(w.now - frozen >= 1000);
}

#[test]
fn a_promoted_replica_that_dies_is_replaced_under_a_new_epoch() {
    let mut w = World::settled(3, 3, &options(2));
    w.node(4).sees_master = false;
    w.kill(1);
    w.run_until("switched", 5000, |w| w.count("+switch-master") == 3);
    let first = w.masters()[0];
    w.kill(first);
    w.run_until("switched again", 10_000, |w| w.masters().iter().all(|m| *m != first && *m != 1));
    assert!(w.core(0).current_epoch().0 >= 2);
}

/// The promotion is known to nobody else: its new master may lead for a moment, until the others have made their choice.
#[test]
fn a_leader_that_dies_after_the_promotion_is_followed_by_another() {
    let mut w = World::settled(3, 2, &options(2));
    let failures = bongsu_sentinel_core::SimulatedFailures { after_election: false, after_promotion: true };
    for site in 0..3 {
        w.operate(site, |c, _| c.set_simulated_failures(failures));
    }
    w.kill(1);
    w.run_until("the leader is gone", 5000, |w| w.masters().len() == 2);
    let failures = bongsu_sentinel_core::SimulatedFailures::default();
    for site in 0..3 {
        w.operate(site, |c, _| c.set_simulated_failures(failures));
    }
    w.run_until("another one does it", 30_000, |w| w.masters() == [2, 2] || w.masters() == [3, 3]);
    let (new, other) = (w.masters()[0], 5 - w.masters()[0]);
    w.run_until("one master remains", 60_000, |w| {
        w.nodes[&new].role == bongsu_sentinel_core::Role::Master && w.nodes[&other].master == Some(new)
    });
}

#[test]
fn a_leader_that_dies_after_its_election_is_followed_by_another() {
    let mut w = World::settled(3, 2, &options(2));
    w.operate(0, |c, _| {
        c.set_simulated_failures(bongsu_sentinel_core::SimulatedFailures {
            after_election: true,
            after_promotion: false,
        })
    });
    w.kill(1);
    w.run_until("another one does it", 20_000, |w| w.masters() == [2, 2] || w.masters() == [3, 3]);
}
