//! A planned hand-over under load: every acknowledged write must be there afterwards.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::{GROUP, Installation, Program, ask, command, connect, master_of, wait};

const WRITERS: u64 = 8;
const ROUNDS: usize = 3;

/// Adds elements of its own to a set until told to stop; gives those that were acknowledged, and its longest pause.
fn write(writer: u64, sentinel: u16, next: &AtomicU64, stop: &AtomicBool) -> (Vec<u64>, Duration) {
    let (mut acknowledged, mut longest, mut last) = (Vec::new(), Duration::ZERO, Instant::now());
    let mut connection = None;
    while !stop.load(Ordering::Relaxed) {
        let Some(open) = connection.as_mut() else {
            connection = master_of(sentinel).and_then(connect);
            continue;
        };
        let element = next.fetch_add(1, Ordering::Relaxed) * WRITERS + writer;
        match redis::cmd("SADD").arg("elements").arg(element).query::<u64>(open) {
            Ok(_) => {
                acknowledged.push(element);
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            // Whether it was executed is unknown, so it does not count; the next one is a new element.
            Err(_) => connection = None,
        }
    }
    (acknowledged, longest)
}

#[test]
fn no_acknowledged_write_is_lost() {
    let i = Installation::start(2, &[Program::Ours; 3]);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let sentinel = i.sentinels[0];
    let results: Vec<(Vec<u64>, Duration)> = std::thread::scope(|scope| {
        let (next, stop) = (&next, &stop);
        let writers: Vec<_> = (0..WRITERS).map(|w| scope.spawn(move || write(w, sentinel, next, stop))).collect();
        for _ in 0..ROUNDS {
            let before = next.load(Ordering::Relaxed);
            wait("writes flow", || (next.load(Ordering::Relaxed) > before + 2000).then_some(()));
            i.wait_until_known();
            let old = master_of(sentinel).unwrap();
            wait("the hand-over is accepted", || ask::<String>(sentinel, &["FAILOVER", GROUP]));
            i.wait_for_new_master(old);
        }
        let before = next.load(Ordering::Relaxed);
        wait("writes flow again", || (next.load(Ordering::Relaxed) > before + 2000).then_some(()));
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    let there: BTreeSet<u64> = command(master_of(sentinel).unwrap(), &["SMEMBERS", "elements"]).unwrap();
    let acknowledged: Vec<u64> = results.iter().flat_map(|(a, _)| a.iter().copied()).collect();
    let lost = acknowledged.iter().filter(|e| !there.contains(e)).count();
    let longest = results.iter().map(|(_, l)| *l).max().unwrap();
    println!("{} acknowledged, {lost} lost, longest outage of a writer {} ms", acknowledged.len(), longest.as_millis());
    assert_eq!(lost, 0, "of {} acknowledged", acknowledged.len());
}
