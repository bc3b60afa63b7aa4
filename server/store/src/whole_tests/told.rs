//! What others are told of a command is all that it did.

use proptest::prelude::*;

use super::dump::dump;
use super::{COMMANDS, line};
use crate::call::Propagation;
use crate::call::testing::Bench;
use crate::random::Random;

/// Does on a replica what the last command of its master tells it to do.
fn replicate(master: &Bench, words: Vec<Vec<u8>>, replica: &mut Bench) {
    for (db, key) in &master.effects.expired {
        if let Some(found) = replica.shard.find(*db, key) {
            replica.shard.remove(*db, found);
        }
    }
    if master.effects.dirty == 0 {
        return;
    }
    let told = match &master.effects.propagation {
        Propagation::AsItCame | Propagation::Always => vec![words],
        Propagation::Nothing => Vec::new(),
        Propagation::Instead(commands) => commands.clone(),
    };
    for words in told {
        replica.run_words(words).expect("a command");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Replicas that do what they are told have what their master has, and whoever watches a key hears of every change.
    #[test]
    fn what_changes_is_told(
        steps in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>(), any::<u16>()), 1..120),
    ) {
        let (mut master, mut replica) = (Bench::new(), Bench::new());
        replica.shard.random = Random::new([9, 9, 9, 9]);
        replica.shard.may_expire = false;
        replica.caller.is_master = true;
        let mut before = dump(&master);
        for (which, one, other, n) in steps {
            let line = line(COMMANDS[which.index(COMMANDS.len())], one, other, n);
            let words = bongsu_protocol::conf::split_words(line.as_bytes()).unwrap();
            master.shard.now_ms += 5;
            replica.shard.now_ms = master.shard.now_ms + 1000;
            master.run_words(words.clone());
            let after = dump(&master);
            let effects = &master.effects;
            let is_wholesale = !effects.flushed.is_empty() || !effects.swapped.is_empty();
            for key in before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)) {
                prop_assert!(is_wholesale || effects.changed.contains(key), "{}: nobody hears of {:?}", line, key);
                prop_assert!(effects.dirty > 0 || effects.expired.contains(key), "{}: {:?} is not told", line, key);
            }
            replicate(&master, words, &mut replica);
            prop_assert_eq!(&after, &dump(&replica), "{}", line);
            before = after;
        }
    }
}
