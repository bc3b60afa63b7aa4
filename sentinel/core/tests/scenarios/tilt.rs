//! Scenarios of TILT: a process that stood still does not trust what it saw. Protocol section 3.5.

use bongsu_sentinel_core::{FailoverKind, Role};

use crate::support::{GROUP, World, options};

#[test]
fn a_long_pause_is_told_with_its_beginning_and_its_end() {
    let mut w = World::settled(3, 1, &options(2));
    w.pause_sentinel_for(0, 8000);
    w.run_for(3000);
    assert_eq!(w.heard_of(0, &["+tilt", "-tilt"]), ["+tilt #tilt mode entered", "-tilt #tilt mode exited"]);
    assert_eq!(w.core(0).tilt().total, 1);
    assert!(w.core(0).tilt().since.is_none());
}

/// Nobody knows for how long it had been silent when we were not looking.
#[test]
fn silence_is_counted_anew_after_a_pause() {
    let mut o = options(1);
    o.down_after = std::time::Duration::from_secs(5);
    let mut w = World::settled(1, 1, &o);
    w.kill(1);
    w.pause_sentinel_for(0, 30_000);
    let resumed = w.now;
    w.run_until("sdown", 10_000, |w| w.heard(0).contains(&"+sdown master 1".to_owned()));
    assert!(w.now - resumed >= 5000, "after {} ms", w.now - resumed);
}

#[test]
fn a_short_pause_is_nothing() {
    let mut w = World::settled(3, 1, &options(2));
    w.pause_sentinel_for(0, 1500);
    w.run_for(3000);
    assert_eq!(w.core(0).tilt().total, 0);
}

#[test]
fn a_second_pause_prolongs_it() {
    let mut w = World::settled(1, 1, &options(1));
    w.pause_sentinel_for(0, 8000);
    w.run_for(500);
    w.pause_sentinel_for(0, 8000);
    w.run_for(1500);
    assert_eq!(w.names(0).iter().filter(|name| **name == "+tilt").count(), 2, "{}", w.transcript());
    assert_eq!(w.core(0).tilt().total, 2);
    assert!(w.core(0).tilt().since.is_some());
    w.run_until("it is over", 3000, |w| w.core(0).tilt().since.is_none());
}

#[test]
fn nothing_is_decided_in_tilt_but_roles_are_taken_note_of() {
    let mut w = World::settled(1, 1, &options(1));
    w.pause_sentinel_for(0, 8000);
    w.run_until("tilt", 100, |w| w.core(0).tilt().since.is_some());
    w.node(2).role = Role::Master;
    w.node(2).master = None;
    w.cut_clients(2);
    w.kill(1);
    w.run_until("its end", 5000, |w| {
        assert!(w.core(0).tilt().since.is_none() || w.count("+sdown") == 0, "{}", w.transcript());
        w.names(0).contains(&"-tilt")
    });
    let said = w.heard(0);
    let role = said.iter().position(|line| line == "-role-change slave 2 new reported role is master");
    let end = said.iter().position(|line| line == "-tilt #tilt mode exited");
    assert!(role.is_some() && role < end, "{said:?}");
    w.run_until("sdown", 3000, |w| w.heard(0).contains(&"+sdown master 1".to_owned()));
}

#[test]
fn nobody_is_converted_in_tilt() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).role = Role::Master;
    w.node(2).master = None;
    w.cut_clients(2);
    w.run_for(5000);
    w.pause_sentinel_for(0, 8000);
    w.run_until("its end", 5000, |w| {
        assert!(w.told.is_empty() || w.names(0).contains(&"-tilt"), "{:?}", w.told);
        w.names(0).contains(&"-tilt")
    });
    w.run_until("afterwards", 15_000, |w| w.told == [(0, 2, Some(1))]);
}

/// A promotion that is confirmed in TILT takes effect at its end.
#[test]
fn no_promotion_is_acted_upon_in_tilt() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(2).deaf_to_promotion = true;
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("it waits", 3000, |w| w.names(0).contains(&"+failover-state-wait-promotion"));
    w.pause_sentinel_for(0, 4000);
    w.node(2).role = Role::Master;
    w.node(2).master = None;
    // A new link asks for INFO first.
    w.cut_clients(2);
    w.run_until("its end", 5000, |w| {
        let names = w.names(0);
        assert!(!names.contains(&"+promoted-slave") || names.contains(&"-tilt"), "{names:?}");
        names.contains(&"-tilt")
    });
    w.run_until("it is promoted", 5000, |w| w.masters() == [2, 2, 2]);
}
