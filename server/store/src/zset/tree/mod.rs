//! Members of a large sorted set in order: a B+tree whose nodes know how many entries lie below them.
//!
//! ```text
//! inner node:  (node, number of entries below it, its first entry) of up to 64 children
//! leaf:        (score, member) of up to 64 entries
//! ```
//! Scores are compared in place; only those of equal scores ask for the bytes of a member, which the caller knows. Nodes are found by
//! numbers and live in a few large allocations, so that a tree is dropped in a few steps.

mod audit;
mod insert;
mod leaf;
mod remove;
mod seek;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::{ControlFlow, Range};

use crate::arena::{Arena, Handle};

use leaf::LEAF_MAX;
pub(super) use leaf::Ranked;
use seek::{Seek, ToEqual, ToRank};

/// Most children of an inner node.
const CHILDREN_MAX: usize = 64;

/// Where a node is.
#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf(Handle),
    /// The number of an inner node.
    Inner(u32),
}

/// What a node knows of one below it.
#[derive(Clone, Copy, Debug)]
struct Child {
    node: Node,
    count: usize,
    first: Ranked,
}

/// The tree.
#[derive(Default)]
pub(super) struct Tree {
    leaves: Arena,
    inner: Vec<Vec<Child>>,
    /// Numbers of inner nodes that are not in use.
    free: Vec<u32>,
    root: Option<Child>,
    /// Memory of inner nodes.
    inner_bytes: usize,
}

impl Clone for Tree {
    fn clone(&self) -> Self {
        // A copy has no room to spare.
        let inner = self.inner.clone();
        let inner_bytes = inner.iter().map(|children| children.capacity() * size_of::<Child>()).sum();
        Self { leaves: self.leaves.clone(), inner, free: self.free.clone(), root: self.root, inner_bytes }
    }
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { leaves: Arena::new(), ..Self::default() }
    }

    /// Number of entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.root.map_or(0, |root| root.count)
    }

    /// Memory, that of this structure left out.
    pub(super) fn heap_bytes(&self) -> usize {
        self.leaves.used_bytes()
            + self.inner_bytes
            + self.inner.capacity() * size_of::<Vec<Child>>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// Adds an entry that is not there. `order` tells how another entry stands to it.
    pub(super) fn insert(&mut self, entry: Ranked, order: impl Fn(Ranked) -> Ordering) {
        let Some(mut root) = self.root else {
            self.root = Some(self.leaf_of(&[entry]));
            return;
        };
        if let Some(next) = self.insert_below(&mut root, entry, &mut ToEqual(order)) {
            let children = [root, next];
            root = Child { node: self.new_inner(&children), count: root.count + next.count, first: root.first };
        }
        self.root = Some(root);
    }

    /// Removes the entry of a rank.
    pub(super) fn remove_at(&mut self, rank: usize) -> Option<Ranked> {
        (rank < self.len()).then_some(())?;
        self.remove_sought(&mut ToRank(rank))
    }

    /// Removes the entry that is equal, which must be there.
    pub(super) fn remove(&mut self, order: impl Fn(Ranked) -> Ordering) -> Option<Ranked> {
        self.remove_sought(&mut ToEqual(order))
    }

    /// Gives the entry that is equal to the first order another score, if it stays where it is; `order` is that of the entry as it
    /// will be. False if it has to be removed and added again.
    pub(super) fn rescore(
        &mut self,
        present: impl Fn(Ranked) -> Ordering,
        score: f64,
        order: impl Fn(Ranked) -> Ordering,
    ) -> bool {
        let Some((handle, len, at)) = self.descend(&mut ToEqual(present)) else { return false };
        let cell = self.leaves.get_mut(handle);
        // The first entry of a leaf stands in the nodes above too, and what follows the last one lies elsewhere.
        if at == 0 || at + 1 >= len {
            return false;
        }
        let stays = order(leaf::read(cell, at - 1)) == Ordering::Less && order(leaf::read(cell, at + 1)).is_gt();
        if stays {
            let entry = leaf::read(cell, at);
            leaf::write(cell, at, Ranked { score, ..entry });
        }
        stays
    }

    /// The number of entries for which `is_before` is true, which are the first ones.
    pub(super) fn rank(&self, is_before: impl Fn(Ranked) -> bool) -> usize {
        let Some(mut child) = self.root else { return 0 };
        let mut rank = 0;
        while let Node::Inner(index) = child.node {
            let children = &self.inner[index as usize];
            let at = children[1..].partition_point(|child| is_before(child.first));
            rank += children[..at].iter().map(|child| child.count).sum::<usize>();
            child = children[at];
        }
        let Node::Leaf(handle) = child.node else { return rank };
        rank + leaf::partition(self.leaves.get(handle), child.count, is_before)
    }

    /// Calls `visit` with the entries of these ranks, from the last one on if `backwards`, until it breaks.
    pub(super) fn visit(
        &self,
        ranks: Range<usize>,
        backwards: bool,
        visit: &mut impl FnMut(Ranked) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self.root {
            Some(root) => self.visit_below(root, ranks, backwards, visit),
            None => ControlFlow::Continue(()),
        }
    }

    fn visit_below(
        &self,
        child: Child,
        ranks: Range<usize>,
        backwards: bool,
        visit: &mut impl FnMut(Ranked) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let ranks = ranks.start..ranks.end.min(child.count);
        match child.node {
            Node::Leaf(handle) => {
                let cell = self.leaves.get(handle);
                for step in 0..ranks.len() {
                    let at = if backwards { ranks.end - 1 - step } else { ranks.start + step };
                    visit(leaf::read(cell, at))?;
                }
            }
            Node::Inner(index) => {
                let children = &self.inner[index as usize];
                let mut before = if backwards { child.count } else { 0 };
                for step in 0..children.len() {
                    let child = children[if backwards { children.len() - 1 - step } else { step }];
                    if backwards {
                        before -= child.count;
                    }
                    let (start, end) = (ranks.start.saturating_sub(before), ranks.end.saturating_sub(before));
                    if start < end.min(child.count) {
                        self.visit_below(child, start..end, backwards, visit)?;
                    }
                    if !backwards {
                        before += child.count;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The leaf that the way leads to, the number of its entries, and which one.
    fn descend(&self, seek: &mut impl Seek) -> Option<(Handle, usize, usize)> {
        let mut child = self.root?;
        loop {
            match child.node {
                Node::Inner(index) => {
                    let children = &self.inner[index as usize];
                    child = children[seek.child(children)];
                }
                Node::Leaf(handle) => {
                    return Some((handle, child.count, seek.entry(self.leaves.get(handle), child.count)));
                }
            }
        }
    }

    fn entries(&self, handle: Handle, len: usize) -> Vec<Ranked> {
        let cell = self.leaves.get(handle);
        let mut entries = Vec::with_capacity(LEAF_MAX + 1);
        entries.extend((0..len).map(|at| leaf::read(cell, at)));
        entries
    }

    /// A new leaf.
    fn leaf_of(&mut self, entries: &[Ranked]) -> Child {
        let handle = self.leaves.alloc(leaf::cell_bytes(entries.len()));
        let cell = self.leaves.get_mut(handle);
        entries.iter().enumerate().for_each(|(at, entry)| leaf::write(cell, at, *entry));
        Child { node: Node::Leaf(handle), count: entries.len(), first: entries[0] }
    }

    /// Moves a leaf to a cell of the right size, if it is in another one.
    fn resize_leaf(&mut self, handle: Handle, len: usize, wanted: usize) -> Handle {
        let bytes = leaf::cell_bytes(wanted.max(1));
        if Arena::capacity_for(bytes) == self.leaves.capacity(handle) {
            return handle;
        }
        let mut copy = [0; LEAF_MAX * leaf::ENTRY];
        let copy = &mut copy[..len * leaf::ENTRY];
        copy.copy_from_slice(&self.leaves.get(handle)[..copy.len()]);
        self.leaves.free(handle);
        let handle = self.leaves.alloc(bytes);
        self.leaves.get_mut(handle)[..copy.len()].copy_from_slice(copy);
        handle
    }

    fn new_inner(&mut self, children: &[Child]) -> Node {
        let index = self.free.pop().unwrap_or_else(|| {
            self.inner.push(Vec::new());
            (self.inner.len() - 1) as u32
        });
        self.change_inner(index as usize, |node| node.extend_from_slice(children));
        Node::Inner(index)
    }

    fn free_inner(&mut self, index: u32) -> Vec<Child> {
        let children = std::mem::take(&mut self.inner[index as usize]);
        self.inner_bytes -= children.capacity() * size_of::<Child>();
        self.free.push(index);
        children
    }

    fn change_inner(&mut self, index: usize, change: impl FnOnce(&mut Vec<Child>)) {
        let children = &mut self.inner[index];
        self.inner_bytes -= children.capacity() * size_of::<Child>();
        change(children);
        self.inner_bytes += children.capacity() * size_of::<Child>();
    }
}
