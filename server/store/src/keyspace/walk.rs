//! The walk through a database that writes an image of it, and what has to be done before a key changes that it has not come to.
//!
//! The walk goes in the order of hashes. Entries ahead of it that need not be written have the mark of the image: they are new, or
//! were written when they were about to change. Entries behind it have none. A large collection is not written with its key but
//! held: its elements are written later, while what changes of them is kept as it was.

use std::collections::BTreeSet;
use std::hint::black_box;

use crate::arena::Handle;
use crate::entry::{self, Entry, Kind, MARK_MAX};
use crate::hash::KeyHasher;
use crate::image::{Budget, Clocks, Head, Large, Origin, Value};
use crate::table::Group;

use super::db::{Db, Found, Stored};
use super::object::{Object, Objects};
use super::record::write_record;

/// Bytes of a cache line: many entries lie in two.
const LINE: usize = 64;

/// Entries that are read together.
const GROUP: usize = 64;

/// What the image of all databases is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) hasher: KeyHasher,
    pub(crate) clocks: Clocks,
    pub(crate) large: Large,
}

/// How far the image of a database has come.
#[derive(Debug)]
pub(super) struct Walk {
    rules: Rules,
    /// The number that the database had when the image began.
    number: u32,
    /// Entries that need not be written have this mark.
    mark: u8,
    /// Entries with hashes from this one on are ahead; `None` if all are behind.
    ahead: Option<u64>,
    /// Keys that were written because they were going to change.
    forced: Vec<u8>,
    /// Collections of the database that are held and not begun, by their numbers.
    held: BTreeSet<u32>,
    /// The collection that is being written.
    current: Option<u32>,
    /// Room for the entries of a step.
    group: Group,
}

impl Walk {
    fn is_ahead(&self, hash: u64) -> bool {
        self.ahead.is_some_and(|ahead| hash >= ahead)
    }

    fn key_is_ahead(&self, key: &[u8]) -> bool {
        self.ahead.is_some() && self.is_ahead(self.rules.hasher.hash(key))
    }

    /// Writes an entry, or holds its collection.
    fn put(&mut self, entry: Entry<'_>, objects: &mut Objects, out: &mut Vec<u8>) {
        let usage = self.rules.clocks.read(entry.clock());
        let (key, expiry_ms) = (entry.key(), entry.expiry_ms());
        let head = Head { db: self.number, key, expiry_ms, usage, value: Value::Int(0) };
        let stored = match entry.kind() {
            Kind::Text => Stored::Text(entry.value()),
            Kind::Raw => Stored::Raw(entry.value()),
            Kind::Int => Stored::Int(entry.int()),
            Kind::Object => {
                let index = entry.object();
                // An entry whose object is gone cannot be: both are removed together.
                let Some(object) = objects.get(index) else { return };
                if object.is_large(self.rules.large) {
                    objects.held(index, |holder| holder.hold(Origin::of(&head)));
                    self.held.insert(index);
                    return;
                }
                Stored::Object(object)
            }
        };
        write_record(&head, stored, out);
    }
}

impl Db {
    /// Has the key there written to the image that is under way, if it has not been: it is going to change.
    #[inline]
    pub(super) fn keep(&mut self, found: Found) {
        if self.walk.is_some() {
            self.keep_now(found.handle);
        }
    }

    #[cold]
    fn keep_now(&mut self, handle: Handle) {
        let Some(walk) = &mut self.walk else { return };
        let cell = self.arena.get_mut(handle);
        let entry = Entry::read(cell);
        if entry.mark() == walk.mark || !walk.key_is_ahead(entry.key()) {
            return;
        }
        let mut forced = std::mem::take(&mut walk.forced);
        walk.put(entry, &mut self.objects, &mut forced);
        walk.forced = forced;
        entry::set_mark(cell, walk.mark);
    }

    /// The mark of a key that is going to be added.
    #[inline]
    pub(super) fn mark_of_new(&self, hash: u64) -> u8 {
        match &self.walk {
            Some(walk) if walk.is_ahead(hash) => walk.mark,
            _ => 0,
        }
    }

    /// Takes a collection in, which an image may need under the key that it had before.
    pub(super) fn insert_object(&mut self, object: Object) -> u32 {
        let Some(walk) = &mut self.walk else { return self.objects.insert(object) };
        let (is_held, has_begun) = object.holder().map_or((false, false), |held| (held.is_held(), held.has_begun()));
        let index = self.objects.insert(object);
        if has_begun {
            walk.current = Some(index);
        } else if is_held {
            walk.held.insert(index);
        }
        index
    }

    /// Takes a collection out. If an image needs it, whoever gets it has to see to that.
    pub(super) fn remove_object(&mut self, index: u32) -> Option<Object> {
        if let Some(walk) = &mut self.walk {
            walk.held.remove(&index);
            walk.current = walk.current.filter(|current| *current != index);
        }
        self.objects.remove(index)
    }

    /// Begins an image of all that is there, which is database `number` now.
    pub(crate) fn begin_walk(&mut self, number: u32, rules: Rules) {
        let is_free = |mark: &u8| self.stale_marks & 1 << mark == 0;
        let mark = (1..=MARK_MAX).find(is_free).unwrap_or_else(|| {
            self.clear_marks();
            1
        });
        let mut walk = Walk::nowhere(rules);
        (walk.number, walk.mark, walk.ahead) = (number, mark, Some(0));
        self.walk = Some(Box::new(walk));
    }

    /// There is nothing here that belongs to the image which is under way elsewhere.
    pub(crate) fn stand_by(&mut self, rules: Rules) {
        self.walk = Some(Box::new(Walk::nowhere(rules)));
    }

    /// As many images were given up, one after the other, as there are marks: before one is used again, all entries have to lose
    /// it. An image that is written to its end leaves none.
    #[cold]
    fn clear_marks(&mut self) {
        for handle in self.table.handles() {
            entry::set_mark(self.arena.get_mut(handle), 0);
        }
        self.stale_marks = 0;
    }

    /// The image is written. Gives what is not taken yet of keys that changed.
    pub(crate) fn end_walk(&mut self) {
        if self.walk.take().is_some_and(|walk| walk.mark != 0) {
            self.stale_marks = 0;
        }
    }

    /// The image is given up.
    pub(crate) fn abandon_walk(&mut self) {
        let Some(walk) = self.walk.take() else { return };
        for index in walk.held.iter().chain(&walk.current) {
            self.objects.held(*index, |holder| holder.let_go());
        }
        match walk.ahead {
            Some(_) => self.stale_marks |= 1 << walk.mark,
            None if walk.mark != 0 => self.stale_marks = 0,
            None => {}
        }
    }

    /// Nothing here has to be written any more.
    pub(crate) fn is_walked(&self) -> bool {
        self.walk.as_ref().is_none_or(|walk| {
            walk.ahead.is_none() && walk.held.is_empty() && walk.current.is_none() && walk.forced.is_empty()
        })
    }

    /// A collection of this database is being written.
    pub(crate) fn is_writing(&self) -> bool {
        self.walk.as_ref().is_some_and(|walk| walk.current.is_some())
    }

    /// Collections that the image needs.
    pub(super) fn held_count(&self) -> usize {
        self.walk.as_ref().map_or(0, |walk| walk.held.len() + usize::from(walk.current.is_some()))
    }

    /// Bytes of keys and elements that changed and are not written out yet.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.objects.kept_bytes() + self.walk.as_ref().map_or(0, |walk| walk.forced.len())
    }

    /// Writes out what was written of keys that were going to change.
    pub(crate) fn write_forced(&mut self, out: &mut Vec<u8>) {
        if let Some(walk) = &mut self.walk {
            out.append(&mut walk.forced);
        }
    }

    /// Begins to write a collection that is held. False if there is none.
    pub(crate) fn begin_held(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(walk) = &mut self.walk else { return false };
        let Some(index) = walk.held.pop_first() else { return false };
        walk.current = Some(index);
        self.objects.held(index, |holder| holder.begin(out));
        true
    }

    /// Goes on writing the collection that has been begun. False if there is none.
    pub(crate) fn write_held(&mut self, out: &mut Vec<u8>, budget: &mut Budget) -> bool {
        let Some(walk) = &mut self.walk else { return false };
        let Some(index) = walk.current else { return false };
        let is_done = self.objects.held(index, |holder| holder.write_on(out, budget));
        walk.current = walk.current.filter(|_| is_done == Some(false));
        true
    }

    /// Writes further entries, until the budget is spent or a collection is met that has to be written next. False if all have been.
    pub(crate) fn walk_on(&mut self, out: &mut Vec<u8>, budget: &mut Budget) -> bool {
        let Some(mut walk) = self.walk.take() else { return false };
        let mut is_on = false;
        while let Some(from) = walk.ahead
            && !budget.is_spent()
            && walk.held.is_empty()
        {
            is_on = true;
            self.step(&mut walk, from, out, budget);
        }
        self.walk = Some(walk);
        is_on
    }

    fn step(&mut self, walk: &mut Walk, from: u64, out: &mut Vec<u8>, budget: &mut Budget) {
        let mut group = std::mem::take(&mut walk.group);
        let arena = &self.arena;
        let hash_of = |handle| walk.rules.hasher.hash(Entry::read(arena.get(handle)).key());
        self.table.gather(from, GROUP, hash_of, &mut group);
        self.read_ahead(&group);
        for (entries, next) in group.buckets() {
            let before = out.len();
            for handle in entries {
                let cell = self.arena.get_mut(*handle);
                let entry = Entry::read(cell);
                if entry.mark() != walk.mark {
                    walk.put(entry, &mut self.objects, out);
                }
                if entry.mark() != 0 {
                    entry::set_mark(cell, 0);
                }
            }
            walk.ahead = (next != 0).then_some(next);
            budget.spend(entries.len(), out.len() - before);
            if budget.is_spent() || !walk.held.is_empty() {
                break;
            }
        }
        walk.group = group;
    }

    /// Reads something of each entry, so that they wait for memory together.
    fn read_ahead(&self, group: &Group) {
        let read = |handle: &Handle, at| self.arena.get(*handle).get(at).copied().unwrap_or(0);
        black_box(group.handles().iter().fold(0, |all, handle| all ^ read(handle, 0) ^ read(handle, LINE)));
    }
}

impl Walk {
    /// Without anything to write.
    fn nowhere(rules: Rules) -> Self {
        Self {
            rules,
            number: 0,
            mark: 0,
            ahead: None,
            forced: Vec::new(),
            held: BTreeSet::new(),
            current: None,
            group: Group::default(),
        }
    }
}
