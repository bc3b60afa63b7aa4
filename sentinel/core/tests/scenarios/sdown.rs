//! Scenarios of sdown: what counts as a sign of life, and for whom. Protocol section 3.6.

use std::time::Duration;

use bongsu_sentinel_core::{GroupChange, Pong, Role, Time};

use crate::support::{GROUP, World, options};

/// One sentinel that has found everything, and could not fail over if it wanted.
fn watcher() -> World {
    World::settled(1, 2, &options(2))
}

fn is_down(w: &World, port: u16) -> bool {
    flags(w, port).contains("s_down")
}

fn flags(w: &World, port: u16) -> String {
    let now = Time::from_ms(w.now);
    let group = w.core(0).group(now, GROUP).unwrap();
    if group.master.instance.addr.port() == port {
        return group.master.instance.flags;
    }
    let replicas = w.core(0).replicas(now, GROUP).unwrap();
    replicas.into_iter().find(|r| r.base.instance.addr.port() == port).unwrap().base.instance.flags
}

#[test]
fn a_silent_node_is_down_after_down_after_and_up_with_its_next_answer() {
    let mut w = watcher();
    let frozen = w.now;
    w.freeze(2);
    w.run_until("sdown", 3000, |w| w.count("+sdown") == 1);
    let took = w.now - frozen;
    assert!((750..=1300).contains(&took), "took {took} ms");
    assert_eq!(flags(&w, 2), "s_down,slave");
    w.thaw(2);
    w.run_until("up", 100, |w| w.count("-sdown") == 1);
    assert_eq!(w.heard(0), ["+sdown slave 2", "-sdown slave 2"]);
    assert_eq!(flags(&w, 2), "slave");
}

#[test]
fn a_silent_sentinel_is_down_too() {
    let mut w = World::settled(2, 1, &options(2));
    w.kill_sentinel(1);
    w.run_until("sdown", 3000, |w| w.count("+sdown") == 1);
    w.run_for(5000);
    w.restart_sentinel(1);
    w.run_until("up", 3000, |w| w.heard(0).contains(&"-sdown sentinel 1".to_owned()));
    assert_eq!(w.heard(0), ["+sdown sentinel 1", "-sdown sentinel 1"]);
}

#[test]
fn who_was_never_reached_is_down_after_down_after() {
    let mut w = World::new(1, 0, &options(1));
    w.kill(1);
    w.run_for(900);
    assert_eq!(w.count("+sdown"), 0);
    w.run_until("sdown", 300, |w| w.heard(0).contains(&"+sdown master 1".to_owned()));
}

#[test]
fn loading_and_a_lost_master_are_signs_of_life() {
    for pong in [Pong::Loading, Pong::MasterDown] {
        let mut w = watcher();
        w.node(1).pong = pong;
        w.run_for(3_600_000);
        assert_eq!(w.count("+sdown"), 0, "{pong:?}");
    }
}

#[test]
fn an_error_is_no_sign_of_life() {
    let mut w = watcher();
    w.node(1).pong = Pong::Error;
    w.run_until("sdown", 3000, |w| is_down(w, 1));
    w.node(1).pong = Pong::Pong;
    w.run_until("up", 2000, |w| !is_down(w, 1));
}

#[test]
fn a_busy_script_is_killed_once_per_episode() {
    let mut w = watcher();
    for episode in 1..=2 {
        w.node(2).pong = Pong::Busy;
        w.run_until("sdown", 3000, |w| is_down(w, 2));
        w.run_for(10_000);
        assert_eq!(w.nodes[&2].script_kills, episode);
        assert_eq!(flags(&w, 2), "s_down,slave,script_kill_sent");
        w.node(2).pong = Pong::Pong;
        w.run_until("up", 2000, |w| flags(w, 2) == "slave");
    }
}

/// A master that becomes a replica behind everybody's back is given the time to change its mind.
#[test]
fn a_master_that_says_replica_is_down_after_down_after_and_two_info_periods() {
    let mut w = watcher();
    w.node(1).role = Role::Replica;
    w.node(1).master = Some(2);
    w.run_until("it is noticed", 11_000, |w| w.count("-role-change") == 1);
    let noticed = w.now;
    w.run_until("sdown", 30_000, |w| is_down(w, 1));
    let took = w.now - noticed;
    assert!((21_000..22_100).contains(&took), "took {took} ms");
    let said = w.heard_of(0, &["-role", "+sdown"]);
    assert_eq!(said, ["-role-change master 1 new reported role is slave", "+sdown master 1"]);
}

#[test]
fn a_restarted_master_that_loads_for_too_long_is_down_if_that_is_wanted() {
    let mut w = watcher();
    w.operate(0, |c, now| c.set(now, GROUP, GroupChange::RebootDownAfter(Duration::from_secs(5)))).unwrap();
    w.node(1).pong = Pong::Loading;
    w.restart(1);
    w.run_until("it is noticed", 11_000, |w| w.count("+reboot") == 1);
    assert_eq!(flags(&w, 1), "master,master_reboot");
    let noticed = w.now;
    w.run_until("sdown", 10_000, |w| is_down(w, 1));
    assert!((5000..6100).contains(&(w.now - noticed)));
    w.node(1).pong = Pong::Pong;
    w.run_until("up", 2000, |w| flags(w, 1) == "master");
}

#[test]
fn a_restarted_master_may_load_for_ever_by_default() {
    let mut w = watcher();
    w.node(1).pong = Pong::Loading;
    w.restart(1);
    w.run_for(3_600_000);
    assert_eq!(w.heard(0), ["+reboot master 1"]);
    assert_eq!(flags(&w, 1), "master");
}

/// Every promotion ends with CLIENT KILL, which cuts the links of all sentinels.
#[test]
fn a_cut_link_is_made_anew_before_anybody_is_down() {
    let mut w = World::settled(3, 2, &options(2));
    for _ in 0..20 {
        for port in 1..=3 {
            w.cut_clients(port);
        }
        w.run_for(500);
    }
    assert_eq!(w.count("+sdown"), 0, "{}", w.transcript());
}

#[test]
fn who_lets_nobody_subscribe_is_disconnected_but_not_down() {
    let mut w = watcher();
    w.node(2).refuses_subscriptions = true;
    w.cut_clients(2);
    w.run_for(10_000);
    assert_eq!(flags(&w, 2), "slave,disconnected");
    w.node(2).refuses_subscriptions = false;
    w.run_until("it is connected", 2000, |w| flags(w, 2) == "slave");
    assert!(w.heard(0).is_empty(), "{}", w.transcript());
}

/// A process that was seen to be gone, and whose host is gone then too: only silence is left to go by.
#[test]
fn a_host_that_stops_refusing_is_down_after_the_longer_limit() {
    let mut o = options(9);
    o.process_death_after = Some(Duration::from_millis(500));
    let mut w = World::settled(1, 1, &o);
    let killed = w.now;
    w.kill(1);
    w.run_for(200);
    w.cut_nodes.insert((0, 1));
    w.run_until("it is down", 3000, |w| is_down(w, 1));
    assert!(w.now - killed >= 700, "after {} ms", w.now - killed);
}
