//! Values by small numeric ids, found by index: every message looks several of them up.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::types::{GroupId, LinkId, NodeId};

/// An id that is an index.
pub(crate) trait Id: Copy + Debug {
    fn from_index(index: u32) -> Self;
    fn index(self) -> usize;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl Id for $id {
            fn from_index(index: u32) -> Self {
                Self(index)
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids!(GroupId, LinkId, NodeId);

/// Values by id, in the order of their ids. Ids are never given twice, so that a late answer cannot reach a newcomer; what is
/// left of a removed value is an empty place, so big values are put in boxes.
#[derive(Debug)]
pub(crate) struct Slots<K, V> {
    slots: Vec<Option<V>>,
    len: usize,
    key: PhantomData<K>,
}

impl<K, V> Default for Slots<K, V> {
    fn default() -> Self {
        Self { slots: Vec::new(), len: 0, key: PhantomData }
    }
}

impl<K: Id, V> Slots<K, V> {
    /// The id of the next value.
    pub(crate) fn next_id(&self) -> K {
        K::from_index(u32::try_from(self.slots.len()).unwrap_or(u32::MAX))
    }

    /// Files a value under a new id.
    pub(crate) fn add(&mut self, value: V) -> K {
        let id = self.next_id();
        self.slots.push(Some(value));
        self.len += 1;
        id
    }

    pub(crate) fn remove(&mut self, id: K) -> Option<V> {
        let value = self.slots.get_mut(id.index())?.take()?;
        self.len -= 1;
        Some(value)
    }

    pub(crate) fn get(&self, id: K) -> Option<&V> {
        self.slots.get(id.index())?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: K) -> Option<&mut V> {
        self.slots.get_mut(id.index())?.as_mut()
    }

    pub(crate) fn contains(&self, id: K) -> bool {
        self.get(id).is_some()
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.slots.iter().flatten()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.slots.iter_mut().flatten()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = K> + '_ {
        (0u32..).zip(&self.slots).filter(|(_, v)| v.is_some()).map(|(i, _)| K::from_index(i))
    }
}
