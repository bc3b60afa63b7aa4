//! Scenarios of what sentinels tell each other of a group's configuration.

use crate::support::{GROUP, World, addr, options, run_id};
use bongsu_sentinel_core::{Addr, Epoch, FailoverKind, GroupName, Hello, Input, Reason, Role, Time};

/// A hello of a sentinel that nobody can reach.
fn hello(epoch: u64, master: Addr) -> Input {
    let hello = Hello {
        addr: addr(26999),
        run_id: run_id(1),
        current_epoch: Epoch(epoch),
        group: GroupName::parse(GROUP).unwrap(),
        master,
        config_epoch: Epoch(epoch),
    };
    Input::Hello { via: None, hello }
}

fn config_epochs(w: &World) -> Vec<u64> {
    (0..3).map(|s| w.core(s).group(Time::from_ms(w.now), GROUP).unwrap().config_epoch.0).collect()
}

/// Who settled a rivalry, in order.
fn settled_by(w: &World) -> Vec<usize> {
    w.decisions.iter().filter(|(_, d)| matches!(d.reason, Reason::RivalrySettled { .. })).map(|(s, _)| *s).collect()
}

/// Nodes 2 and 3 were promoted in epoch 5, and each sentinel has heard of one of the two.
fn rivals(named: [u16; 3]) -> World {
    let mut w = World::settled(3, 3, &options(2));
    for port in [2, 3] {
        w.node(port).role = Role::Master;
        w.node(port).master = None;
    }
    for (site, port) in named.into_iter().enumerate() {
        w.input(site, hello(5, addr(port)));
    }
    assert_eq!(w.masters(), named);
    w
}

#[test]
fn of_two_masters_under_one_epoch_the_one_that_more_sentinels_name_wins() {
    for (named, winner) in [([3, 2, 2], 2), ([2, 3, 2], 2), ([2, 2, 3], 2), ([3, 3, 2], 3)] {
        let mut w = rivals(named);
        w.run_until("all agree", 20_000, |w| w.masters() == [winner; 3] && config_epochs(w) == [6; 3]);
        assert_eq!(settled_by(&w), [0], "the one with the lowest id settles it, once");
        let loser = 5 - winner;
        w.run_until("the other one follows", 30_000, |w| w.nodes[&loser].master == Some(winner));
        w.run_for(60_000);
        assert_eq!(config_epochs(&w), [6; 3], "nobody moves again");
    }
}

#[test]
fn a_master_that_holds_data_wins_over_an_empty_one() {
    let mut w = rivals([2, 3, 3]);
    w.node(3).keys = 0;
    w.run_until("all agree", 30_000, |w| w.masters() == [2; 3]);
}

#[test]
fn a_master_that_is_there_wins_over_one_that_is_not() {
    let mut w = rivals([3, 2, 2]);
    w.kill(2);
    w.run_until("all agree", 30_000, |w| w.masters() == [3; 3]);
}

#[test]
fn whoever_is_next_moves_if_the_first_one_does_not() {
    let mut w = rivals([3, 2, 2]);
    // It lives, and is heard, but its disk does not let it take an epoch.
    w.fail_disk(0, true);
    w.run_until("all agree", 30_000, |w| w.masters() == [2; 3]);
    assert_eq!(settled_by(&w), [1]);
}

#[test]
fn what_an_operator_configured_differently_is_left_alone() {
    let mut w = World::settled(3, 2, &options(2));
    w.input(0, hello(0, addr(2)));
    w.run_for(60_000);
    assert_eq!(w.masters(), [1, 1, 1]);
    assert_eq!(config_epochs(&w), [0; 3]);
}

#[test]
fn an_unknown_name_may_be_our_own_master() {
    let mut w = World::settled(3, 2, &options(2));
    for site in 0..3 {
        w.input(site, hello(5, addr(1)));
    }
    w.input(0, hello(5, Addr::new("alias.example", 1).unwrap()));
    w.run_for(900);
    assert_eq!(w.masters(), [1, 1, 1]);
    w.run_for(60_000);
    assert_eq!(settled_by(&w), Vec::<usize>::new());
}

#[test]
fn forced_failovers_take_an_epoch_of_which_nobody_has_heard() {
    let mut w = World::settled(3, 2, &options(2));
    w.input(0, hello(7, addr(1)));
    w.run_for(10);
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Forced)).unwrap();
    w.run_until("promoted", 5000, |w| w.count("+promoted-slave") == 1);
    assert_eq!(config_epochs(&w)[0], 8);
}
