//! Scenarios of masters that come back with less than their replicas have. Every kind of restart in the table of
//! `core/src/amnesia.rs` is here.

use std::time::Duration;

use bongsu_sentinel_core::{DownCause, GroupChange, GroupOptions, Loss, Reason, Rejection, Role, Time};

use crate::support::{GROUP, World, options};

/// Time that the master is away: far less than its group's `down-after`.
const AWAY_MS: u64 = 300;

/// Half a minute, so that nothing is ever decided by silence.
fn patient() -> GroupOptions {
    let mut o = options(2);
    o.down_after = Duration::from_secs(30);
    o
}

/// Three sentinels and two replicas, whose master was killed and came back as `restart` has it.
fn after(restart: impl FnOnce(&mut World)) -> World {
    after_with(&patient(), restart)
}

fn after_with(options: &GroupOptions, restart: impl FnOnce(&mut World)) -> World {
    let mut w = World::settled(3, 2, options);
    w.run_for(11_000);
    w.forget();
    w.kill(1);
    w.run_for(AWAY_MS);
    restart(&mut w);
    w
}

#[track_caller]
fn is_replaced(w: &mut World, within_ms: u64) {
    w.run_until("the amnesiac is replaced", within_ms, |w| w.masters().iter().all(|m| *m == 2));
}

#[track_caller]
fn is_kept(w: &mut World) {
    w.run_for(60_000);
    assert_eq!(w.masters(), [1, 1, 1]);
    assert_eq!(w.count("+amnesia") + w.count("+sdown") + w.count("+try-failover"), 0, "{}", w.transcript());
}

fn losses(w: &World) -> Vec<Loss> {
    let cause = |reason: &Reason| match reason {
        Reason::SubjectivelyDown { cause: DownCause::Amnesia(loss), .. } => Some(*loss),
        _ => None,
    };
    w.decisions.iter().filter_map(|(_, d)| cause(&d.reason)).collect()
}

#[test]
fn a_master_without_its_data_is_replaced_long_before_down_after() {
    let mut w = after(|w| w.restart_empty(1));
    is_replaced(&mut w, 2500);
    assert!(losses(&w).iter().all(|loss| *loss == Loss::Keys { left: 0 }));
    assert!(w.count("+amnesia") >= 2 && w.count("+odown") >= 1);
    w.run_until("it follows", 10_000, |w| w.nodes[&1].role == Role::Replica);
    assert_eq!(w.nodes[&1].keys, 10, "it has the data again");
    w.run_for(60_000);
    assert_eq!(w.masters(), [2, 2, 2]);
}

#[test]
fn one_that_says_so_is_replaced_too() {
    let mut w = after(|w| w.restart_amnesiac(1));
    is_replaced(&mut w, 2500);
    assert_eq!(losses(&w).first(), Some(&Loss::Admitted));
    w.run_until("it follows", 10_000, |w| w.nodes[&1].role == Role::Replica);
}

#[test]
fn a_sentinel_that_never_saw_it_with_data_believes_its_word() {
    let mut w = after(|_| ());
    for site in 0..3 {
        w.kill_sentinel(site);
    }
    w.restart_amnesiac(1);
    for site in 0..3 {
        w.restart_sentinel(site);
    }
    is_replaced(&mut w, 10_000);
}

#[test]
fn an_older_dataset_is_an_amnesia_as_well() {
    let mut w = after(|w| w.restart_from_rdb(1, 900));
    is_replaced(&mut w, 2500);
    assert_eq!(losses(&w).first(), Some(&Loss::Tail { kept: 900 }));
}

#[test]
fn so_is_the_same_history_with_a_lower_offset() {
    let mut w = after(|w| {
        w.node(1).offset = 900;
        w.restart(1);
    });
    is_replaced(&mut w, 2500);
}

#[test]
fn so_is_an_append_only_file_of_another_day() {
    let mut w = after(|w| w.restart_from_aof(1, 4));
    is_replaced(&mut w, 2500);
}

#[test]
fn a_restart_with_everything_is_no_amnesia() {
    is_kept(&mut after(|w| w.restart_from_rdb(1, 1000)));
    is_kept(&mut after(|w| w.restart_from_aof(1, 10)));
    is_kept(&mut after(|w| w.restart_from_aof(1, 5)));
    is_kept(&mut after(|w| w.restart(1)));
}

#[test]
fn it_is_not_judged_while_it_loads() {
    let mut w = after(|w| {
        w.restart_empty(1);
        w.node(1).loading = true;
    });
    w.run_for(5000);
    assert_eq!(w.count("+amnesia"), 0);
    let replid = w.nodes[&2].replid;
    let n = w.node(1);
    (n.loading, n.replid2, n.second_offset, n.offset, n.keys) = (false, Some(replid), Some(1001), 1000, 10);
    is_kept(&mut w);
}

#[test]
fn a_flush_is_no_amnesia() {
    let mut w = World::settled(3, 2, &patient());
    w.forget();
    w.node(1).keys = 0;
    is_kept(&mut w);
    // Nor is a clean restart after one that nobody saw.
    let mut w = after(|w| {
        w.node(1).keys = 0;
        w.restart_from_rdb(1, 1200);
    });
    is_kept(&mut w);
}

#[test]
fn a_group_whose_nodes_are_all_empty_keeps_its_master() {
    let mut w = after(|w| {
        w.restart_empty(1);
        for port in [2, 3] {
            w.kill(port);
            w.restart_empty(port);
        }
    });
    is_kept(&mut w);
}

#[test]
fn an_amnesiac_becomes_master_if_nobody_has_data() {
    let mut w = after(|w| {
        for port in [2, 3] {
            w.kill(port);
            w.restart_empty(port);
            w.node(port).sees_master = false;
        }
        w.restart_amnesiac(1);
    });
    w.run_until("it is told to be master", 5000, |w| !w.nodes[&1].amnesiac);
    w.run_until("it is believed", 5000, |w| w.count("-amnesia") == w.count("+amnesia"));
    w.run_for(20_000);
    assert_eq!(w.masters(), [1, 1, 1]);
    assert!(w.told.iter().all(|(_, port, to)| *port == 1 && to.is_none()), "{:?}", w.told);
}

#[test]
fn an_amnesiac_waits_for_a_replica_that_may_have_data() {
    let mut w = after(|w| {
        w.node(2).priority = 0;
        w.kill(3);
        w.restart_amnesiac(1);
    });
    w.run_for(8000);
    assert!(w.nodes[&1].amnesiac, "one replica may not be promoted, and what the other has is unknown");
    w.run_until("it is told to be master", 30_000, |w| !w.nodes[&1].amnesiac);
    w.run_for(20_000);
    assert_eq!(w.masters(), [1, 1, 1]);
}

/// While this process stands still nobody can show it what they have.
#[test]
fn a_pause_is_no_time_that_others_had() {
    let mut w = World::settled(1, 2, &GroupOptions { down_after: patient().down_after, ..options(1) });
    w.run_for(11_000);
    w.node(2).priority = 0;
    w.kill(3);
    w.kill(1);
    w.run_for(AWAY_MS);
    w.restart_amnesiac(1);
    w.run_for(2000);
    w.pause_sentinel_for(0, 600_000);
    w.run_for(5000);
    assert!(w.nodes[&1].amnesiac, "what one replica has is unknown, and the other has data");
    w.run_until("it is told to be master", 600_000, |w| !w.nodes[&1].amnesiac);
}

#[test]
fn amnesiacs_and_empty_replicas_are_not_promoted() {
    let mut w = World::settled(3, 3, &patient());
    w.node(2).amnesiac = true;
    w.node(3).keys = 0;
    w.node(3).offset = 900;
    w.run_for(11_000);
    let rejected = |port: u16| {
        let candidates = w.core(0).candidates(Time::from_ms(w.now), GROUP).unwrap();
        candidates.into_iter().find(|v| v.addr.port() == port).unwrap().rejected
    };
    assert_eq!([2, 3, 4].map(rejected), [Some(Rejection::Amnesiac), Some(Rejection::Empty), None]);
}

#[test]
fn a_replica_that_took_the_empty_copy_convicts_nobody() {
    let mut w = after(|w| {
        w.restart_empty(1);
        for port in [2, 3] {
            w.reconfigured(port, 1);
        }
    });
    is_kept(&mut w);
}

#[test]
fn of_the_replicas_the_one_with_the_old_history_is_promoted() {
    let mut w = after(|w| {
        w.restart_empty(1);
        w.reconfigured(2, 1);
    });
    w.run_until("the other one is promoted", 2500, |w| w.masters().iter().all(|m| *m == 3));
}

#[test]
fn the_quorum_decides() {
    let mut o = patient();
    o.quorum = bongsu_sentinel_core::Quorum::new(3).unwrap();
    let mut w = after_with(&o, |w| {
        w.operate(2, |core, now| core.set(now, GROUP, GroupChange::AmnesiaFailover(false))).unwrap();
        w.restart_empty(1);
    });
    w.run_for(40_000);
    assert_eq!((w.masters(), w.count("+odown")), (vec![1, 1, 1], 0));
    assert_eq!(w.count("+amnesia"), 2);
    assert_eq!(w.count("-amnesia"), 2, "nobody is held to be an amnesiac for ever");
}

#[test]
fn it_can_be_switched_off() {
    let mut o = patient();
    o.amnesia_failover = false;
    is_kept(&mut after_with(&o, |w| w.restart_empty(1)));
}

#[test]
fn a_dropped_link_brings_info_at_once_and_often() {
    let mut w = World::settled(1, 1, &patient());
    w.cut_clients(1);
    w.run_for(100);
    let age = |w: &World| w.core(0).group(Time::from_ms(w.now), GROUP).unwrap().master.info_age.unwrap();
    assert!(age(&w) < Duration::from_millis(100));
    for _ in 0..8 {
        w.run_for(1000);
        assert!(age(&w) <= Duration::from_millis(1100));
    }
    w.run_for(20_000);
    let oldest = (0..10).map(|_| (w.run_for(1000), age(&w)).1).max();
    assert!(oldest > Some(Duration::from_secs(7)));
}

#[test]
fn beside_an_amnesiac_a_node_with_data_is_a_candidate_even_if_it_says_that_it_is_a_master() {
    let mut w = after(|w| {
        let n = w.node(2);
        (n.role, n.master, n.run_id) = (Role::Master, None, bongsu_sentinel_core::RunId::from_bits([7; 20]));
        w.kill(3);
        w.restart_amnesiac(1);
    });
    is_replaced(&mut w, 10_000);
    assert_eq!(w.nodes[&2].keys, 10);
}

#[test]
fn a_master_that_follows_an_amnesiac_is_told_to_be_master_again() {
    let mut o = options(2);
    o.failover_timeout = Duration::from_secs(5);
    let mut w = after_with(&o, |w| {
        w.restart(1);
        w.node(1).master = Some(2);
        w.node(1).role = Role::Replica;
        w.kill(3);
        let n = w.node(2);
        (n.role, n.master, n.keys, n.offset, n.amnesiac) = (Role::Master, None, 0, 0, true);
    });
    w.run_until("it is master again", 120_000, |w| w.nodes[&1].role == Role::Master);
    w.run_until("the other one follows", 20_000, |w| w.nodes[&2].role == Role::Replica);
    assert_eq!((w.masters(), w.nodes[&2].keys), (vec![1, 1, 1], 10));
}
