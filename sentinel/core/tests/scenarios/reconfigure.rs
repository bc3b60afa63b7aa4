//! Scenarios of the replicas after a promotion: how many at a time, and for how long. Protocol section 3.8.

use std::time::Duration;

use bongsu_sentinel_core::{GroupOptions, Time};

use crate::support::{GROUP, World, options};

/// One sentinel, a master and four replicas; the master is killed, 2 is promoted.
fn promoted(options: &GroupOptions, prepare: impl FnOnce(&mut World)) -> World {
    let mut w = World::settled(1, 4, options);
    prepare(&mut w);
    w.kill(1);
    w.run_until("2 is promoted", 5000, |w| w.count("+promoted-slave") == 1);
    assert_eq!(w.masters(), [2]);
    w
}

fn under_way(w: &World) -> usize {
    let replicas = w.core(0).replicas(Time::from_ms(w.now), GROUP).unwrap();
    let busy = |flags: &str| flags.contains("reconf_sent") || flags.contains("reconf_inprog");
    replicas.iter().filter(|r| busy(&r.base.instance.flags)).count()
}

fn flags(w: &World, port: u16) -> String {
    let replicas = w.core(0).replicas(Time::from_ms(w.now), GROUP).unwrap();
    replicas.into_iter().find(|r| r.base.instance.addr.port() == port).unwrap().base.instance.flags
}

fn with_parallel_syncs(count: u32) -> GroupOptions {
    GroupOptions { parallel_syncs: count, ..options(1) }
}

#[test]
fn replicas_are_repointed_one_by_one() {
    let mut w = promoted(&options(1), |_| ());
    w.run_until("the failover ends", 10_000, |w| {
        assert!(under_way(w) <= 1, "{}", w.transcript());
        w.count("+failover-end") == 1
    });
    let one = |port: u16| ["sent", "inprog", "done"].map(|step| format!("+slave-reconf-{step} slave {port}"));
    assert_eq!(w.heard_of(0, &["+slave-reconf"]), [one(3), one(4), one(5)].concat());
}

#[test]
fn parallel_syncs_says_how_many_at_a_time() {
    let mut most = 0;
    let mut w = promoted(&with_parallel_syncs(2), |w| {
        for port in 3..=5 {
            w.node(port).sees_master = false;
        }
    });
    w.run_until("two are under way", 2000, |w| under_way(w) == 2);
    for port in 3..=5 {
        w.node(port).sees_master = true;
    }
    w.run_until("the failover ends", 10_000, |w| {
        most = most.max(under_way(w));
        w.count("+failover-end") == 1
    });
    assert_eq!(most, 2);
}

#[test]
fn a_replica_shows_how_far_it_is() {
    let mut w = promoted(&options(1), |w| w.node(3).sees_master = false);
    w.run_until("it follows", 3000, |w| w.count("+slave-reconf-inprog") == 1);
    assert_eq!(flags(&w, 3), "slave,reconf_inprog");
    assert_eq!(flags(&w, 4), "slave");
    w.node(3).sees_master = true;
    w.run_until("it is done", 3000, |w| w.count("+slave-reconf-done") == 1);
    assert_eq!(flags(&w, 3), "slave,reconf_done");
}

/// It was told, and does not show it: the others are not to wait for ever.
#[test]
fn a_replica_that_does_not_show_it_is_given_up_after_ten_seconds() {
    let options = GroupOptions { failover_timeout: Duration::from_secs(60), ..options(1) };
    let mut w = promoted(&options, |w| w.node(3).deaf_to_masters = true);
    let start = w.now;
    w.run_until("it is given up", 15_000, |w| w.heard(0).contains(&"-slave-reconf-sent-timeout slave 3".to_owned()));
    assert!((9_900..10_500).contains(&(w.now - start)), "after {} ms", w.now - start);
    w.run_until("the failover ends", 10_000, |w| w.count("+failover-end") == 1);
    assert_eq!(w.nodes[&4].master, Some(2));
    assert_eq!(w.nodes[&5].master, Some(2));
}

#[test]
fn a_replica_that_never_finishes_is_left_after_the_failover_timeout() {
    let mut w = promoted(&options(1), |w| w.node(3).sees_master = false);
    let start = w.now;
    w.run_until("the failover ends", 15_000, |w| w.count("+failover-end") == 1);
    assert!((9_900..10_500).contains(&(w.now - start)), "after {} ms", w.now - start);
    let said = w.heard_of(0, &["+slave-reconf-sent-be", "+failover-end"]);
    let expected = [
        "+failover-end-for-timeout master 2",
        "+slave-reconf-sent-be slave 4",
        "+slave-reconf-sent-be slave 5",
        "+failover-end master 2",
    ];
    assert_eq!(said, expected);
    w.run_for(100);
    assert_eq!(w.nodes[&5].master, Some(2), "those that were left are told all the same");
}

#[test]
fn a_replica_that_is_down_is_not_waited_for() {
    let mut w = promoted(&options(1), |w| {
        w.kill(4);
        w.run_for(2000);
    });
    w.run_until("the failover ends", 3000, |w| w.count("+failover-end") == 1);
    assert!(!w.told.iter().any(|(_, node, _)| *node == 4));
    w.restart(4);
    w.run_until("it is repointed when it returns", 30_000, |w| w.nodes[&4].master == Some(2));
}

/// Clients are sent to the new master from its promotion on, not from the end of the failover.
#[test]
fn the_switch_is_published_with_the_promotion() {
    let mut w = promoted(&options(1), |w| w.node(3).sees_master = false);
    let said = w.heard_of(0, &["+promoted", "+failover-state-reconf", "+switch"]);
    let expected = [
        "+promoted-slave slave 2",
        "+failover-state-reconf-slaves master 1",
        "+switch-master mymaster 127.0.0.1 1 127.0.0.1 2",
    ];
    assert_eq!(said, expected);
    w.run_for(1000);
    assert_eq!(w.count("+failover-end"), 0);
}

/// The old master is one of the replicas from then on.
#[test]
fn the_old_master_is_listed_as_a_replica_that_is_down() {
    let mut w = promoted(&options(1), |_| ());
    w.run_until("the failover ends", 10_000, |w| w.count("+failover-end") == 1);
    w.run_for(2000);
    assert_eq!(flags(&w, 1), "s_down,slave,disconnected");
    assert_eq!(w.heard_of(0, &["+sdown"]), ["+sdown master 1", "+sdown slave 1"]);
}

#[test]
fn observers_leave_the_repointing_to_the_leader() {
    let mut w = World::settled(3, 4, &options(2));
    w.kill(1);
    w.run_until("the failover ends", 10_000, |w| w.count("+failover-end") == 1);
    w.run_for(5000);
    let leader = w.events.iter().find(|(_, _, e)| e.name == "+elected-leader").unwrap().1;
    assert!(w.told.iter().all(|(site, _, _)| *site == leader), "{:?}", w.told);
}

#[test]
fn a_replica_that_dies_while_it_is_repointed_keeps_nobody_waiting() {
    let mut w = promoted(&options(1), |w| w.node(3).sees_master = false);
    w.run_until("3 is told", 2000, |w| w.heard(0).contains(&"+slave-reconf-sent slave 3".to_owned()));
    w.run_until("3 is at it", 3000, |w| w.heard(0).contains(&"+slave-reconf-inprog slave 3".to_owned()));
    w.kill(3);
    w.run_until("the others follow", 4000, |w| [4, 5].iter().all(|port| w.nodes[port].master == Some(2)));
}
