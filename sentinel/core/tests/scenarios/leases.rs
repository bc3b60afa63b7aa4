//! Leases: who gets one, and that nobody else does meanwhile.

use std::time::Duration;

use bongsu_sentinel_core::{
    Addr, Epoch, Holder, LEASE_MAX, LeaseAnswer, LeaseCall, LeaseRefusal, Sentinel, Standing, Time,
};

use crate::support::{GROUP, World, addr, options, run_id};

const WANTED: Duration = Duration::from_secs(3);
/// On the clock of whoever asks.
const SENT: u64 = 1_000;

fn call(holder: u64, node: Addr) -> LeaseCall {
    LeaseCall { holder: run_id(holder), node, wanted: WANTED, sent: Time::from_ms(SENT) }
}

/// What sentinel `at` answers to `holder`, who asks for node `node`.
fn ask(w: &mut World, at: usize, holder: u64, node: u16) -> Result<Duration, LeaseRefusal> {
    w.operate(at, |core, now| core.lease(now, GROUP, call(holder, addr(node)))).unwrap().verdict
}

fn settled() -> World {
    let mut w = World::settled(3, 2, &options(2));
    w.run_for(u64::try_from(LEASE_MAX.as_millis()).unwrap());
    w
}

#[test]
fn the_master_gets_one_and_no_other_node() {
    let mut w = settled();
    assert_eq!(ask(&mut w, 0, 71, 2), Err(LeaseRefusal::NotMaster { master: addr(1) }));
    let lasts = ask(&mut w, 0, 71, 1).unwrap();
    assert!(lasts <= WANTED && lasts > Duration::ZERO, "{lasts:?}");
    let held = w.operate(0, |core, now| core.lease_of(now, GROUP)).unwrap();
    assert_eq!((held.holder, held.node), (run_id(71), addr(1)));
}

#[test]
fn nobody_gets_one_right_after_a_start() {
    let mut w = settled();
    assert!(ask(&mut w, 0, 71, 1).is_ok());
    w.kill_sentinel(0);
    w.restart_sentinel(0);
    w.run_for(1000);
    assert!(matches!(ask(&mut w, 0, 71, 1), Err(LeaseRefusal::Started { .. })));
    w.run_for(u64::try_from(LEASE_MAX.as_millis()).unwrap());
    assert!(ask(&mut w, 0, 71, 1).is_ok());
}

#[test]
fn a_second_holder_waits_for_the_end_of_the_first() {
    let mut w = settled();
    let lasts = ask(&mut w, 0, 71, 1).unwrap();
    assert!(matches!(ask(&mut w, 0, 72, 1), Err(LeaseRefusal::Held { left, .. }) if left <= lasts));
    let wait = u64::try_from(lasts.as_millis()).unwrap();
    w.run_for(wait - 2);
    assert!(matches!(ask(&mut w, 0, 72, 1), Err(LeaseRefusal::Held { .. })));
    w.run_for(3);
    assert!(ask(&mut w, 0, 72, 1).is_ok());
}

#[test]
fn a_lease_that_is_given_back_is_free_at_once() {
    let mut w = settled();
    assert!(ask(&mut w, 0, 71, 1).is_ok());
    assert_eq!(w.operate(0, |core, now| core.release_lease(now, GROUP, run_id(72), Time::from_ms(SENT))), Ok(false));
    assert!(ask(&mut w, 0, 72, 1).is_err());
    assert_eq!(w.operate(0, |core, now| core.release_lease(now, GROUP, run_id(71), Time::from_ms(SENT))), Ok(true));
    assert!(ask(&mut w, 0, 72, 1).is_ok());
}

#[test]
fn asking_for_less_does_not_shorten_what_was_granted() {
    let mut w = settled();
    let first = ask(&mut w, 0, 71, 1).unwrap();
    let shorter = LeaseCall { wanted: Duration::from_millis(10), ..call(71, addr(1)) };
    assert_eq!(
        w.operate(0, |core, now| core.lease(now, GROUP, shorter)).unwrap().verdict,
        Ok(Duration::from_millis(10))
    );
    w.run_for(u64::try_from(first.as_millis()).unwrap() - 2);
    assert!(matches!(ask(&mut w, 0, 72, 1), Err(LeaseRefusal::Held { .. })));
}

#[test]
fn by_the_time_that_the_master_is_down_its_lease_has_run_out() {
    let mut w = settled();
    w.freeze(1);
    let mut last = None;
    while !w.names(0).contains(&"+sdown") {
        if let Ok(lasts) = ask(&mut w, 0, 71, 1) {
            last = Some((w.now, lasts));
        }
        w.run_for(10);
    }
    let (at, lasts) = last.expect("it was granted while the master was thought to live");
    let ends = at + u64::try_from(lasts.as_millis()).unwrap();
    assert!(ends <= w.now, "granted at {at:?} for {lasts:?}, sdown at {:?}", w.now);
    assert!(ask(&mut w, 0, 71, 1).is_err());
    w.run_until("switched", 60_000, |w| w.masters().iter().all(|m| *m != 1));
    let new = w.masters()[0];
    assert!(ask(&mut w, 0, 75, new).is_ok(), "the new master need not wait");
    assert!(matches!(ask(&mut w, 0, 71, 1), Err(LeaseRefusal::NotMaster { .. })));
}

#[test]
fn an_unknown_group_has_no_leases() {
    let mut w = settled();
    assert!(w.operate(0, |core, now| core.lease(now, "another", call(71, addr(1)))).is_err());
    assert!(w.operate(0, |core, now| core.release_lease(now, "another", run_id(71), Time::from_ms(SENT))).is_err());
}

fn granted(ms: u64, voters: u32) -> LeaseAnswer {
    LeaseAnswer { epoch: Epoch(1), voters, verdict: Ok(Duration::from_millis(ms)) }
}

#[test]
fn a_majority_is_needed_and_the_one_that_ends_first_of_it_counts() {
    let mut holder = Holder::new(3);
    let now = Time::from_ms(10_000);
    holder.answered(run_id(1), now, &granted(3000, 3));
    assert_eq!(holder.standing(now), Standing::NotHeld);
    holder.answered(run_id(1), now, &granted(3000, 3));
    assert_eq!(holder.standing(now), Standing::NotHeld, "a sentinel that answers twice counts once");
    holder.answered(run_id(2), now, &granted(1000, 3));
    let Standing::Held { until } = holder.standing(now) else { panic!("two of three") };
    assert!(until < now + Duration::from_millis(1000) && until > now + Duration::from_millis(800), "{until:?}");
    assert_eq!(holder.standing(until), Standing::NotHeld);
    holder.answered(run_id(3), now, &granted(2000, 5));
    let Standing::Held { until } = holder.standing(now) else { panic!("three of five") };
    assert!(until < now + Duration::from_millis(1000), "somebody knows of five sentinels, so three are needed");
}

/// A clock that is being corrected runs up to a twelfth faster or slower.
#[test]
fn a_holder_with_a_slow_clock_ends_before_a_sentinel_with_a_fast_one() {
    for ms in [100, 1000, 3000, 5000] {
        let mut holder = Holder::new(1);
        let sent = Time::from_ms(10_000);
        holder.answered(run_id(1), sent, &granted(ms, 1));
        let Standing::Held { until } = holder.standing(sent) else { panic!("{ms}") };
        let slow = until.since(sent) * 12 / 11;
        let fast = Duration::from_millis(ms) * 12 / 13;
        assert!(slow < fast, "{slow:?} {fast:?}");
    }
}

#[test]
fn what_was_let_go_does_not_come_back_with_a_late_answer() {
    let mut holder = Holder::new(1);
    let sent = Time::from_ms(10_000);
    holder.answered(run_id(1), sent, &granted(3000, 1));
    holder.let_go(sent + Duration::from_millis(5));
    assert_eq!(holder.standing(sent), Standing::NotHeld);
    holder.answered(run_id(1), sent + Duration::from_millis(5), &granted(3000, 1));
    assert_eq!(holder.standing(sent + Duration::from_millis(5)), Standing::NotHeld);
    let later = sent + Duration::from_millis(100);
    holder.answered(run_id(1), later, &granted(3000, 1));
    assert!(matches!(holder.standing(later), Standing::Held { .. }));
}

#[test]
fn a_refusal_leaves_what_was_granted_before() {
    let mut holder = Holder::new(1);
    let sent = Time::from_ms(10_000);
    holder.answered(run_id(1), sent, &granted(3000, 1));
    let refusal = LeaseAnswer { epoch: Epoch(1), voters: 1, verdict: Err(LeaseRefusal::Tilt) };
    assert!(!holder.answered(run_id(1), sent, &refusal));
    assert!(matches!(holder.standing(sent), Standing::Held { .. }));
    let verdict = Err(LeaseRefusal::NotMaster { master: addr(2) });
    assert!(!holder.answered(run_id(1), sent, &LeaseAnswer { epoch: Epoch(1), voters: 1, verdict: verdict.clone() }));
    assert!(holder.answered(run_id(1), sent, &LeaseAnswer { epoch: Epoch(2), voters: 1, verdict }));
}

#[test]
fn a_release_that_comes_late_does_not_take_what_was_asked_for_since() {
    let mut w = settled();
    assert!(ask(&mut w, 0, 71, 1).is_ok());
    let again = LeaseCall { sent: Time::from_ms(SENT + 1), ..call(71, addr(1)) };
    assert!(w.operate(0, |core, now| core.lease(now, GROUP, again)).unwrap().verdict.is_ok());
    let late = |core: &mut Sentinel, now| core.release_lease(now, GROUP, run_id(71), Time::from_ms(SENT));
    assert_eq!(w.operate(0, late), Ok(false));
    assert!(matches!(ask(&mut w, 0, 72, 1), Err(LeaseRefusal::Held { .. })));
    let in_time = |core: &mut Sentinel, now| core.release_lease(now, GROUP, run_id(71), Time::from_ms(SENT + 1));
    assert_eq!(w.operate(0, in_time), Ok(true));
}
