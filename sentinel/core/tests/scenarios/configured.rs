//! Scenarios of what the world is told of a group.

use crate::support::{GROUP, World, addr, options, run_id};
use bongsu_sentinel_core::{Configuration, Configured, Epoch, FailoverKind, GroupName, Hello, Input};

/// How the configurations of one sentinel came about.
fn told(w: &World, site: usize) -> Vec<Configured> {
    w.configured.iter().filter(|(s, ..)| *s == site).map(|(_, how, _)| *how).collect()
}

/// The last one of one sentinel.
fn last(w: &World, site: usize) -> &Configuration {
    &w.configured.iter().rfind(|(s, ..)| *s == site).unwrap().2
}

fn ports(c: &Configuration) -> Vec<u16> {
    c.replicas.iter().map(|r| r.addr.port()).collect()
}

fn leader(w: &World) -> usize {
    w.configured.iter().find(|(_, how, _)| matches!(how, Configured::Led { .. })).unwrap().0
}

#[test]
fn the_start_and_what_becomes_known_then_are_told() {
    let mut w = World::new(1, 2, &options(1));
    assert_eq!(told(&w, 0), [Configured::Monitored]);
    assert_eq!(last(&w, 0).master.run_id, None);
    assert!(last(&w, 0).is_durable);
    w.run_for(3000);
    // The master's INFO shows its run id and both replicas in one; each of those then says its own run id.
    assert_eq!(told(&w, 0), [Configured::Monitored, Configured::Members, Configured::Members, Configured::Members]);
    let c = last(&w, 0);
    assert_eq!((c.master.addr.port(), c.master.run_id), (1, Some(run_id(7001))));
    assert_eq!(ports(c), [2, 3]);
    assert_eq!(c.replicas[1].run_id, Some(run_id(7003)));
    assert_eq!((c.epoch, c.rank, c.alive), (Epoch::ZERO, 0, 1));
    w.forget();
    w.run_for(60_000);
    assert_eq!(told(&w, 0), [], "nothing has changed");
}

#[test]
fn the_leader_tells_of_a_new_master_at_the_promotion_and_of_its_durability() {
    let mut w = World::settled(3, 2, &options(2));
    w.save_ms = 50;
    w.kill(1);
    w.run_until("promoted", 5000, |w| w.count("+promoted-slave") == 1);
    let leader = leader(&w);
    assert_eq!(told(&w, leader), [Configured::Led { planned: false }]);
    let c = last(&w, leader);
    assert_eq!((c.epoch, c.is_durable), (Epoch(1), false));
    assert_ne!(c.master.addr.port(), 1);
    assert!(ports(c).contains(&1), "the old master is a replica to be");
    w.run_until("durable", 200, |w| told(w, leader).len() == 2);
    assert_eq!(told(&w, leader)[1], Configured::Durable);
    assert!(last(&w, leader).is_durable);
    w.run_until("the others adopt it", 1000, |w| w.masters().iter().all(|m| *m != 1));
    let from = w.core(leader).my_id();
    for site in (0..3).filter(|s| *s != leader) {
        assert_eq!(told(&w, site)[0], Configured::Adopted { from });
    }
}

#[test]
fn a_hand_over_is_told_to_be_planned() {
    let mut w = World::settled(3, 2, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("promoted", 5000, |w| w.count("+promoted-slave") == 1);
    assert_eq!(told(&w, 0), [Configured::Led { planned: true }]);
}

#[test]
fn a_disk_that_fails_keeps_nobody_from_telling() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("a replica is told", 5000, |w| w.count("+failover-state-wait-promotion") == 1);
    for site in 0..3 {
        w.fail_disk(site, true);
    }
    w.run_until("promoted", 500, |w| w.count("+promoted-slave") == 1);
    let leader = leader(&w);
    assert!(!last(&w, leader).is_durable);
    w.run_until("told", 500, |w| told(w, leader).len() == 2);
    assert_eq!(told(&w, leader)[1], Configured::Durable);
    assert!(last(&w, leader).is_durable);
}

#[test]
fn the_same_master_under_a_higher_epoch_is_told() {
    let mut w = World::settled(3, 2, &options(2));
    let hello = Hello {
        addr: addr(26999),
        run_id: run_id(1),
        current_epoch: Epoch(9),
        group: GroupName::parse(GROUP).unwrap(),
        master: addr(1),
        config_epoch: Epoch(9),
    };
    w.input(0, Input::Hello { via: None, hello });
    assert_eq!(told(&w, 0), [Configured::Adopted { from: run_id(1) }]);
    assert_eq!(last(&w, 0).epoch, Epoch(9));
    w.run_for(10);
    assert_eq!(told(&w, 0)[1..], [Configured::Durable]);
}

#[test]
fn replicas_that_come_and_processes_that_restart_are_told_once_each() {
    let mut w = World::settled(1, 2, &options(1));
    w.add_replica(4, 1);
    w.run_until("it is known", 15_000, |w| !w.configured.is_empty());
    assert_eq!(ports(last(&w, 0)), [2, 3, 4]);
    w.run_for(3000);
    assert_eq!(told(&w, 0), [Configured::Members, Configured::Members], "its address, then its run id");
    w.forget();
    w.kill(4);
    w.restart(4);
    w.run_until("its new process is known", 15_000, |w| !w.configured.is_empty());
    assert_eq!(last(&w, 0).replicas[2].run_id, Some(run_id(9004)));
}

#[test]
fn sentinels_that_are_alive_are_ranked_by_run_id() {
    let mut w = World::settled(3, 2, &options(2));
    w.add_replica(4, 1);
    w.run_until("all have seen it", 15_000, |w| (0..3).all(|s| !told(w, s).is_empty()));
    for site in 0..3 {
        let c = last(&w, site);
        assert_eq!((c.rank as usize, c.alive), (site, 3));
    }
    w.forget();
    w.kill_sentinel(0);
    w.add_replica(5, 1);
    w.run_until("both have seen it", 15_000, |w| (1..3).all(|s| !told(w, s).is_empty()));
    assert_eq!((last(&w, 1).rank, last(&w, 2).rank, last(&w, 2).alive), (0, 1, 2));
}

#[test]
fn a_reset_forgets_members_and_says_so() {
    let mut w = World::settled(1, 2, &options(1));
    w.operate(0, |c, now| c.reset(now, &|_| true));
    assert_eq!(told(&w, 0), [Configured::Members]);
    assert_eq!(ports(last(&w, 0)), []);
}

#[test]
fn a_group_that_is_gone_has_no_configuration() {
    let mut w = World::settled(1, 2, &options(1));
    let id = w.core(0).group(bongsu_sentinel_core::Time::from_ms(w.now), GROUP).unwrap().id;
    w.operate(0, |c, now| c.remove(now, GROUP)).unwrap();
    assert!(w.core(0).configuration(id).is_none());
    assert_eq!(told(&w, 0), []);
}
