//! Finding an element by its bytes. Most of the time of small collections goes into this.

use super::END;
use super::entry::{self, Item};

/// An element as it would be written.
struct Needle<'a> {
    /// What comes before the bytes of a string, or all of an integer.
    head: &'a [u8],
    body: &'a [u8],
    /// The last byte of both: it tells alike elements apart sooner than the ones before it.
    last: u8,
}

impl Needle<'_> {
    /// The element that begins at `at`, with the right first byte, is this one.
    #[inline]
    fn is_at(&self, list: &[u8], at: usize) -> bool {
        let body = at + self.head.len();
        let end = body + self.body.len();
        list.get(end - 1) == Some(&self.last)
            // The first byte was compared already, and is mostly all.
            && (self.head.len() == 1 || list[at..body] == *self.head)
            && list[body..end] == *self.body
    }
}

/// Where this is among every `step`-th of the elements that begin at `at`.
pub(super) fn find(list: &[u8], mut at: usize, bytes: &[u8], step: usize) -> Option<usize> {
    let item = Item::of(bytes);
    let mut room = [0; entry::HEAD_MAX];
    let head = entry::write_head(item, &mut room);
    let body = if let Item::Bytes(bytes) = item { bytes } else { &[] };
    let last = body.last().or_else(|| head.last()).copied()?;
    let (first, needle) = (*head.first()?, Needle { head, body, last });
    let mut to_skip = 0;
    loop {
        let start = list[at];
        if start == END {
            return None;
        }
        if to_skip == 0 {
            if start == first && needle.is_at(list, at) {
                return Some(at);
            }
            to_skip = step;
        }
        to_skip -= 1;
        at += entry::whole_len_at(list, at);
    }
}
