//! Small sets of integers in one run of bytes: Redis' intset format, byte for byte, so that dumps are copies.
//!
//! ```text
//! bytes per integer 4 (2, 4 or 8) | integers 4 | integers in ascending order ...
//! ```

#[cfg(test)]
mod tests;

const HEADER: usize = 8;

/// Bytes of the widest integers.
const WIDEST: usize = 8;

/// Spare bytes that are kept where the set grows step by step: one part in so many.
const SPARE_SHARE: usize = 8;

/// Integers in ascending order, all of one width, which is that of the widest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntSet {
    bytes: Vec<u8>,
}

impl Default for IntSet {
    fn default() -> Self {
        Self::new()
    }
}

impl IntSet {
    /// Without integers.
    pub fn new() -> Self {
        let mut bytes = Vec::with_capacity(HEADER + WIDEST);
        bytes.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0]);
        Self { bytes }
    }

    /// From bytes of Redis' format; `None` if they are not, or the integers do not ascend.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let width = u32::from_le_bytes(*bytes.first_chunk()?);
        let len = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?) as usize;
        if !matches!(width, 2 | 4 | 8) || Some(bytes.len() - HEADER) != len.checked_mul(width as usize) {
            return None;
        }
        let set = Self { bytes };
        set.iter().is_sorted_by(|one, other| one < other).then_some(set)
    }

    /// The bytes of Redis' format.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Memory.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Number of integers.
    #[inline]
    pub fn len(&self) -> usize {
        (self.bytes.len() - HEADER) / self.width()
    }

    /// No integers.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER
    }

    /// The integer with this index, the smallest being the first.
    #[inline]
    pub fn get(&self, index: usize) -> Option<i64> {
        (index < self.len()).then(|| self.at(index))
    }

    /// All integers, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        (0..self.len()).map(|index| self.at(index))
    }

    /// It is in the set.
    #[inline]
    pub fn contains(&self, n: i64) -> bool {
        width_of(n) <= self.width() && self.search(n).is_ok()
    }

    /// Adds an integer. False if it is there already.
    pub fn insert(&mut self, n: i64) -> bool {
        if width_of(n) > self.width() {
            self.widen(width_of(n));
        }
        let Err(index) = self.search(n) else { return false };
        let (width, old) = (self.width(), self.bytes.len());
        let start = HEADER + index * width;
        self.reserve(width);
        self.bytes.resize(old + width, 0);
        self.bytes.copy_within(start..old, start + width);
        self.write(index, n);
        self.write_len();
        true
    }

    /// Removes an integer. False if it is not there.
    pub fn remove(&mut self, n: i64) -> bool {
        if width_of(n) > self.width() {
            return false;
        }
        let Ok(index) = self.search(n) else { return false };
        self.remove_at(index);
        true
    }

    /// Removes the integer with this index, which must be there.
    pub fn remove_at(&mut self, index: usize) {
        let width = self.width();
        let start = HEADER + index * width;
        self.bytes.copy_within(start + width.., start);
        self.bytes.truncate(self.bytes.len() - width);
        self.bytes.shrink_to(self.bytes.len() + self.bytes.len() / SPARE_SHARE + WIDEST);
        self.write_len();
    }

    /// Gives spare memory back.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    #[inline]
    fn width(&self) -> usize {
        usize::from(self.bytes[0])
    }

    #[inline]
    fn at(&self, index: usize) -> i64 {
        let width = self.width();
        let bytes = &self.bytes[HEADER + index * width..][..width];
        match *bytes {
            [a, b] => i16::from_le_bytes([a, b]).into(),
            [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
            [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => 0,
        }
    }

    /// The index of an integer, or the one that it would get.
    #[inline]
    fn search(&self, n: i64) -> Result<usize, usize> {
        let len = self.len();
        // Most sets of integers are filled in ascending order.
        if len > 0 && self.at(len - 1) < n {
            return Err(len);
        }
        let (mut low, mut high) = (0, len);
        while low < high {
            let middle = (low + high) / 2;
            match self.at(middle).cmp(&n) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    fn write(&mut self, index: usize, n: i64) {
        let width = self.width();
        self.bytes[HEADER + index * width..][..width].copy_from_slice(&n.to_le_bytes()[..width]);
    }

    fn write_len(&mut self) {
        let len = self.len() as u32;
        self.bytes[4..HEADER].copy_from_slice(&len.to_le_bytes());
    }

    /// Makes all integers wider, the last one first: none then covers one that is still to be read.
    fn widen(&mut self, width: usize) {
        let (len, old) = (self.len(), self.width());
        self.reserve(len * (width - old) + width);
        self.bytes.resize(HEADER + len * width, 0);
        for index in (0..len).rev() {
            let n = self.at(index);
            self.bytes[HEADER + index * width..][..width].copy_from_slice(&n.to_le_bytes()[..width]);
        }
        self.bytes[0] = width as u8;
    }

    fn reserve(&mut self, more: usize) {
        let wanted = self.bytes.len() + more;
        if wanted > self.bytes.capacity() {
            // An allocator's steps are of 16 bytes, of which it keeps eight.
            let rounded = (wanted + wanted / SPARE_SHARE + 8).next_multiple_of(16) - 8;
            self.bytes.reserve_exact(rounded.max(wanted) - self.bytes.len());
        }
    }
}

/// Bytes that an integer needs.
#[inline]
fn width_of(n: i64) -> usize {
    if i16::try_from(n).is_ok() {
        2
    } else if i32::try_from(n).is_ok() {
        4
    } else {
        WIDEST
    }
}
