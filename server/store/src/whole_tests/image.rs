//! Images of a keyspace that goes on changing.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::dump::{Dump, dump};
use super::{COMMANDS, line};
use crate::call::Effects;
use crate::call::testing::Bench;
use crate::eviction::Policy;
use crate::image::{Admission, AdmissionOptions, Large, Part, Reader};
use crate::maintenance::Sweep;
use crate::random::Random;

/// Small enough that few elements make a collection that is written in steps.
const FEW: Large = Large { elements: 6, bytes: 700 };

fn bench(small: bool) -> Bench {
    let mut bench = Bench::new();
    bench.shard.large = FEW;
    if small {
        let settings = &mut bench.shard.settings;
        (settings.hash_max_listpack_entries, settings.zset_max_listpack_entries) = (3, 3);
        (settings.set_max_listpack_entries, settings.set_max_intset_entries) = (3, 3);
        settings.list_max_listpack_size = 3;
    }
    bench
}

/// What an image has, and that it has each key once.
fn load(image: &[u8], now_ms: u64) -> Dump {
    let mut fresh = Bench::new();
    fresh.shard.now_ms = now_ms;
    fresh.shard.random = Random::new([7, 7, 7, 7]);
    let mut state = Admission::new(AdmissionOptions { keeps_expired: true, ..AdmissionOptions::default() });
    let mut keys = BTreeSet::new();
    for part in Reader::new(image) {
        let part = part.expect("a part");
        if let Part::Head(head) = part {
            assert!(keys.insert((head.db, head.key.to_vec())), "{} is there twice", String::from_utf8_lossy(head.key));
        }
        fresh.shard.admit(&part, &mut state).unwrap_or_else(|why| panic!("{why}: {part:?}"));
    }
    assert!(!state.is_amid(), "the last collection is not whole");
    assert_eq!(fresh.shard.audit(), None);
    dump(&fresh)
}

/// A step: a command, a database to run it in, and how far the image goes on.
type Step = (prop::sample::Index, (u8, u8, u16), u8, u16);

fn steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let words = (any::<u8>(), any::<u8>(), any::<u16>());
    proptest::collection::vec((any::<prop::sample::Index>(), words, any::<u8>(), any::<u16>()), count)
}

/// Some of the time something happens that no command says.
fn change(bench: &mut Bench, (which, (one, other, n), kind, _): &Step) {
    let mut effects = Effects::default();
    match kind % 32 {
        0 => {
            bench.run("FLUSHALL");
        }
        1 => {
            bench.run("SWAPDB 0 1");
        }
        2 => {
            bench.run("SWAPDB 0 2");
        }
        3 => {
            bench.shard.now_ms += 40;
            let mut sweep = Sweep::default();
            while bench.shard.expire_some(&mut sweep, &mut effects) {}
        }
        4 => {
            bench.shard.settings.policy = Policy::AllKeysRandom;
            bench.shard.evict(&mut effects);
            bench.shard.settings.policy = Policy::NoEviction;
        }
        5 => {
            bench.run(&format!("SADD key_{} {}", one % 6, (0..30).map(|n| format!("m{n} ")).collect::<String>()));
        }
        6 => {
            bench.run(&format!("RPUSH key_{} {}", one % 6, (0..30).map(|n| format!("m{n} ")).collect::<String>()));
        }
        7 => {
            bench.run(&format!("HSET key_{} {}", one % 6, (0..30).map(|n| format!("m{n} v ")).collect::<String>()));
        }
        8 => {
            bench.run(&format!("ZADD key_{} {}", one % 6, (0..30).map(|n| format!("{n} m{n} ")).collect::<String>()));
        }
        9 => {
            bench.shard.take_garbage();
        }
        _ => {
            let template = COMMANDS[which.index(COMMANDS.len())];
            if template != "FLUSHDB" || n % 4 == 0 {
                bench.run(&line(template, *one, *other, *n));
            }
            bench.shard.now_ms += 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happens while an image is written, it is one of the moment when it began.
    #[test]
    fn an_image_is_of_one_moment(
        before in steps(0..120),
        during in steps(0..150),
        small in any::<bool>(),
        abandoned in proptest::collection::vec((steps(0..40), any::<u16>()), 0..10),
    ) {
        let mut bench = bench(small);
        before.iter().for_each(|step| change(&mut bench, step));
        for (steps, budget) in &abandoned {
            bench.shard.begin_image().unwrap();
            for step in steps {
                change(&mut bench, step);
                bench.shard.continue_image(usize::from(step.3 % 300));
            }
            bench.shard.continue_image(usize::from(budget % 3000));
            bench.shard.abandon_image();
            prop_assert_eq!(bench.shard.audit(), None);
        }
        let expected = dump(&bench);
        let now_ms = bench.shard.now_ms;
        let counts = bench.shard.begin_image().unwrap();
        prop_assert_eq!(counts.iter().map(|of| of.keys as usize).sum::<usize>(), expected.len());
        let mut image = Vec::new();
        for step in &during {
            change(&mut bench, step);
            prop_assert_eq!(bench.shard.audit(), None);
            bench.shard.continue_image(usize::from(step.3 % 200));
            if step.3 % 3 == 0 {
                image.extend(bench.shard.take_image());
            }
        }
        while bench.shard.continue_image(500) {}
        image.extend(bench.shard.take_image());
        prop_assert!(!bench.shard.has_image());
        prop_assert_eq!(bench.shard.image_bytes(), 0);
        prop_assert_eq!(bench.shard.audit(), None);
        prop_assert_eq!(load(&image, now_ms), expected);
    }
}

/// Finishes the image that is under way, of which `image` is taken already.
fn finish(bench: &mut Bench, mut image: Vec<u8>) -> Dump {
    while bench.shard.continue_image(1000) {}
    image.extend(bench.shard.take_image());
    assert_eq!(bench.shard.audit(), None);
    load(&image, bench.shard.now_ms)
}

/// Marks are few, and entries keep those of images that were given up.
#[test]
fn images_may_be_given_up_again_and_again() {
    let mut bench = Bench::new();
    let keys = 0..30;
    keys.clone().for_each(|n| {
        bench.run(&format!("SET key_{n} first"));
    });
    for n in keys.clone() {
        bench.shard.begin_image().unwrap();
        assert!(bench.shard.begin_image().is_err());
        bench.run(&format!("SET key_{n} second"));
        bench.shard.abandon_image();
        assert!(!bench.shard.has_image());
        assert_eq!(bench.shard.audit(), None);
    }
    let expected = dump(&bench);
    bench.shard.begin_image().unwrap();
    keys.for_each(|n| {
        bench.run(&format!("SET key_{n} third"));
    });
    assert!(bench.shard.image_bytes() > 30 * 12);
    assert_eq!(finish(&mut bench, Vec::new()), expected);
}

#[test]
fn most_of_a_set_may_go_while_it_is_written() {
    let mut bench = Bench::new();
    let members: String = (0..3000).map(|n| format!("m{n} ")).collect();
    bench.run(&format!("SADD set {members}"));
    let expected = dump(&bench);
    bench.shard.begin_image().unwrap();
    bench.shard.continue_image(5000);
    bench.run("SPOP set 2990");
    assert_eq!(bench.run("SCARD set"), ":10");
    assert_eq!(finish(&mut bench, Vec::new()), expected);
}

/// The one that is being written is finished before those that went sooner.
#[test]
fn what_is_being_written_may_go_behind_others() {
    let mut bench = Bench::new();
    let fields: String = (0..3000).map(|n| format!("m{n} v ")).collect();
    for key in ["one", "two"] {
        bench.run(&format!("HSET {key} {fields}"));
    }
    let expected = dump(&bench);
    bench.shard.begin_image().unwrap();
    let mut image = Vec::new();
    while image.is_empty() {
        bench.shard.continue_image(100);
        image = bench.shard.take_image();
    }
    let Some(Ok(Part::Head(head))) = Reader::new(&image).next() else { panic!("no head") };
    let (begun, other) = if head.key == b"one" { ("one", "two") } else { ("two", "one") };
    for line in [format!("DEL {other}"), format!("HDEL {begun} m1 m2 m3"), format!("DEL {begun}")] {
        assert_ne!(bench.run(&line), ":0");
    }
    assert!(bench.shard.db(0).is_empty());
    assert_eq!(finish(&mut bench, image), expected);
    assert!(bench.shard.has_garbage());
}
