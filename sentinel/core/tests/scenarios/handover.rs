//! Scenarios of the failovers that an operator asks for.

use crate::support::{GROUP, World, addr, options, run_id};
use bongsu_sentinel_core::{Epoch, FailoverError, FailoverKind, GroupName, HandOverStep, Hello, Input, Reason, Role};

#[test]
fn a_planned_handover_freezes_promotes_announces_and_only_then_demotes() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).offset = 990;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("writes are paused", 1000, |w| w.nodes[&1].paused_until > w.now);
    w.node(2).offset = 1000;
    w.run_until("everybody names the new master", 2000, |w| w.masters().iter().all(|m| *m != 1));
    w.run_until("the failover ends", 3000, |w| w.count("+failover-end") == 1);
    assert_eq!(w.nodes[&1].role, Role::Replica);
    assert_eq!(w.nodes[&1].paused_until, 0);
    let steps: Vec<_> = w
        .decisions
        .iter()
        .filter_map(|(_, d)| match d.reason {
            Reason::HandOver { step } => Some(step),
            _ => None,
        })
        .collect();
    assert!(matches!(
        steps[..],
        [
            HandOverStep::Frozen { offset: 1000, .. },
            HandOverStep::CaughtUp { offset: 1000, .. },
            HandOverStep::Demoted { .. }
        ]
    ));
}

#[test]
fn a_second_failover_is_refused_while_one_runs() {
    let mut w = World::settled(3, 2, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    let second = w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto));
    assert_eq!(second, Err(FailoverError::InProgress));
}

#[test]
fn a_replica_that_does_not_catch_up_rolls_the_handover_back() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(1).offset = 5000;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Coordinated)).unwrap();
    w.run_until("given up", 5000, |w| w.count("-failover-abort-master-timeout") == 1);
    w.run_for(100);
    assert_eq!(w.nodes[&1].paused_until, 0, "the pause is ended");
    assert_eq!(w.nodes[&1].role, Role::Master);
    assert_eq!(w.masters(), [1, 1, 1]);
}

#[test]
fn a_master_that_dies_while_paused_is_failed_over() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(1).offset = 5000;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("paused", 1000, |w| w.nodes[&1].paused_until > w.now);
    w.kill(1);
    w.run_until("failed over", 10_000, |w| w.masters() == [2, 2, 2]);
}

#[test]
fn a_forced_failover_asks_nobody() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill_sentinel(1);
    w.kill_sentinel(2);
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("switched", 3000, |w| w.masters()[0] != 1);
}

#[test]
fn no_good_replica_is_an_answer_with_reasons() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).priority = 0;
    w.node(3).priority = 0;
    w.run_for(11_000);
    let answer = w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto));
    let Err(FailoverError::NoGoodReplica(verdicts)) = answer else { panic!("{answer:?}") };
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts.iter().all(|v| v.rejected.is_some()));
}

/// The pause runs out by itself while the leader stands still; a promotion afterwards would lose what the master took since.
#[test]
fn a_leader_that_stood_still_does_not_promote_after_the_pause() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).priority = 1;
    w.node(2).offset = 990;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("the candidate has to catch up", 1000, |w| {
        let frozen = |r: &Reason| matches!(r, Reason::HandOver { step: HandOverStep::Frozen { .. } });
        w.decisions.iter().any(|(_, d)| frozen(&d.reason))
    });
    // Caught up in the very answer that waits through the stall.
    w.node(2).offset = 1000;
    w.pause_sentinel_for(0, 5000);
    w.run_for(5000);
    assert_eq!(w.count("+promoted-slave"), 0, "{}", w.transcript());
    assert_eq!(w.masters(), [1, 1, 1]);
    assert_eq!(w.nodes[&1].role, Role::Master);
}

/// Two hand-overs at once pause the same master: the one that hears that the other was faster leaves its pause alone.
#[test]
fn a_hand_over_that_was_superseded_does_not_end_the_pause() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).offset = 990;
    w.node(3).offset = 990;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("writes are paused", 1000, |w| w.nodes[&1].paused_until > w.now);
    let hello = Hello {
        addr: addr(26999),
        run_id: run_id(1),
        current_epoch: Epoch(9),
        group: GroupName::parse(GROUP).unwrap(),
        master: addr(3),
        config_epoch: Epoch(9),
    };
    w.input(0, Input::Hello { via: None, hello });
    w.run_for(100);
    assert_eq!(w.masters()[0], 3);
    assert!(w.nodes[&1].paused_until > w.now, "{}", w.transcript());
}

/// Writers cannot be kept waiting for as long as somebody's down-after is.
#[test]
fn a_replica_that_is_not_promoted_lets_the_master_write_again() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(2).deaf_to_promotion = true;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("it is told", 2000, |w| w.told == [(0, 2, None)]);
    let told = w.now;
    w.run_until("it is given up", 20_000, |w| w.count("-failover-abort-slave-timeout") == 1);
    w.run_for(10);
    assert!(w.now - told < 3500, "after {} ms", w.now - told);
    assert!(w.nodes[&1].paused_until <= w.now, "the pause is ended");
    assert_eq!(w.masters(), [1, 1, 1]);
}

/// The promotion may have been carried out, whether or not we can ask: the old master stays paused until that is known.
#[test]
fn the_pause_is_renewed_while_the_candidate_is_out_of_reach() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(2).deaf_to_promotion = true;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("it is told", 2000, |w| w.told == [(0, 2, None)]);
    let first = w.nodes[&1].paused_until;
    w.run_for(1300);
    w.hang_links_to(2);
    w.cut_clients(2);
    w.cut_nodes.insert((0, 2));
    w.run_for(1200);
    assert!(w.nodes[&1].paused_until > first, "{}", w.transcript());
}
