//! The links by their ids, found by index: every message looks one up.

use bongsu_sentinel_core::LinkId;

use super::Link;

/// Ids count up and are never given twice; what is left of a removed link is an empty place of eight bytes.
#[derive(Default)]
pub(super) struct Table(Vec<Option<Box<Link>>>);

impl Table {
    pub(super) fn get(&self, id: LinkId) -> Option<&Link> {
        self.0.get(id.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.0.get_mut(id.0 as usize)?.as_deref_mut()
    }

    pub(super) fn get_or_insert_with(&mut self, id: LinkId, make: impl FnOnce() -> Link) -> &mut Link {
        let index = id.0 as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index].get_or_insert_with(|| Box::new(make()))
    }

    pub(super) fn remove(&mut self, id: LinkId) -> Option<Box<Link>> {
        self.0.get_mut(id.0 as usize)?.take()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Link> {
        self.0.iter().flatten().map(Box::as_ref)
    }
}
