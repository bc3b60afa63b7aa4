use super::*;
use crate::types::Epoch;

/// A register that is written by compare-and-swap.
#[derive(Default)]
struct Store {
    holds: Option<Goal>,
    is_foreign: bool,
    revision: u64,
    /// Every record it held.
    history: Vec<Goal>,
}

impl Store {
    fn look(&self, goal: Goal) -> Held {
        match self.holds {
            _ if self.is_foreign => Held::Foreign,
            None => Held::Nothing,
            Some(held) => Held::Record { epoch: held.epoch, agrees: held == goal },
        }
    }

    fn write(&mut self, token: u64, goal: Goal) -> Outcome {
        if token != self.revision {
            return Outcome::Lost;
        }
        self.revision += 1;
        self.is_foreign = false;
        self.holds = Some(goal);
        self.history.push(goal);
        Outcome::Done
    }
}

/// A sentinel with what it read last.
struct Writer {
    machine: Publication,
    goal: Goal,
    token: u64,
}

const fn goal(epoch: u64, content: u64) -> Goal {
    Goal { epoch: Epoch(epoch), content }
}

fn at(ms: u64) -> Time {
    Time::from_ms(ms)
}

impl Writer {
    fn new(seed: u64, now: Time, goal: Goal, patience: Patience) -> Self {
        let mut machine = Publication::new(seed);
        machine.want(now, goal, patience);
        Self { machine, goal, token: 0 }
    }

    fn want(&mut self, now: Time, goal: Goal, patience: Patience) {
        self.goal = goal;
        self.machine.want(now, goal, patience);
    }

    /// Does the step that is due, and says which it was.
    fn step(&mut self, now: Time, store: &mut Store) -> Step {
        let goal = self.goal;
        let step = self.machine.poll(now);
        let answer = match step {
            Step::Read => {
                self.token = store.revision;
                Answer::Read(Ok(store.look(goal)))
            }
            Step::Write => Answer::Written(Ok(store.write(self.token, goal))),
            Step::Ask => Answer::Asked(Accord::FULL),
            Step::Rest(_) => return step,
        };
        self.machine.answered(now, answer);
        step
    }

    /// Does all that is due, and says what that was.
    fn run(&mut self, now: Time, store: &mut Store) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..20 {
            match self.step(now, store) {
                Step::Rest(_) => return steps,
                step => steps.push(step),
            }
        }
        panic!("it never rests: {steps:?}");
    }

    fn state(&self) -> PublicationState {
        self.machine.view().state
    }
}

#[test]
fn the_leader_publishes_at_once() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(5), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.run(at(5), &mut store), [Step::Read, Step::Write, Step::Ask]);
    assert_eq!(store.holds, Some(goal(3, 1)));
    assert_eq!(leader.state(), PublicationState::InSync);
    let phases = leader.machine.view().phases;
    assert_eq!((phases.requested, phases.accepted, phases.converged), (Some(at(5)), Some(at(5)), Some(at(5))));
}

#[test]
fn the_others_look_afterwards_and_find_it_done() {
    let mut store = Store::default();
    let mut other = Writer::new(2, at(0), goal(3, 1), Patience::of_rank(0));
    assert_eq!(other.machine.poll(at(0)), Step::Rest(Some(at(2000))));
    assert_eq!(other.state(), PublicationState::Waiting);
    Writer::new(1, at(0), goal(3, 1), Patience::of_leader()).run(at(0), &mut store);
    assert_eq!(other.run(at(2000), &mut store), [Step::Read, Step::Ask]);
    assert_eq!(other.state(), PublicationState::InSync);
}

#[test]
fn the_others_step_in_for_a_leader_that_is_gone() {
    let mut store = Store::default();
    let mut other = Writer::new(2, at(0), goal(3, 1), Patience::of_rank(1));
    assert_eq!(other.run(at(4000), &mut store), [Step::Read, Step::Write, Step::Ask]);
}

#[test]
fn an_older_epoch_gives_way_and_a_newer_one_does_not() {
    let mut store = Store { holds: Some(goal(3, 1)), ..Store::default() };
    let mut stale = Writer::new(1, at(0), goal(2, 9), Patience::of_leader());
    assert_eq!(stale.run(at(0), &mut store), [Step::Read]);
    assert_eq!(stale.state(), PublicationState::Superseded);
    stale.want(at(10), goal(4, 9), Patience::of_leader());
    assert_eq!(stale.run(at(10), &mut store), [Step::Read, Step::Write, Step::Ask]);
}

#[test]
fn a_write_that_was_held_up_changes_nothing() {
    let mut store = Store { holds: Some(goal(1, 0)), ..Store::default() };
    let mut frozen = Writer::new(1, at(0), goal(2, 0), Patience::of_leader());
    assert_eq!(frozen.step(at(0), &mut store), Step::Read);
    assert_eq!(frozen.machine.poll(at(0)), Step::Write);
    Writer::new(2, at(10), goal(3, 0), Patience::of_leader()).run(at(10), &mut store);
    // A minute later the first one goes on with what it was about to do.
    let outcome = store.write(frozen.token, frozen.goal);
    frozen.machine.answered(at(60_000), Answer::Written(Ok(outcome)));
    assert_eq!(frozen.run(at(60_000), &mut store), [Step::Read]);
    assert_eq!((store.holds, frozen.state()), (Some(goal(3, 0)), PublicationState::Superseded));
}

#[test]
fn what_was_read_for_an_earlier_goal_is_not_written_on() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(1, 0), Patience::of_leader());
    assert_eq!(leader.machine.poll(at(0)), Step::Read);
    leader.want(at(1), goal(2, 0), Patience::of_leader());
    leader.machine.answered(at(2), Answer::Read(Ok(Held::Nothing)));
    assert_eq!(leader.run(at(2), &mut store), [Step::Read, Step::Write, Step::Ask]);
    assert_eq!(store.history, [goal(2, 0)]);
}

#[test]
fn a_wiped_target_is_filled_again() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    leader.run(at(0), &mut store);
    store = Store::default();
    assert_eq!(leader.run(at(14_000), &mut store), []);
    assert_eq!(leader.run(at(45_000), &mut store), [Step::Read, Step::Write, Step::Ask]);
}

#[test]
fn failures_are_tried_again_with_growing_waits() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    let mut now = at(0);
    let mut longest = Duration::ZERO;
    for _ in 0..12 {
        assert_eq!(leader.machine.poll(now), Step::Read);
        leader.machine.answered(now, Answer::Read(Err(Failure::Passing)));
        assert_eq!(leader.state(), PublicationState::Failing);
        let Step::Rest(Some(until)) = leader.machine.poll(now) else { panic!("no rest") };
        longest = longest.max(until.since(now));
        now = until;
    }
    assert!(longest > RETRY_MAX / 2 && longest < RETRY_MAX * 2, "{longest:?}");
    leader.run(now, &mut store);
    assert_eq!(leader.state(), PublicationState::InSync);
}

#[test]
fn a_write_without_an_answer_is_looked_at_first() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.step(at(0), &mut store), Step::Read);
    assert_eq!(leader.machine.poll(at(0)), Step::Write);
    assert_eq!(store.write(leader.token, goal(3, 1)), Outcome::Done);
    leader.machine.answered(at(2000), Answer::Written(Err(Failure::Passing)));
    assert_eq!(leader.run(at(3000), &mut store), [Step::Read, Step::Ask]);
    assert_eq!(store.history.len(), 1);
}

#[test]
fn foreign_content_stands_until_an_operator_says_otherwise() {
    let mut store = Store { is_foreign: true, ..Store::default() };
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.run(at(0), &mut store), [Step::Read]);
    assert_eq!(leader.state(), PublicationState::Foreign);
    leader.machine.force(at(10));
    assert_eq!(leader.run(at(10), &mut store), [Step::Read, Step::Write, Step::Ask]);
    // Once: what comes afterwards is left alone again.
    store.is_foreign = true;
    assert_eq!(leader.run(at(60_000), &mut store), [Step::Read]);
}

#[test]
fn an_operator_may_go_back_to_a_lower_epoch() {
    let mut store = Store { holds: Some(goal(9, 0)), ..Store::default() };
    let mut leader = Writer::new(1, at(0), goal(0, 1), Patience::of_leader());
    leader.run(at(0), &mut store);
    leader.machine.force(at(10));
    leader.run(at(10), &mut store);
    assert_eq!(store.holds, Some(goal(0, 1)));
}

#[test]
fn under_one_epoch_the_first_in_rank_keeps_the_content() {
    let mut store = Store { holds: Some(goal(3, 1)), ..Store::default() };
    let mut first = Writer::new(1, at(0), goal(3, 2), Patience::of_rank(0));
    let mut second = Writer::new(2, at(0), goal(3, 1), Patience::of_rank(1));
    assert_eq!(first.run(at(2000), &mut store), [Step::Read]);
    assert_eq!(first.run(at(3000), &mut store), [Step::Read, Step::Write, Step::Ask]);
    assert_eq!(second.run(at(4000), &mut store), [Step::Read]);
    assert_eq!(second.state(), PublicationState::Pending);
    second.want(at(5000), goal(3, 2), Patience::of_rank(1));
    second.run(at(65_000), &mut store);
    assert_eq!((second.state(), store.history.len()), (PublicationState::InSync, 1));
}

#[test]
fn a_difference_that_lasts_is_mended_by_the_next_in_rank() {
    let mut store = Store { holds: Some(goal(3, 1)), ..Store::default() };
    let mut second = Writer::new(2, at(0), goal(3, 2), Patience::of_rank(1));
    assert_eq!(second.run(at(4000), &mut store), [Step::Read]);
    assert_eq!(second.run(at(66_000), &mut store), [Step::Read, Step::Write, Step::Ask]);
}

/// One of them does not know a replica that the other one knows, and never will.
#[test]
fn two_views_that_never_agree_do_not_alternate_for_ever() {
    let mut store = Store::default();
    let mut first = Writer::new(1, at(0), goal(3, 1), Patience::of_rank(0));
    let mut second = Writer::new(2, at(0), goal(3, 2), Patience::of_rank(1));
    for second_of_day in 0..86_400 {
        first.run(at(second_of_day * 1000), &mut store);
        second.run(at(second_of_day * 1000), &mut store);
    }
    assert!(store.history.len() < 80, "{} records in a day", store.history.len());
    assert_eq!(store.holds, Some(goal(3, 1)));
}

#[test]
fn a_difference_that_others_mended_is_seen_within_a_minute() {
    let mut store = Store { holds: Some(goal(3, 1)), ..Store::default() };
    let mut tenth = Writer::new(1, at(0), goal(3, 2), Patience::of_rank(10));
    assert_eq!(tenth.run(at(22_000), &mut store), [Step::Read]);
    store.holds = Some(goal(3, 2));
    assert_eq!(tenth.run(at(60_000), &mut store), [Step::Read, Step::Ask]);
    assert_eq!(tenth.state(), PublicationState::InSync);
}

#[test]
fn what_is_asked_for_during_a_step_is_done_after_it() {
    let mut store = Store { holds: Some(goal(3, 1)), ..Store::default() };
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.step(at(0), &mut store), Step::Read);
    assert_eq!(leader.machine.poll(at(0)), Step::Ask);
    store.holds = None;
    leader.machine.look_now(at(1));
    leader.machine.answered(at(2), Answer::Asked(Accord::FULL));
    assert_eq!(leader.run(at(2), &mut store), [Step::Read, Step::Write, Step::Ask]);
}

#[test]
fn content_that_never_rests_is_looked_at_all_the_same() {
    let mut store = Store::default();
    let mut other = Writer::new(1, at(0), goal(3, 0), Patience::of_rank(3));
    for n in 1..20 {
        other.run(at(n * 1000), &mut store);
        other.want(at(n * 1000), goal(3, n), Patience::of_rank(3));
    }
    assert_eq!(store.history.len(), 1);
    // A new epoch is left to whoever led to it.
    other.want(at(20_000), goal(4, 0), Patience::of_rank(3));
    assert_eq!(other.run(at(27_000), &mut store), []);
}

#[test]
fn an_epoch_is_shown_though_its_members_change_meanwhile() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.step(at(0), &mut store), Step::Read);
    assert_eq!(leader.step(at(0), &mut store), Step::Write);
    assert_eq!(leader.machine.poll(at(0)), Step::Ask);
    leader.want(at(1), goal(3, 2), Patience::of_rank(2));
    leader.machine.answered(at(2), Answer::Asked(Accord::FULL));
    assert_eq!(leader.machine.view().shown, Some(Epoch(3)));
    assert_eq!(leader.machine.view().phases.authoritative, None);
}

#[test]
fn an_authority_that_lost_it_sends_back_to_the_target() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.step(at(0), &mut store), Step::Read);
    assert_eq!(leader.step(at(0), &mut store), Step::Write);
    // It said that it was done, and it was not.
    store = Store::default();
    assert_eq!(leader.machine.poll(at(0)), Step::Ask);
    leader.machine.answered(at(0), Answer::Asked(Accord { authorities: false, caches: true }));
    assert_eq!(leader.state(), PublicationState::Spreading);
    assert_eq!(leader.run(at(100), &mut store), [Step::Read, Step::Write, Step::Ask]);
}

#[test]
fn caches_are_only_waited_for() {
    let mut store = Store::default();
    let mut leader = Writer::new(1, at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(leader.step(at(0), &mut store), Step::Read);
    assert_eq!(leader.step(at(0), &mut store), Step::Write);
    assert_eq!(leader.machine.poll(at(0)), Step::Ask);
    leader.machine.answered(at(0), Answer::Asked(Accord { authorities: true, caches: false }));
    assert!(leader.machine.view().phases.authoritative.is_some());
    assert_eq!(leader.machine.view().phases.converged, None);
    assert_eq!(leader.run(at(100), &mut store), [Step::Ask]);
    assert_eq!(leader.machine.view().phases.converged, Some(at(100)));
}

/// Five sentinels with different goals at a target that fails, loses answers and is wiped, in every order that the seed gives.
#[test]
fn the_newest_epoch_stands_in_any_order_of_steps() {
    for seed in 0..300 {
        let mut dice = Rng::new(seed);
        let mut roll = |sides: u64| u64::try_from(dice.up_to(Duration::from_millis(sides)).as_millis()).unwrap();
        let mut store = Store::default();
        let mut wiped_at = 0;
        let mut writers: Vec<Writer> = (0..5)
            .map(|i| Writer::new(seed * 5 + i, at(0), goal(i / 2, i / 2), Patience::of_rank(u32::try_from(i).unwrap())))
            .collect();
        let mut now = 0;
        for round in 0..400 {
            now += roll(500);
            let chosen = usize::try_from(roll(5)).unwrap();
            let writer = &mut writers[chosen];
            let wanted = writer.goal;
            match writer.machine.poll(at(now)) {
                Step::Read if roll(5) == 0 => writer.machine.answered(at(now), Answer::Read(Err(Failure::Passing))),
                Step::Read => {
                    writer.token = store.revision;
                    writer.machine.answered(at(now), Answer::Read(Ok(store.look(wanted))));
                }
                Step::Write => {
                    // Whatever the others do before it arrives.
                    let token = writer.token;
                    let other = usize::try_from(roll(5)).unwrap();
                    if other != chosen {
                        writers[other].run(at(now), &mut store);
                    }
                    let outcome = store.write(token, wanted);
                    let answer = if roll(3) == 0 { Err(Failure::Passing) } else { Ok(outcome) };
                    writers[chosen].machine.answered(at(now), Answer::Written(answer));
                }
                Step::Ask => writer.machine.answered(at(now), Answer::Asked(Accord::FULL)),
                Step::Rest(_) if roll(40) == 0 => {
                    let epoch = writer.goal.epoch.0 + 1;
                    writer.want(at(now), goal(epoch, epoch), Patience::of_leader());
                }
                Step::Rest(_) => {}
            }
            if round == 200 {
                store.holds = None;
                store.revision += 1;
                wiped_at = store.history.len();
            }
        }
        for part in [&store.history[..wiped_at], &store.history[wiped_at..]] {
            assert!(part.is_sorted_by_key(|goal| goal.epoch), "seed {seed}: {part:?}");
        }
        let newest = writers.iter().map(|writer| writer.goal).max_by_key(|goal| goal.epoch).unwrap();
        for minute in 1..4 {
            for writer in &mut writers {
                writer.run(at(now + minute * 60_000), &mut store);
            }
        }
        assert_eq!(store.holds.map(|goal| goal.epoch), Some(newest.epoch), "seed {seed}");
    }
}

/// What is read is never what is there, as with a wildcard in DNS.
#[test]
fn a_target_that_loses_every_write_is_not_asked_without_end() {
    let mut machine = Publication::new(1);
    machine.want(at(0), goal(3, 1), Patience::of_leader());
    let (mut now, mut writes) = (at(0), 0);
    while now < at(60_000) {
        match machine.poll(now) {
            Step::Read => machine.answered(now, Answer::Read(Ok(Held::Nothing))),
            Step::Write => {
                writes += 1;
                assert!(writes < 60, "{writes} writes until {now:?}");
                machine.answered(now, Answer::Written(Ok(Outcome::Lost)));
            }
            Step::Ask => panic!("nothing was written"),
            Step::Rest(until) => now = until.expect("it goes on"),
        }
    }
    assert_eq!(machine.view().state, PublicationState::Failing);
}

/// Somebody else writing at the same moment is no failure.
#[test]
fn a_race_is_no_failure() {
    let mut machine = Publication::new(1);
    machine.want(at(0), goal(3, 1), Patience::of_leader());
    assert_eq!(machine.poll(at(0)), Step::Read);
    machine.answered(at(0), Answer::Read(Ok(Held::Nothing)));
    assert_eq!(machine.poll(at(0)), Step::Write);
    machine.answered(at(0), Answer::Written(Ok(Outcome::Lost)));
    assert_ne!(machine.view().state, PublicationState::Failing);
}
