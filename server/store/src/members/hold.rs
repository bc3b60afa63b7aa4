//! Members as they were when an image began, while the collection goes on changing.
//!
//! They are written in the order of their hashes. What changes ahead of the position is kept in its old form before it does, and
//! what has been touched there is passed over later: so each member of then is written once, as it was, and no other is.

use std::collections::BTreeSet;

use super::{Member, Members, Values, hash_of};
use crate::image::{Budget, Holds, Origin, Part, Value, Writer};
use crate::table::Group;

/// Members that are read together.
const GROUP: usize = 64;

/// What it takes to note that a member was touched, beside its bytes.
const TOUCHED: usize = size_of::<(u64, Box<[u8]>)>();

/// What an image still needs of members.
pub(super) struct Hold {
    origin: Origin,
    /// Members when the image began.
    len: u64,
    /// Members whose hashes are not below this are still to be written; `None` if all are.
    ahead: Option<u64>,
    /// Members ahead, by their hashes, that were changed, added or removed since.
    touched: BTreeSet<(u64, Box<[u8]>)>,
    touched_bytes: usize,
    /// Old forms of touched ones, as parts of the image.
    kept: Vec<u8>,
}

impl Hold {
    fn is_touched(&self, hash: u64, key: &[u8]) -> bool {
        let from = (hash, Box::default());
        !self.touched.is_empty()
            && self.touched.range(from..).take_while(|(other, _)| *other == hash).any(|(_, other)| **other == *key)
    }

    /// Notes that a member is going to change. True if it is ahead, and for the first time.
    pub(super) fn touch(&mut self, hash: u64, key: &[u8]) -> bool {
        let is_first = self.ahead.is_some_and(|ahead| hash >= ahead) && !self.is_touched(hash, key);
        if is_first {
            self.touched.insert((hash, key.into()));
            self.touched_bytes += key.len() + TOUCHED;
        }
        is_first
    }

    /// Forgets what is not ahead any more.
    fn pass(&mut self, ahead: Option<u64>) {
        self.ahead = ahead;
        while self.touched.first().is_some_and(|(hash, _)| ahead.is_none_or(|ahead| *hash < ahead)) {
            let passed = self.touched.pop_first();
            self.touched_bytes -= passed.map_or(0, |(_, key)| key.len() + TOUCHED);
        }
    }
}

impl Members {
    /// Keeps the old form of a member that is going to change or to go.
    #[inline]
    pub(super) fn keep(&mut self, member: Member) {
        if self.hold.is_some() {
            self.keep_now(member);
        }
    }

    #[cold]
    fn keep_now(&mut self, member: Member) {
        let Some(mut hold) = self.hold.take() else { return };
        let (key, value) = self.entry(member);
        if hold.touch(self.hasher.hash(key), key) {
            write_member(self.values, key, value, &mut hold.kept);
        }
        self.hold = Some(hold);
    }

    /// What the head of an image says of so many members.
    pub(crate) fn image_value(&self, len: u64) -> Value<'static> {
        match self.values {
            Values::Fixed(0) => Value::Set { members: len },
            Values::Fixed(_) => Value::Zset { members: len },
            Values::Any => Value::Hash { fields: len },
        }
    }

    /// Writes all members.
    pub(crate) fn write_all(&self, out: &mut Vec<u8>) {
        for member in self.iter() {
            let (key, value) = self.entry(member);
            write_member(self.values, key, value, out);
        }
    }

    /// Writes the untouched members of the next few buckets. Gives where to go on.
    fn write_group(&self, hold: &Hold, from: u64, group: &mut Group, out: &mut Vec<u8>, budget: &mut Budget) -> u64 {
        self.table.gather(from, GROUP, |member| hash_of(&self.arena, self.hasher, self.values, member), group);
        std::hint::black_box(group.handles().iter().fold(0, |all, member| all ^ self.touch(*member)));
        let mut reached = from;
        for (members, next) in group.buckets() {
            let before = out.len();
            for member in members {
                let (key, value) = self.entry(*member);
                if hold.touched.is_empty() || !hold.is_touched(self.hasher.hash(key), key) {
                    write_member(self.values, key, value, out);
                }
            }
            reached = next;
            budget.spend(members.len(), out.len() - before);
            if budget.is_spent() {
                break;
            }
        }
        reached
    }
}

impl Holds for Members {
    fn hold(&mut self, origin: Origin) {
        let len = self.len() as u64;
        let hold = Hold { origin, len, ahead: Some(0), touched: BTreeSet::new(), touched_bytes: 0, kept: Vec::new() };
        self.hold = Some(Box::new(hold));
    }

    fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    fn has_begun(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.origin.has_begun())
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(mut hold) = self.hold.take() {
            hold.origin.begin(self.image_value(hold.len), out);
            self.hold = Some(hold);
        }
    }

    fn write_on(&mut self, out: &mut Vec<u8>, budget: &mut Budget) -> bool {
        let Some(mut hold) = self.hold.take() else { return true };
        budget.spend(0, hold.kept.len());
        out.append(&mut hold.kept);
        let mut group = Group::default();
        while let Some(from) = hold.ahead
            && !budget.is_spent()
        {
            let next = self.write_group(&hold, from, &mut group, out, budget);
            hold.pass((next != 0).then_some(next));
        }
        let is_done = hold.ahead.is_none();
        if !is_done {
            self.hold = Some(hold);
        }
        is_done
    }

    fn let_go(&mut self) {
        self.hold = None;
    }

    fn held_bytes(&self) -> usize {
        self.hold.as_ref().map_or(0, |hold| hold.kept.len() + hold.touched_bytes)
    }
}

fn write_member(values: Values, key: &[u8], value: &[u8], out: &mut Vec<u8>) {
    Writer::new(out).part(&match values {
        Values::Fixed(0) => Part::Member(key),
        Values::Fixed(_) => Part::Scored(key, value.try_into().map_or(0.0, f64::from_le_bytes)),
        Values::Any => Part::Field(key, value),
    });
}
