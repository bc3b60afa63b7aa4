//! What will happen, ordered by time; equal times in the order of scheduling.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

struct Entry<T> {
    at_us: u64,
    counter: u64,
    job: T,
}

/// A time-ordered queue whose order does not depend on chance.
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Entry<T>>,
    counter: u64,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), counter: 0 }
    }

    pub(crate) fn push(&mut self, at_us: u64, job: T) {
        self.counter += 1;
        self.heap.push(Entry { at_us, counter: self.counter, job });
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        self.heap.pop().map(|e| (e.at_us, e.job))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_us, other.counter).cmp(&(self.at_us, self.counter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_pop_in_the_order_of_scheduling() {
        let mut queue = Queue::new();
        for (at, job) in [(5, 'a'), (3, 'b'), (5, 'c'), (3, 'd')] {
            queue.push(at, job);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(3, 'b'), (3, 'd'), (5, 'a'), (5, 'c')]);
    }
}
