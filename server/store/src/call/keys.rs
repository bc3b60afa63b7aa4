//! Looking keys up, storing and removing them, with all that belongs to it: expiry, clocks, statistics, events.

use bongsu_protocol::resp::Writer;

use super::{Call, Done, EventClass, Fault, Outcome};
use crate::keyspace::{Edit, Found, New, Object, Stored};

impl<'a> Call<'a> {
    /// Answers with what `write` writes.
    #[inline]
    pub fn answer(&mut self, write: impl FnOnce(&mut Writer<'a>)) -> Outcome {
        write(&mut self.reply);
        Ok(Done::Replied)
    }

    /// Answers `OK`.
    #[inline]
    pub fn ok(&mut self) -> Outcome {
        self.answer(|reply| reply.simple("OK"))
    }

    /// Answers an integer.
    #[inline]
    pub fn number(&mut self, n: i64) -> Outcome {
        self.answer(|reply| reply.integer(n))
    }

    /// Answers a number of things.
    #[inline]
    pub fn count(&mut self, n: usize) -> Outcome {
        self.number(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// The key, to be read. Counts as a hit or a miss.
    #[inline]
    pub fn read(&mut self, key: &[u8]) -> Option<Found> {
        let found = self.look_at(key)?;
        self.touch(found);
        Some(found)
    }

    /// As [`Self::read`], which is no use of the key: it is only asked about.
    #[inline]
    pub fn look_at(&mut self, key: &[u8]) -> Option<Found> {
        let found = self.find_in(self.db, key);
        match found {
            Some(_) => self.shard.stats.hits += 1,
            None => {
                self.shard.stats.misses += 1;
                self.effects.event(EventClass::Miss, "keymiss", self.db, key);
            }
        }
        found
    }

    /// The key, to be changed. Counts as no hit and no miss.
    #[inline]
    pub fn find(&mut self, key: &[u8]) -> Option<Found> {
        let found = self.find_in(self.db, key)?;
        self.touch(found);
        Some(found)
    }

    /// The key there is used.
    #[inline]
    fn touch(&mut self, found: Found) {
        if !self.caller.no_touch {
            self.shard.access(self.db, found);
        }
    }

    /// The hash of a key, which need not be computed if it is the argument whose hash is known.
    #[inline]
    fn hash_of(&self, key: &[u8]) -> u64 {
        match (self.first_hash, self.argv.get(1)) {
            (Some(hash), Some(first)) if std::ptr::eq(*first, key) => hash,
            _ => self.shard.hasher().hash(key),
        }
    }

    /// The key, in any database. Leaves no trace if it is there.
    pub fn find_in(&mut self, db: usize, key: &[u8]) -> Option<Found> {
        let found = self.shard.find_hashed(db, self.hash_of(key), key)?;
        let Some(expiry_ms) = self.shard.db(db).expiry_ms(found) else { return Some(found) };
        if expiry_ms > self.shard.now_ms || self.caller.is_master {
            return Some(found);
        }
        if self.shard.may_expire {
            self.expire(db, found, key);
        }
        None
    }

    /// Removes a key whose time is over.
    pub fn expire(&mut self, db: usize, found: Found, key: &[u8]) {
        self.shard.expire(db, found, key, self.effects);
    }

    /// The value there.
    #[inline]
    pub fn value(&self, found: Found) -> Stored<'_> {
        self.shard.db(self.db).value(found)
    }

    /// The collection there, to be changed.
    ///
    /// # Errors
    /// [`Fault::WrongType`] if it is a string.
    pub fn edit(&mut self, found: Found) -> Result<Edit<'_>, Fault> {
        self.shard.db_mut(self.db).edit(found).ok_or(Fault::WrongType)
    }

    /// The string there, as bytes; an integer is written out into `digits`.
    ///
    /// # Errors
    /// [`Fault::WrongType`] if it is a collection.
    #[inline]
    pub fn string<'b>(&'b self, found: Found, digits: &'b mut Vec<u8>) -> Result<&'b [u8], Fault> {
        match self.value(found) {
            Stored::Text(text) | Stored::Raw(text) => Ok(text),
            Stored::Int(n) => {
                digits.clear();
                digits.extend_from_slice(n.to_string().as_bytes());
                Ok(digits)
            }
            Stored::Object(_) => Err(Fault::WrongType),
        }
    }

    /// Stores a value under a key, in place of whatever is there; an expiry goes unless one is given.
    pub fn store(&mut self, key: &[u8], new: New<'_>, expiry_ms: Option<u64>) -> Found {
        let found = self.find(key);
        self.store_at(found, key, new, expiry_ms)
    }

    /// As [`Self::store`], for a key that was looked up.
    pub fn store_at(&mut self, found: Option<Found>, key: &[u8], new: New<'_>, expiry_ms: Option<u64>) -> Found {
        if found.is_none() {
            self.effects.event(EventClass::New, "new", self.db, key);
        }
        let stored = match found {
            Some(_) => self.shard.store(self.db, found, key, new, expiry_ms),
            None => self.shard.insert(self.db, self.hash_of(key), key, new, expiry_ms),
        };
        self.changed(key);
        stored
    }

    /// Stores a collection under a key that is not there.
    pub fn create(&mut self, key: &[u8], object: Object) -> Found {
        self.store_at(None, key, New::Object(object), None)
    }

    /// Removes a key, and publishes that it is gone.
    pub fn delete(&mut self, found: Found, key: &[u8]) {
        self.shard.remove(self.db, found);
        self.effects.event(EventClass::Generic, "del", self.db, key);
        self.changed(key);
    }

    /// Removes a key whose collection has become empty. That was counted as a change already.
    pub fn delete_emptied(&mut self, found: Found, key: &[u8]) {
        self.shard.remove(self.db, found);
        self.effects.event(EventClass::Generic, "del", self.db, key);
    }

    /// The value of a key changed, in one way.
    #[inline]
    pub fn changed(&mut self, key: &[u8]) {
        self.effects.dirty += 1;
        self.effects.change(self.db, key);
    }

    /// Publishes an event of a key in the selected database.
    #[inline]
    pub fn event(&mut self, class: EventClass, name: &'static str, key: &[u8]) {
        self.effects.event(class, name, self.db, key);
    }
}
