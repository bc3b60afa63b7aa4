//! Lists: one listpack, or a row of them.

mod chunks;
mod hold;
mod limit;
#[cfg(test)]
mod tests;

use chunks::Chunks;
pub use limit::Limit;

use crate::image::Holds;
use crate::listpack::{At, Item, Listpack};

/// An end of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The head.
    Left,
    /// The tail.
    Right,
}

impl End {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// A list of bytes.
#[derive(Clone, Debug)]
pub struct List {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Small(Listpack),
    Large(Box<Chunks>),
}

/// The place of an element, until the list changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(In);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum In {
    Small(At),
    Large(chunks::Place),
}

impl Default for List {
    fn default() -> Self {
        Self { form: Form::Small(Listpack::new()) }
    }
}

impl List {
    /// Elements.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Small(list) => list.len(),
            Form::Large(chunks) => chunks.len(),
        }
    }

    /// No elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `OBJECT ENCODING` shows.
    pub fn encoding(&self) -> &'static str {
        match self.form {
            Form::Small(_) => "listpack",
            Form::Large(_) => "quicklist",
        }
    }

    /// Memory.
    pub fn heap_bytes(&self) -> usize {
        match &self.form {
            Form::Small(list) => list.heap_bytes(),
            Form::Large(chunks) => chunks.heap_bytes(),
        }
    }

    pub(crate) fn recount(&self) -> usize {
        match &self.form {
            Form::Small(list) => list.heap_bytes(),
            Form::Large(chunks) => chunks.recount(),
        }
    }

    /// The row of chunks, if it is one: what an image can hold.
    pub(crate) fn holder(&self) -> Option<&dyn Holds> {
        match &self.form {
            Form::Small(_) => None,
            Form::Large(chunks) => Some(&**chunks),
        }
    }

    pub(crate) fn holder_mut(&mut self) -> Option<&mut dyn Holds> {
        match &mut self.form {
            Form::Small(_) => None,
            Form::Large(chunks) => Some(&mut **chunks),
        }
    }

    /// Number of listpacks.
    pub fn chunk_count(&self) -> usize {
        match &self.form {
            Form::Small(_) => 1,
            Form::Large(chunks) => chunks.count(),
        }
    }

    /// The listpacks.
    pub fn chunks(&self) -> impl Iterator<Item = &Listpack> {
        let (small, large) = match &self.form {
            Form::Small(list) => (Some(list), None),
            Form::Large(chunks) => (None, Some(chunks.all())),
        };
        small.into_iter().chain(large.into_iter().flatten())
    }

    /// Adds a listpack of elements behind all others, as it is.
    pub fn append(&mut self, chunk: Listpack) {
        match &mut self.form {
            Form::Small(list) if list.is_empty() => *list = chunk,
            Form::Small(list) => {
                let mut chunks = Chunks::of(std::mem::take(list));
                chunks.append(chunk);
                self.form = Form::Large(Box::new(chunks));
            }
            Form::Large(chunks) => chunks.append(chunk),
        }
    }

    /// Allocations.
    pub fn free_effort(&self) -> usize {
        match &self.form {
            Form::Small(_) => 1,
            Form::Large(chunks) => chunks.count(),
        }
    }

    /// Makes room for so many elements with so many bytes in all, which will be added: if a single listpack would become too large,
    /// it becomes a chunk.
    pub fn prepare(&mut self, elements: usize, bytes: usize, limit: Limit) {
        let Form::Small(list) = &mut self.form else { return };
        if !limit.allows(list.byte_len() + bytes, list.len() + elements) {
            let list = std::mem::take(list);
            self.form = Form::Large(Box::new(Chunks::of(list)));
        }
    }

    /// Makes a single listpack again of what has become small, to be called after elements were removed.
    pub fn relax(&mut self, limit: Limit) {
        let Form::Large(chunks) = &mut self.form else { return };
        // What an image needs has to stay where it is.
        if chunks.is_held() {
            return;
        }
        if chunks.len() == 0 {
            self.form = Form::Small(Listpack::new());
            return;
        }
        let Some(list) = chunks.only() else { return };
        if limit.allows_shrunk(list.byte_len(), list.len()) {
            self.form = Form::Small(std::mem::take(list));
        }
    }

    /// Adds an element at an end. [`Self::prepare`] goes before.
    #[inline]
    pub fn push(&mut self, end: End, bytes: &[u8], limit: Limit) {
        match (&mut self.form, end) {
            (Form::Small(list), End::Left) => list.push_front(bytes),
            (Form::Small(list), End::Right) => list.push_back(bytes),
            (Form::Large(chunks), end) => chunks.push(end, bytes, limit),
        }
    }

    /// Gives spare memory of a small one back: to be called once many elements have been added at a time.
    pub fn tidy(&mut self) {
        if let Form::Small(list) = &mut self.form {
            list.shrink();
        }
    }

    /// The element at an end.
    pub fn at_end(&self, end: End) -> Option<Place> {
        let place = match &self.form {
            Form::Small(list) if end == End::Left => In::Small(list.first()?),
            Form::Small(list) => In::Small(list.last()?),
            Form::Large(chunks) => In::Large(chunks.at_end(end)?),
        };
        Some(Place(place))
    }

    /// The element with this index.
    pub fn seek(&self, index: usize) -> Option<Place> {
        let place = match &self.form {
            Form::Small(list) => In::Small(list.seek(i64::try_from(index).ok()?)?),
            Form::Large(chunks) => In::Large(chunks.seek(index)?),
        };
        Some(Place(place))
    }

    /// The element there.
    pub fn get(&self, place: Place) -> Item<'_> {
        match (&self.form, place.0) {
            (Form::Small(list), In::Small(at)) => list.get(at),
            (Form::Large(chunks), In::Large(place)) => chunks.get(place),
            _ => Item::Bytes(b""),
        }
    }

    /// The next element in a direction.
    pub fn next(&self, place: Place, towards: End) -> Option<Place> {
        let next = match (&self.form, place.0, towards) {
            (Form::Small(list), In::Small(at), End::Right) => In::Small(list.next(at)?),
            (Form::Small(list), In::Small(at), End::Left) => In::Small(list.previous(at)?),
            (Form::Large(chunks), In::Large(place), towards) => In::Large(chunks.next(place, towards)?),
            _ => return None,
        };
        Some(Place(next))
    }

    /// Elements from a place on, in a direction.
    pub fn iter_from(&self, place: Option<Place>, towards: End) -> Iter<'_> {
        Iter { list: self, place, towards }
    }

    /// All elements.
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(self.at_end(End::Left), End::Right)
    }

    /// Removes the element there. Gives the one that takes its place.
    pub fn remove(&mut self, place: Place) -> Option<Place> {
        match (&mut self.form, place.0) {
            (Form::Small(list), In::Small(at)) => list.remove(at, 1).map(|at| Place(In::Small(at))),
            (Form::Large(chunks), In::Large(place)) => chunks.remove(place).map(|place| Place(In::Large(place))),
            _ => None,
        }
    }

    /// Removes so many elements from an end.
    pub fn trim(&mut self, end: End, count: usize) {
        match &mut self.form {
            Form::Large(chunks) => chunks.trim(end, count),
            Form::Small(list) => {
                let first = if end == End::Left { 0 } else { list.len().saturating_sub(count) };
                if let Some(at) = list.seek(first as i64) {
                    list.remove(at, count);
                }
            }
        }
    }

    /// Puts an element in place of another one. [`Self::prepare`] goes before, and gives the place up.
    pub fn replace(&mut self, place: Place, bytes: &[u8], limit: Limit) {
        match (&mut self.form, place.0) {
            (Form::Small(list), In::Small(at)) => list.replace(at, bytes),
            (Form::Large(chunks), In::Large(place)) => chunks.replace(place, bytes, limit),
            _ => {}
        }
    }

    /// Adds an element before or behind another one. [`Self::prepare`] goes before, and gives the place up.
    pub fn insert(&mut self, place: Place, before: bool, bytes: &[u8], limit: Limit) {
        match (&mut self.form, place.0) {
            (Form::Small(list), In::Small(at)) if before => list.insert_before(Some(at), bytes),
            (Form::Small(list), In::Small(at)) => list.insert_after(at, bytes),
            (Form::Large(chunks), In::Large(place)) => chunks.insert(place, before, bytes, limit),
            _ => {}
        }
    }
}

/// Elements in a direction.
#[derive(Clone)]
pub struct Iter<'a> {
    list: &'a List,
    place: Option<Place>,
    towards: End,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let place = self.place?;
        self.place = self.list.next(place, self.towards);
        Some(self.list.get(place))
    }
}
