//! What the structures of the keyspace cost, without a command around them.
#![allow(missing_docs, clippy::unwrap_used, reason = "measurements")]

use std::hint::black_box;

use bongsu_store::arena::{Arena, Handle};
use bongsu_store::hash::KeyHasher;
use bongsu_store::hash_map::{Hash, HashRules};
use bongsu_store::list::{End, Limit, List};
use bongsu_store::listpack::Listpack;
use bongsu_store::set::{Set, SetRules};
use bongsu_store::settings::Settings;
use bongsu_store::table::{Entries, Table};
use bongsu_store::zset::{Limits, Zset};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

/// Entries of what is large: more than the nearer caches hold.
const MANY: u64 = 200_000;

/// Elements of what is small.
const FEW: u64 = 100;

fn hasher() -> KeyHasher {
    KeyHasher::new((1, 2))
}

fn handle(n: u64) -> Handle {
    let [a, b, c, d, e, ..] = n.to_le_bytes();
    Handle::unpack([a, b, c, d, e])
}

fn hash_of(handle: Handle) -> u64 {
    hasher().hash(&handle.pack())
}

/// Entries that are nothing but their handles.
#[derive(Clone, Copy)]
struct Handles;

impl Entries for Handles {
    fn hash(self, entry: Handle) -> u64 {
        hash_of(entry)
    }

    fn touch(self, _: Handle) -> u8 {
        0
    }
}

fn member(n: u64) -> Vec<u8> {
    format!("member:{n}").into_bytes()
}

/// Numbers below a bound in an order that means nothing.
fn scattered(bound: u64) -> impl FnMut() -> u64 {
    let mut state = 0u64;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((u128::from(state) * u128::from(bound)) >> 64) as u64
    }
}

fn table(c: &mut Criterion) {
    let mut table = Table::default();
    for n in 0..MANY {
        table.insert(hash_of(handle(n)), handle(n), Handles);
    }
    let mut next = scattered(MANY);
    c.bench_function("table find", |b| {
        b.iter(|| {
            let wanted = handle(next());
            table.find(hash_of(wanted), |other| other == wanted)
        });
    });
    let mut cursor = 0;
    c.bench_function("table scan step", |b| {
        b.iter(|| {
            cursor = table.scan(cursor, hash_of, |entry| {
                black_box(entry);
            })
        })
    });
    let mut fresh = MANY;
    c.bench_function("table insert and remove", |b| {
        b.iter(|| {
            fresh += 1;
            let place = table.insert(hash_of(handle(fresh)), handle(fresh), Handles);
            table.remove(place, hash_of)
        });
    });
}

fn arena(c: &mut Criterion) {
    let mut arena = Arena::new();
    let mut cells: Vec<Handle> = (0..MANY).map(|n| arena.alloc(16 + (n % 100) as usize)).collect();
    let mut next = scattered(MANY);
    c.bench_function("arena free and alloc", |b| {
        b.iter(|| {
            let cell = &mut cells[next() as usize];
            arena.free(*cell);
            *cell = arena.alloc(86);
        });
    });
}

fn lists(c: &mut Criterion) {
    let mut pack = Listpack::new();
    (0..FEW).for_each(|n| pack.push_back(&member(n)));
    let last = member(FEW - 1);
    c.bench_function("listpack find the last of 100", |b| b.iter(|| pack.find(black_box(&last), 1)));
    c.bench_function("listpack push", |b| {
        b.iter_batched_ref(|| pack.clone(), |pack| pack.push_back(black_box(&last)), BatchSize::SmallInput)
    });
    let limit = Limit::of(Settings::default().list_max_listpack_size);
    let mut list = List::default();
    for n in 0..MANY {
        list.prepare(1, 16, limit);
        list.push(End::Right, &member(n), limit);
    }
    c.bench_function("list push and pop", |b| {
        b.iter(|| {
            list.push(End::Left, black_box(&last), limit);
            list.trim(End::Right, 1);
        });
    });
}

fn sets(c: &mut Criterion) {
    let rules = SetRules::new(&Settings::default(), hasher());
    for (name, size) in [("set insert and remove, 100 members", FEW), ("set insert and remove, many members", MANY)] {
        let mut set = Set::for_member(b"member", size as usize, &rules);
        for n in 0..size {
            set.insert(&member(n), &rules);
        }
        c.bench_function(name, |b| {
            b.iter(|| {
                set.insert(black_box(b"another"), &rules);
                set.remove(b"another")
            });
        });
    }
}

fn hashes(c: &mut Criterion) {
    let rules = HashRules::new(&Settings::default(), hasher());
    for (name, size) in [("hash set, 100 fields", FEW), ("hash set, many fields", MANY)] {
        let mut hash = Hash::default();
        for n in 0..size {
            hash.set(&member(n), b"value", &rules);
        }
        let (fields, mut next) = ((0..size).map(member).collect::<Vec<_>>(), scattered(size));
        c.bench_function(name, |b| b.iter(|| hash.set(&fields[next() as usize], b"other", &rules)));
    }
}

fn sorted_sets(c: &mut Criterion) {
    let limits = Limits::new(&Settings::default(), hasher());
    for (size, set_name, rank_name) in [
        (FEW, "zset set, 100 members", "zset rank, 100 members"),
        (MANY, "zset set, many members", "zset rank, many members"),
    ] {
        let (members, mut next) = ((0..size).map(member).collect::<Vec<_>>(), scattered(size));
        let mut zset = Zset::new();
        for (member, n) in members.iter().zip(0u32..) {
            zset.set(member, f64::from(n), limits);
        }
        c.bench_function(set_name, |b| b.iter(|| zset.set(&members[next() as usize], next() as f64, limits)));
        c.bench_function(rank_name, |b| b.iter(|| zset.rank(&members[next() as usize])));
    }
}

criterion_group!(benches, table, arena, lists, sets, hashes, sorted_sets);
criterion_main!(benches);
