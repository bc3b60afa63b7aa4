//! Ways down the tree.

use std::cmp::Ordering;

use super::Child;
use super::leaf::{self, Ranked};

/// Chooses a child in each node and an entry in the leaf.
pub(super) trait Seek {
    /// Which of these children.
    fn child(&mut self, children: &[Child]) -> usize;

    /// Which of the entries of a leaf.
    fn entry(&mut self, cell: &[u8], len: usize) -> usize;
}

/// To the entry of a rank that there is.
pub(super) struct ToRank(pub(super) usize);

impl Seek for ToRank {
    #[inline]
    fn child(&mut self, children: &[Child]) -> usize {
        for (index, child) in children.iter().enumerate() {
            if self.0 < child.count {
                return index;
            }
            self.0 -= child.count;
        }
        children.len() - 1
    }

    #[inline]
    fn entry(&mut self, _: &[u8], len: usize) -> usize {
        self.0.min(len - 1)
    }
}

/// To the entry that this order calls equal, or else to where it would have to be.
pub(super) struct ToEqual<F>(pub(super) F);

impl<F: Fn(Ranked) -> Ordering> Seek for ToEqual<F> {
    #[inline]
    fn child(&mut self, children: &[Child]) -> usize {
        children[1..].partition_point(|child| (self.0)(child.first) != Ordering::Greater)
    }

    #[inline]
    fn entry(&mut self, cell: &[u8], len: usize) -> usize {
        leaf::partition(cell, len, |entry| (self.0)(entry) == Ordering::Less)
    }
}
