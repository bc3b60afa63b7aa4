//! Scenarios of SENTINEL RESET and of what outlives it, and a restart. Protocol section 3.11.

use bongsu_sentinel_core::{Epoch, FailoverKind, Time};

use crate::support::{GROUP, World, options};

fn reset(w: &mut World, site: usize) -> usize {
    w.operate(site, |c, now| c.reset(now, &|name| name == GROUP))
}

fn counts(w: &World, site: usize) -> (usize, usize) {
    let group = w.core(site).group(Time::from_ms(w.now), GROUP).unwrap();
    (group.replica_count, group.peer_count)
}

#[test]
fn a_reset_forgets_the_dead_and_finds_the_living_again() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(3);
    w.kill_sentinel(2);
    w.run_for(5000);
    assert_eq!(counts(&w, 0), (2, 2));
    w.forget();
    assert_eq!(reset(&mut w, 0), 1);
    assert_eq!(counts(&w, 0), (0, 0));
    w.run_until("the living are found", 11_000, |w| counts(w, 0) == (1, 1));
    let mut said = w.heard(0);
    assert_eq!(said.remove(0), "+reset-master master 1");
    said.sort();
    assert_eq!(said, ["+sentinel sentinel 1", "+slave slave 2"]);
}

#[test]
fn a_reset_of_other_names_touches_nothing() {
    let mut w = World::settled(1, 2, &options(2));
    assert_eq!(w.operate(0, |c, now| c.reset(now, &|name| name == "other")), 0);
    assert_eq!(counts(&w, 0), (2, 0));
    assert!(w.heard(0).is_empty());
}

#[test]
fn the_configuration_outlives_a_reset() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("the failover ends", 5000, |w| w.count("+failover-end") == 1);
    let before = (w.masters()[0], config_epoch(&w, 0), w.core(0).current_epoch());
    assert!(before.1 > Epoch(0));
    reset(&mut w, 0);
    assert_eq!((w.masters()[0], config_epoch(&w, 0), w.core(0).current_epoch()), before);
}

/// A sentinel that has forgotten its peers must not become a majority of one.
#[test]
fn after_a_reset_nobody_is_a_majority_alone() {
    let mut w = World::settled(3, 2, &options(1));
    w.cut.extend([(0, 1), (0, 2)]);
    w.cut_nodes.extend([(1, 1), (2, 1), (0, 1)]);
    reset(&mut w, 0);
    w.run_for(10_000);
    assert!(!w.names(0).contains(&"+elected-leader"), "{}", w.transcript());
}

#[test]
fn a_reset_ends_a_failover_that_can_still_be_ended() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).deaf_to_promotion = true;
    w.node(3).deaf_to_promotion = true;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("it is under way", 2000, |w| w.count("+failover-state-wait-promotion") == 1);
    reset(&mut w, 0);
    let now = Time::from_ms(w.now);
    assert_eq!(w.core(0).group(now, GROUP).unwrap().failover_state.as_str(), "none");
    assert_eq!(w.masters()[0], 1);
}

#[test]
fn after_a_reset_a_failover_may_start_at_once() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).deaf_to_promotion = true;
    w.kill(1);
    w.run_until("attempts fail", 60_000, |w| w.count("-failover-abort-slave-timeout") == 3);
    w.node(2).deaf_to_promotion = false;
    w.restart(1);
    w.run_for(2000);
    reset(&mut w, 0);
    w.run_until("the replica is found", 11_000, |w| counts(w, 0) == (1, 0));
    w.run_for(1000);
    w.kill(1);
    let killed = w.now;
    w.run_until("it is replaced", 3000, |w| w.masters() == [2]);
    assert!(w.now - killed < 2000);
}

#[test]
fn what_was_found_outlives_a_restart() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("the failover ends", 5000, |w| w.count("+failover-end") == 1);
    w.run_for(3000);
    let before = (w.masters()[0], config_epoch(&w, 0), counts(&w, 0));
    w.kill_sentinel(0);
    w.restart_sentinel(0);
    assert_eq!((w.masters()[0], config_epoch(&w, 0), counts(&w, 0)), before);
}

fn config_epoch(w: &World, site: usize) -> Epoch {
    w.core(site).group(Time::from_ms(w.now), GROUP).unwrap().config_epoch
}

#[test]
fn whoever_resets_a_group_can_see_that_it_is_empty() {
    let mut w = World::settled(1, 2, &options(1));
    reset(&mut w, 0);
    w.run_for(90);
    assert_eq!(counts(&w, 0), (0, 0));
    w.run_until("they are found again", 1000, |w| counts(w, 0) == (2, 0));
}

/// The old master of a hand-over is demoted before everything about it is forgotten.
#[test]
fn a_reset_leaves_no_node_between_two_roles() {
    let mut w = World::settled(3, 1, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("the switch is made", 3000, |w| w.names(0).contains(&"+switch-master"));
    reset(&mut w, 0);
    w.run_for(10);
    assert!(w.told.contains(&(0, 1, Some(2))), "{:?}", w.told);
}
