//! Keys that go by themselves: because their time is over, or because memory is short.

use crate::call::{Effects, EventClass};
use crate::eviction::{Candidate, Policy, Pool, frequency, idle_s};
use crate::keyspace::Found;
use crate::shard::Shard;

/// How far the search for keys whose time is over has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep {
    db: usize,
    segment: usize,
}

impl Shard {
    /// Removes a key whose time is over.
    pub fn expire(&mut self, db: usize, found: Found, key: &[u8], effects: &mut Effects) {
        self.remove(db, found);
        self.stats.expired += 1;
        effects.expired.push((db, key.to_vec()));
        effects.event(EventClass::Expired, "expired", db, key);
        effects.change(db, key);
    }

    /// Removes some of the keys whose time is over. False when all databases have been gone through.
    pub fn expire_some(&mut self, sweep: &mut Sweep, effects: &mut Effects) -> bool {
        if !self.may_expire || sweep.db >= self.databases() {
            *sweep = Sweep::default();
            return false;
        }
        let mut keys = Vec::new();
        let (db, now_ms) = (sweep.db, self.now_ms);
        match self.db_mut(db).overdue(sweep.segment, now_ms, &mut keys) {
            Some(next) => sweep.segment = next,
            None => *sweep = Sweep { db: db + 1, segment: 0 },
        }
        for key in keys {
            if let Some(found) = self.find(db, &key) {
                self.expire(db, found, &key, effects);
                self.stats.expired_by_sweep += 1;
            }
        }
        true
    }

    /// Removes the key that can best be done without, by the policy. False if there is none.
    pub fn evict(&mut self, effects: &mut Effects) -> bool {
        let Some((db, key)) = self.choose() else { return false };
        let Some(found) = self.find(db, &key) else { return false };
        self.remove(db, found);
        self.stats.evicted += 1;
        effects.event(EventClass::Evicted, "evicted", db, &key);
        effects.change(db, &key);
        effects.expired.push((db, key));
        true
    }

    fn choose(&mut self) -> Option<(usize, Vec<u8>)> {
        let policy = self.settings.policy;
        if policy == Policy::NoEviction {
            return None;
        }
        if policy.is_random() {
            let first = self.random.below(self.databases() as u64) as usize;
            let count = self.databases();
            return (0..count).map(|n| (first + n) % count).find_map(|db| Some((db, self.sample_key(db)?)));
        }
        let mut pool = std::mem::take(&mut self.pool);
        let chosen = self.choose_from(&mut pool);
        self.pool = pool;
        chosen
    }

    /// Better candidates are kept from one time to the next, so that few samples find nearly the best of all keys.
    fn choose_from(&mut self, pool: &mut Pool) -> Option<(usize, Vec<u8>)> {
        loop {
            let mut sampled = 0;
            for db in 0..self.databases() {
                for _ in 0..self.settings.eviction_samples {
                    let Some(key) = self.sample_key(db) else { break };
                    sampled += 1;
                    if let Some(score) = self.score(db, &key) {
                        pool.offer(Candidate { score, db, key });
                    }
                }
            }
            while let Some(Candidate { score, db, key }) = pool.take() {
                // It may be gone, or have been used since.
                if self.score(db, &key).is_some_and(|now| now >= score) {
                    return Some((db, key));
                }
            }
            if sampled == 0 {
                return None;
            }
        }
    }

    fn sample_key(&mut self, db: usize) -> Option<Vec<u8>> {
        if !self.settings.policy.is_volatile() {
            return self.random_key(db);
        }
        let hasher = self.hasher();
        let mut random = self.random.clone();
        let found = self.db_mut(db).random_expiring(&mut random, hasher);
        self.random = random;
        found.map(|found| self.db(db).key(found).to_vec())
    }

    /// How well a key can be done without: more is better. `None` if it is not there or must not go.
    fn score(&self, db: usize, key: &[u8]) -> Option<u64> {
        let found = self.find(db, key)?;
        let (policy, db) = (self.settings.policy, self.db(db));
        let expiry_ms = db.expiry_ms(found);
        if policy.is_volatile() && expiry_ms.is_none() {
            return None;
        }
        Some(if policy.is_lfu() {
            255 - u64::from(frequency(db.clock(found), self.now_ms, &self.settings.lfu))
        } else if policy.is_by_expiry() {
            u64::MAX - expiry_ms.unwrap_or(u64::MAX)
        } else {
            idle_s(db.clock(found), self.now_ms)
        })
    }
}
