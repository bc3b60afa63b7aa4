//! Sets: integers only and few of them, a few short members, or any members.

mod random;
#[cfg(test)]
mod tests;

use bongsu_protocol::resp::parse_integer;

use crate::hash::KeyHasher;
use crate::intset::IntSet;
use crate::listpack::{Digits, Item, Listpack};
use crate::members::{Members, Values};
use crate::settings::Settings;

/// Most integers of an intset, whatever the settings say: its bytes are counted in 32 bits.
const INTSET_ENTRIES_MAX: usize = 1 << 30;

/// What decides how a set is kept.
#[derive(Clone, Copy, Debug)]
pub struct SetRules {
    intset_entries: usize,
    listpack_entries: usize,
    listpack_value: usize,
    hasher: KeyHasher,
}

impl SetRules {
    /// Those of the settings. `hasher` is for the members of large sets.
    pub fn new(settings: &Settings, hasher: KeyHasher) -> Self {
        Self {
            intset_entries: settings.set_max_intset_entries.min(INTSET_ENTRIES_MAX),
            listpack_entries: settings.set_max_listpack_entries,
            listpack_value: settings.set_max_listpack_value,
            hasher,
        }
    }
}

/// A set of byte strings.
#[derive(Clone, Debug)]
pub enum Set {
    /// Integers in their canonical form.
    Ints(IntSet),
    /// A few short members, in the order in which they came.
    Small(Listpack),
    /// Any.
    Big(Box<Members>),
}

impl Set {
    /// Gives spare memory of a small one back: to be called once many elements have been added at a time.
    pub fn tidy(&mut self) {
        if let Self::Small(list) = self {
            list.shrink();
        }
    }

    /// A set that is going to have about `expected` members, of which this is the first to come. It has none yet.
    pub fn for_member(first: &[u8], expected: usize, rules: &SetRules) -> Self {
        if expected <= rules.intset_entries && matches!(Item::of(first), Item::Int(_)) {
            Self::Ints(IntSet::new())
        } else if expected <= rules.listpack_entries {
            Self::Small(Listpack::new())
        } else {
            Self::Big(big(rules))
        }
    }

    /// So many members are about to come: what they would overflow anyway is converted at once.
    pub fn expect(&mut self, members: usize, rules: &SetRules) {
        let overflows = match self {
            Self::Ints(_) => members > rules.intset_entries,
            Self::Small(_) => members > rules.listpack_entries,
            Self::Big(_) => false,
        };
        if overflows {
            self.enlarge(rules);
        }
    }

    /// The name that `OBJECT ENCODING` shows.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Ints(_) => "intset",
            Self::Small(_) => "listpack",
            Self::Big(_) => "hashtable",
        }
    }

    /// Memory.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Ints(ints) => ints.heap_bytes(),
            Self::Small(list) => list.heap_bytes(),
            Self::Big(members) => members.heap_bytes(),
        }
    }

    pub(crate) fn recount(&self) -> usize {
        match self {
            Self::Ints(_) | Self::Small(_) => self.heap_bytes(),
            Self::Big(members) => members.recount(),
        }
    }

    /// How much work it is to free it.
    pub fn free_effort(&self) -> usize {
        match self {
            Self::Ints(_) | Self::Small(_) => 1,
            Self::Big(members) => members.len(),
        }
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Ints(ints) => ints.len(),
            Self::Small(list) => list.len(),
            Self::Big(members) => members.len(),
        }
    }

    /// No members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// It is a member.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            Self::Ints(ints) => parse_integer(member).is_some_and(|n| ints.contains(n)),
            Self::Small(list) => list.find(member, 1).is_some(),
            Self::Big(members) => members.contains(member),
        }
    }

    /// As [`Self::contains`], for a member of another set.
    #[inline]
    pub fn contains_item(&self, item: Item<'_>) -> bool {
        match (self, item) {
            (Self::Ints(ints), Item::Int(n)) => ints.contains(n),
            _ => self.contains(item.bytes(&mut Digits::default())),
        }
    }

    /// All members, those of intsets ascending. Members of large sets are always [`Item::Bytes`].
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> + '_ {
        let (mut ints, mut small, mut big) = (None, None, None);
        match self {
            Self::Ints(set) => ints = Some(set.iter()),
            Self::Small(list) => small = Some(list.iter()),
            Self::Big(members) => big = Some(members.iter().map(|member| Item::Bytes(members.key(member)))),
        }
        let few = ints.into_iter().flatten().map(Item::Int).chain(small.into_iter().flatten());
        few.chain(big.into_iter().flatten())
    }

    /// Adds a member. False if it is there already.
    pub fn insert(&mut self, member: &[u8], rules: &SetRules) -> bool {
        loop {
            match self {
                Self::Ints(ints) => {
                    let Some(n) = parse_integer(member) else {
                        self.leave_ints(member.len(), rules);
                        continue;
                    };
                    let is_new = ints.insert(n);
                    if is_new && ints.len() > rules.intset_entries {
                        self.enlarge(rules);
                    }
                    return is_new;
                }
                Self::Small(list) => {
                    if list.find(member, 1).is_some() {
                        return false;
                    }
                    if fits(list, member, rules) {
                        list.push_back(member);
                        return true;
                    }
                    self.enlarge(rules);
                }
                Self::Big(members) => return members.insert_if_new(member, b""),
            }
        }
    }

    /// As [`Self::insert`], for a member of another set.
    pub fn insert_item(&mut self, item: Item<'_>, rules: &SetRules) -> bool {
        self.insert(item.bytes(&mut Digits::default()), rules)
    }

    /// Removes a member. False if it is none.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Self::Ints(ints) => parse_integer(member).is_some_and(|n| ints.remove(n)),
            Self::Small(list) => {
                let at = list.find(member, 1);
                if let Some(at) = at {
                    list.remove(at, 1);
                }
                at.is_some()
            }
            Self::Big(members) => members.remove(member),
        }
    }

    /// As [`Self::remove`], for a member of another set.
    pub fn remove_item(&mut self, item: Item<'_>) -> bool {
        self.remove(item.bytes(&mut Digits::default()))
    }

    /// Calls `visit` with the next few members, and gives the cursor for the next call, or 0 at the end. Small sets are visited at once.
    pub fn scan(&self, cursor: u64, mut visit: impl FnMut(Item<'_>)) -> u64 {
        match self {
            Self::Big(members) => members.scan(cursor, |member| visit(Item::Bytes(members.key(member)))),
            _ => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// Keeps the set as an intset, if all its members are integers and it may be one.
    pub fn prefer_ints(&mut self, rules: &SetRules) {
        if matches!(self, Self::Ints(_)) || self.len() > rules.intset_entries {
            return;
        }
        let mut ints = IntSet::new();
        for item in self.iter() {
            match item {
                Item::Int(n) => ints.insert(n),
                Item::Bytes(bytes) => match parse_integer(bytes) {
                    Some(n) => ints.insert(n),
                    None => return,
                },
            };
        }
        *self = Self::Ints(ints);
    }

    /// Gives spare memory back.
    pub fn shrink(&mut self) {
        match self {
            Self::Ints(ints) => ints.shrink(),
            Self::Small(list) => list.shrink(),
            Self::Big(_) => {}
        }
    }

    /// An intset has to take a member of so many bytes that is no integer.
    fn leave_ints(&mut self, member_len: usize, rules: &SetRules) {
        let Self::Ints(ints) = self else { return };
        let ends = [ints.get(0), ints.len().checked_sub(1).and_then(|last| ints.get(last))];
        let longest = ends.into_iter().flatten().map(|n| Item::Int(n).len()).max().unwrap_or(0);
        let stays_small = ints.len() < rules.listpack_entries
            && member_len.max(longest) <= rules.listpack_value
            && ints.len() * longest + member_len <= Listpack::BYTES_MAX;
        if !stays_small {
            return self.enlarge(rules);
        }
        let mut list = Listpack::new();
        for n in ints.iter() {
            list.push_back(Digits::default().write(n));
        }
        *self = Self::Small(list);
    }

    fn enlarge(&mut self, rules: &SetRules) {
        let mut members = big(rules);
        for item in self.iter() {
            members.insert(item.bytes(&mut Digits::default()), b"");
        }
        *self = Self::Big(members);
    }
}

fn big(rules: &SetRules) -> Box<Members> {
    Box::new(Members::new(rules.hasher, Values::Fixed(0)))
}

#[inline]
fn fits(list: &Listpack, member: &[u8], rules: &SetRules) -> bool {
    list.len() < rules.listpack_entries
        && member.len() <= rules.listpack_value
        && list.byte_len() + member.len() <= Listpack::BYTES_MAX
}
