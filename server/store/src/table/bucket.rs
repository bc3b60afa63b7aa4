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
        let [first @ .., eighth, ninth] = self.tags;
        let equal = equal_bytes(first, tag) | u16::from(eighth == tag) << 8 | u16::from(ninth == tag) << 9;
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

/// Which of these bytes are equal to one: a bit for each.
#[inline]
fn equal_bytes(bytes: [u8; 8], byte: u8) -> u16 {
    const ONES: u64 = u64::MAX / 0xff;
    const LOW_BITS: u64 = ONES * 0x7f;
    /// Moves the lowest bit of byte n to bit n of the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let difference = u64::from_le_bytes(bytes) ^ (ONES * u64::from(byte));
    // The sum has the high bit of each byte in which a lower bit is set, and carries nothing over to the next byte.
    let is_zero = !(((difference & LOW_BITS) + LOW_BITS) | difference) & !LOW_BITS;
    ((is_zero >> 7).wrapping_mul(GATHER) >> 56) as u16
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_are_told_one_by_one() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            for others in [0, 1, 0x7f, 0x80, 0xff, byte ^ 0x80, byte ^ 1] {
                for pattern in 0..=u8::MAX {
                    let bytes = std::array::from_fn(|n| if pattern >> n & 1 == 1 { byte } else { others });
                    let expected = if others == byte { 0xff } else { u16::from(pattern) };
                    assert_eq!(equal_bytes(bytes, byte), expected, "{byte} in {bytes:?}");
                }
            }
        }
    }
}
