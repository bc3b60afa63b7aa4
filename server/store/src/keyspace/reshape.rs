//! Entries that change their shape: strings that grow and shrink where they are, expiries that come and go.

use crate::arena::{Arena, Handle};
use crate::entry::{self, Entry, Kind, Layout};

use super::db::{Db, Found};

/// Most bytes that a growing string has to spare.
const SPARE_MAX: usize = 1024 * 1024;

impl Db {
    /// Sets, changes or removes the expiry of a key.
    pub fn set_expiry(&mut self, found: Found, expiry_ms: Option<u64>) -> Found {
        self.keep(found);
        self.mark(found.place, expiry_ms);
        let entry = self.entry(found);
        match (entry.expiry_ms(), expiry_ms) {
            (None, None) => return found,
            (Some(_), Some(at)) => {
                entry::set_expiry(self.arena.get_mut(found.handle), at);
                return found;
            }
            (None, Some(_)) => self.expiring += 1,
            (Some(_), None) => self.expiring -= 1,
        }
        let entry = self.entry(found);
        let (kind, mark, clock) = (entry.kind(), entry.mark(), entry.clock());
        let (key_len, old) = (entry.key().len(), entry.layout());
        let layout = Layout::of(key_len, old.value_range().len(), expiry_ms.is_some());
        // The key lies before the value in both, so that one copy behind the new header moves both.
        let body = entry.body().to_vec();
        let handle = self.room(found.handle, layout.bytes());
        let cell = self.arena.get_mut(handle);
        layout.write(cell, kind, mark, clock, expiry_ms, &body[..key_len]);
        cell[layout.value_range()].copy_from_slice(&body[key_len..]);
        self.moved(found, handle)
    }

    /// Makes the bytes of a string longer or shorter, for [`Self::bytes_mut`]. What is new is zero. An integer becomes its digits.
    pub fn resize(&mut self, found: Found, len: usize) -> Found {
        self.keep(found);
        let entry = self.entry(found);
        let mut digits = Vec::new();
        let old_len = match entry.kind() {
            Kind::Int => {
                digits = entry.int().to_string().into_bytes();
                digits.len()
            }
            _ => entry.value().len(),
        };
        let (key_len, expiry_ms) = (entry.key().len(), entry.expiry_ms());
        let (mark, clock) = (entry.mark(), entry.clock());
        let layout = Layout::of(key_len, len, expiry_ms.is_some());
        let is_alike = entry.kind() != Kind::Int && entry::is_alike(entry.layout(), layout);
        let kind_is_int = entry.kind() == Kind::Int;
        // What has just been made is not yet known to grow step by step.
        let is_new = old_len == 0;
        let fits = layout.bytes() <= self.arena.capacity(found.handle);
        if is_alike && (fits || !is_new && self.has_room(found.handle, layout.bytes())) {
            let cell = self.arena.get_mut(found.handle);
            entry::set_value_len(cell, len);
            entry::set_kind(cell, Kind::Raw);
            let range = layout.value_range();
            cell[(range.start + old_len).min(range.end)..range.end].fill(0);
            return found;
        }
        let entry = self.entry(found);
        let key = entry.key().to_vec();
        let value = if kind_is_int { digits } else { entry.value().to_vec() };
        let bytes = layout.bytes();
        let handle = if is_new { self.room(found.handle, bytes) } else { self.room_to_grow(found.handle, bytes) };
        let cell = self.arena.get_mut(handle);
        layout.write(cell, Kind::Raw, mark, clock, expiry_ms, &key);
        let kept = value.len().min(len);
        let into = &mut cell[layout.value_range()];
        into[..kept].copy_from_slice(&value[..kept]);
        into[kept..].fill(0);
        self.moved(found, handle)
    }

    /// The bytes of a string that was [`Self::resize`]d.
    pub fn bytes_mut(&mut self, found: Found) -> &mut [u8] {
        self.keep(found);
        let cell = self.arena.get_mut(found.handle);
        let range = Entry::read(cell).layout().value_range();
        &mut cell[range]
    }

    /// A cell of the right size in place of another one, whose content is lost.
    pub(super) fn room(&mut self, old: Handle, bytes: usize) -> Handle {
        if self.arena.capacity(old) == Arena::capacity_for(bytes) || self.arena.resize_large(old, bytes) {
            return old;
        }
        self.arena.free(old);
        self.arena.alloc(bytes)
    }

    /// True if a cell holds so many bytes, after growing where it is if it can.
    fn has_room(&mut self, handle: Handle, bytes: usize) -> bool {
        bytes <= self.arena.capacity(handle) || self.arena.resize_large(handle, bytes + bytes.min(SPARE_MAX))
    }

    /// As [`Self::room`], with as much again to spare where a string grows step by step, up to a mebibyte.
    fn room_to_grow(&mut self, old: Handle, bytes: usize) -> Handle {
        let spare = if bytes > self.arena.capacity(old) { bytes.min(SPARE_MAX) } else { 0 };
        self.room(old, bytes + spare)
    }
}
