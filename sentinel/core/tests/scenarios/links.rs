//! Scenarios of connections that look alive and are not. Protocol section 3.3.

use std::time::Duration;

use bongsu_sentinel_core::GroupOptions;

use crate::support::{World, options};

/// A sentinel that is patient enough to try another connection first.
fn patient() -> World {
    World::settled(1, 1, &GroupOptions { down_after: Duration::from_secs(20), ..options(1) })
}

#[test]
fn a_connection_that_hangs_is_replaced_after_half_of_down_after() {
    let mut w = patient();
    w.run_for(20_000);
    w.hang_links_to(1);
    let hung = w.now;
    w.run_until("it is replaced", 15_000, |w| w.hung.is_empty());
    assert!((9_000..=12_000).contains(&(w.now - hung)), "after {} ms", w.now - hung);
    w.run_for(60_000);
    assert!(w.heard(0).is_empty(), "{}", w.transcript());
}

/// A new connection must get its chance: a node that is slow at first would never be reached otherwise.
#[test]
fn a_young_connection_is_not_replaced() {
    let mut w = World::settled(1, 1, &options(1));
    w.cut_clients(2);
    w.run_for(100);
    w.hang_links_to(2);
    w.run_for(14_000);
    assert!(!w.hung.is_empty());
    assert_eq!(w.heard(0), ["+sdown slave 2"]);
    w.run_until("it is old enough", 3000, |w| w.hung.is_empty());
    w.run_until("the new one works", 2000, |w| w.heard(0) == ["+sdown slave 2", "-sdown slave 2"]);
}

/// Our own hello comes back on a subscription that works.
#[test]
fn a_subscription_that_stays_silent_is_made_anew() {
    let mut w = patient();
    w.run_for(20_000);
    w.lose_subscribers(1);
    assert_eq!(w.subscriber_count(1), 0);
    w.run_until("it is made anew", 15_000, |w| w.subscriber_count(1) == 1);
    assert!(w.heard(0).is_empty(), "{}", w.transcript());
}

/// A host that refuses is dead after the shorter limit; one that accepts again in between starts anew.
#[test]
fn refusals_count_only_while_they_last() {
    let mut o = options(2);
    o.process_death_after = Some(Duration::from_millis(600));
    let mut w = World::settled(1, 1, &o);
    for _ in 0..5 {
        w.kill(2);
        w.run_for(400);
        w.restart(2);
        w.run_for(1500);
    }
    assert!(w.heard_of(0, &["+sdown"]).is_empty(), "{}", w.transcript());
    w.kill(2);
    w.run_until("sdown", 900, |w| w.heard_of(0, &["+sdown"]).len() == 1);
}
