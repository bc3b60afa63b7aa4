//! The checker is checked: broken behaviours are found within a bounded number of seeds.

use bongsu_sentinel_sim::{Mutant, hunt};

/// Where the search begins; the unbroken machine holds everything in this range.
const FIRST_SEED: u64 = 200;

/// Seeds that a mutant may survive.
const SEEDS: u64 = 60;

#[test]
fn mutants_are_found() {
    let hidden: Vec<&str> =
        Mutant::ALL.into_iter().filter(|m| hunt(*m, FIRST_SEED, SEEDS).is_none()).map(|m| m.name()).collect();
    assert!(hidden.is_empty(), "not found within {SEEDS} seeds: {hidden:?}");
}
