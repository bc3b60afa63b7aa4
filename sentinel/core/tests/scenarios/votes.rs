//! Scenarios of votes, epochs and the disk behind them.

use crate::support::{GROUP, World, addr, options, run_id};
use bongsu_sentinel_core::{Action, CallId, Epoch, GroupName, GroupSpec, Input, SaveNeed, VoteReply};

/// The answer to a vote call, which must not leave before the save is on disk.
fn ask(w: &mut World, call: u64, epoch: u64, candidate: u64) -> Option<VoteReply> {
    let input =
        Input::VoteCall { call: CallId(call), addr: addr(1), epoch: Epoch(epoch), candidate: Some(run_id(candidate)) };
    w.operate(0, |core, now| {
        core.handle(now, input);
        let mut saves = Vec::new();
        let mut answer = None;
        while let Some(action) = core.poll_action() {
            match action {
                Action::Save { seq, .. } => saves.push(seq),
                Action::AnswerVote { reply, .. } => answer = Some(reply),
                _ => {}
            }
        }
        if !saves.is_empty() {
            assert_eq!(answer, None, "a vote leaves only after it is durable");
        }
        for seq in saves {
            core.handle(now, Input::Saved { seq });
        }
        while let Some(action) = core.poll_action() {
            if let Action::AnswerVote { reply, .. } = action {
                answer = Some(reply);
            }
        }
        answer
    })
}

#[test]
fn one_vote_per_epoch() {
    let mut w = World::settled(3, 2, &options(2));
    let first = ask(&mut w, 1, 50, 1).unwrap();
    assert_eq!(first.leader, Some((run_id(1), Epoch(50))));
    let second = ask(&mut w, 2, 50, 2).unwrap();
    assert_eq!(second.leader, Some((run_id(1), Epoch(50))), "the vote of that epoch is given");
    let third = ask(&mut w, 3, 51, 2).unwrap();
    assert_eq!(third.leader, Some((run_id(2), Epoch(51))));
    let late = ask(&mut w, 4, 50, 3).unwrap();
    assert_eq!(late.leader, Some((run_id(2), Epoch(51))), "an old epoch gets no vote");
}

#[test]
fn a_vote_survives_a_restart() {
    let mut w = World::settled(3, 2, &options(2));
    let input = Input::VoteCall { call: CallId(1), addr: addr(1), epoch: Epoch(50), candidate: Some(run_id(1)) };
    w.input(0, input);
    w.run_for(10);
    w.kill_sentinel(0);
    w.restart_sentinel(0);
    assert_eq!(w.core(0).current_epoch(), Epoch(50));
    let again = ask(&mut w, 2, 50, 2).unwrap();
    assert_eq!(again.leader, None, "the epoch is remembered, the name is not");
}

#[test]
fn a_failing_disk_stops_the_voting_but_not_the_watching() {
    let mut w = World::settled(3, 2, &options(2));
    w.fail_disk(1, true);
    w.fail_disk(2, true);
    w.kill(1);
    w.run_for(20_000);
    assert_eq!(w.count("+elected-leader"), 0, "{}", w.transcript());
    assert!(w.names(1).contains(&"+odown"));
    w.fail_disk(1, false);
    w.fail_disk(2, false);
    // Whoever tries to save next finds that the disk is back.
    w.operate(1, |c, _| c.save(SaveNeed::Everything));
    w.operate(2, |c, _| c.save(SaveNeed::Everything));
    w.run_until("switched", 60_000, |w| w.masters().iter().all(|m| *m != 1));
}

#[test]
fn an_unknown_master_gets_no_vote() {
    let mut w = World::settled(3, 2, &options(2));
    let input = Input::VoteCall { call: CallId(1), addr: addr(99), epoch: Epoch(9), candidate: Some(run_id(1)) };
    let answer = w.operate(0, |core, now| {
        core.handle(now, input);
        std::iter::from_fn(|| core.poll_action()).find_map(|a| match a {
            Action::AnswerVote { reply, .. } => Some(reply),
            _ => None,
        })
    });
    assert_eq!(answer, Some(VoteReply { down: false, leader: None }));
    assert_eq!(w.core(0).current_epoch(), Epoch(0));
}

#[test]
fn a_pause_of_our_own_process_voids_our_observations_only() {
    let mut w = World::settled(3, 2, &options(2));
    w.pause_sentinel_for(0, 8000);
    w.run_for(5000);
    let names = w.names(0);
    assert!(names.contains(&"+tilt") && names.contains(&"-tilt"), "{names:?}");
    assert_eq!(w.masters(), [1, 1, 1]);
    assert!(!w.events.iter().any(|(_, s, e)| *s == 0 && e.name == "+sdown" && e.payload().starts_with("master")));
    w.kill(1);
    w.run_until("it still fails over", 5000, |w| w.masters().iter().all(|m| *m != 1));
    assert!(w.core(0).group(bongsu_sentinel_core::Time::from_ms(w.now), GROUP).is_some());
}

/// An operator's script may remove a group and add it again at any moment.
#[test]
fn a_group_that_is_watched_again_does_not_vote_again() {
    let mut w = World::settled(3, 2, &options(2));
    assert!(ask(&mut w, 1, 50, 1).unwrap().leader.is_some());
    w.operate(0, |core, now| {
        core.remove(now, GROUP).unwrap();
        let spec = GroupSpec {
            name: GroupName::parse(GROUP).unwrap(),
            master: addr(1),
            options: options(2),
            config_epoch: Epoch::ZERO,
            leader_epoch: Epoch::ZERO,
            replicas: Vec::new(),
            peers: Vec::new(),
        };
        core.monitor(now, spec).unwrap();
    });
    assert_eq!(ask(&mut w, 2, 50, 2).unwrap().leader, None);
    assert_eq!(ask(&mut w, 3, 51, 2).unwrap().leader, Some((run_id(2), Epoch(51))));
}
