//! Scenarios of odown: how many sentinels must see the master down, and for how long they are believed. Protocol section
//! 3.7.

use bongsu_sentinel_core::{Action, CallId, Epoch, GroupChange, Input, Quorum, Time, VoteReply};

use crate::support::{GROUP, World, addr, options, run_id};

/// What sentinel 0 tells a peer of the master.
fn opinion(w: &mut World) -> Option<bool> {
    let input = Input::VoteCall { call: CallId(1), addr: addr(1), epoch: Epoch(0), candidate: None };
    w.operate(0, |core, now| {
        core.handle(now, input);
        std::iter::from_fn(|| core.poll_action()).find_map(|action| match action {
            Action::AnswerVote { reply: VoteReply { down, .. }, .. } => Some(down),
            _ => None,
        })
    })
}

#[test]
fn odown_counts_those_who_see_the_master_down() {
    let mut w = World::settled(5, 1, &options(3));
    // Two of five cannot reach it: that is below the quorum of three.
    w.cut_nodes.extend([(0, 1), (1, 1)]);
    w.run_for(10_000);
    assert_eq!(w.heard(0), ["+sdown master 1"]);
    assert_eq!(w.heard(1), ["+sdown master 1"]);
    w.cut_nodes.insert((2, 1));
    w.run_until("odown", 3000, |w| w.count("+odown") > 0);
    assert!(w.transcript().contains("#quorum 3/3"), "{}", w.transcript());
}

#[test]
fn one_sentinel_may_be_the_quorum() {
    let mut w = World::settled(3, 1, &options(1));
    w.cut_nodes.insert((0, 1));
    w.run_until("odown", 2000, |w| w.heard(0).contains(&"+odown master 1 #quorum 1/1".to_owned()));
    // The others see the master, and vote all the same.
    w.run_until("it is failed over", 3000, |w| w.masters() == [2, 2, 2]);
}

#[test]
fn odown_ends_with_sdown() {
    let mut w = World::settled(3, 0, &options(2));
    w.freeze(1);
    w.run_until("odown", 3000, |w| w.names(0).contains(&"+odown"));
    w.thaw(1);
    w.run_until("up", 2000, |w| w.names(0).contains(&"-odown"));
    let said = w.heard_of(0, &["+sdown", "-sdown", "+odown", "-odown"]);
    assert_eq!(said, ["+sdown master 1", "+odown master 1 #quorum 2/2", "-sdown master 1", "-odown master 1"]);
}

#[test]
fn an_opinion_is_forgotten_when_its_owner_is_silent() {
    let mut w = World::settled(3, 0, &options(2));
    w.cut_nodes.extend([(0, 1), (1, 1)]);
    w.run_until("odown", 3000, |w| w.names(0).contains(&"+odown"));
    w.kill_sentinel(1);
    let silent = w.now;
    w.run_until("forgotten", 10_000, |w| w.names(0).contains(&"-odown"));
    assert!((4000..=6200).contains(&(w.now - silent)), "after {} ms", w.now - silent);
}

#[test]
fn a_replica_is_never_odown() {
    let mut w = World::settled(3, 1, &options(1));
    w.kill(2);
    w.run_for(10_000);
    assert_eq!(w.heard(0), ["+sdown slave 2"]);
    assert!(w.names(1).iter().all(|name| *name == "+sdown"));
}

#[test]
fn the_quorum_can_be_changed_while_the_master_is_down() {
    let mut w = World::settled(3, 0, &options(3));
    w.cut_nodes.extend([(0, 1), (1, 1)]);
    w.run_for(5000);
    assert_eq!(w.count("+odown"), 0);
    w.operate(0, |c, now| c.set(now, GROUP, GroupChange::Quorum(Quorum::new(2).unwrap()))).unwrap();
    w.run_until("odown", 2000, |w| w.heard(0).contains(&"+odown master 1 #quorum 2/2".to_owned()));
}

#[test]
fn peers_are_told_our_own_view_alone() {
    let mut w = World::settled(3, 0, &options(2));
    assert_eq!(opinion(&mut w), Some(false));
    w.cut_nodes.extend([(1, 1), (2, 1)]);
    w.run_until("the others see it down", 3000, |w| w.count("+odown") > 0);
    assert_eq!(opinion(&mut w), Some(false), "what we have heard does not count");
    w.cut_nodes.insert((0, 1));
    w.run_until("so do we", 3000, |w| w.names(0).contains(&"+sdown"));
    assert_eq!(opinion(&mut w), Some(true));
}

/// In TILT our eyes are not to be trusted; our vote is worth what it always is.
#[test]
fn in_tilt_the_master_is_not_said_to_be_down_but_votes_are_given() {
    let mut w = World::settled(3, 0, &options(3));
    w.cut_nodes.insert((0, 1));
    w.run_until("sdown", 3000, |w| w.names(0).contains(&"+sdown"));
    assert_eq!(opinion(&mut w), Some(true));
    w.pause_sentinel_for(0, 8000);
    w.run_until("tilt", 100, |w| w.core(0).tilt().since.is_some());
    assert_eq!(opinion(&mut w), Some(false));
    w.input(0, Input::VoteCall { call: CallId(2), addr: addr(1), epoch: Epoch(7), candidate: Some(run_id(5)) });
    let now = Time::from_ms(w.now);
    let group = w.core(0).group(now, GROUP).unwrap();
    assert_eq!((group.leader, group.leader_epoch), (Some(run_id(5)), Epoch(7)));
}
