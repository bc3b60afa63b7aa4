//! Collections, by number.

use std::ops::{Deref, DerefMut};

use crate::hash_map::Hash;
use crate::image::Holds;
use crate::list::List;
use crate::members::Members;
use crate::set::Set;
use crate::zset::Zset;

/// A collection.
#[derive(Clone, Debug)]
pub enum Object {
    /// A hash.
    Hash(Hash),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A sorted set.
    Zset(Zset),
}

impl Object {
    /// The name that `TYPE` shows.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Hash(_) => "hash",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Zset(_) => "zset",
        }
    }

    /// The name that `OBJECT ENCODING` shows.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Hash(hash) => hash.encoding(),
            Self::List(list) => list.encoding(),
            Self::Set(set) => set.encoding(),
            Self::Zset(zset) => zset.encoding(),
        }
    }

    /// Memory, all of it.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Hash(hash) => hash.heap_bytes(),
            Self::List(list) => list.heap_bytes(),
            Self::Set(set) => set.heap_bytes(),
            Self::Zset(zset) => zset.heap_bytes(),
        }
    }

    /// The members of a large collection, and which of these arguments behind the key is probably one of them.
    #[inline]
    pub fn probable_member<'a>(&self, arguments: [Option<&'a [u8]>; 2]) -> Option<(&Members, &'a [u8])> {
        match (self, arguments) {
            (Self::Hash(Hash::Big(members)) | Self::Set(Set::Big(members)), [Some(first), _]) => Some((members, first)),
            // The score goes before the member where one is added.
            (Self::Zset(zset), [Some(first), second]) => Some((zset.members()?, second.unwrap_or(first))),
            _ => None,
        }
    }

    /// How much work it is to free it, in elements or allocations.
    pub fn free_effort(&self) -> usize {
        match self {
            Self::Hash(hash) => hash.free_effort(),
            Self::List(list) => list.free_effort(),
            Self::Set(set) => set.free_effort(),
            Self::Zset(zset) => zset.free_effort(),
        }
    }
}

/// Room is made for this part more of the collections that are there, and for a few.
const SPARE_SHARE: usize = 16;
const SPARE_MIN: usize = 4;

/// The collections of a database. Entries hold their numbers.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    slots: Vec<Option<Object>>,
    /// Numbers that are free, and some that were.
    free: Vec<u32>,
    bytes: usize,
    /// Memory of what is kept of them for an image.
    kept_bytes: usize,
}

/// Room for more than so many times the collections there are is given back.
const SPARE_TIMES: usize = 4;

/// Room for so many collections is kept, so that one made and removed again and again costs no allocation of room.
const ROOM_MIN: usize = 16;

impl Objects {
    pub(crate) fn insert(&mut self, object: Object) -> u32 {
        self.bytes += object.heap_bytes();
        self.kept_bytes += object.kept_bytes();
        while let Some(index) = self.free.pop() {
            if let Some(slot @ None) = self.slots.get_mut(index as usize) {
                *slot = Some(object);
                return index;
            }
        }
        if self.slots.len() == self.slots.capacity() {
            // In small steps: twice the room would be half of it empty, and there may be millions.
            self.slots.reserve_exact(self.slots.len() / SPARE_SHARE + SPARE_MIN);
        }
        self.slots.push(Some(object));
        (self.slots.len() - 1) as u32
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<Object> {
        let object = self.slots.get_mut(index as usize)?.take()?;
        self.bytes -= object.heap_bytes();
        self.kept_bytes -= object.kept_bytes();
        self.free.push(index);
        self.shorten();
        Some(object)
    }

    /// Gives up free slots at the end, and their room when it has become much.
    fn shorten(&mut self) {
        while let Some(None) = self.slots.last() {
            self.slots.pop();
        }
        let len = self.slots.len();
        if self.slots.capacity() > SPARE_TIMES * len.max(ROOM_MIN) {
            self.slots.shrink_to(2 * len);
            self.free.retain(|index| (*index as usize) < len);
            self.free.shrink_to(2 * len);
        }
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Object> {
        self.slots.get(index as usize)?.as_ref()
    }

    /// What can be held of a collection, to do something with it that changes neither its elements nor their memory.
    pub(super) fn held<T>(&mut self, index: u32, work: impl FnOnce(&mut dyn Holds) -> T) -> Option<T> {
        let holder = self.slots.get_mut(index as usize)?.as_mut()?.holder_mut()?;
        let before = holder.held_bytes();
        let result = work(holder);
        self.kept_bytes = self.kept_bytes + holder.held_bytes() - before;
        Some(result)
    }

    /// The collection, to be changed; `is_imaged` if something may have to be kept of it for an image.
    pub(crate) fn edit(&mut self, index: u32, is_imaged: bool) -> Option<Edit<'_>> {
        let object = self.slots.get_mut(index as usize)?.as_mut()?;
        let kept = if is_imaged { Some((object.kept_bytes(), &mut self.kept_bytes)) } else { None };
        Some(Edit { before: object.heap_bytes(), object, total: &mut self.bytes, kept })
    }

    /// Memory of what is kept of collections for an image.
    pub(super) fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes + self.slot_bytes()
    }

    /// Memory of the slots themselves.
    pub(super) fn slot_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Object>>() + self.free.capacity() * size_of::<u32>()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Object> + '_ {
        self.slots.iter().flatten()
    }
}

/// A collection that is being changed. What it costs is counted anew afterwards.
pub struct Edit<'a> {
    object: &'a mut Object,
    before: usize,
    total: &'a mut usize,
    /// What is kept of it for an image, and of all.
    kept: Option<(usize, &'a mut usize)>,
}

impl Deref for Edit<'_> {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.object
    }
}

impl DerefMut for Edit<'_> {
    fn deref_mut(&mut self) -> &mut Object {
        self.object
    }
}

impl Drop for Edit<'_> {
    fn drop(&mut self) {
        *self.total = *self.total + self.object.heap_bytes() - self.before;
        if let Some((before, all)) = &mut self.kept {
            **all = **all + self.object.kept_bytes() - *before;
        }
    }
}

#[cfg(test)]
impl Objects {
    /// What was counted step by step is what a new count gives.
    pub(super) fn check_counts(&self) {
        let all = self.slots.iter().flatten();
        assert_eq!(self.bytes, all.clone().map(Object::heap_bytes).sum::<usize>());
        all.for_each(|object| match object {
            Object::Hash(Hash::Big(members)) | Object::Set(Set::Big(members)) => members.check_counts(),
            Object::List(list) => list.check_counts(),
            Object::Zset(zset) => zset.check_counts(),
            Object::Hash(_) | Object::Set(_) => {}
        });
    }
}
