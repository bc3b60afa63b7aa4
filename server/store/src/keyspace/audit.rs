//! Counts the keys and values of a database anew.

use super::db::Db;
use super::object::{Object, Objects};
use crate::audit::{Discrepancy, of_value};
use crate::entry::{Entry, Kind};
use crate::hash::KeyHasher;

impl Db {
    /// The first thing that is not as it is counted.
    pub(crate) fn audit(&self, hasher: KeyHasher) -> Option<Discrepancy> {
        let entries = || self.table.handles().map(|handle| Entry::read(self.arena.get(handle)));
        let (cells, cell_bytes) = self.arena.recount();
        let expiring = entries().filter(|entry| entry.expiry_ms().is_some()).count();
        let collections = entries().filter(|entry| entry.kind() == Kind::Object).count();
        let found = self.table.found(|handle| hasher.hash(Entry::read(self.arena.get(handle)).key()));
        Discrepancy::between("keys", self.len(), entries().count())
            .or_else(|| Discrepancy::between("keys that are found", self.len(), found))
            .or_else(|| Discrepancy::between("cells", self.len(), cells))
            .or_else(|| Discrepancy::between("memory of cells", self.arena.used_bytes(), cell_bytes))
            .or_else(|| Discrepancy::between("memory of the table", self.table.heap_bytes(), self.table.recount()))
            .or_else(|| Discrepancy::between("keys with an expiry", self.expiring(), expiring))
            .or_else(|| Discrepancy::between("collections", self.objects().len(), collections))
            .or_else(|| {
                Discrepancy::between("memory of collections", self.objects().heap_bytes(), self.objects().recount())
            })
            .or_else(|| Discrepancy::between("marks that mean nothing", 0, self.strange_marks(hasher)))
            .or_else(|| {
                Discrepancy::between("collections that are held", self.held_count(), self.objects().held_count())
            })
            .or_else(|| {
                Discrepancy::between("what is kept", self.objects().kept_bytes(), self.objects().recount_kept())
            })
            .or_else(|| self.keys().find_map(|key| of_value(self.value(self.find(hasher.hash(key), key)?))))
    }
}

impl Db {
    /// Entries with marks that are not of the image under way, nor of one that was given up, or that are behind the walk.
    fn strange_marks(&self, hasher: KeyHasher) -> usize {
        let is_strange = |entry: &Entry<'_>| {
            let mark = entry.mark();
            mark != 0 && self.stale_marks & 1 << mark == 0 && self.mark_of_new(hasher.hash(entry.key())) != mark
        };
        self.table.handles().map(|handle| Entry::read(self.arena.get(handle))).filter(is_strange).count()
    }
}

impl Objects {
    fn recount_kept(&self) -> usize {
        self.all().map(Object::kept_bytes).sum()
    }

    fn held_count(&self) -> usize {
        self.all().filter(|object| object.is_held()).count()
    }

    /// What [`Objects::heap_bytes`] has to be.
    fn recount(&self) -> usize {
        let objects: usize = self.all().map(Object::heap_bytes).sum();
        self.slot_bytes() + objects
    }

    fn len(&self) -> usize {
        self.all().count()
    }
}

impl Object {
    /// What [`Object::heap_bytes`] has to be.
    pub(crate) fn recount(&self) -> usize {
        match self {
            Self::Hash(hash) => hash.recount(),
            Self::List(list) => list.recount(),
            Self::Set(set) => set.recount(),
            Self::Zset(zset) => zset.recount(),
        }
    }
}
