//! Writing a key with all of its value to an image.

use super::db::Stored;
use super::object::Object;
use crate::hash_map::Hash;
use crate::image::{Head, Part, Value, Writer};
use crate::set::Set;

/// Writes a head with this value, and the elements. The value that the head has already does not count.
pub(crate) fn write_record(head: &Head<'_>, stored: Stored<'_>, out: &mut Vec<u8>) {
    Writer::new(out).head(&Head { value: value_of(stored), ..*head });
    let Stored::Object(object) = stored else { return };
    if let Object::List(list) = object {
        list.chunks().for_each(|chunk| Writer::new(out).part(&Part::Chunk(chunk.as_bytes())));
    } else if let Some(members) = object.members() {
        members.write_all(out);
    }
}

/// As much of a value as goes into the head.
fn value_of(stored: Stored<'_>) -> Value<'_> {
    let object = match stored {
        Stored::Text(text) | Stored::Raw(text) => return Value::Text(text),
        Stored::Int(n) => return Value::Int(n),
        Stored::Object(object) => object,
    };
    match object {
        Object::Hash(Hash::Small(list)) => Value::SmallHash(list.as_bytes()),
        Object::Hash(Hash::Big(members)) | Object::Set(Set::Big(members)) => members.image_value(members.len() as u64),
        Object::List(list) => Value::List { chunks: list.chunk_count() as u64 },
        Object::Set(Set::Ints(ints)) => Value::Ints(ints.as_bytes()),
        Object::Set(Set::Small(list)) => Value::SmallSet(list.as_bytes()),
        Object::Zset(zset) => match zset.listpack() {
            Some(list) => Value::SmallZset(list.as_bytes()),
            None => Value::Zset { members: zset.len() as u64 },
        },
    }
}

impl Object {
    /// The members of a large one that is no list.
    fn members(&self) -> Option<&crate::members::Members> {
        match self {
            Self::Hash(Hash::Big(members)) | Self::Set(Set::Big(members)) => Some(members),
            Self::Zset(zset) => zset.members(),
            Self::Hash(Hash::Small(_)) | Self::Set(_) | Self::List(_) => None,
        }
    }
}
