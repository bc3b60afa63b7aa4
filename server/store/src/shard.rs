//! The keyspace: databases, and what they have in common.

use crate::eviction::Pool;
use crate::hash::KeyHasher;
use crate::image::{Capture, Large};
use crate::keyspace::{Db, Found, New, Object};
use crate::random::Random;
use crate::settings::Settings;

/// Collections that take more work than this to free are left to whoever takes the garbage.
const FREE_AT_ONCE: usize = 64;

/// Counters that `INFO` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Look-ups that found something.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
    /// Keys whose time was over.
    pub expired: u64,
    /// Keys that had to go because memory was short.
    pub evicted: u64,
    /// Those of the expired keys that nobody had asked for.
    pub expired_by_sweep: u64,
}

/// Databases, the clock that they go by, and what belongs to all of them. It is owned by one thread and can be moved to another.
pub struct Shard {
    pub(crate) dbs: Vec<Db>,
    hasher: KeyHasher,
    /// Random numbers.
    pub random: Random,
    /// Milliseconds of the epoch. Whoever runs commands sets it before each.
    pub now_ms: u64,
    /// Keys whose time is over are removed when somebody comes across them. A replica leaves that to its master, and only acts as if
    /// they were gone.
    pub may_expire: bool,
    /// Directives that concern the keyspace.
    pub settings: Settings,
    /// Counters.
    pub stats: Stats,
    /// What takes long to free.
    pub(crate) garbage: Vec<Garbage>,
    /// An image that is under way.
    pub(crate) capture: Option<Box<Capture>>,
    /// Collections that an image is written of in steps.
    pub(crate) large: Large,
    /// Keys that can best be done without.
    pub(crate) pool: Pool,
}

/// Something that is not reachable any more and takes long to free. Dropping it on another thread is enough.
pub enum Garbage {
    /// A collection.
    Object(Object),
    /// A database.
    Db(Box<Db>),
}

impl Shard {
    /// Empty databases. `seed` gives the secret of the hash and all random numbers.
    pub fn new(databases: usize, mut seed: Random) -> Self {
        Self {
            dbs: (0..databases).map(|_| Db::default()).collect(),
            hasher: KeyHasher::new((seed.next_u64(), seed.next_u64())),
            random: seed,
            now_ms: 0,
            may_expire: true,
            settings: Settings::default(),
            stats: Stats::default(),
            garbage: Vec::new(),
            capture: None,
            large: Large::default(),
            pool: Pool::default(),
        }
    }

    /// Empty databases, as many as here and set up like them, for data that may replace those here some time.
    pub fn empty_like(&mut self) -> Self {
        let seed = Random::new([0; 4].map(|_: u64| self.random.next_u64()));
        let mut other = Self::new(self.databases(), seed);
        other.hasher = self.hasher;
        other.settings = self.settings.clone();
        other.now_ms = self.now_ms;
        other
    }

    /// Takes over all data of another one. Those that were here are left to whoever takes the garbage.
    pub fn replace(&mut self, other: Self) {
        for db in 0..self.databases() {
            self.flush(db);
        }
        self.dbs = other.dbs;
        self.hasher = other.hasher;
        self.pool = Pool::default();
    }

    /// Number of databases.
    pub fn databases(&self) -> usize {
        self.dbs.len()
    }

    /// The hash of keys.
    pub fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// A database.
    #[inline]
    pub fn db(&self, db: usize) -> &Db {
        &self.dbs[db]
    }

    /// A database.
    #[inline]
    pub fn db_mut(&mut self, db: usize) -> &mut Db {
        &mut self.dbs[db]
    }

    /// Memory of all keys and values.
    pub fn heap_bytes(&self) -> usize {
        self.dbs.iter().map(Db::heap_bytes).sum()
    }

    /// The key's place, whether or not its time is over.
    #[inline]
    pub fn find(&self, db: usize, key: &[u8]) -> Option<Found> {
        self.find_hashed(db, self.hasher.hash(key), key)
    }

    /// As [`Self::find`], for a key whose hash is known.
    #[inline]
    pub fn find_hashed(&self, db: usize, hash: u64, key: &[u8]) -> Option<Found> {
        self.dbs[db].find(hash, key)
    }

    /// Notes that a key was used, for the eviction policy.
    #[inline]
    pub fn access(&mut self, db: usize, found: Found) {
        let old = self.dbs[db].clock(found);
        let clock = self.settings.policy.clock_after(old, self.now_ms, &self.settings.lfu, &mut self.random);
        if clock != old {
            self.dbs[db].set_clock(found, clock);
        }
    }

    /// Stores a value under a key, in place of what was found there.
    pub fn store(
        &mut self,
        db: usize,
        found: Option<Found>,
        key: &[u8],
        new: New<'_>,
        expiry_ms: Option<u64>,
    ) -> Found {
        let Some(found) = found else { return self.insert(db, self.hasher.hash(key), key, new, expiry_ms) };
        let (stored, old) = self.dbs[db].replace(found, key, new, expiry_ms);
        self.discard(old);
        // A counter of use goes on, and the time of the last use is that of the value.
        if !self.settings.policy.is_lfu() {
            self.dbs[db].set_clock(stored, self.settings.policy.first_clock(self.now_ms));
        }
        stored
    }

    /// Stores a key that is not there, and whose hash is known.
    pub fn insert(&mut self, db: usize, hash: u64, key: &[u8], new: New<'_>, expiry_ms: Option<u64>) -> Found {
        self.make_way(db, hash, key);
        let clock = self.settings.policy.first_clock(self.now_ms);
        self.dbs[db].insert(self.hasher, hash, key, new, expiry_ms, clock)
    }

    /// Removes a key.
    pub fn remove(&mut self, db: usize, found: Found) {
        let old = self.dbs[db].remove(self.hasher, found);
        self.discard(old);
    }

    /// Removes a key, and gives its collection instead of freeing it.
    pub fn take(&mut self, db: usize, found: Found) -> Option<Object> {
        self.dbs[db].remove(self.hasher, found)
    }

    /// Gives the value of a key another key, which is free.
    pub fn rename(&mut self, db: usize, from: &[u8], to: &[u8]) {
        let hash = self.hasher.hash(to);
        self.make_way(db, hash, to);
        if let Some(found) = self.find(db, from) {
            self.dbs[db].rename(self.hasher, found, hash, to);
        }
    }

    /// Removes a key whose time is over and that stayed because keys do not go by themselves: to others it is not there.
    fn make_way(&mut self, db: usize, hash: u64, key: &[u8]) {
        if !self.may_expire
            && let Some(stale) = self.find_hashed(db, hash, key)
        {
            self.remove(db, stale);
        }
    }

    /// Any key, each about as likely as any other.
    pub fn random_key(&mut self, db: usize) -> Option<Vec<u8>> {
        let (db, random) = (&self.dbs[db], &mut self.random);
        db.random(|| random.next_u64(), self.hasher).map(|found| db.key(found).to_vec())
    }

    /// Empties a database.
    pub fn flush(&mut self, db: usize) -> usize {
        let old = std::mem::take(&mut self.dbs[db]);
        let keys = old.len();
        // Few keys may have many members.
        if let Some(old) = self.keep_flushed(db, old)
            && keys > 0
        {
            self.garbage.push(Garbage::Db(Box::new(old)));
        }
        keys
    }

    /// Exchanges two databases.
    pub fn swap(&mut self, one: usize, other: usize) {
        self.dbs.swap(one, other);
    }

    /// Frees a collection, at once or later.
    pub fn discard(&mut self, object: Option<Object>) {
        if let Some(object) = object.and_then(|object| self.keep_removed(object))
            && object.free_effort() > FREE_AT_ONCE
        {
            self.garbage.push(Garbage::Object(object));
        }
    }

    /// Something waits to be dropped by somebody who has time.
    pub fn has_garbage(&self) -> bool {
        !self.garbage.is_empty()
    }

    /// What is to be dropped by somebody who has time.
    pub fn take_garbage(&mut self) -> Vec<Garbage> {
        std::mem::take(&mut self.garbage)
    }
}
