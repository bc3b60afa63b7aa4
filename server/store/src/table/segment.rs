//! A segment: up to 128 buckets that hold all entries whose hashes begin with the same bits, in the order of the bits that follow.

use super::Entries;
use super::bucket::{Bucket, SLOTS};
use crate::arena::Handle;

/// Bits of a hash that say where in its segment an entry lies.
const ORDER_BITS: u32 = 14;

/// Buckets of the largest segment. More would leave the tag too few bits that the bucket's number does not already say.
const BUCKETS_MAX: usize = 128;

/// From this number of buckets on, a bucket and a tag together give back all [`ORDER_BITS`], so that no entry need be read to
/// lay a segment out anew.
const EXACT_FROM: usize = 64;

/// How many entries are moved to make room for one. Longer ways would be found seldom, and only a little later.
const HOPS_MAX: usize = 12;

/// Entries that are read before the first of them is used, so that they wait for memory together: more than processors do at once.
const READ_AHEAD: usize = 64;

/// Where an entry lies in its segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot {
    pub(super) bucket: u16,
    pub(super) slot: u8,
}

/// Entries whose hashes agree in their first `depth` bits.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    buckets: Box<[Bucket]>,
    /// How many leading bits the hashes share.
    pub(super) depth: u8,
    /// Those bits, followed by zeros.
    pub(super) prefix: u64,
    pub(super) len: u16,
    /// No entry is marked as due before this; [`NEVER`] if none is marked at all.
    pub(super) soonest: u32,
}

/// Later than any mark.
pub(super) const NEVER: u32 = u32::MAX;

/// The bits of a hash that order the entries of a segment of this depth.
#[inline]
fn order_of(hash: u64, depth: u8) -> usize {
    ((hash << depth) >> (u64::BITS - ORDER_BITS)) as usize
}

impl Segment {
    pub(super) fn new(depth: u8, prefix: u64, buckets: usize) -> Self {
        Self { buckets: vec![Bucket::EMPTY; buckets].into(), depth, prefix, len: 0, soonest: NEVER }
    }

    /// Buckets for about this many entries, with room for a few more.
    pub(super) fn buckets_for(entries: usize) -> usize {
        let wanted = (entries * 5 / 4).div_ceil(SLOTS).max(1);
        let mut buckets = 1;
        while buckets < wanted && buckets < BUCKETS_MAX {
            buckets = next_size(buckets);
        }
        buckets
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    pub(super) fn bucket_count(&self) -> usize {
        self.buckets.len()
    }

    pub(super) fn slots(&self) -> usize {
        self.buckets.len() * SLOTS
    }

    #[inline]
    fn home(&self, order: usize) -> usize {
        (order * self.buckets.len()) >> ORDER_BITS
    }

    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() { 0 } else { bucket + 1 }
    }

    fn before(&self, bucket: usize) -> usize {
        if bucket == 0 { self.buckets.len() - 1 } else { bucket - 1 }
    }

    /// Reads what a search for this hash will read first, so that searches of many keys wait for memory together.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> Option<Handle> {
        let order = order_of(hash, self.depth);
        let (tag, home) = (order as u8, self.home(order));
        let (own, next) = (&self.buckets[home], &self.buckets[self.after(home)]);
        // Both are read at once, not the second one only when the first is there.
        let (mut own_slots, mut next_slots) = (own.matches(tag, false), next.matches(tag, true));
        let own_slot = own_slots.next().map(|slot| own.handle(slot));
        own_slot.or_else(|| next_slots.next().map(|slot| next.handle(slot)))
    }

    #[inline]
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(Handle) -> bool) -> Option<Spot> {
        let order = order_of(hash, self.depth);
        let (tag, home) = (order as u8, self.home(order));
        let mut look = |bucket: usize, guest: bool| {
            let b = &self.buckets[bucket];
            let slot = b.matches(tag, guest).find(|slot| is_it(b.handle(*slot)))?;
            Some(Spot { bucket: bucket as u16, slot: slot as u8 })
        };
        look(home, false).or_else(|| look(self.after(home), true))
    }

    pub(super) fn handle(&self, spot: Spot) -> Handle {
        self.buckets[usize::from(spot.bucket)].handle(usize::from(spot.slot))
    }

    pub(super) fn set_handle(&mut self, spot: Spot, handle: Handle) {
        self.buckets[usize::from(spot.bucket)].set_handle(usize::from(spot.slot), handle);
    }

    pub(super) fn remove(&mut self, spot: Spot) {
        self.buckets[usize::from(spot.bucket)].remove(usize::from(spot.slot));
        self.len -= 1;
    }

    /// Takes an entry in, unless the segment has to be laid out anew before.
    pub(super) fn insert(&mut self, hash: u64, handle: Handle) -> Option<Spot> {
        self.insert_at(order_of(hash, self.depth), handle)
    }

    fn insert_at(&mut self, order: usize, handle: Handle) -> Option<Spot> {
        let (tag, home) = (order as u8, self.home(order));
        let next = self.after(home);
        let spare = next != home && self.buckets[next].len() < self.buckets[home].len();
        let (bucket, guest) = if spare { (next, true) } else { (home, false) };
        let found = match self.buckets[bucket].insert(tag, guest, handle) {
            Some(slot) => Some((bucket, slot)),
            None => self
                .make_room(home, next)
                .and_then(|bucket| self.buckets[bucket].insert(tag, bucket != home, handle).map(|slot| (bucket, slot))),
        };
        let (bucket, slot) = found?;
        self.len += 1;
        Some(Spot { bucket: bucket as u16, slot: slot as u8 })
    }

    /// Both buckets of an entry are full: moves others along, each to its other bucket, as far as the next bucket with room. Gives
    /// the bucket of the two that has room then.
    fn make_room(&mut self, home: usize, next: usize) -> Option<usize> {
        if self.push_on(next) {
            return Some(next);
        }
        self.push_back(home).then_some(home)
    }

    /// Frees a slot of a bucket by moving one of its own entries, as a guest, to the bucket after it.
    fn push_on(&mut self, bucket: usize) -> bool {
        let (mut last, mut hops) = (bucket, 0);
        while self.buckets[last].is_full() {
            hops += 1;
            if hops > HOPS_MAX.min(self.buckets.len() - 1) || self.buckets[last].occupied(Some(false)).next().is_none()
            {
                return false;
            }
            last = self.after(last);
        }
        while last != bucket {
            let from = self.before(last);
            let Some(slot) = self.buckets[from].occupied(Some(false)).next() else { return false };
            self.shift(from, slot, last, true);
            last = from;
        }
        true
    }

    /// Frees a slot of a bucket by moving one of its guests home, to the bucket before it.
    fn push_back(&mut self, bucket: usize) -> bool {
        let (mut last, mut hops) = (bucket, 0);
        while self.buckets[last].is_full() {
            hops += 1;
            if hops > HOPS_MAX.min(self.buckets.len() - 1) || self.buckets[last].occupied(Some(true)).next().is_none() {
                return false;
            }
            last = self.before(last);
        }
        while last != bucket {
            let from = self.after(last);
            let Some(slot) = self.buckets[from].occupied(Some(true)).next() else { return false };
            self.shift(from, slot, last, false);
            last = from;
        }
        true
    }

    fn shift(&mut self, from: usize, slot: usize, to: usize, guest: bool) {
        let (tag, handle) = (self.buckets[from].tag(slot), self.buckets[from].handle(slot));
        self.buckets[to].insert(tag, guest, handle);
        self.buckets[from].remove(slot);
    }

    /// The same entries in another number of buckets. `None` if they do not fit.
    fn laid_out(&self, buckets: usize, hash_of: impl Fn(Handle) -> u64) -> Option<Self> {
        let mut new = Self::new(self.depth, self.prefix, buckets);
        new.soonest = self.soonest;
        for (bucket, slot) in self.spots() {
            let b = &self.buckets[bucket];
            let handle = b.handle(slot);
            let order = if self.buckets.len() >= EXACT_FROM {
                let home = if b.is_guest(slot) { self.before(bucket) } else { bucket };
                self.order_from(home, b.tag(slot))
            } else {
                order_of(hash_of(handle), self.depth)
            };
            new.insert_at(order, handle)?;
        }
        Some(new)
    }

    /// The order bits of an entry from its bucket and its tag, which only a segment of [`EXACT_FROM`] buckets knows.
    fn order_from(&self, home: usize, tag: u8) -> usize {
        let first = (home << ORDER_BITS).div_ceil(self.buckets.len());
        first + usize::from(tag.wrapping_sub(first as u8))
    }

    /// Makes room for more entries, `at_least` so many buckets; false if the segment is as large as can be and has to be split.
    pub(super) fn grow(&mut self, at_least: usize, hash_of: impl Fn(Handle) -> u64 + Copy) -> bool {
        let mut buckets = self.buckets.len();
        while buckets < BUCKETS_MAX {
            buckets = next_size(buckets).max(at_least);
            if let Some(new) = self.laid_out(buckets, hash_of) {
                *self = new;
                return true;
            }
        }
        false
    }

    /// Gives memory back after removals, if it is worth it.
    pub(super) fn shrink(&mut self, hash_of: impl Fn(Handle) -> u64) {
        let buckets = Self::buckets_for(usize::from(self.len));
        if buckets < self.buckets.len()
            && let Some(new) = self.laid_out(buckets, hash_of)
        {
            *self = new;
        }
    }

    /// Two segments, each with the entries of one more leading bit.
    pub(super) fn split(&self, entries: impl Entries) -> [Self; 2] {
        let half = Self::buckets_for(usize::from(self.len) / 2 + 32);
        let high = self.prefix | 1 << (63 - self.depth);
        let mut halves = [self.prefix, high].map(|prefix| Self::new(self.depth + 1, prefix, half));
        halves.iter_mut().for_each(|half| half.soonest = self.soonest);
        let all: Vec<Handle> = self.handles().collect();
        for few in all.chunks(READ_AHEAD) {
            std::hint::black_box(few.iter().fold(0, |seen, handle| seen ^ entries.touch(*handle)));
            for handle in few {
                let hash = entries.hash(*handle);
                let half = &mut halves[usize::from(hash >= high)];
                while half.insert(hash, *handle).is_none() {
                    let has_grown = half.grow(0, |handle| entries.hash(handle));
                    assert!(has_grown, "a segment holds more than half of what one of twice its size held");
                }
            }
        }
        halves
    }

    /// One segment out of two that differ in their last leading bit only. `None` if it would be too full.
    pub(super) fn merged(&self, other: &Self, hash_of: impl Fn(Handle) -> u64) -> Option<Self> {
        let buckets = Self::buckets_for(usize::from(self.len + other.len));
        let mut new = Self::new(self.depth - 1, self.prefix.min(other.prefix), buckets);
        new.soonest = self.soonest.min(other.soonest);
        for handle in self.handles().chain(other.handles()) {
            new.insert(hash_of(handle), handle)?;
        }
        Some(new)
    }

    fn spots(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.buckets.iter().enumerate().flat_map(|(i, b)| b.occupied(None).map(move |slot| (i, slot)))
    }

    /// All entries.
    pub(super) fn handles(&self) -> impl Iterator<Item = Handle> + '_ {
        self.spots().map(|(bucket, slot)| self.buckets[bucket].handle(slot))
    }

    /// What lies at this place, if anything does.
    pub(super) fn at(&self, bucket: usize, slot: usize) -> Option<Handle> {
        let b = &self.buckets[bucket];
        b.occupied(None).any(|s| s == slot).then(|| b.handle(slot))
    }

    /// The first hash that is beyond the segment, 0 if there is none.
    pub(super) fn end(&self) -> u64 {
        if self.depth == 0 { 0 } else { self.prefix.wrapping_add(1 << (64 - self.depth)) }
    }

    /// The bucket in which entries of this hash belong.
    pub(super) fn bucket_of(&self, hash: u64) -> usize {
        self.home(order_of(hash, self.depth))
    }

    /// Entries that belong in a bucket, wherever they found room.
    pub(super) fn residents(&self, bucket: usize) -> impl Iterator<Item = Handle> + '_ {
        let (own, next) = (&self.buckets[bucket], &self.buckets[self.after(bucket)]);
        own.occupied(Some(false))
            .map(|slot| own.handle(slot))
            .chain(next.occupied(Some(true)).map(|slot| next.handle(slot)))
    }

    /// The first hash that belongs in a bucket.
    pub(super) fn start_of(&self, bucket: usize) -> u64 {
        if bucket == 0 { self.prefix } else { self.end_of(bucket - 1) }
    }

    /// The first hash that belongs in a later bucket, 0 if there is none.
    pub(super) fn end_of(&self, bucket: usize) -> u64 {
        if bucket + 1 == self.buckets.len() {
            return self.end();
        }
        let parts = ((bucket + 1) << ORDER_BITS).div_ceil(self.buckets.len()) as u64;
        self.prefix + (parts << (u64::BITS - ORDER_BITS - u32::from(self.depth)))
    }
}

/// The next larger number of buckets. Steps are small, so that memory follows the entries closely.
fn next_size(buckets: usize) -> usize {
    buckets
        + match buckets {
            0..4 => 1,
            4..16 => 2,
            16..32 => 4,
            _ => 8,
        }
}
