//! Scenarios of hellos as they are sent: to whom, how often, and when at the earliest. Protocol section 1.7.

use std::collections::BTreeSet;

use bongsu_sentinel_core::FailoverKind;

use crate::support::{GROUP, World, options};

/// Ports that sentinel 0 sent a hello to.
fn greeted(w: &World) -> BTreeSet<u16> {
    w.greeted.iter().filter(|(_, site, ..)| *site == 0).map(|(_, _, port, ..)| *port).collect()
}

#[test]
fn hellos_go_to_the_master_the_replicas_and_the_other_sentinels() {
    let mut w = World::settled(3, 2, &options(2));
    w.run_for(11_000);
    assert_eq!(greeted(&w), BTreeSet::from([1, 2, 3, 26_001, 26_002]));
}

/// As Sentinel does: whoever joins, or was told to forget us, hears of us soon.
#[test]
fn the_master_carries_a_hello_every_two_seconds() {
    let mut w = World::settled(3, 2, &options(2));
    w.run_for(20_000);
    let at: Vec<u64> = w.greeted.iter().filter(|(_, s, port, ..)| (*s, *port) == (0, 1)).map(|(at, ..)| *at).collect();
    assert!((9..=12).contains(&at.len()), "{at:?}");
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] <= 2500), "{at:?}");
}

#[test]
fn a_new_master_is_announced_to_everybody_at_once() {
    let mut w = World::settled(3, 2, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("it is promoted", 3000, |w| w.names(0).contains(&"+promoted-slave"));
    w.forget();
    w.run_for(20);
    let news: BTreeSet<u16> = w
        .greeted
        .iter()
        .filter(|(_, s, _, epoch, to)| (*s, *epoch, *to) == (0, 1, 2))
        .map(|(_, _, p, ..)| *p)
        .collect();
    assert_eq!(news, BTreeSet::from([1, 2, 3, 26_001, 26_002]));
}

/// Whoever has heard of a configuration may rely on it: it is on disk.
#[test]
fn a_configuration_is_announced_only_when_it_is_durable() {
    let mut w = World::settled(3, 2, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("it is elected", 3000, |w| w.names(0).contains(&"+elected-leader"));
    // Long enough for hellos that would be due in the meantime.
    w.save_ms = 5000;
    w.run_until("it is announced", 10_000, |w| {
        let durable = w.config_epoch_on_disk(0);
        assert!(w.greeted.iter().all(|(_, site, _, epoch, _)| *site != 0 || *epoch <= durable));
        w.greeted.iter().any(|(_, site, _, epoch, _)| (*site, *epoch) == (0, 1))
    });
}

/// The peers do not know us after our restart at another address, nor we them if they moved: both hear of it soon.
#[test]
fn a_restarted_sentinel_makes_itself_known_within_seconds() {
    let mut w = World::settled(3, 1, &options(2));
    w.run_for(10_000);
    w.kill_sentinel(0);
    w.restart_sentinel_at(0, 28_000);
    w.forget();
    w.run_until("both have heard of it", 3000, |w| {
        [1, 2].iter().all(|site| w.names(*site).contains(&"+sentinel-address-switch"))
    });
}
