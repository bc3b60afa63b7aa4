//! Any command with any arguments on any keys: nothing panics, what a command changes is what it says, its replica has the same
//! afterwards, and memory is what is counted.
//!
//! `PROPTEST_CASES=N` runs more of them.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod anything {
    pub(crate) mod choices;
    pub(crate) mod view;
    pub(crate) mod words;
    pub(crate) mod world;
}

use anything::choices::Choices;
use anything::world::World;
use proptest::prelude::*;

/// Bytes that decide over a run of some hundred commands.
const BYTES_MAX: usize = 6000;

/// What is run unless asked for more: some ten seconds.
const CASES: u32 = 8;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |text| text.parse().unwrap());
    let default = ProptestConfig::default();
    let max_shrink_iters = default.max_shrink_iters.min(2000);
    ProptestConfig { failure_persistence: None, cases, max_shrink_iters, ..default }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn any_commands_leave_everything_in_order(bytes in proptest::collection::vec(any::<u8>(), 0..BYTES_MAX)) {
        let (mut world, mut choices) = (World::new(), Choices::new(&bytes));
        let mut steps = 0;
        while !choices.are_used_up() {
            world.step(&mut choices);
            steps += 1;
            if steps % 16 == 0 {
                world.audit();
            }
        }
        world.audit();
    }
}
