//! The commands that make the keys of an image: a base that is no RDB file.

mod items;
mod pending;
#[cfg(test)]
mod tests;

use bongsu_protocol::resp::{push_arg, start_command};
use bongsu_store::image::{Head, Part, Value};
use bongsu_store::intset::IntSet;
use bongsu_store::listpack::Digits;
use thiserror::Error;

use items::Items;
use pending::{Kind, Pending};

/// A part that cannot follow those before it. What has been written up to then is not to be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Misfit {
    /// An element of another kind than its key, or of none.
    #[error("an element that belongs to no key")]
    Stray,
    /// A key or the end, before the elements of the last key were there.
    #[error("a key with {missing} elements missing")]
    Unfinished {
        /// As many.
        missing: u64,
    },
    /// Bytes that should be a listpack or an intset.
    #[error("a collection whose bytes are no collection")]
    Malformed,
}

/// Writes commands for the parts of an image.
#[derive(Debug, Default)]
pub struct Rewriter {
    db: Option<u32>,
    pending: Option<Pending>,
}

impl Rewriter {
    /// Of an image that begins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the commands that can be told from this part.
    pub fn part(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match part {
            Part::Head(head) => self.head(head, out),
            element => {
                let pending = self.pending.as_mut().ok_or(Misfit::Stray)?;
                pending.element(element, out)?;
                if pending.missing() == 0 {
                    pending.finish(out);
                    self.pending = None;
                }
                Ok(())
            }
        }
    }

    /// Whether the image may end here.
    pub fn finish(&self) -> Result<(), Misfit> {
        match &self.pending {
            Some(pending) => Err(Misfit::Unfinished { missing: pending.missing() }),
            None => Ok(()),
        }
    }

    fn head(&mut self, head: &Head<'_>, out: &mut Vec<u8>) -> Result<(), Misfit> {
        self.finish()?;
        if self.db != Some(head.db) {
            self.db = Some(head.db);
            start_command(out, 2);
            push_arg(out, b"SELECT");
            push_arg(out, Digits::default().write(head.db.into()));
        }
        let of = |kind, missing| Pending::new(head, kind, missing);
        match head.value {
            Value::Text(text) => set(head, text, out),
            Value::Int(n) => set(head, Digits::default().write(n), out),
            Value::Ints(bytes) => {
                let ints = IntSet::from_bytes(bytes.to_vec()).ok_or(Misfit::Malformed)?;
                let mut members = of(Kind::Set, 0);
                ints.iter().for_each(|n| members.push(&[Digits::default().write(n)], out));
                members.finish(out);
            }
            Value::SmallSet(bytes) => small(of(Kind::Set, 0), bytes, out)?,
            Value::SmallHash(bytes) => small(of(Kind::Hash, 0), bytes, out)?,
            Value::SmallZset(bytes) => small(of(Kind::Zset, 0), bytes, out)?,
            Value::List { chunks: 0 }
            | Value::Set { members: 0 }
            | Value::Hash { fields: 0 }
            | Value::Zset { members: 0 } => {}
            Value::List { chunks } => self.pending = Some(of(Kind::List, chunks)),
            Value::Set { members } => self.pending = Some(of(Kind::Set, members)),
            Value::Hash { fields } => self.pending = Some(of(Kind::Hash, fields)),
            Value::Zset { members } => self.pending = Some(of(Kind::Zset, members)),
        }
        Ok(())
    }
}

fn set(head: &Head<'_>, text: &[u8], out: &mut Vec<u8>) {
    start_command(out, 3);
    push_arg(out, b"SET");
    push_arg(out, head.key);
    push_arg(out, text);
    if let Some(ms) = head.expiry_ms {
        expire(head.key, ms, out);
    }
}

fn expire(key: &[u8], at_ms: u64, out: &mut Vec<u8>) {
    start_command(out, 3);
    push_arg(out, b"PEXPIREAT");
    push_arg(out, key);
    push_arg(out, Digits::default().write(i64::try_from(at_ms).unwrap_or(i64::MAX)));
}

/// The elements of a small collection.
fn small(mut elements: Pending, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
    elements.push_all(Items::of(bytes).ok_or(Misfit::Malformed)?, out)?;
    elements.finish(out);
    Ok(())
}
