//! Counts the nodes of a tree anew.

use super::{Child, Tree};

impl Tree {
    /// What [`Tree::heap_bytes`] has to be.
    pub(crate) fn recount(&self) -> usize {
        let inner: usize = self.inner.iter().map(|children| children.capacity() * size_of::<Child>()).sum();
        let (_, leaves) = self.leaves.recount();
        self.heap_bytes() - self.leaves.used_bytes() - self.inner_bytes + leaves + inner
    }
}
