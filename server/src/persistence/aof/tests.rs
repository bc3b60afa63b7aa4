use super::*;
use crate::net::wake::Waker;

fn aof(policy: Policy) -> (tempfile::TempDir, Aof) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stream");
    let mut aof = Aof::new(Writer::start(policy, Waker::new().unwrap()).unwrap(), policy, 0);
    aof.take(Ticket::Rotate, vec![Step::Create(path.clone()), Step::Append(path)], 0);
    assert!(aof.wait_done().unwrap().result.is_ok());
    (dir, aof)
}

fn text(dir: &tempfile::TempDir) -> String {
    std::fs::read_to_string(dir.path().join("stream")).unwrap()
}

#[test]
fn what_is_told_is_gathered_for_a_moment_and_never_kept_longer() {
    let (dir, mut aof) = aof(Policy::EverySecond);
    aof.note(b"one ");
    aof.hand_over_if_due(10);
    assert_eq!((aof.queued_bytes(), aof.patience_us(10)), (4, Some(GATHERED_US_MAX)));
    aof.note(b"two ");
    aof.hand_over_if_due(510);
    assert_eq!((aof.appended, aof.patience_us(510)), (0, Some(GATHERED_US_MAX - 500)));
    aof.hand_over_if_due(10 + GATHERED_US_MAX);
    assert_eq!((aof.appended, aof.patience_us(10 + GATHERED_US_MAX)), (8, None));
    aof.note(&[b'x'; GATHERED_BYTES_MAX]);
    aof.hand_over_if_due(20 + GATHERED_US_MAX);
    assert_eq!(aof.appended, 8 + GATHERED_BYTES_MAX as u64);
    aof.note(b" end");
    drop(aof);
    assert!(text(&dir).starts_with("one two x") && text(&dir).ends_with("x end"));
}

#[test]
fn replies_wait_for_what_is_gathered_when_they_have_to_wait_for_the_disk() {
    let (dir, mut aof) = aof(Policy::Always);
    assert_eq!(aof.gate(0), None);
    aof.note(b"one");
    aof.hand_over_if_due(0);
    let gate = aof.gate(0).unwrap();
    assert!(gate == 3 && !aof.is_passed(gate) && aof.pause_us().is_some());
    aof.hand_over(0);
    while !aof.is_passed(gate) {
        std::thread::yield_now();
    }
    assert_eq!((text(&dir).as_str(), aof.pause_us()), ("one", None));
}

#[test]
fn the_offsets_of_a_log_go_on_in_the_next_one() {
    let (dir, mut aof) = aof(Policy::EverySecond);
    aof.note(b"old");
    aof.end(vec![Step::Abandon], 0);
    // The replies of the turn in which it ended wait, those behind it do not.
    let gate = aof.gate(0);
    assert!(gate.is_none() || gate == Some(3));
    aof.begin_anew(Policy::EverySecond);
    assert!(aof.is_aside && aof.is_ending() && aof.has_steps());
    assert_eq!((aof.offset(), aof.log_bytes(), aof.durable()), (3, 0, None));
    aof.note(b"new");
    assert_eq!((aof.offset(), aof.log_bytes()), (6, 3));
    assert_eq!(aof.wait_done().unwrap().ticket, Ticket::End);
    assert!(!aof.is_ending() && !aof.has_steps() && aof.is_passed(3));
    assert_eq!(text(&dir), "old");
}

#[test]
fn a_failure_to_sync_is_in_doubt_until_a_newer_base_is_there() {
    let (_dir, mut aof) = aof(Policy::EverySecond);
    aof.take(Ticket::Rotate, vec![Step::Append("/dev/null".into())], 0);
    assert!(!aof.needs_base());
    aof.note(b"lost");
    aof.hand_over(0);
    while !aof.is_doubtful() {
        std::thread::yield_now();
    }
    aof.take(Ticket::Rotate, vec![Step::Append("/dev/null".into())], 0);
    let doubts = std::iter::from_fn(|| aof.wait_done()).nth(1).unwrap().doubts;
    assert!(aof.needs_base() && aof.durable().is_none());
    aof.settle_doubts(doubts);
    assert!(!aof.needs_base());
}
