//! Keys whose time is over, and keys that have an expiry at all.

use super::db::{Db, Found};
use crate::entry::Entry;
use crate::hash::KeyHasher;
use crate::random::Random;
use crate::table::Place;

/// Milliseconds of a step of the marks in the table.
const MARK_MS: u64 = 1000;

fn mark_of(expiry_ms: u64) -> u32 {
    u32::try_from(expiry_ms / MARK_MS).unwrap_or(u32::MAX)
}

impl Db {
    pub(super) fn mark(&mut self, place: Place, expiry_ms: Option<u64>) {
        if let Some(at) = expiry_ms {
            self.table.mark(place, mark_of(at));
        }
    }

    /// Takes the keys of the next segment from `from` on whose time is over into `keys`. Gives where to go on, `None` at the end.
    /// A step looks at some 1300 keys at most.
    pub fn overdue(&mut self, from: usize, now_ms: u64, keys: &mut Vec<Vec<u8>>) -> Option<usize> {
        let segment = self.table.due_segment(from, mark_of(now_ms))?;
        let mut soonest = None;
        for handle in self.table.segment_handles(segment) {
            let entry = Entry::read(self.arena.get(handle));
            match entry.expiry_ms() {
                Some(at) if at <= now_ms => keys.push(entry.key().to_vec()),
                Some(at) => soonest = Some(mark_of(at).min(soonest.unwrap_or(u32::MAX))),
                None => {}
            }
        }
        self.table.remark(segment, soonest);
        Some(segment + 1)
    }

    /// Any key with an expiry. Which one is not exactly as likely for all, but for all about.
    pub fn random_expiring(&mut self, random: &mut Random, hasher: KeyHasher) -> Option<Found> {
        let count = self.table.segment_count() as u64;
        while self.expiring() > 0 {
            let segment = self.table.marked_segment(random.below(count) as usize)?;
            let marked: Vec<_> = self
                .table
                .segment_handles(segment)
                .filter(|handle| Entry::read(self.arena.get(*handle)).expiry_ms().is_some())
                .collect();
            if let Some(handle) = marked.get(random.below(marked.len() as u64) as usize) {
                let key = Entry::read(self.arena.get(*handle)).key();
                return self.find(hasher.hash(key), key);
            }
            // The expiries that the mark stood for are gone.
            self.table.remark(segment, None);
        }
        None
    }
}
