//! An image of all databases at one moment, written in steps while they go on changing.
//!
//! What is needed for it beside the databases themselves: collections and databases that are gone from the keyspace and not
//! written yet. Memory that an image takes is bounded by what changes while it is under way: a changed key costs its old image
//! once, a changed element of a large collection its old form once, and what is removed stays until it is written.

use std::collections::VecDeque;

use super::{Budget, Clocks, Head, Value};
use crate::keyspace::{Db, Object, Rules, write_record};
use crate::shard::{Garbage, Shard};

/// What a database is going to have in an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImageOf {
    /// Its number.
    pub db: u32,
    /// Keys.
    pub keys: u64,
    /// Those with an expiry.
    pub expiring: u64,
}

/// There is an image under way, and there can be only one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImageUnderWay;

impl std::fmt::Display for ImageUnderWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an image of the databases is under way")
    }
}

impl std::error::Error for ImageUnderWay {}

/// From where on a collection is too large to be written at once. What is written at once takes some ten microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Large {
    pub(crate) elements: usize,
    pub(crate) bytes: usize,
}

impl Default for Large {
    fn default() -> Self {
        Self { elements: 1024, bytes: 64 * 1024 }
    }
}

/// Room that is made for what a step is going to write, at most: whoever asks for more may not need it.
const ROOM_MAX: usize = 1 << 20;

/// An image that is under way.
pub(crate) struct Capture {
    rules: Rules,
    /// Written and not taken.
    out: Vec<u8>,
    /// Collections that left the keyspace. If one has been begun, it is the first.
    removed: VecDeque<Object>,
    /// Databases that left it.
    detached: Vec<Db>,
    /// All is written.
    is_done: bool,
}

impl Shard {
    /// Begins an image of all that is there now. Gives what there is, database by database.
    ///
    /// # Errors
    /// [`ImageUnderWay`] if there is one already.
    pub fn begin_image(&mut self) -> Result<Vec<ImageOf>, ImageUnderWay> {
        if self.capture.is_some() {
            return Err(ImageUnderWay);
        }
        let rules = Rules { hasher: self.hasher(), clocks: self.clocks(), large: self.large };
        let mut all = Vec::new();
        for (db, number) in self.dbs.iter_mut().zip(0..) {
            db.begin_walk(number, rules);
            let (keys, expiring) = (db.len() as u64, db.expiring() as u64);
            all.extend((keys > 0).then_some(ImageOf { db: number, keys, expiring }));
        }
        let (removed, detached) = (VecDeque::new(), Vec::new());
        self.capture = Some(Box::new(Capture { rules, out: Vec::new(), removed, detached, is_done: false }));
        Ok(all)
    }

    /// Goes on with the image until about `bytes` more are written. False when all is written, or nothing is under way.
    pub fn continue_image(&mut self, bytes: usize) -> bool {
        let Some(mut capture) = self.capture.take_if(|capture| !capture.is_done) else { return false };
        let mut budget = Budget::new(bytes.max(1));
        capture.out.reserve(bytes.min(ROOM_MAX));
        let mut is_on = true;
        while is_on && !budget.is_spent() {
            is_on = self.write_on(&mut capture, &mut budget);
        }
        if !is_on {
            self.dbs.iter_mut().for_each(Db::end_walk);
            capture.is_done = true;
        }
        self.capture = Some(capture);
        is_on
    }

    /// Takes what has been written since the last call: parts of the image, whole ones. Once the last is taken, nothing is under way.
    pub fn take_image(&mut self) -> Vec<u8> {
        let Some(mut capture) = self.capture.take() else { return Vec::new() };
        if !self.is_amid(&capture) {
            self.write_forced(&mut capture);
        }
        let out = std::mem::take(&mut capture.out);
        if !capture.is_done {
            self.capture = Some(capture);
        }
        out
    }

    /// Bytes of the image that are written and not taken, those included that cannot be taken before a collection is finished.
    pub fn image_bytes(&self) -> usize {
        let Some(capture) = &self.capture else { return 0 };
        let dbs = self.dbs.iter().chain(&capture.detached);
        let removed = capture.removed.iter().filter_map(Object::holder).map(|holder| holder.held_bytes());
        capture.out.len() + dbs.map(Db::kept_bytes).sum::<usize>() + removed.sum::<usize>()
    }

    /// An image is under way, or its last part is not taken yet.
    pub fn has_image(&self) -> bool {
        self.capture.is_some()
    }

    /// Gives the image up that is under way.
    pub fn abandon_image(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        self.dbs.iter_mut().for_each(Db::abandon_walk);
        capture.detached.into_iter().for_each(|db| self.garbage.push(Garbage::Db(Box::new(db))));
        capture.removed.into_iter().for_each(|object| self.discard(Some(object)));
    }

    /// Writes the parts of one key, if it is there.
    pub fn image_of(&self, db: usize, key: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(found) = self.find(db, key) else { return false };
        let keyspace = self.db(db);
        let usage = self.clocks().read(keyspace.clock(found));
        let number = u32::try_from(db).unwrap_or(u32::MAX);
        let head = Head { db: number, key, expiry_ms: keyspace.expiry_ms(found), usage, value: Value::Int(0) };
        write_record(&head, keyspace.value(found), out);
        true
    }

    pub(crate) fn clocks(&self) -> Clocks {
        Clocks { policy: self.settings.policy, lfu: self.settings.lfu, now_ms: self.now_ms }
    }

    /// Sees to a collection that left the keyspace, if the image needs it. Gives it back if not.
    pub(crate) fn keep_removed(&mut self, object: Object) -> Option<Object> {
        match &mut self.capture {
            Some(capture) if object.is_held() => {
                if object.holder().is_some_and(|holder| holder.has_begun()) {
                    capture.removed.push_front(object);
                } else {
                    capture.removed.push_back(object);
                }
                None
            }
            _ => Some(object),
        }
    }

    /// Sees to a database that left the keyspace, and to the one in its place. Gives the first back if the image does not need it.
    pub(crate) fn keep_flushed(&mut self, number: usize, old: Db) -> Option<Db> {
        let Some(capture) = &mut self.capture else { return Some(old) };
        if capture.is_done {
            return Some(old);
        }
        self.dbs[number].stand_by(capture.rules);
        if old.is_walked() {
            return Some(old);
        }
        capture.detached.push(old);
        None
    }

    /// A collection is begun and not finished, so that nothing else can be written.
    fn is_amid(&self, capture: &Capture) -> bool {
        let removed = capture.removed.front().and_then(Object::holder);
        removed.is_some_and(|holder| holder.has_begun())
            || self.dbs.iter().any(Db::is_writing)
            || capture.detached.iter().any(Db::is_writing)
    }

    fn write_forced(&mut self, capture: &mut Capture) {
        self.dbs.iter_mut().chain(&mut capture.detached).for_each(|db| db.write_forced(&mut capture.out));
    }

    /// One step: the collection that is begun, or keys that had to be written, or a collection that is held, or the walk.
    /// False if there is nothing left.
    fn write_on(&mut self, capture: &mut Capture, budget: &mut Budget) -> bool {
        if self.write_begun(capture, budget) {
            return true;
        }
        self.write_forced(capture);
        let Capture { out, removed, detached, .. } = capture;
        if let Some(holder) = removed.front_mut().and_then(Object::holder_mut) {
            holder.begin(out);
            return true;
        }
        detached.retain_mut(|db| {
            let is_needed = !db.is_walked();
            if !is_needed {
                self.garbage.push(Garbage::Db(Box::new(std::mem::take(db))));
            }
            is_needed
        });
        let mut dbs = self.dbs.iter_mut().chain(detached.iter_mut());
        if dbs.any(|db| db.begin_held(out)) {
            return true;
        }
        let mut dbs = self.dbs.iter_mut().chain(detached.iter_mut());
        dbs.any(|db| db.walk_on(out, budget))
    }

    /// Goes on with the collection that is begun. False if there is none.
    fn write_begun(&mut self, capture: &mut Capture, budget: &mut Budget) -> bool {
        let Capture { out, removed, detached, .. } = capture;
        if let Some(holder) = removed.front_mut().and_then(Object::holder_mut)
            && holder.has_begun()
        {
            if holder.write_on(out, budget) {
                let object = removed.pop_front();
                self.discard(object);
            }
            return true;
        }
        let mut dbs = self.dbs.iter_mut().chain(detached.iter_mut());
        dbs.any(|db| db.write_held(out, budget))
    }
}
