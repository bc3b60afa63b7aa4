//! Scenarios of masters that answer heartbeats but take no writes.

use crate::support::{GROUP, World, options};
use bongsu_sentinel_core::{
    DownCause, FailoverKind, GroupChange, GroupOptions, Pong, Reason, Rejection, Role, WriteAnswer, WriteFault,
    WriteKey,
};

fn key() -> Option<WriteKey> {
    WriteKey::parse("bongsu:write-check")
}

fn checked() -> GroupOptions {
    let mut o = options(2);
    o.write_check_key = key();
    o
}

const OOM: Option<WriteAnswer> = Some(WriteAnswer::Refused(WriteFault::Memory));

/// Why sentinels held the node to be down.
fn causes(w: &World, port: u16) -> Vec<DownCause> {
    let cause = |r: &Reason| match r {
        Reason::SubjectivelyDown { addr, cause } if addr.port() == port => Some(*cause),
        _ => None,
    };
    w.decisions.iter().filter_map(|(_, d)| cause(&d.reason)).collect()
}

#[test]
fn a_master_that_refuses_writes_is_replaced() {
    let mut w = World::settled(3, 2, &checked());
    let began = w.now;
    w.node(1).writes = OOM;
    w.run_until("replaced", 5000, |w| w.masters().iter().all(|m| *m != 1));
    assert!((1000..=1500).contains(&(w.now - began)), "after {} ms", w.now - began);
    for cause in causes(&w, 1) {
        let DownCause::WritesRefused { fault, lasting } = cause else { panic!("{cause:?}") };
        assert_eq!((fault, lasting.as_millis()), (WriteFault::Memory, 1001));
    }
    w.run_until("the old one follows", 5000, |w| w.nodes[&1].role == Role::Replica);
}

#[test]
fn it_stays_where_nothing_is_configured() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(1).writes = OOM;
    w.run_for(60_000);
    assert_eq!(w.masters(), [1, 1, 1]);
    assert_eq!(w.nodes[&1].checks, 0);
}

#[test]
fn only_the_master_is_asked_to_write() {
    let mut w = World::settled(3, 2, &checked());
    w.run_for(10_000);
    assert!(w.nodes[&1].checks > 30, "{}", w.nodes[&1].checks);
    assert_eq!((w.nodes[&2].checks, w.nodes[&3].checks), (0, 0));
    w.kill(1);
    w.run_until("replaced", 5000, |w| w.masters().iter().all(|m| *m != 1));
    let (new, other) = if w.masters()[0] == 2 { (2, 3) } else { (3, 2) };
    w.restart(1);
    w.run_until("the old one follows", 15_000, |w| w.nodes[&1].role == Role::Replica);
    let before = w.nodes[&1].checks;
    w.run_for(10_000);
    assert!(w.nodes[&new].checks > 30);
    assert_eq!((w.nodes[&1].checks, w.nodes[&other].checks), (before, 0));
}

#[test]
fn a_short_refusal_is_nothing() {
    let mut w = World::settled(3, 2, &checked());
    for _ in 0..5 {
        w.node(1).writes = OOM;
        w.run_for(700);
        w.node(1).writes = Some(WriteAnswer::Done);
        w.run_for(700);
    }
    assert_eq!(w.count("+sdown"), 0);
}

#[test]
fn it_is_up_again_with_the_first_write_that_is_taken() {
    let mut o = checked();
    o.quorum = bongsu_sentinel_core::Quorum::new(3).unwrap();
    let mut w = World::settled(2, 1, &o);
    w.node(1).writes = OOM;
    w.run_until("down", 3000, |w| w.count("+sdown") == 2);
    w.node(1).writes = Some(WriteAnswer::Done);
    w.run_until("up", 500, |w| w.count("-sdown") == 2);
}

#[test]
fn errors_that_say_nothing_of_the_node_are_recorded_once_and_do_not_count() {
    let mut w = World::settled(1, 1, &checked());
    let complaints = |w: &World| {
        let is = |r: &Reason| matches!(r, Reason::WriteCheckVoid { error, .. } if error == "NOPERM no");
        w.decisions.iter().filter(|(_, d)| is(&d.reason)).count()
    };
    w.node(1).writes = Some(WriteAnswer::Void("NOPERM no".into()));
    w.run_for(30_000);
    assert_eq!((complaints(&w), w.count("+sdown")), (1, 0));
    w.node(1).writes = Some(WriteAnswer::Done);
    w.run_for(1000);
    w.node(1).writes = Some(WriteAnswer::Void("NOPERM no".into()));
    w.run_for(5000);
    assert_eq!(complaints(&w), 2, "it worked in between");
}

#[test]
fn a_node_that_loads_is_not_held_to_refuse() {
    let mut w = World::settled(3, 1, &checked());
    w.node(1).writes = Some(WriteAnswer::Later);
    w.run_for(30_000);
    assert_eq!(w.count("+sdown"), 0);
}

#[test]
fn a_write_without_an_answer_counts_after_longer_than_a_hand_over_takes() {
    let mut w = World::settled(3, 2, &checked());
    let began = w.now;
    w.node(1).writes = None;
    w.run_until("replaced", 20_000, |w| w.masters().iter().all(|m| *m != 1));
    assert!((5000..=6500).contains(&(w.now - began)), "after {} ms", w.now - began);
    assert!(causes(&w, 1).iter().all(|c| matches!(c, DownCause::WritesUnanswered(_))), "{:?}", causes(&w, 1));
}

#[test]
fn a_frozen_master_is_silent_and_nothing_else() {
    let mut w = World::settled(3, 2, &checked());
    w.freeze(1);
    w.run_until("replaced", 5000, |w| w.masters().iter().all(|m| *m != 1));
    assert!(causes(&w, 1).iter().all(|c| matches!(c, DownCause::Silent(_))), "{:?}", causes(&w, 1));
}

/// Redis answers PING with MISCONF too, and is then not only silent.
#[test]
fn what_its_writes_say_goes_before_the_silence_of_its_heartbeats() {
    let mut w = World::settled(3, 2, &checked());
    w.node(1).pong = Pong::Error;
    w.node(1).writes = Some(WriteAnswer::Refused(WriteFault::Disk));
    w.run_until("replaced", 5000, |w| w.masters().iter().all(|m| *m != 1));
    let is_disk = |c: &DownCause| matches!(c, DownCause::WritesRefused { fault: WriteFault::Disk, .. });
    assert!(causes(&w, 1)[..3].iter().all(is_disk), "{:?}", causes(&w, 1));
}

#[test]
fn the_option_takes_effect_at_run_time() {
    let mut w = World::settled(3, 2, &options(2));
    for site in 0..3 {
        w.operate(site, |c, now| c.set(now, GROUP, GroupChange::WriteCheckKey(key()))).unwrap();
    }
    w.run_for(2000);
    let checks = w.nodes[&1].checks;
    assert!(checks > 5, "{checks}");
    w.node(1).writes = OOM;
    w.run_for(500);
    for site in 0..3 {
        w.operate(site, |c, now| c.set(now, GROUP, GroupChange::WriteCheckKey(None))).unwrap();
    }
    w.run_for(50);
    let checks = w.nodes[&1].checks;
    w.run_for(10_000);
    assert_eq!(w.nodes[&1].checks, checks);
    assert_eq!(w.count("+sdown"), 0, "what was seen until then does not count");
}

#[test]
fn a_hand_over_is_not_taken_for_a_fault() {
    let mut o = checked();
    o.down_after = std::time::Duration::from_millis(400);
    let mut w = World::settled(3, 2, &o);
    w.node(2).offset = 900;
    w.node(3).offset = 900;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Coordinated)).unwrap();
    w.run_until("writes are paused", 1000, |w| w.nodes[&1].paused_until > w.now);
    w.run_for(1200);
    w.node(2).offset = 1000;
    w.node(3).offset = 1000;
    w.run_until("handed over", 2000, |w| w.masters().iter().all(|m| *m != 1));
    w.run_for(5000);
    let by_writes = |c: &DownCause| matches!(c, DownCause::WritesUnanswered(_) | DownCause::WritesRefused { .. });
    assert!(!causes(&w, 1).iter().any(by_writes), "{:?}", causes(&w, 1));
}

/// A hand-over pause and a new role leave a write behind that the new role refuses.
#[test]
fn a_demoted_master_is_not_held_to_be_read_only() {
    let mut w = World::settled(3, 2, &checked());
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Coordinated)).unwrap();
    w.run_until("handed over", 3000, |w| w.masters().iter().all(|m| *m != 1));
    w.run_for(30_000);
    assert_eq!(causes(&w, 1), []);
}

#[test]
fn a_group_whose_nodes_are_all_full_is_not_handed_round() {
    let mut w = World::settled(3, 2, &checked());
    for port in 1..=3 {
        w.node(port).writes = OOM;
    }
    w.run_for(300_000);
    assert_eq!(w.count("+elected-leader") - w.count("-failover-abort-no-good-slave"), 2, "each was tried once");
    let is_why = |r: &Reason| match r {
        Reason::Selected { chosen: None, verdicts } => {
            verdicts.iter().all(|v| matches!(v.rejected, Some(Rejection::RefusedWrites(_))))
        }
        _ => false,
    };
    assert!(w.decisions.iter().any(|(_, d)| is_why(&d.reason)));
    // One that dies is another matter: who refused writes is better than nobody.
    let last = w.masters()[0];
    w.kill(last);
    w.run_until("replaced", 120_000, |w| w.masters().iter().all(|m| *m != last));
}

#[test]
fn a_pause_of_our_own_voids_what_was_seen() {
    let mut w = World::settled(1, 1, &{
        let mut o = checked();
        o.quorum = bongsu_sentinel_core::Quorum::new(1).unwrap();
        o
    });
    w.node(1).writes = OOM;
    w.run_for(600);
    w.pause_sentinel_for(0, 5000);
    let resumed = w.now;
    w.run_until("down", 5000, |w| w.count("+sdown") == 1);
    assert!(w.now - resumed >= 900, "after {} ms", w.now - resumed);
}

#[test]
fn connections_for_writes_that_are_cut_come_back() {
    let mut w = World::settled(3, 2, &checked());
    w.cut_clients(1);
    w.run_for(2000);
    let before = w.nodes[&1].checks;
    w.run_for(5000);
    assert!(w.nodes[&1].checks > before + 10);
    assert_eq!(w.count("+sdown"), 0);
}

/// What happens to a connection that a firewall has forgotten: nothing comes back on it, and a new one works.
#[test]
fn a_connection_for_writes_that_is_gone_without_a_word_is_replaced_before_it_counts() {
    let mut w = World::settled(3, 2, &checked());
    w.node(1).writes = None;
    w.run_for(2000);
    w.node(1).writes = Some(WriteAnswer::Done);
    let before = w.nodes[&1].checks;
    w.run_for(20_000);
    assert!(w.nodes[&1].checks > before + 10, "{} writes", w.nodes[&1].checks - before);
    assert_eq!(w.count("+sdown"), 0);
}
