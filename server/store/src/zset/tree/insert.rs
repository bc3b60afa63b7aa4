//! Adding entries, and splitting nodes that are full.

use crate::arena::Handle;

use super::leaf::{self, LEAF_MAX, Ranked};
use super::seek::Seek;
use super::{CHILDREN_MAX, Child, Node, Tree};

impl Tree {
    /// Adds an entry below a node. Gives the node that follows it from now on, if it was split.
    pub(super) fn insert_below(&mut self, child: &mut Child, entry: Ranked, seek: &mut impl Seek) -> Option<Child> {
        let index = match child.node {
            Node::Leaf(handle) => return self.insert_in_leaf(child, handle, entry, seek),
            Node::Inner(index) => index as usize,
        };
        let at = seek.child(&self.inner[index]);
        let mut below = self.inner[index][at];
        let split = self.insert_below(&mut below, entry, seek);
        self.inner[index][at] = below;
        let next = split.and_then(|new| self.insert_child(index, at + 1, new));
        child.first = self.inner[index][0].first;
        child.count = child.count + 1 - next.map_or(0, |next| next.count);
        next
    }

    fn insert_in_leaf(
        &mut self,
        child: &mut Child,
        handle: Handle,
        entry: Ranked,
        seek: &mut impl Seek,
    ) -> Option<Child> {
        let len = child.count;
        let at = seek.entry(self.leaves.get(handle), len);
        if len < LEAF_MAX {
            let handle = self.resize_leaf(handle, len, len + 1);
            leaf::insert(self.leaves.get_mut(handle), len, at, entry);
            let first = if at == 0 { entry } else { child.first };
            *child = Child { node: Node::Leaf(handle), count: len + 1, first };
            return None;
        }
        // Entries that come in order leave full leaves behind.
        if at == len {
            return Some(self.leaf_of(&[entry]));
        }
        if at == 0 {
            let old = *child;
            *child = self.leaf_of(&[entry]);
            return Some(old);
        }
        let (mut entries, middle) = (self.entries(handle, len), len / 2);
        entries.insert(at, entry);
        self.leaves.free(handle);
        *child = self.leaf_of(&entries[..middle]);
        Some(self.leaf_of(&entries[middle..]))
    }

    /// Adds a child to an inner node. Gives the node that follows it from now on, if it was split.
    fn insert_child(&mut self, index: usize, at: usize, new: Child) -> Option<Child> {
        if self.inner[index].len() < CHILDREN_MAX {
            self.change_inner(index, |children| children.insert(at, new));
            return None;
        }
        let middle = if at == CHILDREN_MAX { CHILDREN_MAX } else { CHILDREN_MAX / 2 };
        let mut tail = self.inner[index][middle..].to_vec();
        if at >= middle {
            tail.insert(at - middle, new);
        }
        self.change_inner(index, |children| {
            children.truncate(middle);
            if at < middle {
                children.insert(at, new);
            }
        });
        let count = tail.iter().map(|child| child.count).sum();
        Some(Child { node: self.new_inner(&tail), count, first: tail[0].first })
    }
}
