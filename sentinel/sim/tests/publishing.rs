//! Publishing holds nobody up: sentinels whose stores never answer decide what those without any do.

use bongsu_sentinel_sim::{StorePlan, run_seed_with};

/// A planned hand-over gives the stores some time before the old master is demoted; nothing else waits for them.
#[test]
fn a_store_that_never_answers_changes_nothing() {
    let mut compared = 0;
    for seed in 200..240 {
        let without = run_seed_with(seed, StorePlan::Absent);
        assert_eq!(without.failure, None, "seed {seed}: {}", without.shape);
        if without.shape.contains("HandOver") {
            continue;
        }
        let mute = run_seed_with(seed, StorePlan::Mute);
        assert_eq!(mute.hash, without.hash, "seed {seed}: {}", without.shape);
        assert_eq!(mute.failure, None);
        compared += u32::from(without.switches > 0);
    }
    assert!(compared >= 10, "only {compared} runs had a failover to compare");
}
