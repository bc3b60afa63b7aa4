//! Telling from a part of an image that it would not be taken in, before anything makes room for it.

use super::admit::{NotAdmitted, check_len};
use super::blob;
use super::{Head, Part, Value};
use crate::hash_map::HashRules;
use crate::set::SetRules;
use crate::shard::Shard;
use crate::zset::Limits;

impl Shard {
    /// Whether [`Shard::admit`] would refuse this part for what it is, and not for what came before it: keys that are there twice,
    /// and elements of large collections, are not noticed. Nothing is taken in.
    ///
    /// # Errors
    /// See [`NotAdmitted`].
    pub fn inspect(&self, part: &Part<'_>) -> Result<(), NotAdmitted> {
        match part {
            Part::Head(head) => self.inspect_head(head),
            Part::Chunk(bytes) => blob::chunk(bytes).map(drop),
            Part::Member(member) => check_len(member),
            Part::Field(field, value) => check_len(field).and_then(|()| check_len(value)),
            Part::Scored(_, score) if score.is_nan() => Err(NotAdmitted::Malformed),
            Part::Scored(member, _) => check_len(member),
        }
    }

    fn inspect_head(&self, head: &Head<'_>) -> Result<(), NotAdmitted> {
        if !usize::try_from(head.db).is_ok_and(|db| db < self.databases()) {
            return Err(NotAdmitted::NoSuchDatabase { db: head.db });
        }
        check_len(head.key)?;
        let hasher = self.hasher();
        match head.value {
            Value::Text(text) => check_len(text),
            Value::Int(_) => Ok(()),
            Value::Ints(bytes) => blob::ints(bytes, &SetRules::new(&self.settings, hasher)).map(drop),
            Value::SmallSet(bytes) => blob::small_set(bytes, &SetRules::new(&self.settings, hasher)).map(drop),
            Value::SmallHash(bytes) => blob::small_hash(bytes, &HashRules::new(&self.settings, hasher)).map(drop),
            Value::SmallZset(bytes) => blob::small_zset(bytes, Limits::new(&self.settings, hasher)).map(drop),
            Value::List { .. } | Value::Set { .. } | Value::Hash { .. } | Value::Zset { .. } => {
                if head.value.elements() == 0 { Err(NotAdmitted::Empty) } else { Ok(()) }
            }
        }
    }
}
