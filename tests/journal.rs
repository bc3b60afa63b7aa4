//! Votes of a sentinel whose file takes long to rewrite survive its death.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;

use support::{Installation, Program, ask, wait};

/// Enough for a file that goes through the journal.
const GROUPS: u16 = 600;
/// Nobody listens there; each group is known by its port.
const FIRST_PORT: u16 = 60_000;
const FIRST_EPOCH: u64 = 7;
/// Attempts to die before the file is rewritten.
const ROUNDS: u64 = 5;
/// Groups in which it votes each time.
const VOTES: u16 = 3;

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
    // On a machine that is slow enough the file was rewritten, and the journal removed, before the kill.
    let met_journal = (FIRST_EPOCH..FIRST_EPOCH + ROUNDS).any(|epoch| votes_and_dies(&mut i, sentinel, epoch));
    assert!(met_journal, "no vote was found in a journal");
}

/// Votes, dies and comes back. True if the votes were in the journal at that moment.
fn votes_and_dies(i: &mut Installation, sentinel: u16, epoch: u64) -> bool {
    let journal = i.file(sentinel).with_extension("conf.journal");
    for group in 0..VOTES {
        assert_eq!(vote(sentinel, group, epoch, 'a').unwrap(), ("a".repeat(40), epoch));
    }
    i.kill(sentinel);
    let found = fs::read_to_string(&journal).unwrap_or_default();
    let file = fs::read_to_string(i.file(sentinel)).unwrap();
    let in_journal = |group| found.contains(&format!("group group-{group} current-epoch {epoch} "));
    let in_file = |text: &str, group| text.contains(&format!("sentinel leader-epoch group-{group} {epoch}\n"));
    assert!((0..VOTES).all(|group| in_journal(group) || in_file(&file, group)), "{found}\n{file}");

    i.start_sentinel(sentinel, Program::Ours);
    for group in 0..VOTES {
        let (leader, _) = vote(sentinel, group, epoch, 'b').unwrap();
        assert_ne!(leader, "b".repeat(40), "a second vote in the same epoch");
    }
    wait("the file has it all", || {
        let text = fs::read_to_string(i.file(sentinel)).ok()?;
        let told = (0..VOTES).all(|group| in_file(&text, group));
        (told && text.contains(&format!("sentinel current-epoch {epoch}\n")) && !journal.exists()).then_some(())
    });
    (0..VOTES).any(in_journal)
}
