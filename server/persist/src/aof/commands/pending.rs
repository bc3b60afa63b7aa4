//! Elements on their way into commands.

use bongsu_protocol::resp::{double_text, push_arg, start_command};
use bongsu_store::image::{Head, Part};
use bongsu_store::listpack::Digits;

use super::items::Items;
use super::{Misfit, expire};

/// Elements of a command, as in Redis: one that is executed while nobody else is served is to be short.
const ELEMENTS_MAX: usize = 64;

/// Bytes of elements after which a command is not made longer, so that large ones do not gather.
const BYTES_MAX: usize = 64 << 10;

/// What the elements are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    List,
    Set,
    Hash,
    Zset,
}

impl Kind {
    const fn command(self) -> &'static [u8] {
        match self {
            Self::List => b"RPUSH",
            Self::Set => b"SADD",
            Self::Hash => b"HMSET",
            Self::Zset => b"ZADD",
        }
    }

    /// Arguments of an element.
    const fn width(self) -> usize {
        match self {
            Self::List | Self::Set => 1,
            Self::Hash | Self::Zset => 2,
        }
    }
}

/// A key whose elements come one by one.
#[derive(Debug)]
pub(super) struct Pending {
    key: Vec<u8>,
    expiry_ms: Option<u64>,
    kind: Kind,
    /// Parts that are still to come.
    missing: u64,
    /// Arguments of the next command.
    arguments: Vec<u8>,
    /// Elements among them.
    elements: usize,
    is_empty: bool,
}

impl Pending {
    pub(super) fn new(head: &Head<'_>, kind: Kind, missing: u64) -> Self {
        let (key, expiry_ms) = (head.key.to_vec(), head.expiry_ms);
        Self { key, expiry_ms, kind, missing, arguments: Vec::new(), elements: 0, is_empty: true }
    }

    pub(super) const fn missing(&self) -> u64 {
        self.missing
    }

    /// The next part.
    pub(super) fn element(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match (*part, self.kind) {
            (Part::Chunk(bytes), Kind::List) => self.push_all(Items::of(bytes).ok_or(Misfit::Malformed)?, out)?,
            (Part::Member(member), Kind::Set) => self.push(&[member], out),
            (Part::Field(field, value), Kind::Hash) => self.push(&[field, value], out),
            (Part::Scored(member, score), Kind::Zset) => self.push(&[double_text(score).as_bytes(), member], out),
            _ => return Err(Misfit::Stray),
        }
        self.missing -= 1;
        Ok(())
    }

    /// All items of a listpack. In one of a sorted set, scores stand behind their members.
    pub(super) fn push_all(&mut self, mut items: Items<'_>, out: &mut Vec<u8>) -> Result<(), Misfit> {
        while let Some(first) = items.next() {
            let (mut one, mut other) = (Digits::default(), Digits::default());
            let first = first?.bytes(&mut one);
            if self.kind.width() == 1 {
                self.push(&[first], out);
                continue;
            }
            let second = items.next().ok_or(Misfit::Malformed)??.bytes(&mut other);
            let pair = if self.kind == Kind::Zset { [second, first] } else { [first, second] };
            self.push(&pair, out);
        }
        Ok(())
    }

    /// An element, as the arguments that stand for it.
    pub(super) fn push(&mut self, arguments: &[&[u8]], out: &mut Vec<u8>) {
        arguments.iter().for_each(|argument| push_arg(&mut self.arguments, argument));
        self.elements += 1;
        if self.elements == ELEMENTS_MAX || self.arguments.len() >= BYTES_MAX {
            self.write(out);
        }
    }

    /// The last command of the key.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.write(out);
        if let Some(ms) = self.expiry_ms.filter(|_| !self.is_empty) {
            expire(&self.key, ms, out);
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        if self.elements == 0 {
            return;
        }
        start_command(out, 2 + self.elements * self.kind.width());
        push_arg(out, self.kind.command());
        push_arg(out, &self.key);
        out.extend_from_slice(&self.arguments);
        self.arguments.clear();
        self.arguments.shrink_to(BYTES_MAX);
        self.elements = 0;
        self.is_empty = false;
    }
}
