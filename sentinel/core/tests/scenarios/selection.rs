//! Scenarios of the choice among replicas. Protocol section 3.9.

use std::time::Duration;

use bongsu_sentinel_core::{GroupOptions, Reason, Rejection, Time};

use crate::support::{GROUP, World, options, run_id};

/// A group with four replicas at ports 2 to 5, all of them equally good, which `prepare` changes.
fn group(prepare: impl FnOnce(&mut World)) -> World {
    let mut w = World::settled(3, 4, &options(2));
    prepare(&mut w);
    // Everything that they say of themselves is known.
    w.run_for(11_000);
    w
}

/// Who is master after the death of the master.
fn successor(prepare: impl FnOnce(&mut World)) -> u16 {
    let mut w = group(prepare);
    w.kill(1);
    w.run_until("all agree", 10_000, |w| w.masters().iter().all(|m| *m != 1 && *m == w.masters()[0]));
    w.masters()[0]
}

/// Why the replica at `port` would not be chosen now.
fn rejection(w: &World, port: u16) -> Option<Rejection> {
    let candidates = w.core(0).candidates(Time::from_ms(w.now), GROUP).unwrap();
    candidates.into_iter().find(|v| v.addr.port() == port).unwrap().rejected
}

#[test]
fn among_equals_the_smallest_run_id_wins() {
    assert_eq!(successor(|_| ()), 2);
    assert_eq!(successor(|w| w.node(4).run_id = run_id(1)), 4);
}

#[test]
fn more_data_beats_a_smaller_run_id() {
    assert_eq!(successor(|w| w.node(5).offset = 1001), 5);
}

#[test]
fn a_better_priority_beats_a_little_more_data() {
    let prepare = |w: &mut World| {
        w.node(3).priority = 10;
        w.node(5).offset = 2000;
    };
    assert_eq!(successor(prepare), 3);
}

#[test]
fn much_more_data_beats_a_better_priority() {
    let prepare = |w: &mut World| {
        w.node(3).priority = 10;
        for port in [1, 2, 4, 5] {
            w.node(port).offset = 100 << 20;
        }
    };
    assert_eq!(successor(prepare), 2);
}

#[test]
fn priority_zero_is_never_chosen() {
    let mut w = group(|w| w.node(2).priority = 0);
    assert_eq!(rejection(&w, 2), Some(Rejection::PriorityZero));
    w.kill(1);
    w.run_until("all agree", 10_000, |w| w.masters() == [3, 3, 3]);
}

#[test]
fn who_is_down_or_cannot_be_reached_is_not_chosen() {
    let mut w = group(|w| w.freeze(2));
    assert_eq!(rejection(&w, 2), Some(Rejection::Down));
    w.kill(3);
    w.run_for(10);
    assert_eq!(rejection(&w, 3), Some(Rejection::Disconnected));
    w.kill(1);
    w.run_until("all agree", 10_000, |w| w.masters() == [4, 4, 4]);
}

/// Long without its master means much that it does not have.
#[test]
fn who_lost_its_master_long_before_is_not_chosen() {
    let lost = |seconds| {
        move |w: &mut World| {
            w.node(2).sees_master = false;
            w.node(2).link_down_for = Some(Duration::from_secs(seconds));
        }
    };
    // Ten times down-after, which is one second here.
    let w = group(lost(12));
    assert_eq!(rejection(&w, 2), Some(Rejection::LinkDownTooLong(Duration::from_secs(12))));
    assert_eq!(successor(lost(12)), 3);
    assert_eq!(successor(lost(9)), 2);
}

/// A master that was restarted without its data, and replicas that follow it: the one that still has data is the best.
#[test]
fn an_empty_replica_is_not_chosen_beside_one_with_data() {
    let prepare = |w: &mut World| {
        w.node(2).keys = 0;
        w.node(2).offset = 900;
    };
    assert_eq!(successor(prepare), 3);
}

/// A group whose master and one replica are dead, and whose other replica has come back without its data.
fn beside_an_empty_replica() -> World {
    let patient = GroupOptions { failover_timeout: Duration::from_secs(60), ..options(2) };
    let mut w = World::settled(3, 2, &patient);
    w.run_for(20_000);
    w.kill(3);
    w.kill(2);
    w.run_for(1_000);
    w.restart_empty(2);
    // It was a master of its own for a moment, whose stream has moved.
    w.node(2).offset = 380;
    w.node(2).sees_master = false;
    w.kill(1);
    w.run_for(30_000);
    assert_eq!(w.count("+promoted-slave"), 0, "{}", w.transcript());
    w
}

#[test]
fn those_who_may_have_the_data_are_waited_for_before_an_empty_replica_is_chosen() {
    let mut w = beside_an_empty_replica();
    w.restart(3);
    w.run_until("switched", 60_000, |w| w.masters().iter().all(|m| *m == 3));
}

#[test]
fn those_who_may_have_the_data_are_not_waited_for_for_ever() {
    let mut w = beside_an_empty_replica();
    w.run_until("switched", 120_000, |w| w.masters().iter().all(|m| *m == 2));
}

/// The master was started empty, and those that followed it are empty too, however well they have followed.
#[test]
fn a_replica_that_kept_its_data_is_chosen_before_those_that_were_emptied() {
    for lag in [0, 10] {
        let emptied = move |w: &mut World| {
            for port in [1, 2, 3, 4] {
                w.node(port).replid = run_id(4242);
                w.node(port).keys = 0;
                w.node(port).offset = if port == 1 { 100 } else { 100 - lag };
            }
        };
        let w = group(emptied);
        assert_eq!(rejection(&w, 2), Some(Rejection::Empty), "lag {lag}");
        assert_eq!(rejection(&w, 5), None, "lag {lag}");
        assert_eq!(successor(emptied), 5, "lag {lag}");
    }
}

#[test]
fn a_flush_that_has_reached_one_replica_is_no_loss() {
    let prepare = |w: &mut World| {
        w.node(2).keys = 0;
        w.node(2).offset = 2000;
        w.node(1).keys = 0;
        w.node(1).offset = 2000;
    };
    assert_eq!(successor(prepare), 2);
}

#[test]
fn a_replica_with_another_history_is_not_chosen_beside_one_with_the_masters() {
    let prepare = |w: &mut World| {
        w.node(2).replid = run_id(4242);
        w.node(2).offset = 5000;
    };
    let w = group(prepare);
    assert_eq!(rejection(&w, 2), Some(Rejection::ForeignHistory));
    assert_eq!(successor(prepare), 3);
}

#[test]
fn who_is_no_replica_is_not_chosen() {
    let mut w = group(|_| ());
    w.node(2).role = bongsu_sentinel_core::Role::Master;
    w.node(2).master = None;
    w.cut_clients(2);
    w.run_for(100);
    assert_eq!(rejection(&w, 2), Some(Rejection::NotAReplica));
}

/// A sentinel that was started after the master was gone knows its history from those that followed it only.
#[test]
fn a_history_that_was_never_seen_is_that_of_most_replicas() {
    let mut w = group(|w| {
        for port in [1, 3, 4, 5] {
            w.node(port).replid = run_id(4242);
        }
        w.node(2).offset = 500_000;
    });
    for site in 0..3 {
        w.kill_sentinel(site);
    }
    w.kill(1);
    for site in 0..3 {
        w.restart_sentinel(site);
    }
    w.run_until("all agree", 20_000, |w| w.masters().iter().all(|m| *m != 1 && *m == w.masters()[0]));
    assert_eq!(w.masters()[0], 3);
}

/// What the master said last may be ten seconds old; what its best replica has it has had.
#[test]
fn the_distance_is_that_to_the_farthest() {
    let mut w = World::new(1, 3, &GroupOptions { max_lag_on_failover: Some(1000), ..options(1) });
    w.run_for(15_000);
    w.node(3).offset = 50_000;
    w.node(4).offset = 50_000;
    w.node(4).priority = 0;
    w.kill(1);
    w.run_until("all agree", 20_000, |w| w.masters() == [3]);
    assert_eq!(rejection_at_the_choice(&w, 2), Some(Rejection::TooFarBehind(49_000)));
}

/// Why the replica at `port` was not chosen.
fn rejection_at_the_choice(w: &World, port: u16) -> Option<Rejection> {
    let verdicts = w.decisions.iter().rev().find_map(|(_, d)| match &d.reason {
        Reason::Selected { verdicts, .. } => Some(verdicts),
        _ => None,
    });
    verdicts.unwrap().iter().find(|v| v.addr.port() == port).unwrap().rejected
}
