//! A few runs on every `cargo test`; `tests/run` runs hundreds with the program itself.

use bongsu_sentinel_sim::{run_many, run_seed};

#[test]
fn equal_seeds_give_equal_runs() {
    let (first, second) = (run_seed(3, None), run_seed(3, None));
    assert_eq!(first.hash, second.hash);
    assert_eq!(first.transcript, second.transcript);
}

#[test]
fn invariants_hold() {
    let summary = run_many(200, 216, None, 2, &|_| {});
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
}
