//! Scenarios of clients that come back to the old master before the new one is published.

use crate::support::{GROUP, World, addr, options, run_id};
use bongsu_sentinel_core::{Epoch, FailoverKind, GroupName, GroupOptions, Hello, Input, Reason, Role, Time};

fn published() -> GroupOptions {
    let mut o = options(2);
    o.published = true;
    o
}

impl World {
    /// Everything outside shows the configuration of this epoch, as one sentinel learns.
    fn publish(&mut self, site: usize, epoch: u64) {
        let group = self.core(site).group(Time::from_ms(self.now), GROUP).unwrap().id;
        self.input(site, Input::Published { group, epoch: Epoch(epoch) });
    }

    fn leader(&self) -> usize {
        self.events.iter().find(|(_, _, e)| e.name == "+elected-leader").unwrap().1
    }

    /// The master dies, and another takes its place under this epoch. The leader.
    fn replaced(&mut self) -> usize {
        self.kill(1);
        self.run_until("failed over", 5000, |w| w.masters().iter().all(|m| *m != 1));
        self.leader()
    }

    fn returned(&mut self) {
        self.restart(1);
        self.run_until("the old master follows", 15_000, |w| w.nodes[&1].role == Role::Replica);
    }

    fn by_hello(&mut self, site: usize, epoch: u64, master: u16) {
        let hello = Hello {
            addr: addr(26999),
            run_id: run_id(1),
            current_epoch: Epoch(epoch),
            group: GroupName::parse(GROUP).unwrap(),
            master: addr(master),
            config_epoch: Epoch(epoch),
        };
        self.input(site, Input::Hello { via: None, hello });
    }
}

#[test]
fn a_hand_over_waits_until_the_new_master_is_published() {
    let mut w = World::settled(3, 2, &published());
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("all know", 2000, |w| w.masters().iter().all(|m| *m != 1));
    w.run_for(100);
    assert_eq!(w.nodes[&1].role, Role::Master, "not demoted yet");
    assert!(w.nodes[&1].paused_until > w.now);
    w.publish(0, 1);
    w.run_for(5);
    assert_eq!(w.nodes[&1].role, Role::Replica, "demoted at once");
    w.run_for(20_000);
    assert_eq!(w.cuts, [], "the demotion has cut them, and it came afterwards");
}

#[test]
fn a_hand_over_does_not_wait_where_nothing_is_published() {
    let mut w = World::settled(3, 2, &options(2));
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("all know", 2000, |w| w.masters().iter().all(|m| *m != 1));
    w.run_for(60);
    assert_eq!(w.nodes[&1].role, Role::Replica);
}

#[test]
fn a_hand_over_does_not_wait_for_ever_and_cuts_again_later() {
    let mut w = World::settled(3, 2, &published());
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("all know", 2000, |w| w.masters().iter().all(|m| *m != 1));
    let known = w.now;
    w.run_until("demoted", 2000, |w| w.nodes[&1].role == Role::Replica);
    assert!((200..=260).contains(&(w.now - known)), "after {} ms", w.now - known);
    assert_eq!(w.nodes[&1].paused_until, 0);
    w.run_for(10_000);
    assert_eq!(w.cuts, []);
    w.publish(0, 1);
    w.run_for(10);
    assert_eq!(w.cuts, [(0, 1)]);
    assert_eq!(w.decisions.iter().filter(|(_, d)| matches!(d.reason, Reason::ClientsCut { .. })).count(), 1);
    w.publish(0, 1);
    w.run_for(20_000);
    assert_eq!(w.cuts, [(0, 1)], "once is enough");
}

/// Whoever is waited for longest decides.
#[test]
fn what_is_published_at_once_does_not_shorten_the_wait_for_the_peers() {
    let mut w = World::settled(3, 2, &published());
    w.operate(0, |c, now| c.failover(now, GROUP, FailoverKind::Auto)).unwrap();
    w.run_until("a replica is told", 2000, |w| w.count("+failover-state-wait-promotion") == 1);
    w.cut.extend([(0, 1), (0, 2)]);
    w.run_until("promoted", 1000, |w| w.count("+promoted-slave") == 1);
    let promoted = w.now;
    w.publish(0, 1);
    w.run_until("demoted", 2000, |w| w.nodes[&1].role == Role::Replica);
    assert!((50..70).contains(&(w.now - promoted)), "after {} ms", w.now - promoted);
}

#[test]
fn who_comes_back_before_the_publication_is_cut_when_it_is_there() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(5000);
    assert_eq!(w.cuts, []);
    w.publish(leader, 1);
    w.run_for(10);
    assert_eq!(w.cuts, [(leader, 1)]);
}

/// The usual case: published long before the old master is back, whose demotion then cuts whoever is there.
#[test]
fn who_comes_back_after_the_publication_is_not_cut_twice() {
    let mut w = World::settled(1, 2, &{
        let mut o = options(1);
        o.published = true;
        o
    });
    let leader = w.replaced();
    w.publish(leader, 1);
    w.returned();
    w.run_for(20_000);
    assert_eq!(w.cuts, []);
}

#[test]
fn a_publication_of_an_older_epoch_says_nothing() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    w.publish(leader, 0);
    w.run_for(20_000);
    assert_eq!(w.cuts, []);
}

#[test]
fn a_publication_that_never_comes_cuts_nobody() {
    let mut w = World::settled(3, 2, &published());
    w.replaced();
    w.returned();
    w.run_for(120_000);
    assert_eq!(w.cuts, []);
}

#[test]
fn an_old_master_out_of_reach_is_cut_when_it_can_be_reached() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    w.cut_nodes.insert((leader, 1));
    w.cut_clients(1);
    w.publish(leader, 1);
    w.run_for(3000);
    assert_eq!(w.cuts, []);
    w.cut_nodes.clear();
    w.run_until("cut", 20_000, |w| w.cuts == [(leader, 1)]);
}

#[test]
fn observers_cut_nobody() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    for site in (0..3).filter(|s| *s != leader) {
        w.publish(site, 1);
    }
    w.run_for(20_000);
    assert_eq!(w.cuts, []);
}

#[test]
fn who_is_master_again_keeps_its_clients() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    w.by_hello(leader, 9, 1);
    assert_eq!(w.masters()[leader], 1);
    w.publish(leader, 1);
    w.publish(leader, 9);
    w.run_for(20_000);
    assert_eq!(w.cuts, []);
}

/// Somebody has promoted it again, and we have not heard of that yet.
#[test]
fn who_says_that_it_is_a_master_keeps_its_clients() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    w.node(1).role = Role::Master;
    w.node(1).master = None;
    w.publish(leader, 1);
    w.run_for(500);
    assert_eq!(w.cuts, []);
}

#[test]
fn a_third_master_leaves_the_first_to_itself() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    let second = w.masters()[leader];
    let third = if second == 2 { 3 } else { 2 };
    w.by_hello(leader, 9, third);
    w.publish(leader, 9);
    w.run_for(500);
    assert_eq!(w.cuts, [], "the failover of epoch 9 is somebody else's");
}

#[test]
fn a_reset_in_between_forgets_it() {
    let mut w = World::settled(3, 2, &published());
    let leader = w.replaced();
    w.returned();
    w.run_for(1000);
    w.operate(leader, |c, now| c.reset(now, &|_| true));
    w.publish(leader, 1);
    w.run_for(20_000);
    assert_eq!(w.cuts, []);
}
