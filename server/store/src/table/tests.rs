use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::arena::Arena;

/// Entries are cells with their hash in them.
fn entry(arena: &mut Arena, hash: u64) -> Handle {
    let handle = arena.alloc(8);
    arena.get_mut(handle)[..8].copy_from_slice(&hash.to_le_bytes());
    handle
}

fn hash_in(arena: &Arena, handle: Handle) -> u64 {
    u64::from_le_bytes(arena.get(handle)[..8].try_into().unwrap())
}

/// The hashes that lie in the cells.
#[derive(Clone, Copy)]
struct Hashes<'a>(&'a Arena);

impl Entries for Hashes<'_> {
    fn hash(self, entry: Handle) -> u64 {
        hash_in(self.0, entry)
    }

    fn touch(self, entry: Handle) -> u8 {
        self.0.get(entry)[0]
    }
}

fn mix(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

fn place(table: &Table, arena: &Arena, hash: u64) -> Option<Place> {
    table.find(hash, |handle| hash_in(arena, handle) == hash)
}

fn scan_all(table: &Table, arena: &Arena) -> Vec<u64> {
    let (mut seen, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = table.scan(cursor, |h| hash_in(arena, h), |h| seen.push(hash_in(arena, h)));
        if cursor == 0 {
            return seen;
        }
    }
}

#[test]
fn what_was_put_in_is_found_until_it_is_taken_out() {
    let (mut arena, mut table) = (Arena::new(), Table::default());
    let count = 200_000;
    for n in 0..count {
        let handle = entry(&mut arena, mix(n));
        table.insert(mix(n), handle, Hashes(&arena));
    }
    assert_eq!(table.len(), count as usize);
    assert!((0..count).all(|n| place(&table, &arena, mix(n)).is_some()));
    assert!((count..2 * count).all(|n| place(&table, &arena, mix(n)).is_none()));
    let scanned: BTreeSet<u64> = scan_all(&table, &arena).into_iter().collect();
    assert_eq!(scanned.len(), count as usize);
    for n in 0..count {
        let found = place(&table, &arena, mix(n)).unwrap();
        let handle = table.remove(found, |h| hash_in(&arena, h));
        arena.free(handle);
    }
    assert!(table.is_empty());
    assert_eq!((table.segments.len(), table.depth), (1, 0), "its memory is given back");
    assert_eq!(table.segment_bytes, table.segments[0].heap_bytes());
}

/// An expectation changes what steps there are, and nothing else.
#[test]
fn expectations_may_be_wrong() {
    for (expected, count) in [(0, 2000), (10, 2000), (40_000, 40_000), (2000, 40_000), (40_000, 300), (3000, 2500)] {
        let (mut arena, mut table) = (Arena::new(), Table::expecting(expected));
        assert!(scan_all(&table, &arena).is_empty());
        for n in 0..count {
            let handle = entry(&mut arena, mix(n));
            table.insert(mix(n), handle, Hashes(&arena));
        }
        assert!((0..count).all(|n| place(&table, &arena, mix(n)).is_some()));
        assert_eq!(scan_all(&table, &arena).len(), count as usize);
        assert_eq!(table.segment_bytes, table.segments.iter().map(Segment::heap_bytes).sum::<usize>());
        for n in 0..count {
            let found = place(&table, &arena, mix(n)).unwrap();
            table.remove(found, |h| hash_in(&arena, h));
        }
        assert!(table.is_empty());
        // Segments that never had more than a bucket stay, which costs little.
        assert!(table.segments.len() == 1 || expected > 100 * count as usize, "{expected} {count}");
    }
}

#[test]
fn what_is_expected_takes_little_memory() {
    assert!(Table::expecting(10_000_000).heap_bytes() < 4 << 20);
    // However much it is.
    for entries in [1 << 40, usize::MAX] {
        assert!(Table::expecting(entries).heap_bytes() < 32 << 20, "{entries}");
    }
}

/// What the table costs per entry, at every size: the reason for its small steps.
#[test]
fn most_slots_are_in_use_at_every_size() {
    let (mut arena, mut table) = (Arena::new(), Table::default());
    let (mut worst, mut sum, mut samples) = (1.0f64, 0.0, 0.0);
    for n in 0..1_000_000u64 {
        let handle = entry(&mut arena, mix(n));
        table.insert(mix(n), handle, Hashes(&arena));
        if n >= 10_000 && n % 1000 == 0 {
            let fill = table.len() as f64 / table.slots() as f64;
            worst = worst.min(fill);
            (sum, samples) = (sum + fill, samples + 1.0);
        }
    }
    println!("fill {worst} {}", sum / samples);
    assert!(worst > 0.7, "{worst}");
    assert_eq!(table.segment_bytes, table.segments.iter().map(Segment::heap_bytes).sum::<usize>());
}

proptest! {
    /// Any sequence of insertions and removals, against a set; and a scan that goes on meanwhile misses nothing that stays.
    #[test]
    fn it_is_a_set(steps in proptest::collection::vec((any::<bool>(), 0u64..3000), 1..4000), scan_every in 1usize..50) {
        let (mut arena, mut table) = (Arena::new(), Table::default());
        let mut model = BTreeSet::new();
        let stay: Vec<u64> = (10_000..10_200).map(mix).collect();
        for hash in &stay {
            let handle = entry(&mut arena, *hash);
            table.insert(*hash, handle, Hashes(&arena));
        }
        let (mut cursor, mut seen, mut done) = (0, Vec::new(), false);
        for (step, (insert, n)) in steps.into_iter().enumerate() {
            let hash = mix(n);
            match (insert, place(&table, &arena, hash)) {
                (true, None) => {
                    let handle = entry(&mut arena, hash);
                    let put = table.insert(hash, handle, Hashes(&arena));
                    prop_assert_eq!(table.get(put), handle);
                    model.insert(hash);
                }
                (false, Some(found)) => {
                    let handle = table.remove(found, |h| hash_in(&arena, h));
                    arena.free(handle);
                    model.remove(&hash);
                }
                (_, found) => prop_assert_eq!(found.is_some(), model.contains(&hash)),
            }
            if !done && step % scan_every == 0 {
                cursor = table.scan(cursor, |h| hash_in(&arena, h), |h| seen.push(hash_in(&arena, h)));
                done = cursor == 0;
            }
        }
        while !done {
            cursor = table.scan(cursor, |h| hash_in(&arena, h), |h| seen.push(hash_in(&arena, h)));
            done = cursor == 0;
        }
        let unique: BTreeSet<u64> = seen.iter().copied().collect();
        prop_assert!(stay.iter().all(|hash| unique.contains(hash)));
        prop_assert_eq!(unique.len(), seen.len(), "nothing is visited twice");
        let all: BTreeSet<u64> = table.handles().map(|h| hash_in(&arena, h)).collect();
        model.extend(&stay);
        prop_assert_eq!(all, model);
    }
}

impl Table {
    /// What was counted step by step is what a new count gives.
    pub(crate) fn check_counts(&self) {
        assert_eq!(self.len, self.handles().count());
        assert_eq!(self.segment_bytes, self.segments.iter().map(Segment::heap_bytes).sum::<usize>());
    }
}
