//! Hashes: a few short fields with their values, or any.

#[cfg(test)]
mod tests;

use crate::hash::KeyHasher;
use crate::listpack::{At, Item, Listpack};
use crate::members::{Members, Values};
use crate::random::Random;
use crate::settings::Settings;

/// Elements of a listpack from one field to the next.
const STEP: usize = 2;

/// What decides how a hash is kept.
#[derive(Clone, Copy, Debug)]
pub struct HashRules {
    listpack_entries: usize,
    listpack_value: usize,
    hasher: KeyHasher,
}

impl HashRules {
    /// Those of the settings. `hasher` is for the fields of large hashes.
    pub fn new(settings: &Settings, hasher: KeyHasher) -> Self {
        Self {
            listpack_entries: settings.hash_max_listpack_entries,
            listpack_value: settings.hash_max_listpack_value,
            hasher,
        }
    }
}

/// Fields with their values, all of them byte strings.
#[derive(Clone, Debug)]
pub enum Hash {
    /// A few short ones: each field with its value behind it, in the order in which they came.
    Small(Listpack),
    /// Any.
    Big(Box<Members>),
}

impl Default for Hash {
    fn default() -> Self {
        Self::Small(Listpack::new())
    }
}

impl Hash {
    /// Gives spare memory of a small one back: to be called once many elements have been added at a time.
    pub fn tidy(&mut self) {
        if let Self::Small(list) = self {
            list.shrink();
        }
    }

    /// These fields and values, by turns, are about to come: what they would overflow is converted at once.
    pub fn expect(&mut self, pairs: &[&[u8]], rules: &HashRules) {
        let Self::Small(list) = self else { return };
        let is_long = |bytes: &&[u8]| bytes.len() > rules.listpack_value;
        let bytes: usize = pairs.iter().map(|bytes| bytes.len()).sum();
        if pairs.len() / STEP > rules.listpack_entries
            || pairs.iter().any(is_long)
            || list.byte_len() + bytes > Listpack::BYTES_MAX
        {
            self.enlarge(rules);
        }
    }

    /// So many fields are about to come: if they are too many for a small one, it is a large one now.
    pub fn expect_fields(&mut self, fields: usize, rules: &HashRules) {
        if fields > rules.listpack_entries {
            self.enlarge(rules);
        }
    }

    /// One that was made elsewhere becomes a large one if it is too large for a small one here.
    pub fn fit(&mut self, rules: &HashRules) {
        let Self::Small(list) = &*self else { return };
        let is_long = |item: Item<'_>| matches!(item, Item::Bytes(bytes) if bytes.len() > rules.listpack_value);
        if list.len() / 2 > rules.listpack_entries || list.iter().any(is_long) {
            self.enlarge(rules);
        }
    }

    /// The name that `OBJECT ENCODING` shows.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Small(_) => "listpack",
            Self::Big(_) => "hashtable",
        }
    }

    /// Memory.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Small(list) => list.heap_bytes(),
            Self::Big(members) => members.heap_bytes(),
        }
    }

    pub(crate) fn recount(&self) -> usize {
        match self {
            Self::Small(list) => list.heap_bytes(),
            Self::Big(members) => members.recount(),
        }
    }

    /// How much work it is to free it.
    pub fn free_effort(&self) -> usize {
        match self {
            Self::Small(_) => 1,
            Self::Big(members) => members.len(),
        }
    }

    /// Number of fields.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Small(list) => list.len() / STEP,
            Self::Big(members) => members.len(),
        }
    }

    /// No fields.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field. Values of large hashes are always [`Item::Bytes`].
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        match self {
            Self::Small(list) => list.find(field, STEP).and_then(|at| list.next(at)).map(|at| list.get(at)),
            Self::Big(members) => members.get(field).map(Item::Bytes),
        }
    }

    /// The field is there.
    pub fn contains(&self, field: &[u8]) -> bool {
        match self {
            Self::Small(list) => list.find(field, STEP).is_some(),
            Self::Big(members) => members.contains(field),
        }
    }

    /// Gives a field a value. True if the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], rules: &HashRules) -> bool {
        if let Self::Small(list) = self {
            if field.len() > rules.listpack_value || value.len() > rules.listpack_value {
                self.enlarge(rules);
            } else {
                let is_new = set_in(list, field, value);
                if list.len() / STEP > rules.listpack_entries {
                    self.enlarge(rules);
                }
                return is_new;
            }
        }
        let Self::Big(members) = self else { return false };
        members.set(field, value)
    }

    /// Removes a field. False if it is not there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match self {
            Self::Small(list) => {
                let at = list.find(field, STEP);
                if let Some(at) = at {
                    list.remove(at, STEP);
                }
                at.is_some()
            }
            Self::Big(members) => members.remove(field),
        }
    }

    /// All fields with their values. Those of large hashes are always [`Item::Bytes`].
    pub fn iter(&self) -> impl Iterator<Item = (Item<'_>, Item<'_>)> + '_ {
        let (mut small, mut big) = (None, None);
        match self {
            Self::Small(list) => small = Some(pairs(list)),
            Self::Big(members) => big = Some(members.iter().map(|member| both(members.entry(member)))),
        }
        small.into_iter().flatten().chain(big.into_iter().flatten())
    }

    /// Calls `visit` with any field and its value, each field as likely as any other, `count` times.
    pub fn pick(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Item<'_>, Item<'_>)) {
        match self {
            Self::Small(list) if count == 1 => {
                let index = random.below(self.len() as u64) as i64 * STEP as i64;
                if let Some((field, value)) = list.seek(index).and_then(|at| pair(list, at)) {
                    visit(field, value);
                }
            }
            Self::Small(list) => {
                let all: Vec<_> = pairs(list).collect();
                for _ in 0..count {
                    if let Some((field, value)) = all.get(random.below(all.len() as u64) as usize) {
                        visit(*field, *value);
                    }
                }
            }
            Self::Big(members) => {
                for _ in 0..count {
                    if let Some(member) = members.random(|| random.next_u64()) {
                        let (field, value) = both(members.entry(member));
                        visit(field, value);
                    }
                }
            }
        }
    }

    /// Calls `visit` with so many different fields and their values, or with all if there are no more.
    pub fn sample(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Item<'_>, Item<'_>)) {
        match self {
            Self::Small(list) => {
                let (mut all, mut next) = (pairs(list), 0);
                for index in random.choose(self.len(), count) {
                    if let Some((field, value)) = all.nth(index - next) {
                        visit(field, value);
                    }
                    next = index + 1;
                }
            }
            Self::Big(members) => {
                for member in members.sample(count, random) {
                    let (field, value) = both(members.entry(member));
                    visit(field, value);
                }
            }
        }
    }

    /// Calls `visit` with the next few fields, and gives the cursor for the next call, or 0 at the end. Small hashes are visited at once.
    pub fn scan(&self, cursor: u64, mut visit: impl FnMut(Item<'_>, Item<'_>)) -> u64 {
        match self {
            Self::Small(list) => {
                pairs(list).for_each(|(field, value)| visit(field, value));
                0
            }
            Self::Big(members) => members.scan(cursor, |member| {
                let (field, value) = both(members.entry(member));
                visit(field, value);
            }),
        }
    }

    fn enlarge(&mut self, rules: &HashRules) {
        let Self::Small(list) = self else { return };
        let mut members = Box::new(Members::new(rules.hasher, Values::Any));
        let (mut field_digits, mut value_digits) = Default::default();
        for (field, value) in pairs(list) {
            members.insert(field.bytes(&mut field_digits), value.bytes(&mut value_digits));
        }
        *self = Self::Big(members);
    }
}

fn set_in(list: &mut Listpack, field: &[u8], value: &[u8]) -> bool {
    if let Some(at) = list.find(field, STEP).and_then(|at| list.next(at)) {
        list.replace(at, value);
        return false;
    }
    list.push_back(field);
    list.push_back(value);
    true
}

fn both<'a>((field, value): (&'a [u8], &'a [u8])) -> (Item<'a>, Item<'a>) {
    (Item::Bytes(field), Item::Bytes(value))
}

fn pair(list: &Listpack, at: At) -> Option<(Item<'_>, Item<'_>)> {
    Some((list.get(at), list.get(list.next(at)?)))
}

fn pairs(list: &Listpack) -> impl Iterator<Item = (Item<'_>, Item<'_>)> + '_ {
    let mut items = list.iter();
    std::iter::from_fn(move || Some((items.next()?, items.next()?)))
}
