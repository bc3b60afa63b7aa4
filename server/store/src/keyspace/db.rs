//! One database: keys and their values. Nothing here knows of time: an entry whose time is over is an entry like any other.

use crate::arena::{Arena, Handle};
use crate::entry::{self, Entry, Kind, Layout};
use crate::hash::KeyHasher;
use crate::table::{Entries as _, Place, Table};

use super::keys::Keys;
use super::object::{Edit, Object, Objects};
use super::walk::Walk;

/// Where a key lies, until the database changes.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub(super) place: Place,
    pub(super) handle: Handle,
}

/// A value to be stored.
pub enum New<'a> {
    /// Bytes.
    Text(&'a [u8]),
    /// Bytes that will be edited in place, which `OBJECT ENCODING` tells.
    Raw(&'a [u8]),
    /// An integer.
    Int(i64),
    /// A collection.
    Object(Object),
}

/// A value as it is stored.
#[derive(Clone, Copy)]
pub enum Stored<'a> {
    /// Bytes.
    Text(&'a [u8]),
    /// Bytes that were edited in place.
    Raw(&'a [u8]),
    /// An integer.
    Int(i64),
    /// A collection.
    Object(&'a Object),
}

/// Longest string that is kept together with its key, as other servers name it.
const EMBEDDED_LEN_MAX: usize = 44;

impl Stored<'_> {
    /// The name that `OBJECT ENCODING` shows.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Int(_) => "int",
            Self::Text(text) if text.len() <= EMBEDDED_LEN_MAX => "embstr",
            Self::Text(_) | Self::Raw(_) => "raw",
            Self::Object(object) => object.encoding(),
        }
    }
}

/// A database.
pub struct Db {
    pub(super) table: Table,
    pub(super) arena: Arena,
    pub(super) objects: Objects,
    /// Keys with an expiry.
    pub(super) expiring: usize,
    /// How far an image that is under way has come.
    pub(super) walk: Option<Box<Walk>>,
    /// Marks of images that were given up, as bits: entries may still have them.
    pub(super) stale_marks: u8,
}

impl Default for Db {
    fn default() -> Self {
        Self {
            table: Table::default(),
            arena: Arena::new(),
            objects: Objects::default(),
            expiring: 0,
            walk: None,
            stale_marks: 0,
        }
    }
}

impl Db {
    /// Keys, those included whose time is over and that nobody has looked at since.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// About so many keys are to come, by what somebody says. Nothing is done about it if there are some already, or if many were to
    /// come before.
    pub fn expect(&mut self, keys: u64) {
        if self.is_empty() && self.table.is_small() && self.walk.is_none() {
            self.table = Table::expecting(usize::try_from(keys).unwrap_or(usize::MAX));
        }
    }

    /// No keys.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Keys with an expiry.
    pub fn expiring(&self) -> usize {
        self.expiring
    }

    /// Memory of keys and values, and of the table.
    pub fn heap_bytes(&self) -> usize {
        self.arena.used_bytes() + self.objects.heap_bytes() + self.table.heap_bytes()
    }

    /// Memory of the table alone.
    pub fn table_bytes(&self) -> usize {
        self.table.heap_bytes()
    }

    /// Keys for which the table has room.
    pub fn table_slots(&self) -> usize {
        self.table.slots()
    }

    /// Reads the part of the table that a search for this hash will read, and gives the entry that it will probably find. Announce
    /// several keys first, then [`Self::touch`] their entries, then search: so they wait for memory together.
    #[inline]
    pub fn announce(&self, hash: u64) -> Option<Handle> {
        self.table.touch(hash)
    }

    /// Reads the first byte of an entry that was announced.
    #[inline]
    pub fn touch(&self, entry: Handle) -> u8 {
        self.arena.get(entry)[0]
    }

    /// The collection under a key, if [`Self::touch`] gave this byte for it.
    pub fn touched_object(&self, touched: u8, hash: u64, key: &[u8]) -> Option<&Object> {
        if !entry::is_object(touched) {
            return None;
        }
        let found = self.find(hash, key)?;
        self.objects.get(self.entry(found).object())
    }

    /// The key's place.
    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<Found> {
        let place = self.table.find(hash, |handle| Entry::read(self.arena.get(handle)).key() == key)?;
        Some(Found { place, handle: self.table.get(place) })
    }

    #[inline]
    pub(crate) fn entry(&self, found: Found) -> Entry<'_> {
        Entry::read(self.arena.get(found.handle))
    }

    /// The key there.
    pub fn key(&self, found: Found) -> &[u8] {
        self.entry(found).key()
    }

    /// The expiry there, in milliseconds of the epoch.
    #[inline]
    pub fn expiry_ms(&self, found: Found) -> Option<u64> {
        entry::expiry_ms(self.arena.get(found.handle))
    }

    /// The 24 bits that the eviction policy keeps there.
    #[inline]
    pub fn clock(&self, found: Found) -> u32 {
        entry::clock(self.arena.get(found.handle))
    }

    /// Sets the 24 bits that the eviction policy keeps there.
    #[inline]
    pub fn set_clock(&mut self, found: Found, clock: u32) {
        entry::set_clock(self.arena.get_mut(found.handle), clock);
    }

    /// The value there.
    #[inline]
    pub fn value(&self, found: Found) -> Stored<'_> {
        let entry = self.entry(found);
        match entry.kind() {
            Kind::Text => Stored::Text(entry.value()),
            Kind::Raw => Stored::Raw(entry.value()),
            Kind::Int => Stored::Int(entry.int()),
            // An entry whose object is gone cannot be: both are removed together.
            Kind::Object => self.objects.get(entry.object()).map_or(Stored::Text(b""), Stored::Object),
        }
    }

    /// The collection there, to be changed.
    pub fn edit(&mut self, found: Found) -> Option<Edit<'_>> {
        self.keep(found);
        let entry = Entry::read(self.arena.get(found.handle));
        if entry.kind() != Kind::Object {
            return None;
        }
        self.objects.edit(entry.object(), self.walk.is_some())
    }

    /// The integer there becomes another one.
    pub fn set_int(&mut self, found: Found, value: i64) {
        self.keep(found);
        let cell = self.arena.get_mut(found.handle);
        let range = Entry::read(cell).layout().value_range();
        debug_assert_eq!(range.len(), 8);
        cell[range].copy_from_slice(&value.to_le_bytes());
    }

    /// What the key costs: its cell, its share of the table, its collection.
    pub fn cost(&self, found: Found) -> usize {
        let object = match self.value(found) {
            Stored::Object(object) => object.heap_bytes() + size_of::<Option<Object>>(),
            _ => 0,
        };
        self.arena.cost(found.handle) + self.table.heap_bytes().div_ceil(self.table.len().max(1)) + object
    }

    /// Stores a key that is not there.
    pub fn insert(
        &mut self,
        hasher: KeyHasher,
        hash: u64,
        key: &[u8],
        new: New<'_>,
        expiry_ms: Option<u64>,
        clock: u32,
    ) -> Found {
        let mark = self.mark_of_new(hash);
        let handle = self.write(None, key, new, expiry_ms, (mark, clock));
        self.expiring += usize::from(expiry_ms.is_some());
        let place = self.table.insert(hash, handle, Keys { arena: &self.arena, hasher });
        self.mark(place, expiry_ms);
        Found { place, handle }
    }

    /// Replaces value and expiry of a key. Gives the collection that it had.
    pub fn replace(
        &mut self,
        found: Found,
        key: &[u8],
        new: New<'_>,
        expiry_ms: Option<u64>,
    ) -> (Found, Option<Object>) {
        self.keep(found);
        let entry = self.entry(found);
        let (mark, clock, had_expiry) = (entry.mark(), entry.clock(), entry.expiry_ms().is_some());
        let old = if entry.kind() == Kind::Object { Some(entry.object()) } else { None };
        let object = old.and_then(|index| self.remove_object(index));
        self.expiring = self.expiring + usize::from(expiry_ms.is_some()) - usize::from(had_expiry);
        self.mark(found.place, expiry_ms);
        let handle = self.write(Some(found.handle), key, new, expiry_ms, (mark, clock));
        (self.moved(found, handle), object)
    }

    /// Removes a key. Gives the collection that it had.
    pub fn remove(&mut self, hasher: KeyHasher, found: Found) -> Option<Object> {
        self.keep(found);
        let entry = self.entry(found);
        let object = if entry.kind() == Kind::Object { Some(entry.object()) } else { None };
        self.expiring -= usize::from(entry.expiry_ms().is_some());
        let keys = Keys { arena: &self.arena, hasher };
        self.table.remove(found.place, |entry| keys.hash(entry));
        self.arena.free(found.handle);
        object.and_then(|index| self.remove_object(index))
    }

    /// Gives the value of a key another key, which must not be there.
    pub fn rename(&mut self, hasher: KeyHasher, found: Found, hash: u64, to: &[u8]) {
        self.keep(found);
        let mark = self.mark_of_new(hash);
        let entry = self.entry(found);
        let (kind, clock, expiry_ms, value) = (entry.kind(), entry.clock(), entry.expiry_ms(), entry.value().to_vec());
        let layout = Layout::of(to.len(), value.len(), expiry_ms.is_some());
        let handle = self.arena.alloc(layout.bytes());
        let cell = self.arena.get_mut(handle);
        layout.write(cell, kind, mark, clock, expiry_ms, to);
        cell[layout.value_range()].copy_from_slice(&value);
        let keys = Keys { arena: &self.arena, hasher };
        self.table.remove(found.place, |entry| keys.hash(entry));
        let place = self.table.insert(hash, handle, keys);
        self.mark(place, expiry_ms);
        self.arena.free(found.handle);
    }

    /// Any key, each about as likely as any other.
    pub fn random(&self, random: impl FnMut() -> u64, hasher: KeyHasher) -> Option<Found> {
        let handle = self.table.random(random)?;
        let key = Entry::read(self.arena.get(handle)).key();
        self.find(hasher.hash(key), key)
    }

    /// Calls `visit` with the keys of the next part of the database. See [`Table::scan`].
    pub fn scan(&self, hasher: KeyHasher, cursor: u64, mut visit: impl FnMut(&[u8])) -> u64 {
        let key = |handle| Entry::read(self.arena.get(handle)).key();
        self.table.scan(cursor, |handle| hasher.hash(key(handle)), |handle| visit(key(handle)))
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.table.handles().map(|handle| Entry::read(self.arena.get(handle)).key())
    }

    pub(super) fn moved(&mut self, found: Found, handle: Handle) -> Found {
        if handle != found.handle {
            self.table.set(found.place, handle);
        }
        Found { place: found.place, handle }
    }

    fn write(
        &mut self,
        old: Option<Handle>,
        key: &[u8],
        new: New<'_>,
        expiry_ms: Option<u64>,
        (mark, clock): (u8, u32),
    ) -> Handle {
        let number;
        let (kind, value): (Kind, &[u8]) = match new {
            New::Text(text) => (Kind::Text, text),
            New::Raw(text) => (Kind::Raw, text),
            New::Int(n) => {
                number = n.to_le_bytes();
                (Kind::Int, &number)
            }
            New::Object(object) => {
                let mut index = [0; 8];
                index[..4].copy_from_slice(&self.insert_object(object).to_le_bytes());
                number = index;
                (Kind::Object, &number[..4])
            }
        };
        let layout = Layout::of(key.len(), value.len(), expiry_ms.is_some());
        let handle = match old {
            Some(old) => self.room(old, layout.bytes()),
            None => self.arena.alloc(layout.bytes()),
        };
        let cell = self.arena.get_mut(handle);
        layout.write(cell, kind, mark, clock, expiry_ms, key);
        cell[layout.value_range()].copy_from_slice(value);
        handle
    }
}
