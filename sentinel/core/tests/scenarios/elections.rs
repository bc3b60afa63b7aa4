//! Scenarios of elections: who leads, how many votes it takes, and who waits for whom. Protocol section 3.8.

use bongsu_sentinel_core::{CallId, Epoch, GroupName, Hello, Input, Reason, SaveNeed, Time};

use crate::support::{GROUP, World, addr, options, run_id};

fn call(w: &mut World, site: usize, epoch: u64, candidate: u64) {
    let epoch = Epoch(epoch);
    w.input(site, Input::VoteCall { call: CallId(900), addr: addr(1), epoch, candidate: Some(run_id(candidate)) });
}

/// A hello of a sentinel that nobody can reach.
fn hello(epoch: u64) -> Hello {
    Hello {
        addr: addr(500),
        run_id: run_id(5),
        current_epoch: Epoch(epoch),
        group: GroupName::parse(GROUP).unwrap(),
        master: addr(1),
        config_epoch: Epoch(0),
    }
}

fn elected(w: &World) -> Vec<usize> {
    w.events.iter().filter(|(_, _, e)| e.name == "+elected-leader").map(|(_, site, _)| *site).collect()
}

#[test]
fn one_of_all_is_elected_and_everybody_votes_once() {
    for sentinels in [3, 5, 7] {
        let mut w = World::settled(sentinels, 2, &options(2));
        w.kill(1);
        w.run_until("all agree", 5000, |w| w.count("+switch-master") == sentinels);
        assert_eq!(elected(&w).len(), 1, "{}", w.transcript());
        for site in 0..sentinels {
            let votes = w.heard_of(site, &["+vote-for-leader"]);
            assert_eq!(votes.len(), 1, "{votes:?}");
        }
    }
}

/// Those that are down count as voters: what is a majority does not shrink with a partition.
#[test]
fn sentinels_that_are_down_count_as_voters() {
    let mut w = World::settled(4, 2, &options(2));
    w.kill_sentinel(2);
    w.kill_sentinel(3);
    w.kill(1);
    w.run_for(30_000);
    assert!(w.count("+odown") > 0);
    assert!(elected(&w).is_empty(), "two of four are no majority");
    w.restart_sentinel(2);
    w.run_until("three of four are", 60_000, |w| elected(w).len() == 1);
}

#[test]
fn a_quorum_above_the_majority_is_needed_for_the_election_too() {
    let mut w = World::settled(5, 2, &options(4));
    w.kill(1);
    w.run_until("odown everywhere", 3000, |w| w.count("+odown") > 0);
    let reason = |w: &World| {
        w.decisions.iter().find_map(|(_, d)| match &d.reason {
            Reason::Elected { needed, voters, .. } => Some((*needed, voters.len())),
            _ => None,
        })
    };
    w.run_until("somebody is elected", 5000, |w| reason(w).is_some());
    let (needed, votes) = reason(&w).unwrap();
    assert_eq!(needed, 4);
    assert!(votes >= 4);
}

#[test]
fn an_election_that_nobody_answers_ends_and_is_tried_again() {
    let mut w = World::settled(3, 2, &options(1));
    w.cut.extend([(0, 1), (0, 2)]);
    w.cut_nodes.extend([(0, 1)]);
    w.run_until("it gives up", 20_000, |w| w.names(0).contains(&"-failover-abort-not-elected"));
    let said = w.heard_of(0, &["+new-epoch", "+try-failover", "+vote-for-leader", "+elected", "-failover"]);
    let vote = format!("+vote-for-leader {} 1", w.core(0).my_id());
    assert_eq!(said, ["+new-epoch 1", "+try-failover master 1", &vote, "-failover-abort-not-elected master 1"]);
    w.run_until("it tries again", 30_000, |w| w.heard_of(0, &["+try-failover"]).len() == 2);
    assert_eq!(w.core(0).current_epoch(), Epoch(2), "under another epoch");
}

/// The failed attempts of one sentinel that sees ghosts must not keep the others from working.
#[test]
fn a_sentinel_that_cannot_see_the_master_does_not_keep_the_others_from_a_failover() {
    let mut w = World::settled(3, 2, &options(2));
    w.cut_nodes.insert((0, 1));
    w.run_for(30_000);
    assert_eq!(w.count("+try-failover"), 0, "one is no quorum");
    w.kill(1);
    w.run_until("it is failed over", 5000, |w| w.masters() == [2, 2, 2] || w.masters() == [3, 3, 3]);
}

#[test]
fn who_voted_for_another_waits_for_it() {
    let mut w = World::settled(2, 1, &options(1));
    // Sentinel 1 has called for votes, and then its disk fails: it is there, but does nothing.
    w.fail_disk(1, true);
    w.operate(1, |c, _| c.save(SaveNeed::Everything));
    call(&mut w, 0, 5, 101);
    w.kill(1);
    w.run_for(8000);
    assert!(w.names(0).contains(&"+odown"));
    assert_eq!(w.count("+try-failover"), 0, "{}", w.transcript());
    w.run_until("but not for ever", 10_000, |w| w.names(0).contains(&"+try-failover"));
    assert_eq!(w.core(0).current_epoch(), Epoch(6));
}

/// As in a mixed quorum, where the other one asks under a higher epoch while our own election is running.
#[test]
fn who_votes_for_another_during_its_own_election_waits_for_it() {
    let mut w = World::settled(3, 1, &options(1));
    for site in [1, 2] {
        w.fail_disk(site, true);
        w.operate(site, |c, _| c.save(SaveNeed::Everything));
    }
    w.kill(1);
    w.save_ms = 500;
    w.run_until("its election runs", 5000, |w| w.names(0).contains(&"+try-failover"));
    call(&mut w, 0, 5, 101);
    w.forget();
    w.run_for(8000);
    assert_eq!(w.count("+try-failover"), 0, "{}", w.transcript());
}

#[test]
fn a_leader_that_is_down_is_not_waited_for() {
    let mut w = World::settled(3, 1, &options(2));
    for site in [0, 1] {
        call(&mut w, site, 5, 102);
    }
    w.kill_sentinel(2);
    w.kill(1);
    w.run_until("the others do it", 5000, |w| w.masters() == [2, 2]);
}

#[test]
fn a_vote_raises_the_epoch_of_the_voter() {
    let mut w = World::settled(3, 1, &options(2));
    call(&mut w, 0, 5, 77);
    let vote = format!("+vote-for-leader {} 5", run_id(77));
    assert_eq!(w.heard(0), ["+new-epoch 5".to_owned(), vote]);
    w.run_until("all hear of it", 12_000, |w| (0..3).all(|s| w.core(s).current_epoch() == Epoch(5)));
}

/// A peer that does not vote tells of its last vote instead, which was for an earlier failover.
#[test]
fn votes_of_an_earlier_epoch_do_not_count() {
    let mut w = World::settled(3, 1, &options(2));
    for site in [1, 2] {
        call(&mut w, site, 5, 100);
    }
    w.run_for(100);
    for site in [1, 2] {
        w.fail_disk(site, true);
        w.operate(site, |c, _| c.save(SaveNeed::Everything));
    }
    w.input(0, Input::Hello { via: None, hello: hello(6) });
    w.kill(1);
    w.run_for(5000);
    assert!(w.names(0).contains(&"+try-failover"));
    assert!(elected(&w).is_empty(), "{}", w.transcript());
}

#[test]
fn a_vote_in_tilt_is_worth_a_vote() {
    let mut w = World::settled(3, 1, &options(1));
    w.kill_sentinel(2);
    w.pause_sentinel_for(1, 8000);
    w.run_until("tilt", 100, |w| w.core(1).tilt().since.is_some());
    w.kill(1);
    w.run_until("elected with the vote of one in tilt", 3000, |w| elected(w) == [0]);
}

/// The master is back before the votes are in.
#[test]
fn a_master_that_comes_back_ends_the_election() {
    let mut w = World::settled(3, 1, &options(1));
    w.cut_nodes.insert((0, 1));
    w.run_until("it tries", 5000, |w| w.names(0).contains(&"+try-failover"));
    // The peers are there, but what they answer is lost.
    w.cut.extend([(0, 1), (0, 2)]);
    w.cut_nodes.clear();
    w.cut_clients(1);
    w.run_until("the master is up", 500, |w| w.names(0).contains(&"-odown"));
    w.run_for(1);
    assert!(w.names(0).contains(&"-failover-abort-not-elected"), "{}", w.transcript());
    w.cut.clear();
    w.run_for(30_000);
    assert_eq!(w.masters(), [1, 1, 1]);
}

/// Epochs of configurations only ever grow, so that the last failover wins everywhere.
#[test]
fn every_failover_has_a_higher_epoch_than_the_last() {
    let mut w = World::settled(3, 2, &options(2));
    let mut last = Epoch(0);
    for _ in 0..4 {
        let master = w.masters()[0];
        w.kill(master);
        w.run_until("the failover ends", 20_000, |w| {
            w.masters().iter().all(|m| *m != master) && w.masters().iter().all(|m| *m == w.masters()[0])
        });
        let now = Time::from_ms(w.now);
        let epoch = w.core(0).group(now, GROUP).unwrap().config_epoch;
        assert!(epoch > last, "{epoch} after {last}");
        last = epoch;
        w.restart(master);
        w.run_for(30_000);
    }
}

/// A sentinel that only asks for opinions gets no vote, and changes no epoch.
#[test]
fn an_opinion_is_no_vote() {
    let mut w = World::settled(3, 1, &options(2));
    w.input(0, Input::VoteCall { call: CallId(901), addr: addr(1), epoch: Epoch(50), candidate: None });
    assert_eq!(w.core(0).current_epoch(), Epoch(0));
    assert!(w.heard(0).is_empty());
}

/// What a hello of a peer from far ahead brings is an epoch; the next election starts above it.
#[test]
fn an_election_starts_above_every_epoch_that_was_heard_of() {
    let mut w = World::settled(3, 1, &options(2));
    w.input(0, Input::Hello { via: None, hello: hello(40) });
    w.run_until("all have heard of it", 15_000, |w| (0..3).all(|s| w.core(s).current_epoch() == Epoch(40)));
    w.kill(1);
    w.run_until("it is failed over", 10_000, |w| w.masters() == [2, 2, 2]);
    let now = Time::from_ms(w.now);
    assert!(w.core(0).group(now, GROUP).unwrap().config_epoch >= Epoch(40));
}
