//! Scenarios of nodes that are not what the configuration says: found, told of, and put right. Protocol section 3.10.

use bongsu_sentinel_core::{Role, Time};

use crate::support::{GROUP, World, options};

fn make_master(w: &mut World, port: u16) {
    w.node(port).role = Role::Master;
    w.node(port).master = None;
}

/// INFO is asked for at once when a link comes up.
fn notice(w: &mut World, port: u16) {
    w.cut_clients(port);
}

#[test]
fn a_new_replica_is_found_through_its_master() {
    let mut w = World::settled(1, 2, &options(2));
    w.add_replica(4, 1);
    w.run_until("it is found", 11_000, |w| w.heard(0) == ["+slave slave 4"]);
}

#[test]
fn a_replica_of_a_replica_is_not_looked_for() {
    let mut w = World::settled(1, 2, &options(2));
    w.add_replica(4, 2);
    w.run_for(60_000);
    assert!(w.heard(0).is_empty(), "{}", w.transcript());
}

/// What a demoted master lists as its replicas are replicas of a replica.
#[test]
fn a_master_that_says_replica_shows_no_new_replicas() {
    let mut w = World::settled(1, 2, &options(2));
    w.node(1).role = Role::Replica;
    w.node(1).master = Some(2);
    w.add_replica(4, 1);
    notice(&mut w, 1);
    w.run_for(15_000);
    assert!(w.heard_of(0, &["+slave"]).is_empty(), "{}", w.transcript());
}

#[test]
fn the_replicas_of_a_stray_master_are_not_taken_in() {
    let mut w = World::settled(1, 2, &options(2));
    make_master(&mut w, 2);
    w.add_replica(4, 2);
    notice(&mut w, 2);
    w.run_for(5000);
    assert_eq!(w.heard(0), ["-role-change slave 2 new reported role is master"]);
}

#[test]
fn a_replica_that_became_a_master_is_converted_after_four_hello_periods() {
    let mut w = World::settled(1, 2, &options(2));
    make_master(&mut w, 2);
    notice(&mut w, 2);
    w.run_until("it is noticed", 1000, |w| w.names(0) == ["-role-change"]);
    let noticed = w.now;
    w.run_until("it is converted", 12_000, |w| w.told == [(0, 2, Some(1))]);
    assert!((8000..=9300).contains(&(w.now - noticed)), "after {} ms", w.now - noticed);
    w.run_until("it says so", 2000, |w| w.count("+role-change") == 1);
    let expected = [
        "-role-change slave 2 new reported role is master",
        "+convert-to-slave slave 2",
        "+role-change slave 2 new reported role is slave",
    ];
    assert_eq!(w.heard(0), expected);
}

/// The other sentinels may know of a failover that we have not heard of yet: the one who does not see a sane master
/// leaves everything as it is.
#[test]
fn nobody_is_converted_while_the_master_is_not_sane() {
    let mut w = World::settled(1, 2, &options(2));
    w.freeze(1);
    make_master(&mut w, 2);
    notice(&mut w, 2);
    w.run_for(60_000);
    assert!(w.told.is_empty(), "{:?}", w.told);
    w.thaw(1);
    w.run_until("it is converted", 15_000, |w| w.told == [(0, 2, Some(1))]);
}

#[test]
fn a_node_that_was_just_down_is_given_time() {
    let mut w = World::settled(1, 2, &options(2));
    w.kill(2);
    w.run_until("it is down", 3000, |w| w.count("+sdown") == 1);
    let down = w.now;
    make_master(&mut w, 2);
    w.restart(2);
    w.run_until("it is converted", 15_000, |w| !w.told.is_empty());
    assert!(w.now - down > 8000, "after {} ms", w.now - down);
}

/// It has said for long that it is a master, but was gone for a moment: somebody may have had a reason.
#[test]
fn an_old_claim_does_not_make_up_for_a_recent_absence() {
    let mut w = World::settled(1, 2, &options(2));
    w.freeze(1);
    make_master(&mut w, 2);
    notice(&mut w, 2);
    w.run_for(30_000);
    w.kill(2);
    w.run_until("it is down", 3000, |w| w.heard(0).contains(&"+sdown slave 2".to_owned()));
    let down = w.now;
    w.node(2).up = true;
    w.thaw(1);
    w.run_until("it is converted", 15_000, |w| !w.told.is_empty());
    assert!(w.now - down > 8000, "after {} ms", w.now - down);
}

#[test]
fn a_replica_of_somebody_else_is_repointed_after_the_failover_timeout() {
    let mut w = World::settled(1, 2, &options(2));
    w.node(2).master = Some(99);
    notice(&mut w, 2);
    let strayed = w.now;
    w.run_until("it is repointed", 25_000, |w| w.told == [(0, 2, Some(1))]);
    assert!((10_000..=12_500).contains(&(w.now - strayed)), "after {} ms", w.now - strayed);
    assert_eq!(w.heard(0), ["+fix-slave-config slave 2"]);
}

#[test]
fn patience_starts_anew_with_every_change() {
    let mut w = World::settled(1, 2, &options(2));
    for elsewhere in [99, 98, 97] {
        w.node(2).master = Some(elsewhere);
        notice(&mut w, 2);
        w.run_for(8000);
    }
    assert!(w.told.is_empty(), "{:?}", w.told);
    w.run_until("it is repointed", 5000, |w| w.told == [(0, 2, Some(1))]);
}

/// Where a majority says the same, nobody can be thinking of another master.
#[test]
fn the_old_master_is_converted_at_once_when_all_agree() {
    let mut w = World::settled(3, 2, &options(2));
    w.kill(1);
    w.run_until("the failover ends", 5000, |w| w.count("+failover-end") == 1);
    w.run_for(2000);
    w.forget();
    w.restart(1);
    let back = w.now;
    w.run_until("it is converted", 10_000, |w| !w.told.is_empty());
    assert!(w.now - back < 2500, "after {} ms", w.now - back);
    assert!(w.count("+convert-to-slave") >= 1);
}

/// A planned promotion by somebody else: the master turns into a replica. That is told, and nothing else happens until
/// it is down.
#[test]
fn a_master_that_says_replica_is_only_told_of_at_first() {
    let mut w = World::settled(3, 2, &options(2));
    w.node(1).role = Role::Replica;
    w.node(1).master = Some(2);
    notice(&mut w, 1);
    w.run_for(15_000);
    assert!(w.told.is_empty(), "{:?}", w.told);
    for site in 0..3 {
        assert_eq!(w.heard(site), ["-role-change master 1 new reported role is slave"]);
    }
}

#[test]
fn a_restart_is_told_of() {
    let mut w = World::settled(1, 1, &options(2));
    w.restart(2);
    w.restart(1);
    w.run_until("both are noticed", 11_000, |w| w.count("+reboot") == 2);
    let mut said = w.heard(0);
    said.sort();
    assert_eq!(said, ["+reboot master 1", "+reboot slave 2"]);
}

/// Clients are not shown it (the list of replicas leaves it out), but it is watched, and may be promoted.
#[test]
fn an_unannounced_replica_is_watched_like_any_other() {
    let mut w = World::settled(3, 1, &options(2));
    w.node(2).announced = false;
    w.run_for(11_000);
    let replicas = w.core(0).replicas(Time::from_ms(w.now), GROUP).unwrap();
    assert!(!replicas[0].announced);
    w.kill(1);
    w.run_until("it is promoted", 5000, |w| w.masters() == [2, 2, 2]);
}

/// The same process under two of its addresses: told to follow itself it would serve nobody.
#[test]
fn the_master_is_never_told_to_follow_itself() {
    let mut w = World::settled(1, 2, &options(1));
    let process = w.nodes[&2].run_id;
    w.node(3).run_id = process;
    w.run_for(11_000);
    w.kill(1);
    w.run_until("one of them is promoted", 5000, |w| w.masters()[0] != 1);
    w.run_for(20_000);
    assert!(w.told.iter().all(|(_, _, master)| master.is_none()), "{:?}", w.told);
    let known = w.core(0).replicas(Time::from_ms(w.now), GROUP).unwrap();
    assert_eq!(known.len(), 1, "the old master is left");
}
