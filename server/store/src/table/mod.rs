//! The hash table of keys, and of the members of large collections: extendible hashing whose segments grow in small steps.
//!
//! The first bits of a hash choose a segment by way of a directory; the next ones a bucket of ten slots. An entry lies in its
//! bucket or in the one after it. A segment that is too full is laid out anew in a few more buckets, and one that cannot grow
//! is split in two: no step moves more than some 1200 entries, whatever the size of the table, and nine of ten slots are in use
//! before it happens. Entries lie in the order of their hashes, so that a position among the hashes is all that a `SCAN` cursor
//! has to be (Fagin et al., "Extendible Hashing", 1979, is the directory; the buckets are our own).

mod audit;
mod bucket;
mod due;
mod group;
mod segment;

#[cfg(test)]
mod tests;

use crate::arena::Handle;
pub(crate) use group::Group;
use segment::{Segment, Spot};

/// A segment with fewer entries than this share of its slots gives memory back: one in three.
const SHRINK_BELOW: usize = 3;

/// Two neighbours with fewer entries than this together become one segment.
const MERGE_BELOW: u16 = 400;

/// Entries of a segment of a table that knows how many are to come: as many as fit, and some more by chance.
const EXPECTED_PER_SEGMENT: usize = 1000;

/// So many entries are believed to come when they are announced, whoever announces them: where none comes, a thousand has cost some
/// hundred bytes. A table that gets more grows to that in steps.
const EXPECTED_MAX: usize = 1 << 26;

/// What a table asks about its entries.
pub trait Entries: Copy {
    /// The hash of the entry's key.
    fn hash(self, entry: Handle) -> u64;

    /// Reads the first byte of the entry, so that its memory is at hand when its hash is asked for.
    fn touch(self, entry: Handle) -> u8;
}

/// Where an entry lies, until the table changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    segment: u32,
    spot: Spot,
}

/// Entries by the hash of their keys. The table holds handles; what they stand for, and hence their hashes, its owner knows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The segment of all hashes that begin with the bits of the index.
    directory: Vec<u32>,
    /// log2 of the length of the directory.
    depth: u8,
    segments: Vec<Segment>,
    /// How many segments share so many leading bits.
    at_depth: [u32; 65],
    len: usize,
    segment_bytes: usize,
    /// Buckets that a segment gets at once when its first one is full.
    second_size: usize,
}

impl Default for Table {
    fn default() -> Self {
        let first = Segment::new(0, 0, 1);
        let segment_bytes = first.heap_bytes();
        let mut at_depth = [0; 65];
        at_depth[0] = 1;
        Self { directory: vec![0], depth: 0, segments: vec![first], at_depth, len: 0, segment_bytes, second_size: 0 }
    }
}

impl Table {
    /// A table that is about to have so many entries, and need not grow to that in many steps. It takes little memory before it has
    /// them, and does not believe any number.
    pub fn expecting(entries: usize) -> Self {
        let entries = entries.min(EXPECTED_MAX);
        let depth = entries.div_ceil(EXPECTED_PER_SEGMENT).next_power_of_two().ilog2() as u8;
        let count = 1u32 << depth;
        let prefix = |index: u32| u64::from(index).checked_shl(64 - u32::from(depth)).unwrap_or(0);
        let segments: Vec<Segment> = (0..count).map(|index| Segment::new(depth, prefix(index), 1)).collect();
        let mut at_depth = [0; 65];
        at_depth[usize::from(depth)] = count;
        Self {
            directory: (0..count).collect(),
            depth,
            segment_bytes: segments.iter().map(Segment::heap_bytes).sum(),
            segments,
            at_depth,
            len: 0,
            second_size: Segment::buckets_for(entries / count as usize),
        }
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// There is one segment.
    pub fn is_small(&self) -> bool {
        self.depth == 0
    }

    /// No entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Memory of the table itself.
    pub fn heap_bytes(&self) -> usize {
        self.segment_bytes
            + self.segments.capacity() * size_of::<Segment>()
            + self.directory.capacity() * size_of::<u32>()
    }

    /// Slots, used or not.
    pub fn slots(&self) -> usize {
        self.segments.iter().map(Segment::slots).sum()
    }

    #[inline]
    fn index_of(&self, hash: u64) -> usize {
        // A shift by 64 is not defined, and the first bit of a directory without depth is of no interest.
        (hash >> 1 >> (63 - u32::from(self.depth))) as usize
    }

    #[inline]
    fn segment_of(&self, hash: u64) -> usize {
        self.directory[self.index_of(hash)] as usize
    }

    /// Reads what a search for this hash will read, without waiting for it. Searches of many keys that are announced first
    /// wait for memory together. Gives the entry that the search will probably find.
    #[inline]
    pub fn touch(&self, hash: u64) -> Option<Handle> {
        self.segments[self.segment_of(hash)].touch(hash)
    }

    /// The entry with this hash that `is_it` recognises.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl FnMut(Handle) -> bool) -> Option<Place> {
        let segment = self.segment_of(hash);
        let spot = self.segments[segment].find(hash, is_it)?;
        Some(Place { segment: segment as u32, spot })
    }

    /// What lies there.
    #[inline]
    pub fn get(&self, place: Place) -> Handle {
        self.segments[place.segment as usize].handle(place.spot)
    }

    /// Replaces what lies there by something with the same key.
    #[inline]
    pub fn set(&mut self, place: Place, handle: Handle) {
        self.segments[place.segment as usize].set_handle(place.spot, handle);
    }

    /// Takes in an entry whose key is not there yet. `entries` knows all entries of the table.
    pub fn insert(&mut self, hash: u64, handle: Handle, entries: impl Entries) -> Place {
        loop {
            let segment = self.segment_of(hash);
            if let Some(spot) = self.segments[segment].insert(hash, handle) {
                self.len += 1;
                return Place { segment: segment as u32, spot };
            }
            self.make_room(segment, entries);
        }
    }

    /// Takes out what lies there.
    pub fn remove(&mut self, place: Place, hash_of: impl Fn(Handle) -> u64 + Copy) -> Handle {
        let handle = self.get(place);
        let index = place.segment as usize;
        let segment = &mut self.segments[index];
        segment.remove(place.spot);
        self.len -= 1;
        if segment.bucket_count() > 1 && usize::from(segment.len) * SHRINK_BELOW < segment.slots() {
            self.give_back(index, hash_of);
        }
        handle
    }

    /// All entries, in no order that means anything.
    pub fn handles(&self) -> impl Iterator<Item = Handle> + '_ {
        self.segments.iter().flat_map(Segment::handles)
    }

    /// Calls `visit` with some of the entries whose hashes are not below `cursor`, and gives the cursor for the next call, or 0 at
    /// the end. Entries that are there from the first call to the last are visited exactly once, whatever happens in between.
    pub fn scan(&self, cursor: u64, hash_of: impl Fn(Handle) -> u64, mut visit: impl FnMut(Handle)) -> u64 {
        let segment = &self.segments[self.segment_of(cursor)];
        let bucket = segment.bucket_of(cursor);
        segment.residents(bucket).filter(|handle| hash_of(*handle) >= cursor).for_each(&mut visit);
        segment.end_of(bucket)
    }

    /// Any entry, each about as likely as any other. `random` gives random bits.
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<Handle> {
        if self.is_empty() {
            return None;
        }
        loop {
            let segment = &self.segments[self.segment_of(random())];
            // A segment without entries is rare, and one with few has few slots: half a slot's chance at the least.
            for _ in 0..segment.slots().min(64) {
                let slot = (random() >> 32) as usize % segment.slots();
                let per_bucket = segment.slots() / segment.bucket_count();
                if let Some(handle) = segment.at(slot / per_bucket, slot % per_bucket) {
                    return Some(handle);
                }
            }
        }
    }

    fn make_room(&mut self, index: usize, entries: impl Entries) {
        let before = self.segments[index].heap_bytes();
        if self.segments[index].grow(self.second_size, |entry| entries.hash(entry)) {
            self.segment_bytes += self.segments[index].heap_bytes() - before;
            return;
        }
        if self.segments[index].depth == self.depth {
            self.directory = self.directory.iter().flat_map(|segment| [*segment; 2]).collect();
            self.depth += 1;
        }
        let [low, high] = self.segments[index].split(entries);
        self.segment_bytes = self.segment_bytes - before + low.heap_bytes() + high.heap_bytes();
        self.at_depth[usize::from(low.depth) - 1] -= 1;
        self.at_depth[usize::from(low.depth)] += 2;
        self.segments[index] = low;
        self.segments.push(high);
        self.enter(self.segments.len() - 1);
    }

    /// Lets the directory lead to a segment.
    fn enter(&mut self, index: usize) {
        let segment = &self.segments[index];
        let count = 1usize << (self.depth - segment.depth);
        let first = self.index_of(segment.prefix);
        self.directory[first..first + count].fill(index as u32);
    }

    fn give_back(&mut self, index: usize, hash_of: impl Fn(Handle) -> u64 + Copy) {
        // What was expected has come or does not come.
        self.second_size = 0;
        if self.merge(index, hash_of) {
            return;
        }
        let before = self.segments[index].heap_bytes();
        self.segments[index].shrink(hash_of);
        self.segment_bytes = self.segment_bytes - before + self.segments[index].heap_bytes();
    }

    /// Makes one segment of this one and the one that it was split from, if both have become small.
    fn merge(&mut self, index: usize, hash_of: impl Fn(Handle) -> u64 + Copy) -> bool {
        let depth = self.segments[index].depth;
        if depth == 0 {
            return false;
        }
        let other = self.segment_of(self.segments[index].prefix ^ 1 << (64 - depth));
        let (one, two) = (&self.segments[index], &self.segments[other]);
        if two.depth != depth || one.len + two.len >= MERGE_BELOW {
            return false;
        }
        let Some(merged) = one.merged(two, hash_of) else { return false };
        self.segment_bytes = self.segment_bytes - one.heap_bytes() - two.heap_bytes() + merged.heap_bytes();
        self.at_depth[usize::from(depth)] -= 2;
        self.at_depth[usize::from(depth) - 1] += 1;
        self.segments[index] = merged;
        self.enter(index);
        self.drop_segment(other);
        self.shorten_directory();
        true
    }

    /// The last segment takes the number of one that is not needed any more.
    fn drop_segment(&mut self, index: usize) {
        self.segments.swap_remove(index);
        if index < self.segments.len() {
            self.enter(index);
        }
    }

    fn shorten_directory(&mut self) {
        while self.depth > 0 && self.at_depth[usize::from(self.depth)] == 0 {
            self.directory = self.directory.iter().step_by(2).copied().collect();
            self.depth -= 1;
        }
    }
}
