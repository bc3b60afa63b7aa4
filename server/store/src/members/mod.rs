//! The elements of a large collection: bytes with a value, found by their bytes. Members of sets have no value, those of sorted
//! sets eight bytes of score, fields of hashes any.
//!
//! A collection owns its memory, so that it can be handed to another thread and freed there in a few steps.

mod audit;
mod hold;
mod sample;
#[cfg(test)]
mod tests;

use crate::arena::{Arena, Handle};
use crate::hash::KeyHasher;
use crate::table::{Entries, Place, Table};

use hold::Hold;

/// Lengths from this one on are written in four more bytes.
const WIDE: u8 = 255;

/// What the values of all members have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Values {
    /// They are so many bytes long, and their lengths are not kept.
    Fixed(u8),
    /// Each has its own length.
    Any,
}

/// Members with their values.
pub struct Members {
    table: Table,
    arena: Arena,
    hasher: KeyHasher,
    values: Values,
    /// What an image that is under way still needs of them.
    hold: Option<Box<Hold>>,
}

impl Clone for Members {
    fn clone(&self) -> Self {
        // No image has anything to do with the copy.
        let Self { table, arena, hasher, values, .. } = self;
        Self { table: table.clone(), arena: arena.clone(), hasher: *hasher, values: *values, hold: None }
    }
}

/// Where a member lies, until it is removed or gets a value of another length.
pub type Member = Handle;

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Members").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Where key and value begin and end in a cell.
#[derive(Clone, Copy)]
struct Layout {
    key: usize,
    value: usize,
    end: usize,
}

impl Members {
    /// None yet.
    pub fn new(hasher: KeyHasher, values: Values) -> Self {
        Self { table: Table::default(), arena: Arena::new(), hasher, values, hold: None }
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// No members.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Memory, that of this structure included.
    pub fn heap_bytes(&self) -> usize {
        self.table.heap_bytes() + self.arena.used_bytes() + size_of::<Self>()
    }

    /// The member.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<Member> {
        self.place(key).map(|place| self.table.get(place))
    }

    /// It is a member.
    #[inline]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.place(key).is_some()
    }

    /// The hash of a member.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash(key)
    }

    /// Reads the part of the table that a search for this hash will read, and gives the member that it will probably find. Announce
    /// several first, then [`Self::touch`] them, then search: so they wait for memory together.
    #[inline]
    pub fn announce(&self, hash: u64) -> Option<Member> {
        self.table.touch(hash)
    }

    /// Reads the first byte of a member that was announced.
    #[inline]
    pub fn touch(&self, member: Member) -> u8 {
        self.arena.get(member)[0]
    }

    /// The value of a member.
    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.find(key).map(|member| self.value(member))
    }

    /// The bytes of a member.
    #[inline]
    pub fn key(&self, member: Member) -> &[u8] {
        let cell = self.arena.get(member);
        let layout = read_layout(cell, self.values);
        &cell[layout.key..layout.value]
    }

    /// The value of a member.
    #[inline]
    pub fn value(&self, member: Member) -> &[u8] {
        let cell = self.arena.get(member);
        let layout = read_layout(cell, self.values);
        &cell[layout.value..layout.end]
    }

    /// Both.
    #[inline]
    pub fn entry(&self, member: Member) -> (&[u8], &[u8]) {
        let cell = self.arena.get(member);
        let layout = read_layout(cell, self.values);
        (&cell[layout.key..layout.value], &cell[layout.value..layout.end])
    }

    /// The value of a member, to be changed in place.
    #[inline]
    pub fn value_mut(&mut self, member: Member) -> &mut [u8] {
        self.keep(member);
        let cell = self.arena.get_mut(member);
        let layout = read_layout(cell, self.values);
        &mut cell[layout.value..layout.end]
    }

    /// Adds a member that is not there.
    pub fn insert(&mut self, key: &[u8], value: &[u8]) -> Member {
        self.insert_hashed(self.hasher.hash(key), key, value)
    }

    /// Adds a member, unless it is there. True if it was not.
    pub fn insert_if_new(&mut self, key: &[u8], value: &[u8]) -> bool {
        let hash = self.hasher.hash(key);
        let is_new = self.place_of(hash, key).is_none();
        if is_new {
            self.insert_hashed(hash, key, value);
        }
        is_new
    }

    fn insert_hashed(&mut self, hash: u64, key: &[u8], value: &[u8]) -> Member {
        if let Some(hold) = &mut self.hold {
            hold.touch(hash, key);
        }
        let member = self.write(key, value);
        let keys = Keys { arena: &self.arena, hasher: self.hasher, values: self.values };
        self.table.insert(hash, member, keys);
        member
    }

    /// Gives a member a value, and adds it if it is not there. True if it was not.
    pub fn set(&mut self, key: &[u8], value: &[u8]) -> bool {
        let hash = self.hasher.hash(key);
        let Some(place) = self.place_of(hash, key) else {
            self.insert_hashed(hash, key, value);
            return true;
        };
        let member = self.table.get(place);
        let old = self.value_mut(member);
        if old.len() == value.len() {
            old.copy_from_slice(value);
        } else {
            // Reading the value to be changed has kept it.
            self.arena.free(member);
            let member = self.write(key, value);
            self.table.set(place, member);
        }
        false
    }

    /// Removes a member. False if it is none.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let Some(place) = self.place(key) else { return false };
        self.remove_at(place);
        true
    }

    /// Removes a member by its place.
    pub fn remove_member(&mut self, member: Member) {
        let hash = hash_of(&self.arena, self.hasher, self.values, member);
        if let Some(place) = self.table.find(hash, |other| other == member) {
            self.remove_at(place);
        }
    }

    fn remove_at(&mut self, place: Place) {
        self.keep(self.table.get(place));
        let (arena, hasher, values) = (&self.arena, self.hasher, self.values);
        let member = self.table.remove(place, |member| hash_of(arena, hasher, values, member));
        self.arena.free(member);
    }

    /// All members, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = Member> + '_ {
        self.table.handles()
    }

    /// Calls `visit` with the next few members. See [`Table::scan`].
    pub fn scan(&self, cursor: u64, visit: impl FnMut(Member)) -> u64 {
        self.table.scan(cursor, |member| hash_of(&self.arena, self.hasher, self.values, member), visit)
    }

    /// Any member, each about as likely as any other. `random` gives random bits.
    pub fn random(&self, random: impl FnMut() -> u64) -> Option<Member> {
        self.table.random(random)
    }

    #[inline]
    fn place(&self, key: &[u8]) -> Option<Place> {
        self.place_of(self.hasher.hash(key), key)
    }

    #[inline]
    fn place_of(&self, hash: u64, key: &[u8]) -> Option<Place> {
        self.table.find(hash, |member| {
            let cell = self.arena.get(member);
            let layout = read_layout(cell, self.values);
            &cell[layout.key..layout.value] == key
        })
    }

    fn write(&mut self, key: &[u8], value: &[u8]) -> Member {
        let lens = match self.values {
            Values::Fixed(len) => {
                debug_assert_eq!(usize::from(len), value.len());
                width(key.len())
            }
            Values::Any => width(key.len()) + width(value.len()),
        };
        let end = lens + key.len() + value.len();
        let member = self.arena.alloc(end);
        let cell = self.arena.get_mut(member);
        let mut at = 0;
        put_len(cell, &mut at, key.len());
        if self.values == Values::Any {
            put_len(cell, &mut at, value.len());
        }
        cell[at..at + key.len()].copy_from_slice(key);
        cell[at + key.len()..end].copy_from_slice(value);
        member
    }
}

/// The members, as the table asks for them.
#[derive(Clone, Copy)]
struct Keys<'a> {
    arena: &'a Arena,
    hasher: KeyHasher,
    values: Values,
}

impl Entries for Keys<'_> {
    #[inline]
    fn hash(self, member: Member) -> u64 {
        hash_of(self.arena, self.hasher, self.values, member)
    }

    #[inline]
    fn touch(self, member: Member) -> u8 {
        self.arena.get(member)[0]
    }
}

#[inline]
fn hash_of(arena: &Arena, hasher: KeyHasher, values: Values, member: Member) -> u64 {
    let cell = arena.get(member);
    let layout = read_layout(cell, values);
    hasher.hash(&cell[layout.key..layout.value])
}

#[inline]
fn read_layout(cell: &[u8], values: Values) -> Layout {
    let mut at = 0;
    let key_len = take_len(cell, &mut at);
    let value_len = match values {
        Values::Fixed(len) => usize::from(len),
        Values::Any => take_len(cell, &mut at),
    };
    Layout { key: at, value: at + key_len, end: at + key_len + value_len }
}

const fn width(len: usize) -> usize {
    if len < WIDE as usize { 1 } else { 5 }
}

fn put_len(cell: &mut [u8], at: &mut usize, len: usize) {
    if len < usize::from(WIDE) {
        cell[*at] = len as u8;
        *at += 1;
    } else {
        cell[*at] = WIDE;
        cell[*at + 1..*at + 5].copy_from_slice(&(len as u32).to_le_bytes());
        *at += 5;
    }
}

#[inline]
fn take_len(cell: &[u8], at: &mut usize) -> usize {
    let first = cell[*at];
    if first < WIDE {
        *at += 1;
        return usize::from(first);
    }
    let bytes = [cell[*at + 1], cell[*at + 2], cell[*at + 3], cell[*at + 4]];
    *at += 5;
    u32::from_le_bytes(bytes) as usize
}
