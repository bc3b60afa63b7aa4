//! What every target must do, whatever it stands on.

#![allow(dead_code, reason = "every test binary uses its part")]

use std::fs::DirEntry;
use std::future::Future;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bongsu_publish::{Holds, Member, Publisher, Record, Target, TargetError, Written};

/// Whatever is waited for happens within this time even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A record whose parts all follow from the epoch, so that a mixture of two can be told.
pub(crate) fn record(group: &str, epoch: u64) -> Record {
    let node = |octet: u8, port: u16| Member {
        host: format!("10.1.2.{octet}"),
        ip: Some([10, 1, 2, octet].into()),
        port,
        id: Some(format!("{epoch:040x}")),
        tls: false,
    };
    let octet = u8::try_from(epoch % 200).unwrap();
    Record {
        group: group.to_owned(),
        epoch,
        primary: node(octet, 10_000 + u16::from(octet)),
        replicas: vec![node(201, 6379), node(202, 6379)],
        reason: "failover".to_owned(),
        published_at_ms: 1_700_000_000_000 + epoch,
        publisher: Publisher { id: "f".repeat(40), addr: "10.1.2.250:26379".to_owned() },
    }
}

/// Polls until there is something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = look().await {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Waits until the target answers.
pub(crate) async fn serves(target: &impl Target) {
    let wanted = record("is-it-there", 1);
    eventually("the target serves", || async { target.read(&wanted).await.ok().map(drop) }).await;
}

/// What the target holds, compared with `wanted`.
pub(crate) async fn held(target: &impl Target, wanted: &Record) -> Holds {
    target.read(wanted).await.unwrap().holds
}

/// Reads and writes, with nobody else about.
pub(crate) async fn publish(target: &impl Target, record: &Record) {
    let seen = target.read(record).await.unwrap();
    assert_eq!(target.write(&seen.token, record).await.unwrap(), Written::Done);
}

#[track_caller]
pub(crate) fn assert_agrees(holds: &Holds, wanted: &Record) {
    assert!(matches!(holds, Holds::Record { epoch, agrees: true, .. } if *epoch == wanted.epoch), "{holds:?}");
}

/// Nothing is there; then what was written, which agrees with itself and with nothing else.
pub(crate) async fn holds_what_was_written(target: &impl Target, group: &str) {
    let first = record(group, 3);
    assert_eq!(held(target, &first).await, Holds::Nothing);
    publish(target, &first).await;
    assert_agrees(&held(target, &first).await, &first);

    let moved = record(group, 4);
    let Holds::Record { epoch: 3, primary, agrees: false } = held(target, &moved).await else { panic!("epoch 3") };
    assert_eq!(primary, format!("{}:{}", first.primary.host, first.primary.port));
    publish(target, &moved).await;
    assert_agrees(&held(target, &moved).await, &moved);
    assert!(matches!(held(target, &first).await, Holds::Record { epoch: 4, agrees: false, .. }));
}

/// Whoever looked before another wrote has lost, also where nothing was there when he looked; groups do not disturb each other.
pub(crate) async fn stale_tokens_lose(target: &impl Target, group: &str) {
    for epoch in [7, 9] {
        let (old, new) = (record(group, epoch), record(group, epoch + 1));
        let seen = target.read(&old).await.unwrap();
        publish(target, &record(&format!("{group}-2"), 1)).await;
        publish(target, &new).await;
        assert_eq!(target.write(&seen.token, &old).await.unwrap(), Written::Lost);
        assert_agrees(&held(target, &new).await, &new);
    }
}

/// Of two who saw the same, one writes, and what he wrote is there whole.
pub(crate) async fn one_of_two_racers_wins(one: &impl Target, two: &impl Target, group: &str) {
    for round in 0..20 {
        let (a, b) = (record(group, 10 + round * 2), record(group, 11 + round * 2));
        let (seen_a, seen_b) = (one.read(&a).await.unwrap(), two.read(&b).await.unwrap());
        let (did_a, did_b) = tokio::join!(one.write(&seen_a.token, &a), two.write(&seen_b.token, &b));
        let winner = match (did_a.unwrap(), did_b.unwrap()) {
            (Written::Done, Written::Lost) => a,
            (Written::Lost, Written::Done) => b,
            both => panic!("round {round}: {both:?}"),
        };
        assert_agrees(&held(one, &winner).await, &winner);
    }
}

/// What others left is told as such, and replaced only by a write that saw it.
pub(crate) async fn foreign_values_are_told(target: &impl Target, group: &str, put: impl AsyncFn()) {
    let wanted = record(group, 1);
    let before = target.read(&wanted).await.unwrap();
    put().await;
    assert_eq!(target.write(&before.token, &wanted).await.unwrap(), Written::Lost);
    let seen = target.read(&wanted).await.unwrap();
    assert!(matches!(seen.holds, Holds::Foreign { .. }), "{:?}", seen.holds);
    assert_eq!(target.write(&seen.token, &wanted).await.unwrap(), Written::Done);
    assert_agrees(&held(target, &wanted).await, &wanted);
}

/// Stops a process, or lets it go on, and returns when each of its threads has: a signal only asks for it.
pub(crate) fn freeze(pid: u32, is_frozen: bool) {
    let signal = if is_frozen { "-STOP" } else { "-CONT" };
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
    let has_obeyed = |task: std::io::Result<DirEntry>| {
        // The state follows the name, which stands in parentheses; a thread that is gone is neither.
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T') == is_frozen)
    };
    let started = Instant::now();
    while !std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().all(has_obeyed) {
        assert!(started.elapsed() < PATIENCE, "{pid} does not obey {signal}");
        std::thread::yield_now();
    }
}

/// A server that stands still costs one limit, and is forgiven. Nothing else should follow on the same server.
pub(crate) async fn frozen_servers_cost_the_limit(
    target: &impl Target,
    limit: Duration,
    group: &str,
    freeze: impl Fn(bool),
) {
    let wanted = record(group, 1);
    publish(target, &wanted).await;
    let seen = target.read(&wanted).await.unwrap();
    freeze(true);
    for is_write in [false, true] {
        let started = Instant::now();
        let error = match is_write {
            false => target.read(&wanted).await.err(),
            true => target.write(&seen.token, &wanted).await.err(),
        };
        let took = started.elapsed();
        assert!(matches!(error, Some(TargetError::Timeout { .. })), "{error:?}");
        assert!(took < limit * 2, "{took:?}");
    }
    freeze(false);
    // A cluster that stood still may serve, choose a leader anew, and serve again: only what a read says counts.
    let again = || async { target.read(&wanted).await.ok().map(|seen| seen.holds) };
    assert_agrees(&eventually("it serves again", again).await, &wanted);
}

/// Somebody who reads all keys at one moment, again and again, never sees parts of two records. `read` gives the record and its
/// parts in the order of their keys. The last epoch written is 99.
pub(crate) async fn parts_change_at_one_moment(
    target: &impl Target,
    group: &str,
    read: impl Fn() -> Vec<String> + Send + 'static,
) {
    publish(target, &record(group, 1)).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        while !told.load(Ordering::Relaxed) {
            let values = read();
            let stored = Record::from_json(values[0].as_bytes()).unwrap();
            let (ip, port) = (stored.primary.ip.unwrap().to_string(), stored.primary.port.to_string());
            let parts = [format!("{ip}:{port}"), stored.primary.host, ip, port, stored.epoch.to_string()];
            assert_eq!(values[1..], parts);
            seen.push(stored.epoch);
        }
        seen
    });
    for epoch in 2..100 {
        publish(target, &record(group, epoch)).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let seen = reader.join().unwrap();
    assert!(seen.is_sorted() && seen.len() > 10, "{seen:?}");
}

/// Median of a hundred times reading and writing.
pub(crate) async fn figure(target: &impl Target, group: &str) -> Duration {
    let mut times = Vec::new();
    for epoch in 1..=100 {
        let record = record(group, epoch);
        let started = Instant::now();
        publish(target, &record).await;
        times.push(started.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}
