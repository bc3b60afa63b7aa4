//! Votes of a sentinel whose file takes long to rewrite survive its death.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;

use support::{Installation, Program, ask, wait};

/// Enough for a file that goes through the journal.
const GROUPS: u16 = 600;
/// Nobody listens there; each group is known by its port.
const FIRST_PORT: u16 = 60_000;
const EPOCH: u64 = 7;

/// Asks for a vote; gives whom the sentinel votes for in this epoch.
fn vote(sentinel: u16, group: u16, epoch: u64, candidate: char) -> Option<(String, u64)> {
    let (port, epoch) = ((FIRST_PORT + group).to_string(), epoch.to_string());
    let candidate = candidate.to_string().repeat(40);
    let answer: (i64, String, u64) =
        ask(sentinel, &["is-master-down-by-addr", "127.0.0.1", &port, &epoch, &candidate])?;
    Some((answer.1, answer.2))
}

#[test]
fn a_vote_is_not_given_again_after_a_crash() {
    let mut i = Installation::empty();
    let groups: String =
        (0..GROUPS).map(|g| format!("sentinel monitor group-{g} 127.0.0.1 {} 2\n", FIRST_PORT + g)).collect();
    let sentinel = i.add_sentinel(Program::Ours, &groups);
    let journal = i.file(sentinel).with_extension("conf.journal");
    for group in 0..3 {
        assert_eq!(vote(sentinel, group, EPOCH, 'a').unwrap(), ("a".repeat(40), EPOCH));
        assert!(journal.exists(), "the vote was on disk before it was given");
    }
    i.kill(sentinel);
    let found = fs::read_to_string(&journal).unwrap();
    assert!((0..3).all(|group| found.contains(&format!("group group-{group} current-epoch {EPOCH} "))), "{found}");

    i.start_sentinel(sentinel, Program::Ours);
    for group in 0..3 {
        let (leader, _) = vote(sentinel, group, EPOCH, 'b').unwrap();
        assert_ne!(leader, "b".repeat(40), "a second vote in the same epoch");
    }
    wait("the file has it all", || {
        let text = fs::read_to_string(i.file(sentinel)).ok()?;
        let told = (0..3).all(|group| text.contains(&format!("sentinel leader-epoch group-{group} {EPOCH}\n")));
        (told && text.contains(&format!("sentinel current-epoch {EPOCH}\n")) && !journal.exists()).then_some(())
    });
}
