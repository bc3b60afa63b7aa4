//! Scenarios of failovers that are given up, and of what comes after. Protocol section 3.8.

use bongsu_sentinel_core::{AbortCause, FailoverKind, Reason, Role, Time};

use crate::support::{GROUP, World, options};

fn state(w: &World, site: usize) -> &'static str {
    w.core(site).group(Time::from_ms(w.now), GROUP).unwrap().failover_state.as_str()
}

fn causes(w: &World) -> Vec<AbortCause> {
    let cause = |reason: &Reason| match reason {
        Reason::Aborted { cause, .. } => Some(*cause),
        _ => None,
    };
    w.decisions.iter().filter_map(|(_, d)| cause(&d.reason)).collect()
}

#[test]
fn without_a_good_replica_there_is_no_failover_until_there_is_one() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).priority = 0;
    w.run_for(11_000);
    w.kill(1);
    w.run_until("it is given up", 3000, |w| w.count("-failover-abort-no-good-slave") == 1);
    let said = w.heard_of(0, &["+try", "+elected", "+failover-state", "+selected", "-failover"]);
    let expected = [
        "+try-failover master 1",
        "+elected-leader master 1",
        "+failover-state-select-slave master 1",
        "-failover-abort-no-good-slave master 1",
    ];
    assert_eq!(said, expected);
    assert_eq!(state(&w, 0), "none");
    w.node(2).priority = 100;
    w.run_until("the next attempt finds it", 20_000, |w| w.masters() == [2]);
}

#[test]
fn a_replica_that_does_not_become_master_is_given_up_after_the_failover_timeout() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).deaf_to_promotion = true;
    w.kill(1);
    w.run_until("it is told", 3000, |w| w.told == [(0, 2, None)]);
    assert_eq!(state(&w, 0), "wait_promotion");
    let told = w.now;
    w.run_until("it is given up", 15_000, |w| w.count("-failover-abort-slave-timeout") == 1);
    assert!((9_900..10_200).contains(&(w.now - told)), "after {} ms", w.now - told);
    assert_eq!(w.heard_of(0, &["-failover"]), ["-failover-abort-slave-timeout master 1"]);
    assert_eq!(causes(&w), [AbortCause::ReplicaTimeout]);
    w.node(2).deaf_to_promotion = false;
    w.run_until("the next attempt works", 10_000, |w| w.masters() == [2]);
}

#[test]
fn a_candidate_that_dies_is_given_up_early_for_another_one() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).priority = 10;
    w.node(2).deaf_to_promotion = true;
    w.run_for(11_000);
    w.kill(1);
    w.run_until("it is told", 3000, |w| w.told.iter().any(|(_, node, to)| (*node, *to) == (2, None)));
    w.kill(2);
    let died = w.now;
    w.run_until("the other one is master", 15_000, |w| w.masters() == [3, 3, 3]);
    assert!(w.now - died < 8000, "after {} ms\n{}", w.now - died, w.transcript());
    assert!(w.count("-failover-abort-slave-timeout") >= 1);
}

/// Until the promotion is confirmed clients are sent to the old master, afterwards to the new one.
#[test]
fn clients_are_sent_to_the_new_master_only_when_it_is_one() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).deaf_to_promotion = true;
    w.kill(1);
    w.run_until("it waits", 3000, |w| state(w, 0) == "wait_promotion");
    assert_eq!(w.masters(), [1]);
    w.node(2).role = Role::Master;
    w.node(2).master = None;
    w.run_until("it is confirmed", 1000, |w| w.count("+promoted-slave") == 1);
    assert_eq!(w.masters(), [2]);
    assert_eq!(w.scripts, [(0, true, 1, 2)]);
}

#[test]
fn attempts_are_further_and_further_apart() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).priority = 0;
    w.run_for(11_000);
    w.kill(1);
    w.run_until("six attempts", 300_000, |w| w.count("+try-failover") == 6);
    let at: Vec<u64> = w.events.iter().filter(|(_, _, e)| e.name == "+try-failover").map(|(at, _, _)| *at).collect();
    let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] < 3000, "the first soon: {gaps:?}");
    assert!(gaps[4] > 2 * gaps[0], "later ones later: {gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= 90_000), "{gaps:?}");
}

#[test]
fn a_master_that_returns_in_time_keeps_its_place() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).priority = 0;
    w.run_for(11_000);
    w.kill(1);
    w.run_until("it is given up", 3000, |w| w.count("-failover-abort-no-good-slave") == 1);
    w.restart(1);
    w.run_until("the master is up", 3000, |w| w.count("-odown") == 1);
    w.forget();
    w.node(2).priority = 100;
    w.run_for(60_000);
    assert!(w.heard_of(0, &["+try-failover"]).is_empty());
    assert_eq!(w.masters(), [1]);
}

/// A forced failover needs nobody's vote, but a higher epoch all the same: its outcome has to win.
#[test]
fn a_forced_failover_is_won_with_our_own_vote_in_a_new_epoch() {
    let mut w = World::settled(3, 1, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("all agree", 3000, |w| w.masters() == [2, 2, 2]);
    let said = w.heard_of(0, &["+new-epoch", "+try", "+vote", "+elected", "+odown", "+sdown"]);
    let vote = format!("+vote-for-leader {} 1", w.core(0).my_id());
    assert_eq!(said, ["+new-epoch 1", "+try-failover master 1", &vote, "+elected-leader master 1"]);
    for site in [1, 2] {
        assert!(w.names(site).contains(&"+config-update-from"));
    }
}

/// Whoever failed often waits for long, but only as long as it is the same outage.
#[test]
fn a_new_outage_starts_with_the_shortest_wait() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).priority = 0;
    w.run_for(11_000);
    w.kill(1);
    w.run_for(120_000);
    w.restart(1);
    w.run_until("the outage ends", 5000, |w| w.count("-sdown") > 0);
    w.run_for(3000);
    w.forget();
    w.kill(1);
    w.run_until("it is given up again", 90_000, |w| w.count("-failover-abort-no-good-slave") == 1);
    let first = w.now;
    w.run_until("the second attempt", 90_000, |w| w.count("-failover-abort-no-good-slave") == 2);
    assert!(w.now - first < 2000, "after {} ms", w.now - first);
}
