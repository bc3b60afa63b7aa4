//! Scenarios of what the owner's programs are told of a failover, and of their veto.

use std::time::Duration;

use bongsu_sentinel_core::{
    AbortCause, Epoch, FailoverKind, GroupName, HookGate, HookPlans, HookVerdict, Input, Phase, Reason, Role, Trigger,
};

use crate::support::{GROUP, World, options};

/// Every sentinel has a hook that is asked, and waits for it for this long.
const LIMIT_MS: u64 = 2000;

fn asking(w: &mut World, sentinels: usize, silence_is_veto: bool) {
    let gate = HookGate { limit: Duration::from_millis(LIMIT_MS), silence_is_veto };
    set(w, sentinels, &[], Some(gate));
}

fn set(w: &mut World, sentinels: usize, groups: &[GroupName], gate: Option<HookGate>) {
    for site in 0..sentinels {
        let mut plans = HookPlans::default();
        plans.add(groups, gate);
        w.operate(site, |core, _| core.set_hooks(plans));
    }
}

fn brief(phase: &Phase) -> String {
    match phase {
        Phase::PreFailover => "pre".into(),
        Phase::PostPromotion => "promoted".into(),
        Phase::PostFailover(ending) => format!("over {ending:?}"),
        Phase::RoleChange { node, role } => format!("{} is {role:?}", node.addr.port()),
    }
}

/// What hooks were told, by whom it was.
fn told(w: &World) -> Vec<(usize, u64, String)> {
    w.hooked.iter().map(|(_, site, o)| (*site, o.epoch.0, brief(&o.phase))).collect()
}

fn phases(w: &World) -> Vec<String> {
    told(w).into_iter().map(|(_, _, phase)| phase).collect()
}

fn asked(w: &World) -> bool {
    !w.hooked.is_empty()
}

fn answer(w: &mut World, verdict: HookVerdict) {
    let (_, site, occasion) = w.hooked.last().expect("somebody was asked").clone();
    let now = bongsu_sentinel_core::Time::from_ms(w.now);
    let group = w.core(site).group(now, GROUP).expect("watched").id;
    w.input(site, Input::HooksAnswered { group, epoch: occasion.epoch, verdict });
}

fn veto() -> HookVerdict {
    HookVerdict::Veto { who: "guard".into(), why: "not now".into() }
}

fn aborts(w: &World) -> Vec<AbortCause> {
    let cause = |reason: &Reason| match reason {
        Reason::Aborted { cause, .. } => Some(*cause),
        _ => None,
    };
    w.decisions.iter().filter_map(|(_, d)| cause(&d.reason)).collect()
}

#[test]
fn the_leader_tells_of_every_phase_once_and_in_order() {
    let mut w = World::settled(3, 2, &options(2));
    set(&mut w, 3, &[], None);
    w.kill(1);
    w.run_until("it is over", 10_000, |w| w.count("+failover-end") == 1);
    let (leader, epoch, _) = told(&w)[0];
    let new = w.masters()[0];
    assert_eq!(phases(&w), ["promoted".to_owned(), format!("{new} is Master"), "over Complete".to_owned()]);
    assert!(told(&w).iter().all(|(site, e, _)| (*site, *e) == (leader, epoch)), "{:?}", told(&w));
    let occasion = w.hooked[0].2.clone();
    assert_eq!((occasion.old.addr.port(), occasion.new.addr.port()), (1, new));
    assert_eq!((occasion.trigger, occasion.replicas.len()), (Trigger::MasterDown, 1));

    w.restart(1);
    w.run_until("the old master says that it is a replica", 60_000, |w| w.hooked.len() == 4);
    assert_eq!(told(&w)[3], (leader, epoch, "1 is Replica".to_owned()));
    w.run_for(60_000);
    assert_eq!(w.hooked.len(), 4);
}

#[test]
fn only_groups_with_hooks_are_told_of() {
    let mut w = World::settled(3, 2, &options(2));
    set(&mut w, 3, &[GroupName::parse("another").expect("name")], None);
    w.kill(1);
    w.run_until("it is over", 10_000, |w| w.count("+failover-end") == 1);
    assert!(w.hooked.is_empty());
}

#[test]
fn nothing_is_sent_to_a_node_before_the_answer() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.kill(1);
    w.run_until("somebody is asked", 5000, asked);
    w.run_for(500);
    assert!(w.told.is_empty(), "{:?}", w.told);
    assert_eq!(phases(&w), ["pre"]);
    answer(&mut w, HookVerdict::Go);
    w.run_until("it is over", 10_000, |w| w.count("+failover-end") == 1);
    let phases = phases(&w);
    assert_eq!((phases[0].as_str(), phases[1].as_str(), phases.len()), ("pre", "promoted", 4));
    let waited = |reason: &Reason| match reason {
        Reason::HooksAgreed { waited, .. } => Some(waited.as_millis()),
        _ => None,
    };
    assert_eq!(w.decisions.iter().find_map(|(_, d)| waited(&d.reason)), Some(500));
}

#[test]
fn writes_are_not_paused_before_the_answer() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Coordinated)).unwrap();
    w.run_until("somebody is asked", 1000, asked);
    assert_eq!(w.hooked[0].2.trigger, Trigger::Planned);
    w.run_for(1000);
    assert_eq!(w.nodes[&1].paused_until, 0);
    answer(&mut w, HookVerdict::Go);
    w.run_until("handed over", 3000, |w| w.count("+failover-end") == 1);
    assert_eq!(w.nodes[&1].role, Role::Replica);
    w.run_until("the old master is told of", 20_000, |w| phases(w).contains(&"1 is Replica".to_owned()));
}

#[test]
fn a_veto_stops_the_failover_and_the_next_one_asks_anew() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.kill(1);
    w.run_until("somebody is asked", 5000, asked);
    let (leader, epoch, _) = told(&w)[0];
    answer(&mut w, veto());
    assert_eq!(w.heard_of(leader, &["-failover"]), ["-failover-abort-vetoed master 1 by guard"]);
    assert_eq!(aborts(&w), [AbortCause::Vetoed]);
    let why = |reason: &Reason| matches!(reason, Reason::Vetoed { by, why, .. } if by == "guard" && why == "not now");
    assert!(w.decisions.iter().any(|(_, d)| why(&d.reason)));
    w.run_until("it is tried again", 30_000, |w| w.hooked.len() == 2);
    assert!(told(&w)[1].1 > epoch);
    assert!(w.told.is_empty(), "{:?}", w.told);
    answer(&mut w, HookVerdict::Go);
    w.run_until("it is over", 10_000, |w| w.count("+failover-end") == 1);
}

#[test]
fn an_operators_hand_over_is_stopped_for_good() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("somebody is asked", 1000, asked);
    answer(&mut w, veto());
    w.run_for(60_000);
    assert_eq!(w.hooked.len(), 1);
    assert_eq!((w.masters(), w.nodes[&1].paused_until), (vec![1, 1, 1], 0));
}

#[test]
fn silence_lets_it_go_on_or_stops_it() {
    for silence_is_veto in [false, true] {
        let mut w = World::settled(3, 2, &options(2));
        asking(&mut w, 3, silence_is_veto);
        w.kill(1);
        w.run_until("somebody is asked", 5000, asked);
        let since = w.now;
        let end = if silence_is_veto { "-failover-abort-vetoed" } else { "+promoted-slave" };
        w.run_until("time is over", LIMIT_MS + 1000, |w| w.count(end) == 1);
        assert!((LIMIT_MS..LIMIT_MS + 50).contains(&(w.now - since)), "after {} ms", w.now - since);
        assert_eq!(w.told.is_empty(), silence_is_veto);
    }
}

#[test]
fn a_late_answer_or_one_to_another_epoch_changes_nothing() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.kill(1);
    w.run_until("somebody is asked", 5000, asked);
    let (_, site, occasion) = w.hooked[0].clone();
    let group = w.core(site).group(bongsu_sentinel_core::Time::from_ms(w.now), GROUP).expect("watched").id;
    let old = Epoch(occasion.epoch.0 - 1);
    w.input(site, Input::HooksAnswered { group, epoch: old, verdict: veto() });
    assert_eq!(aborts(&w), []);
    w.run_until("it is over", 10_000, |w| w.count("+failover-end") == 1);
    w.input(site, Input::HooksAnswered { group, epoch: occasion.epoch, verdict: veto() });
    assert_eq!((aborts(&w), w.count("-failover-abort-vetoed")), (vec![], 0));
}

#[test]
fn a_master_that_comes_back_meanwhile_stays() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.kill(1);
    w.run_until("somebody is asked", 5000, asked);
    w.restart(1);
    w.run_until("it is noticed", 1900, |w| w.count("-failover-abort-master-back") == 1);
    assert_eq!(aborts(&w), [AbortCause::MasterBack]);
    answer(&mut w, HookVerdict::Go);
    w.run_for(10_000);
    assert_eq!((w.masters(), w.told.len()), (vec![1, 1, 1], 0));
}

#[test]
fn a_master_that_goes_down_before_it_hands_over_ends_the_hand_over() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Coordinated)).unwrap();
    w.run_until("somebody is asked", 1000, asked);
    w.kill(1);
    w.run_until("it is noticed", 1900, |w| w.count("-failover-abort-master-timeout") == 1);
    assert_eq!(aborts(&w), [AbortCause::MasterDown]);
}

#[test]
fn a_candidate_that_dies_meanwhile_is_given_up() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.kill(1);
    w.run_until("somebody is asked", 5000, asked);
    let candidate = w.hooked[0].2.new.addr.port();
    w.kill(candidate);
    w.run_for(100);
    answer(&mut w, HookVerdict::Go);
    assert_eq!(aborts(&w), [AbortCause::CandidateUnfit]);
    assert!(w.told.is_empty());
    let other = if candidate == 2 { 3 } else { 2 };
    w.run_until("the other one is chosen", 30_000, |w| w.hooked.len() == 2);
    assert_eq!(w.hooked[1].2.new.addr.port(), other);
}

#[test]
fn a_newer_configuration_ends_the_wait() {
    let mut w = World::settled(3, 2, &options(2));
    asking(&mut w, 3, false);
    w.kill(1);
    w.run_until("somebody is asked", 5000, asked);
    let (leader, ..) = told(&w)[0];
    let other = (0..3).find(|site| *site != leader).expect("three");
    w.operate(other, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("the second one is asked, too", 1000, |w| w.hooked.len() == 2);
    answer(&mut w, HookVerdict::Go);
    w.run_until("the first one hears of it", 3000, |w| aborts(w) == [AbortCause::Superseded]);
    let new = w.hooked[1].2.new.addr.port();
    w.run_until("everybody knows the new master", 3000, |w| w.masters() == [new, new, new]);
    assert_eq!(told(&w).iter().filter(|(site, ..)| *site == leader).count(), 1);
}
