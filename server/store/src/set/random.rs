//! Random members of sets, each as likely as any other.

use super::{Set, SetRules};
use crate::image::Holds;
use crate::listpack::{Digits, Item, Listpack};
use crate::random::Random;

/// Where fewer than one of so many members of a large set stay, those that stay are put into a new set.
const STAY_SHARE: usize = 5;

impl Set {
    /// Calls `visit` with any member, `count` times.
    pub fn pick(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Item<'_>)) {
        match self {
            Self::Ints(ints) => {
                let mut any = || ints.get(random.below(ints.len() as u64) as usize);
                (0..count).filter_map(|_| any()).for_each(|n| visit(Item::Int(n)));
            }
            Self::Small(list) if count == 1 => {
                if let Some(at) = list.seek(random.below(list.len() as u64) as i64) {
                    visit(list.get(at));
                }
            }
            Self::Small(list) => {
                let all: Vec<Item<'_>> = list.iter().collect();
                for _ in 0..count {
                    if let Some(item) = all.get(random.below(all.len() as u64) as usize) {
                        visit(*item);
                    }
                }
            }
            Self::Big(members) => {
                for _ in 0..count {
                    if let Some(member) = members.random(|| random.next_u64()) {
                        visit(Item::Bytes(members.key(member)));
                    }
                }
            }
        }
    }

    /// Calls `visit` with so many different members, or with all if there are no more.
    pub fn sample(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Item<'_>)) {
        match self {
            Self::Big(members) => {
                members.sample(count, random).into_iter().for_each(|member| visit(Item::Bytes(members.key(member))));
            }
            _ => {
                let (mut all, mut next) = (self.iter(), 0);
                for index in random.choose(self.len(), count) {
                    all.nth(index - next).into_iter().for_each(&mut visit);
                    next = index + 1;
                }
            }
        }
    }

    /// Removes so many members, or all if there are no more. `visit` sees each before it goes.
    pub fn take(&mut self, count: usize, random: &mut Random, rules: &SetRules, mut visit: impl FnMut(Item<'_>)) {
        match self {
            Self::Ints(ints) => {
                let chosen: Vec<usize> = random.choose(ints.len(), count).collect();
                for index in chosen.into_iter().rev() {
                    ints.get(index).map(Item::Int).into_iter().for_each(&mut visit);
                    ints.remove_at(index);
                }
            }
            Self::Small(list) if count == 1 => {
                if let Some(at) = list.seek(random.below(list.len() as u64) as i64) {
                    visit(list.get(at));
                    list.remove(at, 1);
                }
            }
            Self::Small(list) => {
                // In one pass, as each removal moves what is behind it.
                let mut chosen = random.choose(list.len(), count).peekable();
                let (mut rest, mut digits) = (Listpack::new(), Digits::default());
                for (index, item) in list.iter().enumerate() {
                    if chosen.next_if_eq(&index).is_some() {
                        visit(item);
                    } else {
                        rest.push_back(item.bytes(&mut digits));
                    }
                }
                drop(chosen);
                rest.shrink();
                *list = rest;
            }
            Self::Big(members) => {
                let rest = members.len().saturating_sub(count);
                // A set that an image needs has to stay the one that it is.
                if rest * STAY_SHARE <= count && !members.is_held() {
                    return self.take_most(rest, random, rules, visit);
                }
                for member in members.sample(count, random) {
                    visit(Item::Bytes(members.key(member)));
                    members.remove_member(member);
                }
            }
        }
    }

    /// Removes all members but so many.
    fn take_most(&mut self, rest: usize, random: &mut Random, rules: &SetRules, mut visit: impl FnMut(Item<'_>)) {
        let Self::Big(members) = self else { return };
        let mut kept = Self::Small(Listpack::new());
        for member in members.sample(rest, random) {
            kept.insert(members.key(member), rules);
            members.remove_member(member);
        }
        members.iter().for_each(|member| visit(Item::Bytes(members.key(member))));
        *self = kept;
    }
}
