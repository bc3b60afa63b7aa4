//! A bucket: ten slots in one cache line.

use crate::arena::Handle;

/// Slots of a bucket.
pub(super) const SLOTS: usize = 10;

const ALL: u16 = (1 << SLOTS) - 1;

/// Ten places for handles, each with eight bits of its key's hash, so that a look-up seldom has to read an entry in vain.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Bucket {
    tags: [u8; SLOTS],
    /// Which slots are in use.
    present: u16,
    /// Which slots hold an entry whose own bucket is the one before.
    guest: u16,
    handles: [[u8; 5]; SLOTS],
}

const _: () = assert!(size_of::<Bucket>() == 64);

impl Bucket {
    pub(super) const EMPTY: Self = Self { tags: [0; SLOTS], present: 0, guest: 0, handles: [[0; 5]; SLOTS] };

    pub(super) fn len(&self) -> usize {
        self.present.count_ones() as usize
    }

    pub(super) fn is_full(&self) -> bool {
        self.present == ALL
    }

    /// Slots in use with this tag whose entries belong here (`guest` false) or in the bucket before (`guest` true).
    #[inline]
    pub(super) fn matches(&self, tag: u8, guest: bool) -> Slots {
        let mut equal = 0u16;
        for (slot, t) in self.tags.iter().enumerate() {
            equal |= u16::from(*t == tag) << slot;
        }
        let whose = if guest { self.guest } else { !self.guest };
        Slots(equal & self.present & whose)
    }

    /// Slots in use, of both kinds or of one.
    pub(super) fn occupied(&self, guest: Option<bool>) -> Slots {
        Slots(match guest {
            None => self.present,
            Some(true) => self.present & self.guest,
            Some(false) => self.present & !self.guest,
        })
    }

    #[inline]
    pub(super) fn handle(&self, slot: usize) -> Handle {
        Handle::unpack(self.handles[slot])
    }

    pub(super) fn tag(&self, slot: usize) -> u8 {
        self.tags[slot]
    }

    pub(super) fn is_guest(&self, slot: usize) -> bool {
        self.guest & 1 << slot != 0
    }

    pub(super) fn set_handle(&mut self, slot: usize, handle: Handle) {
        self.handles[slot] = handle.pack();
    }

    /// Takes an entry in, if there is room, and says where.
    pub(super) fn insert(&mut self, tag: u8, guest: bool, handle: Handle) -> Option<usize> {
        let slot = (!self.present).trailing_zeros() as usize;
        if slot >= SLOTS {
            return None;
        }
        self.tags[slot] = tag;
        self.present |= 1 << slot;
        self.guest = self.guest & !(1 << slot) | u16::from(guest) << slot;
        self.handles[slot] = handle.pack();
        Some(slot)
    }

    pub(super) fn remove(&mut self, slot: usize) {
        self.present &= !(1 << slot);
    }
}

/// Numbers of slots, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots(u16);

impl Iterator for Slots {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let slot = self.0.trailing_zeros() as usize;
        if slot >= SLOTS {
            return None;
        }
        self.0 &= self.0 - 1;
        Some(slot)
    }
}
