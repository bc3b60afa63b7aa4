//! Removing entries, and putting small nodes together.

use super::leaf::{self, Ranked};
use super::seek::Seek;
use super::{Child, Node, Tree};

/// A node with fewer entries or children than this is put together with a neighbour, if both fit well.
const SMALL: usize = 16;

/// Two neighbours with more than this together stay two, so that not every change splits them again.
const JOINED_MAX: usize = 48;

impl Tree {
    pub(super) fn remove_sought(&mut self, seek: &mut impl Seek) -> Option<Ranked> {
        let mut root = self.root?;
        let entry = self.remove_below(&mut root, seek);
        while let Node::Inner(index) = root.node
            && self.inner[index as usize].len() == 1
        {
            root = self.inner[index as usize][0];
            self.free_inner(index);
        }
        self.root = Some(root);
        if root.count == 0 {
            *self = Self::new();
        }
        Some(entry)
    }

    fn remove_below(&mut self, child: &mut Child, seek: &mut impl Seek) -> Ranked {
        let index = match child.node {
            Node::Leaf(handle) => {
                let len = child.count;
                let cell = self.leaves.get_mut(handle);
                let at = seek.entry(cell, len).min(len - 1);
                let entry = leaf::remove(cell, len, at);
                if at == 0 && len > 1 {
                    child.first = leaf::read(cell, 0);
                }
                child.count = len - 1;
                child.node = Node::Leaf(self.resize_leaf(handle, len - 1, len - 1));
                return entry;
            }
            Node::Inner(index) => index as usize,
        };
        let at = seek.child(&self.inner[index]);
        let mut below = self.inner[index][at];
        let entry = self.remove_below(&mut below, seek);
        self.inner[index][at] = below;
        if below.count == 0 {
            self.free_node(below);
            self.change_inner(index, |children| {
                children.remove(at);
            });
        } else if self.size(below) < SMALL {
            self.join_with_neighbour(index, at);
        }
        child.first = self.inner[index].first().map_or(child.first, |first| first.first);
        child.count -= 1;
        entry
    }

    fn free_node(&mut self, child: Child) {
        match child.node {
            Node::Leaf(handle) => self.leaves.free(handle),
            Node::Inner(index) => {
                self.free_inner(index);
            }
        }
    }

    /// Entries of a leaf, children of an inner node.
    fn size(&self, child: Child) -> usize {
        match child.node {
            Node::Leaf(_) => child.count,
            Node::Inner(index) => self.inner[index as usize].len(),
        }
    }

    fn join_with_neighbour(&mut self, index: usize, at: usize) {
        let children = &self.inner[index];
        let fits = |one: usize| {
            let both = children.get(one).zip(children.get(one + 1));
            both.is_some_and(|(one, other)| self.size(*one) + self.size(*other) <= JOINED_MAX)
        };
        let Some(one) = [at.checked_sub(1), Some(at)].into_iter().flatten().find(|one| fits(*one)) else { return };
        let (left, right) = (children[one], children[one + 1]);
        let joined = match (left.node, right.node) {
            (Node::Leaf(a), Node::Leaf(b)) => {
                let mut entries = self.entries(a, left.count);
                entries.extend(self.entries(b, right.count));
                self.leaves.free(a);
                self.leaves.free(b);
                self.leaf_of(&entries)
            }
            (Node::Inner(a), Node::Inner(b)) => {
                let moved = self.free_inner(b);
                self.change_inner(a as usize, |children| children.extend(moved));
                Child { count: left.count + right.count, ..left }
            }
            // All leaves are equally far from the root.
            (Node::Leaf(_), Node::Inner(_)) | (Node::Inner(_), Node::Leaf(_)) => return,
        };
        self.change_inner(index, |children| {
            children[one] = joined;
            children.remove(one + 1);
        });
    }
}
