//! Keys with their values, as they are read.

mod list;

use std::io::Read;

use bongsu_store::image::{Head, Part, Usage, Value, Writer};
use bongsu_store::listpack::{Digits, Item};

use super::super::code::{is_known_elsewhere, kind};
use super::Fault;
use super::small::{Small, small};
use super::source::Source;
use super::text::{length, score, score_text, string, string_into};
use crate::blob::pairs;
use list::List;

/// A batch is allocated a bit larger than it is to become, so that the last key fits into it.
const BATCH_SPARE: usize = 16 << 10;

/// Elements that are still to come.
#[derive(Debug)]
enum Rest {
    Members(u64),
    Fields(u64),
    Scored(u64, Scores),
    List(List),
}

/// How scores are written.
#[derive(Clone, Copy, Debug)]
enum Scores {
    Binary,
    Digits,
}

/// What goes before a key, and the key.
#[derive(Debug, Default)]
struct Heading {
    db: u32,
    key: Vec<u8>,
    expiry_ms: Option<u64>,
    usage: Usage,
}

impl Heading {
    fn put(&self, batch: &mut Vec<u8>, value: Value<'_>) {
        let head = Head { db: self.db, key: &self.key, expiry_ms: self.expiry_ms, usage: self.usage, value };
        Writer::new(batch).head(&head);
    }
}

/// Collects keys in batches.
#[derive(Debug)]
pub(crate) struct Keys {
    distinct: bool,
    batch_bytes: usize,
    batch: Vec<u8>,
    heading: Heading,
    /// A key has been read, and its value is being.
    in_key: bool,
    /// The type of the value that is being read, or whose key is.
    kind: Option<u8>,
    rest: Option<Rest>,
    scratch: Vec<u8>,
    field: Vec<u8>,
    /// The last key was left out.
    was_empty: bool,
}

impl Keys {
    pub(crate) fn new(distinct: bool, batch_bytes: usize) -> Self {
        Self {
            distinct,
            // An empty batch is never full.
            batch_bytes: batch_bytes.max(1),
            batch: Vec::new(),
            heading: Heading::default(),
            in_key: false,
            kind: None,
            rest: None,
            scratch: Vec::new(),
            field: Vec::new(),
            was_empty: false,
        }
    }

    /// The batch should be taken.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.batch.len() >= self.batch_bytes
    }

    /// There is something to be taken.
    pub(super) fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Parts of an image.
    pub(super) fn take_batch(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.batch)
    }

    pub(super) fn recycle(&mut self, mut batch: Vec<u8>) {
        // A batch that has become large for a long string is given back.
        if self.batch.is_empty() && batch.capacity() <= 2 * (self.batch_bytes + BATCH_SPARE) {
            batch.clear();
            self.batch = batch;
        }
    }

    /// Elements of the last key are to come.
    #[inline]
    pub(super) fn is_within(&self) -> bool {
        self.rest.is_some()
    }

    /// The key whose value is being read.
    pub(super) fn current(&self) -> Option<&[u8]> {
        self.in_key.then_some(&self.heading.key)
    }

    /// Its type.
    pub(super) fn current_kind(&self) -> Option<u8> {
        self.kind
    }

    pub(super) fn db(&self) -> u32 {
        self.heading.db
    }

    /// The last key, if it was left out for want of elements.
    #[inline]
    pub(super) fn take_empty_key(&mut self) -> Option<Vec<u8>> {
        std::mem::take(&mut self.was_empty).then(|| self.heading.key.clone())
    }

    pub(super) fn select(&mut self, db: u64) -> Result<(), Fault> {
        self.heading.db = db.try_into().map_err(|_| Fault::TooMany(db))?;
        Ok(())
    }

    /// A time before the epoch is over as well.
    pub(super) fn expires_at_ms(&mut self, ms: i64) {
        self.heading.expiry_ms = Some(ms.try_into().unwrap_or(0));
    }

    pub(super) fn expires_at_seconds(&mut self, seconds: i32) {
        self.expires_at_ms(i64::from(seconds) * 1000);
    }

    pub(super) fn was_idle(&mut self, seconds: u64) {
        self.heading.usage = Usage::IdleSeconds(seconds.try_into().unwrap_or(u32::MAX));
    }

    pub(super) fn has_frequency(&mut self, frequency: u8) {
        self.heading.usage = Usage::Frequency(frequency);
    }

    /// A string that is no part of a key.
    pub(super) fn string<R: Read>(&mut self, source: &mut Source<R>) -> Result<Vec<u8>, Fault> {
        let mut into = Vec::new();
        string_into(source, &mut self.scratch, &mut into)?;
        Ok(into)
    }

    /// Reads a key and as much of its value as belongs to its head.
    pub(super) fn key<R: Read>(&mut self, code: u8, source: &mut Source<R>) -> Result<(), Fault> {
        check_kind(code)?;
        self.kind = Some(code);
        if self.batch.capacity() == 0 {
            self.batch.reserve(self.batch_bytes.saturating_add(BATCH_SPARE));
        }
        string_into(source, &mut self.scratch, &mut self.heading.key)?;
        self.in_key = true;
        self.value(code, source)?;
        if self.rest.is_none() {
            self.finish();
        }
        Ok(())
    }

    /// A key whose value comes without it.
    pub(crate) fn begin(&mut self, head: &Head<'_>) {
        self.in_key = true;
        self.heading = Heading { db: head.db, key: head.key.to_vec(), expiry_ms: head.expiry_ms, usage: head.usage };
    }

    /// As [`Self::key`], for a key that was begun already.
    pub(super) fn value_alone<R: Read>(&mut self, code: u8, source: &mut Source<R>) -> Result<(), Fault> {
        check_kind(code)?;
        self.kind = Some(code);
        self.value(code, source)
    }

    /// Reads a value of this type, or the beginning of it.
    fn value<R: Read>(&mut self, code: u8, source: &mut Source<R>) -> Result<(), Fault> {
        match code {
            kind::STRING => {
                let value = match string(source, &mut self.scratch)? {
                    Item::Bytes(bytes) => Item::of(bytes),
                    int => int,
                };
                let value = match value {
                    Item::Int(n) => Value::Int(n),
                    Item::Bytes(bytes) => Value::Text(bytes),
                };
                self.heading.put(&mut self.batch, value);
            }
            kind::SET => self.elements(source, Rest::Members, |members| Value::Set { members })?,
            kind::HASH => self.elements(source, Rest::Fields, |fields| Value::Hash { fields })?,
            kind::ZSET | kind::ZSET_TEXT => {
                let scores = if code == kind::ZSET { Scores::Binary } else { Scores::Digits };
                self.elements(source, |left| Rest::Scored(left, scores), |members| Value::Zset { members })?;
            }
            kind::LIST | kind::LIST_QUICKLIST | kind::LIST_QUICKLIST_2 => {
                let list = List::new(code, length(source)?);
                if list.is_over() {
                    self.was_empty = true;
                } else {
                    self.rest = Some(Rest::List(list));
                }
            }
            code if is_known_elsewhere(code) => return Err(Fault::Unsupported(code)),
            code => self.small(code, source)?,
        }
        Ok(())
    }

    fn elements<R: Read>(
        &mut self,
        source: &mut Source<R>,
        rest: impl FnOnce(u64) -> Rest,
        value: impl FnOnce(u64) -> Value<'static>,
    ) -> Result<(), Fault> {
        let len = length(source)?;
        if len == 0 {
            self.was_empty = true;
            return Ok(());
        }
        self.heading.put(&mut self.batch, value(len));
        self.rest = Some(rest(len));
        Ok(())
    }

    fn small<R: Read>(&mut self, code: u8, source: &mut Source<R>) -> Result<(), Fault> {
        let damaged = |damage| Fault::Collection { kind: code, damage };
        let blob = string(source, &mut self.scratch)?;
        let mut digits = Digits::default();
        let value = small(code, blob.bytes(&mut digits), self.distinct).map_err(damaged)?;
        let batch = &mut self.batch;
        match value {
            Small::Empty => self.was_empty = true,
            Small::Ints(ints) => self.heading.put(batch, Value::Ints(ints)),
            Small::Set(list) => self.heading.put(batch, Value::SmallSet(&list)),
            Small::Hash(list) => self.heading.put(batch, Value::SmallHash(&list)),
            Small::Zset(list) => self.heading.put(batch, Value::SmallZset(&list)),
            Small::Chunk(list) => {
                self.heading.put(batch, Value::List { chunks: 1 });
                Writer::new(batch).part(&Part::Chunk(&list));
            }
            Small::Unranked(list) => {
                self.heading.put(batch, Value::Zset { members: (list.len / 2) as u64 });
                let mut items = list.items();
                while let (Some(member), Some(text)) = (items.next(), items.next()) {
                    let score = pairs::score(text).map_err(damaged)?;
                    Writer::new(batch).part(&Part::Scored(member.bytes(&mut Digits::default()), score));
                }
            }
        }
        Ok(())
    }

    /// Reads an element of the last key.
    pub(super) fn element<R: Read>(&mut self, source: &mut Source<R>) -> Result<(), Fault> {
        let Some(rest) = &mut self.rest else { return Ok(()) };
        let mut digits = Digits::default();
        let left = match rest {
            Rest::Members(left) => {
                let member = string(source, &mut self.scratch)?;
                Writer::new(&mut self.batch).part(&Part::Member(member.bytes(&mut digits)));
                left
            }
            Rest::Fields(left) => {
                string_into(source, &mut self.scratch, &mut self.field)?;
                let value = string(source, &mut self.scratch)?;
                Writer::new(&mut self.batch).part(&Part::Field(&self.field, value.bytes(&mut digits)));
                left
            }
            Rest::Scored(left, form) => {
                string_into(source, &mut self.scratch, &mut self.field)?;
                let score = match form {
                    Scores::Binary => score(source)?,
                    Scores::Digits => score_text(source)?,
                };
                Writer::new(&mut self.batch).part(&Part::Scored(&self.field, score));
                left
            }
            Rest::List(list) => {
                list.node(source, &mut self.scratch)?;
                if list.give(self.batch_bytes, &self.heading, &mut self.batch) {
                    if list.is_empty() {
                        self.was_empty = true;
                    }
                    self.finish();
                }
                return Ok(());
            }
        };
        *left -= 1;
        if *left == 0 {
            self.finish();
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.rest = None;
        self.in_key = false;
        self.kind = None;
        self.heading.expiry_ms = None;
        self.heading.usage = Usage::Unknown;
    }
}

/// Refuses what is no type of a value. What is a type elsewhere goes on up to its key, which is worth telling.
fn check_kind(code: u8) -> Result<(), Fault> {
    let is_read = matches!(code, kind::STRING..=kind::ZSET | kind::HASH_ZIPMAP..=kind::LIST_QUICKLIST)
        || matches!(code, kind::HASH_LISTPACK..=kind::LIST_QUICKLIST_2 | kind::SET_LISTPACK);
    if is_read || is_known_elsewhere(code) { Ok(()) } else { Err(Fault::Unknown(code)) }
}
