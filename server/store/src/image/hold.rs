//! Collections too large to be written at once: what they have in common while an image needs them.

use super::{Head, Usage, Value, Writer};

/// What looking at an element costs beside the bytes that are written of it.
const LOOK: usize = 16;

/// How much a step of an image may still write.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// So many elements were looked at, and so many bytes written.
    pub(crate) fn spend(&mut self, elements: usize, bytes: usize) {
        self.left = self.left.saturating_sub(elements * LOOK + bytes);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }
}

/// The key of a collection when the image began.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    db: u32,
    key: Box<[u8]>,
    expiry_ms: Option<u64>,
    usage: Usage,
    /// Its head is written.
    has_begun: bool,
}

impl Origin {
    pub(crate) fn of(head: &Head<'_>) -> Self {
        Self { db: head.db, key: head.key.into(), expiry_ms: head.expiry_ms, usage: head.usage, has_begun: false }
    }

    pub(crate) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Writes the head.
    pub(crate) fn begin(&mut self, value: Value<'_>, out: &mut Vec<u8>) {
        self.has_begun = true;
        let Self { db, expiry_ms, usage, .. } = *self;
        Writer::new(out).head(&Head { db, key: &self.key, expiry_ms, usage, value });
    }
}

/// A collection that an image can be written of in steps, while it goes on changing.
pub(crate) trait Holds {
    /// From now on, whatever changes is kept as it was until it is written.
    fn hold(&mut self, origin: Origin);

    /// It is, and not all has been written.
    fn is_held(&self) -> bool;

    /// Its head has been written.
    fn has_begun(&self) -> bool;

    /// Writes the head.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes more elements. True when all are written: it is not held any more then.
    fn write_on(&mut self, out: &mut Vec<u8>, budget: &mut Budget) -> bool;

    /// The image does not need it any more.
    fn let_go(&mut self);

    /// Memory of what is kept.
    fn held_bytes(&self) -> usize;
}
