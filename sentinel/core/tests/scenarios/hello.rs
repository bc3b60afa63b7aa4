//! Scenarios of hello messages: who is a peer, where it is, and what it may change. Protocol sections 1.7 and 3.10.

use bongsu_sentinel_core::{Epoch, GroupName, GroupSpec, Hello, Input, RunId, Time};

use crate::support::{GROUP, World, addr, options, run_id};

/// A hello of a sentinel at `port` that knows no epochs and names the master that everybody knows.
fn hello(port: u16, who: RunId) -> Hello {
    Hello {
        addr: addr(port),
        run_id: who,
        current_epoch: Epoch(0),
        group: GroupName::parse(GROUP).unwrap(),
        master: addr(1),
        config_epoch: Epoch(0),
    }
}

fn say(w: &mut World, hello: Hello) {
    w.input(0, Input::Hello { via: None, hello });
}

/// Run ids and ports of the peers that sentinel 0 knows.
fn peers(w: &World) -> Vec<(RunId, u16)> {
    let peers = w.core(0).peers(Time::from_ms(w.now), GROUP).unwrap();
    peers.into_iter().map(|p| (p.instance.run_id.unwrap(), p.instance.addr.port())).collect()
}

fn config_epoch(w: &World) -> Epoch {
    w.core(0).group(Time::from_ms(w.now), GROUP).unwrap().config_epoch
}

// --- peers ------------------------------------------------------------------------------------------------------------

#[test]
fn whoever_says_hello_is_a_peer_and_told_of_once() {
    let mut w = World::settled(1, 1, &options(2));
    say(&mut w, hello(500, run_id(5)));
    say(&mut w, hello(500, run_id(5)));
    assert_eq!(w.heard(0), [format!("+sentinel sentinel {}", run_id(5))]);
    assert_eq!(peers(&w), [(run_id(5), 500)]);
}

#[test]
fn our_own_hello_makes_no_peer() {
    let mut w = World::settled(1, 1, &options(2));
    let own = w.core(0).my_id();
    say(&mut w, Hello { current_epoch: Epoch(9), ..hello(26000, own) });
    assert!(peers(&w).is_empty());
    assert_eq!(w.core(0).current_epoch(), Epoch(0));
}

#[test]
fn a_hello_of_another_group_is_none_of_our_business() {
    let mut w = World::settled(1, 1, &options(2));
    let group = GroupName::parse("other").unwrap();
    say(&mut w, Hello { group, current_epoch: Epoch(9), ..hello(500, run_id(5)) });
    assert!(peers(&w).is_empty());
    assert_eq!(w.core(0).current_epoch(), Epoch(0));
}

#[test]
fn a_peer_that_moved_is_followed() {
    let mut w = World::settled(3, 1, &options(2));
    w.kill_sentinel(2);
    w.restart_sentinel_at(2, 27_000);
    w.run_until("it is found", 10_000, |w| w.names(0).contains(&"+sentinel-address-switch"));
    w.run_for(2000);
    let said = w.heard_of(0, &["+sentinel"]);
    let id = w.core(2).my_id();
    assert_eq!(said, [format!("+sentinel-address-switch master 1 ip 127.0.0.1 port 27000 for {id}")]);
    assert_eq!(peers(&w).len(), 2);
    assert!(peers(&w).contains(&(id, 27_000)));
    assert!(!w.heard_of(0, &["+sdown"]).iter().any(|line| !line.contains("sentinel 2")), "{}", w.transcript());
}

/// A sentinel that lost its state file: two identities at one address cannot both be.
#[test]
fn a_peer_with_a_new_identity_takes_the_place_of_the_old_one() {
    let mut w = World::settled(3, 1, &options(2));
    let old = w.core(2).my_id();
    w.kill_sentinel(2);
    w.restart_sentinel_as(2, run_id(777));
    w.run_until("it is found", 10_000, |w| peers(w).iter().any(|(id, _)| *id == run_id(777)));
    assert_eq!(
        w.heard_of(0, &["+sentinel"]),
        [format!("+sentinel-invalid-addr sentinel {old}"), "+sentinel sentinel 2".to_owned()]
    );
    assert_eq!(peers(&w).len(), 2, "{:?}", peers(&w));
}

#[test]
fn a_move_counts_for_all_groups_of_a_peer() {
    let mut w = World::settled(1, 1, &options(2));
    let other = GroupName::parse("other").unwrap();
    let spec = GroupSpec {
        name: other.clone(),
        master: addr(2),
        options: options(2),
        config_epoch: Epoch(0),
        leader_epoch: Epoch(0),
        replicas: Vec::new(),
        peers: Vec::new(),
    };
    w.operate(0, |c, now| c.monitor(now, spec)).unwrap();
    say(&mut w, hello(500, run_id(5)));
    say(&mut w, Hello { group: other, master: addr(2), ..hello(500, run_id(5)) });
    w.forget();
    say(&mut w, hello(600, run_id(5)));
    let id = run_id(5);
    let expected = [
        format!("+sentinel-address-switch master 1 ip 127.0.0.1 port 600 for {id}"),
        format!("+sentinel-address-update sentinel {id} 1 additional matching instances"),
    ];
    assert_eq!(w.heard(0), expected);
    let elsewhere = w.core(0).peers(Time::from_ms(w.now), "other").unwrap();
    assert_eq!(elsewhere[0].instance.addr.port(), 600);
    assert_eq!(elsewhere[0].instance.link_refcount, 2);
}

// --- epochs -----------------------------------------------------------------------------------------------------------

#[test]
fn a_higher_epoch_is_adopted_and_a_lower_one_is_not() {
    let mut w = World::settled(1, 1, &options(2));
    say(&mut w, Hello { current_epoch: Epoch(7), ..hello(500, run_id(5)) });
    say(&mut w, Hello { current_epoch: Epoch(6), ..hello(500, run_id(5)) });
    assert_eq!(w.heard_of(0, &["+new-epoch"]), ["+new-epoch 7"]);
    assert_eq!(w.core(0).current_epoch(), Epoch(7));
}

// --- configurations ---------------------------------------------------------------------------------------------------

#[test]
fn a_newer_configuration_is_adopted() {
    let mut w = World::settled(1, 2, &options(2));
    say(&mut w, Hello { master: addr(3), config_epoch: Epoch(4), current_epoch: Epoch(4), ..hello(500, run_id(5)) });
    let expected = [
        format!("+sentinel sentinel {}", run_id(5)),
        "+new-epoch 4".to_owned(),
        format!("+config-update-from sentinel {}", run_id(5)),
        "+switch-master mymaster 127.0.0.1 1 127.0.0.1 3".to_owned(),
        "+slave slave 1".to_owned(),
        "+slave slave 2".to_owned(),
    ];
    assert_eq!(w.heard(0), expected);
    assert_eq!(w.masters(), [3]);
    assert_eq!(w.scripts, [(0, false, 1, 3)]);
}

#[test]
fn a_configuration_of_the_same_epoch_changes_nothing() {
    let mut w = World::settled(1, 2, &options(2));
    say(&mut w, Hello { master: addr(3), config_epoch: Epoch(4), ..hello(500, run_id(5)) });
    say(&mut w, Hello { master: addr(2), config_epoch: Epoch(4), ..hello(501, run_id(6)) });
    say(&mut w, Hello { master: addr(2), config_epoch: Epoch(3), ..hello(501, run_id(6)) });
    assert_eq!(w.masters(), [3]);
    assert_eq!(w.count("+switch-master"), 1);
}

#[test]
fn a_newer_epoch_of_the_same_master_is_no_switch() {
    let mut w = World::settled(1, 2, &options(2));
    say(&mut w, Hello { config_epoch: Epoch(4), ..hello(500, run_id(5)) });
    assert_eq!(config_epoch(&w), Epoch(4));
    assert_eq!(w.count("+switch-master") + w.count("+config-update-from"), 0);
}

#[test]
fn a_master_that_we_never_heard_of_is_adopted_too() {
    let mut w = World::settled(1, 1, &options(2));
    say(&mut w, Hello { master: addr(42), config_epoch: Epoch(4), ..hello(500, run_id(5)) });
    assert_eq!(w.masters(), [42]);
    assert_eq!(w.heard_of(0, &["+slave"]), ["+slave slave 1", "+slave slave 2"]);
}

/// A leader that was cut off finds that others have gone on without it.
#[test]
fn a_superseded_leader_gives_up() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(2).deaf_to_promotion = true;
    w.node(3).deaf_to_promotion = true;
    w.kill(1);
    w.run_until("somebody leads", 5000, |w| w.count("+failover-state-wait-promotion") > 0);
    let leader = w.events.iter().find(|(_, _, e)| e.name == "+elected-leader").unwrap().1;
    let newer = Hello { master: addr(3), config_epoch: Epoch(90), current_epoch: Epoch(90), ..hello(500, run_id(5)) };
    w.input(leader, Input::Hello { via: None, hello: newer });
    w.node(2).deaf_to_promotion = false;
    w.forget();
    w.run_for(1000);
    let now = Time::from_ms(w.now);
    assert_eq!(w.core(leader).group(now, GROUP).unwrap().failover_state.as_str(), "none");
    assert!(!w.names(leader).contains(&"+promoted-slave"), "{}", w.transcript());
}

/// Epochs are numbers of limited length, and one that is spent cannot be had again.
#[test]
fn nobody_can_use_all_epochs_up() {
    let mut w = World::settled(3, 1, &options(2));
    for epoch in [Epoch(1 << 33), Epoch(1 << 62)] {
        say(&mut w, Hello { current_epoch: epoch, ..hello(500, run_id(5)) });
        say(&mut w, Hello { config_epoch: epoch, ..hello(500, run_id(5)) });
        let call = bongsu_sentinel_core::CallId(1);
        w.input(0, Input::VoteCall { call, addr: addr(1), epoch, candidate: Some(run_id(5)) });
    }
    assert_eq!((w.core(0).current_epoch(), config_epoch(&w)), (Epoch(0), Epoch(0)));
    say(&mut w, Hello { current_epoch: Epoch(1 << 31), ..hello(500, run_id(5)) });
    assert_eq!(w.core(0).current_epoch(), Epoch(1 << 31), "one that is merely far ahead is believed");
}

/// The master was renewed under a newer epoch than ours, so that nobody would believe what we were about to do.
#[test]
fn a_renewed_master_ends_our_failover() {
    let mut w = World::settled(1, 1, &options(1));
    w.node(2).deaf_to_promotion = true;
    w.kill(1);
    w.run_until("it is told", 3000, |w| w.told == [(0, 2, None)]);
    say(&mut w, Hello { current_epoch: Epoch(7), config_epoch: Epoch(7), ..hello(500, run_id(5)) });
    let state = w.core(0).group(Time::from_ms(w.now), GROUP).unwrap().failover_state;
    assert_ne!(state.as_str(), "wait_promotion");
    assert_eq!((w.masters(), config_epoch(&w)), (vec![1], Epoch(7)));
    w.run_until("the next one has a newer epoch", 3000, |w| w.core(0).current_epoch() > Epoch(7));
}
