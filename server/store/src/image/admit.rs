//! Taking keys in from an image: loading.

use super::blob;
use super::{Head, Part, Value};
use crate::hash_map::{Hash, HashRules};
use crate::keyspace::{New, Object};
use crate::list::{Limit, List};
use crate::listpack::Item;
use crate::set::{Set, SetRules};
use crate::settings::STRING_BYTES_MAX;
use crate::shard::Shard;
use crate::zset::{Gather, Limits};

/// Why a part was not taken in. The key that it belongs to is not there then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotAdmitted {
    /// There is no database of that number.
    NoSuchDatabase {
        /// The number.
        db: u32,
    },
    /// The key is there already, and is not to be replaced.
    Exists,
    /// The collection has no elements.
    Empty,
    /// An element is there twice.
    Duplicate,
    /// The bytes of a small collection are none, or a score is no number.
    Malformed,
    /// An element without a head that announces it or of another type, or a head before all elements of the last one.
    OutOfPlace,
    /// A string is longer than strings can be.
    TooLong,
}

impl std::fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchDatabase { db } => write!(f, "there is no database {db}"),
            Self::Exists => f.write_str("the key is there already"),
            Self::Empty => f.write_str("a collection without elements"),
            Self::Duplicate => f.write_str("an element that is there twice"),
            Self::Malformed => f.write_str("a malformed collection"),
            Self::OutOfPlace => f.write_str("an element or a key out of place"),
            Self::TooLong => f.write_str("a string that is too long"),
        }
    }
}

impl std::error::Error for NotAdmitted {}

/// How parts are taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AdmissionOptions {
    /// Keys whose time is over are taken in like others: as from a master, who says when they go. Otherwise they are left out.
    pub keeps_expired: bool,
    /// Keys that are there already are replaced. Otherwise they are an error.
    pub replaces: bool,
    /// All keys go into this database, whatever their heads say.
    pub db: Option<u32>,
}

/// Parts that are being taken in: how, and the collection whose elements are still coming.
#[derive(Debug, Default)]
pub struct Admission {
    options: AdmissionOptions,
    growing: Option<Growing>,
}

impl Admission {
    /// Nothing yet.
    pub fn new(options: AdmissionOptions) -> Self {
        Self { options, growing: None }
    }

    /// Elements of the last key are still to come.
    pub fn is_amid(&self) -> bool {
        self.growing.is_some()
    }
}

/// A collection whose elements are coming.
#[derive(Debug)]
struct Growing {
    db: usize,
    key: Vec<u8>,
    expiry_ms: Option<u64>,
    clock: u32,
    /// Elements that are still to come.
    left: u64,
    value: Elements,
}

#[derive(Debug)]
enum Elements {
    /// Of a key that is left out.
    Nothing,
    List(List),
    /// `None` before the first.
    Set(Option<Set>),
    Hash(Hash),
    Zset(Box<Gather>),
}

impl Shard {
    /// Reads what taking these parts in will read first. Parts that are announced together wait for memory together.
    pub fn announce(&self, parts: &[Part<'_>]) {
        for part in parts {
            if let Part::Head(head) = part
                && (head.db as usize) < self.databases()
            {
                std::hint::black_box(self.db(head.db as usize).announce(self.hasher().hash(head.key)));
            }
        }
    }

    /// Takes the next part of an image in. `state` keeps a large collection from part to part.
    ///
    /// # Errors
    /// See [`NotAdmitted`]. Of a collection with an error nothing is taken in; what follows it has to begin with a head.
    pub fn admit(&mut self, part: &Part<'_>, state: &mut Admission) -> Result<(), NotAdmitted> {
        if let Part::Head(head) = part {
            return if state.growing.take().is_none() {
                self.admit_head(head, state)
            } else {
                Err(NotAdmitted::OutOfPlace)
            };
        }
        let Some(mut growing) = state.growing.take() else { return Err(NotAdmitted::OutOfPlace) };
        self.admit_element(part, &mut growing)?;
        growing.left -= 1;
        if growing.left > 0 {
            state.growing = Some(growing);
            return Ok(());
        }
        let Growing { db, key, expiry_ms, clock, value, .. } = growing;
        match self.finished(value) {
            Some(object) => self.enter(db, &key, New::Object(object), expiry_ms, clock, state.options.replaces),
            None => Ok(()),
        }
    }

    fn admit_head(&mut self, head: &Head<'_>, state: &mut Admission) -> Result<(), NotAdmitted> {
        let number = state.options.db.unwrap_or(head.db);
        let db = usize::try_from(number).ok().filter(|db| *db < self.databases());
        let db = db.ok_or(NotAdmitted::NoSuchDatabase { db: number })?;
        check_len(head.key)?;
        let is_over = !state.options.keeps_expired && head.expiry_ms.is_some_and(|at| at <= self.now_ms);
        let clock = self.clocks().write(head.usage);
        let hasher = self.hasher();
        let set = |set| New::Object(Object::Set(set));
        let new = match head.value {
            Value::Text(text) => {
                check_len(text)?;
                match Item::of(text) {
                    Item::Int(n) => New::Int(n),
                    Item::Bytes(text) => New::Text(text),
                }
            }
            Value::Int(n) => New::Int(n),
            Value::Ints(bytes) => set(blob::ints(bytes, &SetRules::new(&self.settings, hasher))?),
            Value::SmallSet(bytes) => set(blob::small_set(bytes, &SetRules::new(&self.settings, hasher))?),
            Value::SmallHash(bytes) => {
                New::Object(Object::Hash(blob::small_hash(bytes, &HashRules::new(&self.settings, hasher))?))
            }
            Value::SmallZset(bytes) => {
                New::Object(Object::Zset(blob::small_zset(bytes, Limits::new(&self.settings, hasher))?))
            }
            Value::List { .. } | Value::Set { .. } | Value::Hash { .. } | Value::Zset { .. } => {
                let value = if is_over { Elements::Nothing } else { self.elements(head.value) };
                let (key, expiry_ms, left) = (head.key.to_vec(), head.expiry_ms, head.value.elements());
                if left == 0 {
                    return Err(NotAdmitted::Empty);
                }
                if !is_over && !state.options.replaces && self.find(db, head.key).is_some() {
                    return Err(NotAdmitted::Exists);
                }
                state.growing = Some(Growing { db, key, expiry_ms, clock, left, value });
                return Ok(());
            }
        };
        if is_over { Ok(()) } else { self.enter(db, head.key, new, head.expiry_ms, clock, state.options.replaces) }
    }

    /// What the elements of a head are gathered in.
    fn elements(&self, value: Value<'_>) -> Elements {
        match value {
            Value::List { .. } => Elements::List(List::default()),
            Value::Set { .. } => Elements::Set(None),
            Value::Hash { fields } => {
                let mut hash = Hash::default();
                let fields = usize::try_from(fields).unwrap_or(usize::MAX);
                hash.expect_fields(fields, &HashRules::new(&self.settings, self.hasher()));
                Elements::Hash(hash)
            }
            Value::Zset { .. } => Elements::Zset(Box::new(Gather::new(Limits::new(&self.settings, self.hasher())))),
            _ => Elements::Nothing,
        }
    }

    fn admit_element(&self, part: &Part<'_>, growing: &mut Growing) -> Result<(), NotAdmitted> {
        let hasher = self.hasher();
        let is_new = match (part, &mut growing.value) {
            (Part::Head(_), _) => return Err(NotAdmitted::OutOfPlace),
            (_, Elements::Nothing) => true,
            (Part::Chunk(bytes), Elements::List(list)) => {
                list.append(blob::chunk(bytes)?);
                true
            }
            (Part::Member(member), Elements::Set(set)) => {
                check_len(member)?;
                let rules = SetRules::new(&self.settings, hasher);
                let expected = usize::try_from(growing.left).unwrap_or(usize::MAX);
                set.get_or_insert_with(|| Set::for_member(member, expected, &rules)).insert(member, &rules)
            }
            (Part::Field(field, value), Elements::Hash(hash)) => {
                check_len(field)?;
                check_len(value)?;
                hash.set(field, value, &HashRules::new(&self.settings, hasher))
            }
            (Part::Scored(member, score), Elements::Zset(zset)) => {
                check_len(member)?;
                if score.is_nan() {
                    return Err(NotAdmitted::Malformed);
                }
                let mut is_new = true;
                zset.set(member, |old| {
                    is_new = old.is_none();
                    *score
                });
                is_new
            }
            _ => return Err(NotAdmitted::OutOfPlace),
        };
        if is_new { Ok(()) } else { Err(NotAdmitted::Duplicate) }
    }

    /// The collection, now that all elements are there. `None` if it is left out.
    fn finished(&self, value: Elements) -> Option<Object> {
        Some(match value {
            Elements::Nothing => return None,
            Elements::List(mut list) => {
                list.prepare(0, 0, Limit::of(self.settings.list_max_listpack_size));
                Object::List(list)
            }
            Elements::Set(set) => {
                let mut set = set?;
                set.shrink();
                Object::Set(set)
            }
            Elements::Hash(mut hash) => {
                hash.tidy();
                Object::Hash(hash)
            }
            Elements::Zset(gather) => {
                let mut zset = gather.finish();
                zset.tidy();
                Object::Zset(zset)
            }
        })
    }

    fn enter(
        &mut self,
        db: usize,
        key: &[u8],
        new: New<'_>,
        expiry_ms: Option<u64>,
        clock: u32,
        replaces: bool,
    ) -> Result<(), NotAdmitted> {
        let hasher = self.hasher();
        let hash = hasher.hash(key);
        match self.find_hashed(db, hash, key) {
            Some(_) if !replaces => return Err(NotAdmitted::Exists),
            Some(found) => {
                let stored = self.store(db, Some(found), key, new, expiry_ms);
                self.db_mut(db).set_clock(stored, clock);
            }
            None => {
                self.db_mut(db).insert(hasher, hash, key, new, expiry_ms, clock);
            }
        }
        Ok(())
    }
}

pub(super) fn check_len(bytes: &[u8]) -> Result<(), NotAdmitted> {
    if bytes.len() <= STRING_BYTES_MAX { Ok(()) } else { Err(NotAdmitted::TooLong) }
}
