//! A planned hand-over under load: every acknowledged write must be there afterwards.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use support::writers::under_load;
use support::{GROUP, Installation, Program, ask, master_of, wait};

const ROUNDS: usize = 3;

#[test]
fn no_acknowledged_write_is_lost() {
    let i = Installation::start(2, &[Program::Ours; 3]);
    let sentinel = i.sentinels[0];
    let outcome = under_load(sentinel, "elements", || {
        for _ in 0..ROUNDS {
            i.wait_until_known();
            let old = master_of(sentinel).unwrap();
            wait("the hand-over is accepted", || ask::<String>(sentinel, &["FAILOVER", GROUP]));
            i.wait_for_new_master(old);
        }
    });
    assert_eq!(outcome.lost, 0, "of {} acknowledged", outcome.acknowledged);
}
