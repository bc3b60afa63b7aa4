//! A list as it was when an image began, while it goes on changing.
//!
//! Its chunks are written in order. A chunk that is going to change or to go is kept in its old form, by the number that it had;
//! the others still follow each other as they did, so that their numbers need not be kept: they are the ones that are missing.

use std::collections::VecDeque;

use super::chunks::Chunks;
use crate::image::{Budget, Holds, Origin, Part, Value, Writer};
use crate::listpack::Listpack;

/// What an image still needs of a list.
#[derive(Debug)]
pub(super) struct Hold {
    origin: Origin,
    /// Chunks when the image began.
    total: u64,
    /// The number of the next one to be written.
    next: u64,
    /// Of each chunk of the list, whether the image does not need it as it is: it is new, was changed, or is written.
    /// Made of zeros, so that even of many chunks only those that are looked at cost anything.
    done: VecDeque<bool>,
    /// How many are not done.
    ahead: usize,
    /// All chunks before this one are done.
    from: usize,
    /// Old forms, by their numbers, in order.
    kept: VecDeque<(u64, Vec<u8>)>,
    kept_bytes: usize,
}

impl Hold {
    fn new(origin: Origin, chunks: usize) -> Self {
        let (kept, kept_bytes) = (VecDeque::new(), 0);
        let done = VecDeque::from(vec![false; chunks]);
        Self { origin, total: chunks as u64, next: 0, done, ahead: chunks, from: 0, kept, kept_bytes }
    }

    /// The number that the chunk had which lies there and is not done.
    fn number_of(&self, index: usize) -> u64 {
        let count = |done: &mut dyn Iterator<Item = &bool>| done.filter(|done| !**done).count();
        // From the nearer end, as the list itself seeks.
        let before = if index <= self.from {
            0
        } else if index - self.from <= self.done.len() - index {
            count(&mut self.done.range(self.from..index))
        } else {
            self.ahead - count(&mut self.done.range(index..))
        };
        // Of the numbers that are not kept, as many are lower as there are chunks before it.
        let number = |kept: usize| self.next + (before + kept) as u64;
        let (mut low, mut high) = (0, self.kept.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.kept[middle].0 <= number(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        number(low)
    }

    /// The chunk there is going to change or gone.
    pub(super) fn touch(&mut self, index: usize, old: impl FnOnce() -> Vec<u8>) {
        if self.done[index] {
            return;
        }
        let (number, old) = (self.number_of(index), old());
        self.kept_bytes += old.len();
        let at = self.kept.partition_point(|(other, _)| *other < number);
        self.kept.insert(at, (number, old));
        self.done[index] = true;
        self.ahead -= 1;
    }

    /// A chunk has been added there.
    pub(super) fn added(&mut self, index: usize) {
        self.done.insert(index, true);
        self.from += usize::from(index <= self.from);
    }

    /// The chunk there is gone.
    pub(super) fn dropped(&mut self, index: usize, chunk: Listpack) {
        self.touch(index, || chunk.into_bytes());
        self.done.remove(index);
        self.from -= usize::from(index < self.from);
    }

    /// Writes the next chunk.
    fn write_next(&mut self, chunks: &VecDeque<Listpack>, out: &mut Vec<u8>) {
        if let Some((number, _)) = self.kept.front()
            && *number == self.next
            && let Some((_, old)) = self.kept.pop_front()
        {
            self.kept_bytes -= old.len();
            Writer::new(out).part(&Part::Chunk(&old));
        } else {
            while self.done.get(self.from) == Some(&true) {
                self.from += 1;
            }
            if let (Some(chunk), Some(done)) = (chunks.get(self.from), self.done.get_mut(self.from)) {
                Writer::new(out).part(&Part::Chunk(chunk.as_bytes()));
                *done = true;
                self.ahead -= 1;
            }
        }
        self.next += 1;
    }
}

impl Holds for Chunks {
    fn hold(&mut self, origin: Origin) {
        self.hold = Some(Box::new(Hold::new(origin, self.count())));
    }

    fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    fn has_begun(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.origin.has_begun())
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(hold) = &mut self.hold {
            hold.origin.begin(Value::List { chunks: hold.total }, out);
        }
    }

    fn write_on(&mut self, out: &mut Vec<u8>, budget: &mut Budget) -> bool {
        let Some(hold) = &mut self.hold else { return true };
        while hold.next < hold.total && !budget.is_spent() {
            let before = out.len();
            hold.write_next(&self.chunks, out);
            budget.spend(1, out.len() - before);
        }
        let is_done = hold.next == hold.total;
        if is_done {
            self.hold = None;
        }
        is_done
    }

    fn let_go(&mut self) {
        self.hold = None;
    }

    fn held_bytes(&self) -> usize {
        self.hold.as_ref().map_or(0, |hold| hold.kept_bytes)
    }
}
