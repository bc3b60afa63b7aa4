#![no_main]
//! Any commands on any keys, with a replica beside: what `tests/anything.rs` runs on random bytes, on those that the fuzzer likes.

#[path = "../../tests/anything"]
mod anything {
    pub(crate) mod choices;
    pub(crate) mod view;
    pub(crate) mod words;
    pub(crate) mod world;
}

use anything::choices::Choices;
use anything::world::World;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut world, mut choices) = (World::new(), Choices::new(bytes));
    while !choices.are_used_up() {
        world.step(&mut choices);
    }
    world.audit();
});
