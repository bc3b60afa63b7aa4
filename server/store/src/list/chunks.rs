//! A long list: chunks of elements.

use std::collections::VecDeque;

use crate::listpack::{At, Item, Listpack};

use super::hold::Hold;
use super::{End, Limit};

/// Chunks, none of them empty.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pub(super) chunks: VecDeque<Listpack>,
    len: usize,
    /// Memory of the chunks.
    bytes: usize,
    /// What an image that is under way still needs of them.
    pub(super) hold: Option<Box<Hold>>,
}

impl Clone for Chunks {
    fn clone(&self) -> Self {
        // A copy has no room to spare.
        let chunks = self.chunks.clone();
        let bytes = chunks.iter().map(Listpack::heap_bytes).sum();
        Self { chunks, len: self.len, bytes, hold: None }
    }
}

/// The place of an element, until the list changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    chunk: usize,
    at: At,
}

impl Chunks {
    pub(super) fn of(first: Listpack) -> Self {
        let mut all = Self { len: first.len(), ..Self::default() };
        if !first.is_empty() {
            all.add(0, first);
        }
        all
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn count(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes + self.chunks.capacity() * size_of::<Listpack>() + size_of::<Self>()
    }

    pub(super) fn recount(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Listpack::heap_bytes).sum();
        self.heap_bytes() - self.bytes + chunks
    }

    /// The only chunk, if there is just one.
    pub(super) fn only(&mut self) -> Option<&mut Listpack> {
        if self.chunks.len() == 1 { self.chunks.front_mut() } else { None }
    }

    fn add(&mut self, index: usize, chunk: Listpack) {
        self.bytes += chunk.heap_bytes();
        self.chunks.insert(index, chunk);
        if let Some(hold) = &mut self.hold {
            hold.added(index);
        }
    }

    fn drop_chunk(&mut self, index: usize) {
        if let Some(chunk) = self.chunks.remove(index) {
            self.bytes -= chunk.heap_bytes();
            if let Some(hold) = &mut self.hold {
                hold.dropped(index, chunk);
            }
        }
    }

    /// Adds a chunk behind all others.
    pub(super) fn append(&mut self, chunk: Listpack) {
        if !chunk.is_empty() {
            self.len += chunk.len();
            self.add(self.chunks.len(), chunk);
        }
    }

    /// All chunks.
    pub(super) fn all(&self) -> impl Iterator<Item = &Listpack> {
        self.chunks.iter()
    }

    /// Changes a chunk, and counts what it costs.
    fn edit<T>(&mut self, index: usize, change: impl FnOnce(&mut Listpack) -> T) -> T {
        let chunk = &mut self.chunks[index];
        if let Some(hold) = &mut self.hold {
            hold.touch(index, || chunk.as_bytes().to_vec());
        }
        let before = chunk.heap_bytes();
        let result = change(chunk);
        self.bytes = self.bytes + chunk.heap_bytes() - before;
        result
    }

    pub(super) fn push(&mut self, end: End, bytes: &[u8], limit: Limit) {
        let index = match end {
            End::Left => 0,
            End::Right => self.chunks.len().saturating_sub(1),
        };
        let fits = self.chunks.get(index).is_some_and(|chunk| fits(chunk, bytes, limit));
        if fits {
            self.edit(index, |chunk| match end {
                End::Left => chunk.push_front(bytes),
                End::Right => chunk.push_back(bytes),
            });
        } else {
            if let Some(full) = self.chunks.get(index) {
                // It will hardly change any more.
                let before = full.heap_bytes();
                self.chunks[index].shrink();
                self.bytes = self.bytes + self.chunks[index].heap_bytes() - before;
            }
            let index = if end == End::Left { 0 } else { self.chunks.len() };
            self.add(index, single(bytes));
        }
        self.len += 1;
    }

    pub(super) fn at_end(&self, end: End) -> Option<Place> {
        match end {
            End::Left => Some(Place { chunk: 0, at: self.chunks.front()?.first()? }),
            End::Right => Some(Place { chunk: self.chunks.len().checked_sub(1)?, at: self.chunks.back()?.last()? }),
        }
    }

    pub(super) fn seek(&self, index: usize) -> Option<Place> {
        if index >= self.len {
            return None;
        }
        let find = |chunk: usize, within: i64| Some(Place { chunk, at: self.chunks[chunk].seek(within)? });
        if index < self.len / 2 {
            let mut rest = index;
            for (number, chunk) in self.chunks.iter().enumerate() {
                if rest < chunk.len() {
                    return find(number, rest as i64);
                }
                rest -= chunk.len();
            }
            return None;
        }
        let mut rest = self.len - 1 - index;
        for (number, chunk) in self.chunks.iter().enumerate().rev() {
            if rest < chunk.len() {
                return find(number, -1 - rest as i64);
            }
            rest -= chunk.len();
        }
        None
    }

    pub(super) fn get(&self, place: Place) -> Item<'_> {
        self.chunks[place.chunk].get(place.at)
    }

    pub(super) fn next(&self, place: Place, towards: End) -> Option<Place> {
        let chunk = &self.chunks[place.chunk];
        if towards == End::Right {
            if let Some(at) = chunk.next(place.at) {
                return Some(Place { at, ..place });
            }
            let number = place.chunk + 1;
            return Some(Place { chunk: number, at: self.chunks.get(number)?.first()? });
        }
        if let Some(at) = chunk.previous(place.at) {
            return Some(Place { at, ..place });
        }
        let number = place.chunk.checked_sub(1)?;
        Some(Place { chunk: number, at: self.chunks[number].last()? })
    }

    pub(super) fn replace(&mut self, place: Place, bytes: &[u8], limit: Limit) {
        let chunk = &self.chunks[place.chunk];
        let grown = chunk.byte_len() + Listpack::cost_of(bytes);
        if chunk.len() == 1 || limit.allows(grown, chunk.len()) {
            self.edit(place.chunk, |chunk| chunk.replace(place.at, bytes));
            return;
        }
        let next = self.remove(place);
        self.insert_at(next, place.chunk, bytes, limit);
    }

    /// Removes an element. Gives the one that takes its place.
    pub(super) fn remove(&mut self, place: Place) -> Option<Place> {
        let next = self.edit(place.chunk, |chunk| chunk.remove(place.at, 1));
        self.len -= 1;
        if let Some(at) = next {
            return Some(Place { at, ..place });
        }
        let follower = if self.chunks[place.chunk].is_empty() {
            self.drop_chunk(place.chunk);
            place.chunk
        } else {
            place.chunk + 1
        };
        Some(Place { chunk: follower, at: self.chunks.get(follower)?.first()? })
    }

    /// Removes so many elements from one end.
    pub(super) fn trim(&mut self, end: End, mut count: usize) {
        self.len -= count.min(self.len);
        while count > 0 && !self.chunks.is_empty() {
            let index = if end == End::Left { 0 } else { self.chunks.len() - 1 };
            let len = self.chunks[index].len();
            if len <= count {
                self.drop_chunk(index);
                count -= len;
                continue;
            }
            let first = if end == End::Left { 0 } else { (len - count) as i64 };
            self.edit(index, |chunk| {
                if let Some(at) = chunk.seek(first) {
                    chunk.remove(at, count);
                }
            });
            return;
        }
    }

    /// Adds an element before or behind another one.
    pub(super) fn insert(&mut self, place: Place, before: bool, bytes: &[u8], limit: Limit) {
        if before {
            return self.insert_at(Some(place), place.chunk, bytes, limit);
        }
        let next = self.next(place, End::Right).filter(|next| next.chunk == place.chunk);
        self.insert_at(next, place.chunk, bytes, limit);
    }

    /// Adds an element at a place, or where there is none at the end of chunk `index`.
    fn insert_at(&mut self, place: Option<Place>, index: usize, bytes: &[u8], limit: Limit) {
        self.len += 1;
        let index = place.map_or(index, |place| place.chunk);
        let Some(chunk) = self.chunks.get(index) else { return self.add(self.chunks.len(), single(bytes)) };
        if fits(chunk, bytes, limit) {
            return self.edit(index, |chunk| chunk.insert_before(place.map(|place| place.at), bytes));
        }
        let Some(place) = place else { return self.insert_between(index, bytes, limit) };
        if self.chunks[index].previous(place.at).is_none() {
            return match index.checked_sub(1) {
                Some(previous) => self.insert_between(previous, bytes, limit),
                None => self.add(0, single(bytes)),
            };
        }
        let tail = self.edit(index, |chunk| chunk.split_off(place.at));
        self.add(index + 1, tail);
        self.insert_between(index, bytes, limit);
    }

    /// Adds an element behind all of chunk `index`, which may be full.
    fn insert_between(&mut self, index: usize, bytes: &[u8], limit: Limit) {
        if fits(&self.chunks[index], bytes, limit) {
            return self.edit(index, |chunk| chunk.push_back(bytes));
        }
        if self.chunks.get(index + 1).is_some_and(|next| fits(next, bytes, limit)) {
            return self.edit(index + 1, |chunk| chunk.push_front(bytes));
        }
        self.add(index + 1, single(bytes));
    }
}

fn single(bytes: &[u8]) -> Listpack {
    let mut chunk = Listpack::new();
    chunk.push_back(bytes);
    chunk
}

#[inline]
fn fits(chunk: &Listpack, bytes: &[u8], limit: Limit) -> bool {
    limit.allows(chunk.byte_len() + Listpack::cost_of(bytes), chunk.len() + 1)
}

#[cfg(test)]
impl Chunks {
    /// What was counted step by step is what a new count gives.
    pub(super) fn check_counts(&self) {
        assert_eq!(self.len, self.chunks.iter().map(Listpack::len).sum::<usize>());
        assert_eq!(self.bytes, self.chunks.iter().map(Listpack::heap_bytes).sum::<usize>());
        assert!(self.chunks.iter().all(|chunk| !chunk.is_empty()));
    }
}
