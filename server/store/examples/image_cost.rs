//! What images cost: the walk over many small keys, loading them, and how long writers wait on large collections that are being written.
//!
//! `cargo run --release -p bongsu-store --example image_cost [small keys] [elements]`
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "measurements")]

use std::time::Duration;

use bongsu_store::hash_map::{Hash, HashRules};
use bongsu_store::image::{Admission, Reader};
use bongsu_store::keyspace::{New, Object};
use bongsu_store::list::{End, Limit, List};
use bongsu_store::random::Random;
use bongsu_store::set::{Set, SetRules};
use bongsu_store::shard::Shard;
use bongsu_store::zset::{Limits, Zset};
use rustix::time::{ClockId, clock_gettime};

/// What a step of an image writes at most.
const STEP: usize = 16 * 1024;

/// Time of this thread: that which others take of the processor does not count.
#[derive(Clone, Copy)]
struct Watch(Duration);

impl Watch {
    fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Self(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    fn elapsed(self) -> Duration {
        Self::now().0 - self.0
    }
}

fn shard() -> Shard {
    Shard::new(16, Random::new([1, 2, 3, 4]))
}

fn key(n: u64) -> Vec<u8> {
    format!("key:{n:012}").into_bytes()
}

fn member(n: u64) -> Vec<u8> {
    format!("member:{n}").into_bytes()
}

/// Does something, and notes if it took longer than all before.
fn timed<T>(worst: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Watch::now();
    let result = work();
    *worst = start.elapsed().max(*worst);
    result
}

fn per_key(what: &str, keys: u64, taken: Duration) {
    println!("{what}: {} ns per key", taken.as_nanos() / u128::from(keys));
}

fn small_keys(keys: u64) {
    let mut full = shard();
    for n in 0..keys {
        full.store(0, None, &key(n), New::Text(&[b'v'; 64]), None);
    }
    let mut random = Random::new([5, 6, 7, 8]);
    for round in ["without an image", "during an image, all keys written"] {
        let count = keys.min(1_000_000);
        let start = Watch::now();
        let hits = (0..count).filter(|_| full.find(0, &key(random.below(keys))).is_some()).count();
        per_key(&format!("find, {round}"), count, start.elapsed());
        assert_eq!(hits as u64, count);
        let start = Watch::now();
        for _ in 0..count {
            let key = key(random.below(keys));
            let found = full.find(0, &key);
            full.store(0, found, &key, New::Text(&[b'w'; 64]), None);
        }
        per_key(&format!("find and replace, {round}"), count, start.elapsed());
        if !full.has_image() {
            full.begin_image().unwrap();
        }
    }
    full.abandon_image();
    // What is taken is dropped, as a loop hands its buffers on: pages that are new to the process would cost more than the walk.
    full.begin_image().unwrap();
    let start = Watch::now();
    while full.continue_image(STEP) {
        full.take_image();
    }
    full.take_image();
    per_key("walk", keys, start.elapsed());
    full.begin_image().unwrap();
    let (mut worst, mut parts) = (Duration::ZERO, Vec::new());
    while timed(&mut worst, || full.continue_image(STEP)) {
        parts.push(full.take_image());
    }
    parts.push(full.take_image());
    println!("worst step of the walk: {worst:?}");
    let (mut fresh, mut state) = (shard(), Admission::default());
    let start = Watch::now();
    for image in &parts {
        for part in Reader::new(image) {
            fresh.admit(&part.unwrap(), &mut state).unwrap();
        }
    }
    per_key("load", keys, start.elapsed());
    assert_eq!(fresh.db(0).len() as u64, keys);
}

/// Changes a collection of so many elements while it is written.
fn large(name: &str, elements: u64, object: Object, change: impl Fn(&mut Object, &Rules, &mut Random)) {
    let mut shard = shard();
    let rules = Rules::of(&shard);
    shard.store(0, None, b"large", New::Object(object), None);
    let mut random = Random::new([9, 8, 7, 6]);
    let (mut before, mut write, mut step) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut once = |shard: &mut Shard, worst: &mut Duration| {
        timed(worst, || {
            let found = shard.find(0, b"large").unwrap();
            change(&mut shard.db_mut(0).edit(found).unwrap(), &rules, &mut random);
        });
    };
    let mut writes = 0u64;
    for _ in 0..300_000 {
        once(&mut shard, &mut before);
    }
    let start = Watch::now();
    shard.begin_image().unwrap();
    let mut bytes = 0;
    loop {
        for _ in 0..20 {
            once(&mut shard, &mut write);
            writes += 1;
        }
        let is_on = timed(&mut step, || shard.continue_image(STEP));
        bytes += shard.take_image().len();
        if !is_on {
            break;
        }
    }
    println!(
        "{name} of {elements}: {bytes} bytes in {:?} with {writes} writes; worst write {write:?} ({before:?} without an image), worst step {step:?}",
        start.elapsed()
    );
    shard.begin_image().unwrap();
    let mut remove = Duration::ZERO;
    let found = shard.find(0, b"large").unwrap();
    timed(&mut remove, || shard.remove(0, found));
    while shard.continue_image(STEP) {
        shard.take_image();
    }
    println!("{name}: removed in {remove:?} during an image");
}

/// What changing a collection takes.
struct Rules {
    set: SetRules,
    hash: HashRules,
    zset: Limits,
    list: Limit,
}

impl Rules {
    fn of(shard: &Shard) -> Self {
        let (settings, hasher) = (&shard.settings, shard.hasher());
        Self {
            set: SetRules::new(settings, hasher),
            hash: HashRules::new(settings, hasher),
            zset: Limits::new(settings, hasher),
            list: Limit::of(settings.list_max_listpack_size),
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap());
    let keys = arguments.next().unwrap_or(2_000_000);
    let elements = arguments.next().unwrap_or(5_000_000);
    small_keys(keys);
    let rules = Rules::of(&shard());

    let mut set = Set::for_member(b"m", elements as usize, &rules.set);
    (0..elements).for_each(|n| {
        set.insert(&member(n), &rules.set);
    });
    large("set", elements, Object::Set(set), |object, rules, random| {
        let Object::Set(set) = object else { return };
        let member = member(random.below(2 * elements));
        if !set.insert(&member, &rules.set) {
            set.remove(&member);
        }
    });

    let mut hash = Hash::default();
    (0..elements).for_each(|n| {
        hash.set(&member(n), b"value", &rules.hash);
    });
    large("hash", elements, Object::Hash(hash), |object, rules, random| {
        let Object::Hash(hash) = object else { return };
        hash.set(&member(random.below(2 * elements)), &key(random.below(9)), &rules.hash);
    });

    let mut zset = Zset::new();
    (0..elements).for_each(|n| {
        zset.set(&member(n), n as f64, rules.zset);
    });
    large("sorted set", elements, Object::Zset(zset), |object, rules, random| {
        let Object::Zset(zset) = object else { return };
        zset.set(&member(random.below(2 * elements)), random.below(elements) as f64, rules.zset);
    });

    let mut list = List::default();
    (0..elements).for_each(|n| {
        list.prepare(1, 16, rules.list);
        list.push(End::Right, &member(n), rules.list);
    });
    large("list", elements, Object::List(list), |object, rules, random| {
        let Object::List(list) = object else { return };
        let element = member(random.below(elements));
        match random.below(4) {
            0 => list.push(End::Right, &element, rules.list),
            1 => list.push(End::Left, &element, rules.list),
            2 => list.trim(End::Right, 1),
            _ => {
                let place = list.seek(random.below(list.len() as u64) as usize);
                place.into_iter().for_each(|place| list.replace(place, &element, rules.list));
            }
        }
    });
}
