//! The set test: writers add elements of their own to a set; every acknowledged one must be there afterwards.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{command, connect, master_of, wait};

/// Clients that write at the same time.
const WRITERS: u64 = 8;

/// Acknowledged writes after which writing counts as going on.
const FLOWING: u64 = 2000;

/// What became of the writes.
pub(crate) struct Outcome {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
    /// The longest time that a writer went without an acknowledgement.
    pub(crate) outage: Duration,
}

/// Lets clients that ask `sentinel` for the master write to the set `key` before, during and after `event`.
pub(crate) fn under_load(sentinel: u16, key: &str, event: impl FnOnce()) -> Outcome {
    let (count, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let flow = |what| {
        let before = count.load(Ordering::Relaxed);
        wait(what, || (count.load(Ordering::Relaxed) > before + FLOWING).then_some(()));
    };
    let results: Vec<(Vec<u64>, Duration)> = std::thread::scope(|scope| {
        let (count, stop) = (&count, &stop);
        let writers: Vec<_> = (0..WRITERS).map(|w| scope.spawn(move || write(w, sentinel, key, count, stop))).collect();
        flow("writes flow");
        event();
        flow("writes flow again");
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("a writer ends")).collect()
    });
    let there: BTreeSet<u64> = wait("the set is read", || command(master_of(sentinel)?, &["SMEMBERS", key]));
    let acknowledged: Vec<u64> = results.iter().flat_map(|(elements, _)| elements.iter().copied()).collect();
    Outcome {
        lost: acknowledged.iter().filter(|element| !there.contains(element)).count(),
        acknowledged: acknowledged.len(),
        outage: results.iter().map(|(_, outage)| *outage).max().unwrap_or_default(),
    }
}

/// Gives the acknowledged elements, and the longest pause.
fn write(writer: u64, sentinel: u16, key: &str, count: &AtomicU64, stop: &AtomicBool) -> (Vec<u64>, Duration) {
    let (mut acknowledged, mut longest, mut last) = (Vec::new(), Duration::ZERO, Instant::now());
    let mut connection = None;
    let elements = (0..).map(|n| n * WRITERS + writer);
    for element in elements {
        while connection.is_none() && !stop.load(Ordering::Relaxed) {
            connection = master_of(sentinel).and_then(connect);
        }
        let Some(open) = connection.as_mut().filter(|_| !stop.load(Ordering::Relaxed)) else { break };
        match redis::cmd("SADD").arg(key).arg(element).query::<u64>(open) {
            Ok(_) => {
                acknowledged.push(element);
                count.fetch_add(1, Ordering::Relaxed);
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            // Whether it was executed is unknown, so it does not count; the next one is a new element.
            Err(_) => connection = None,
        }
    }
    (acknowledged, longest)
}
