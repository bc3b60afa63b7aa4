//! Listpacks from bytes that anybody may have made.

use super::entry::{self, Item};
use super::{END, HEADER, Listpack, UNKNOWN};

impl Listpack {
    /// From bytes of Redis' format; `None` if they are not. Elements that are not written in the shortest way are written anew.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let total = u32::from_le_bytes(*bytes.first_chunk()?);
        let count = u16::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
        if total as usize != bytes.len() || bytes.get(HEADER..)?.last() != Some(&END) {
            return None;
        }
        let (mut at, mut elements, mut is_canonical) = (HEADER, 0usize, true);
        while at + 1 < bytes.len() {
            let (len, canonical) = checked(bytes, at)?;
            at += len;
            elements += 1;
            is_canonical &= canonical;
        }
        if at + 1 != bytes.len() || count != UNKNOWN && usize::from(count) != elements {
            return None;
        }
        let mut list = Self { bytes: bytes.to_vec() };
        if !is_canonical {
            return Some(list.rewritten());
        }
        list.write_count(elements);
        Some(list)
    }

    fn rewritten(&self) -> Self {
        let (mut list, mut digits) = (Self::new(), super::Digits::default());
        self.iter().for_each(|item| list.push_back(item.bytes(&mut digits)));
        list.shrink();
        list
    }
}

/// Bytes of the element that begins at `at` with the length behind it, and whether it is written in the shortest way. `None` if it
/// is no element, or goes beyond the end.
fn checked(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let head = entry::head_len(*bytes.get(at)?)?;
    // The last byte is the end's.
    let room = bytes.len() - 1 - at;
    if head > room {
        return None;
    }
    let len = entry::len_at(bytes, at);
    let behind = entry::backlen_len(len);
    if len.checked_add(behind)? > room {
        return None;
    }
    if entry::read_backlen(bytes, at + len + behind) != (len, behind) {
        return None;
    }
    let (item, _) = entry::read(bytes, at);
    let is_canonical = match item {
        Item::Bytes(text) => Item::of(text) == item,
        Item::Int(_) => true,
    };
    Some((len + behind, is_canonical && entry::encoded_len(item) == len))
}
