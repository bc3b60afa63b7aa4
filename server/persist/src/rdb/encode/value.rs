//! Values, and the elements that follow them.

use bongsu_store::image::{Part, Value};
use bongsu_store::listpack::{Item, Listpack};

use super::super::code::{kind, node};
use super::text::{Texts, put_int, put_length};
use super::{EncodeError, Version};
use crate::blob::listpack::{Items, check};

/// Elements of more bytes are nodes of a list by themselves, without a listpack around them.
const PLAIN_NODE_MIN: usize = Listpack::BYTES_MAX / 2;

/// What the elements behind a head are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elements {
    Chunks,
    Members,
    Fields,
    Scored,
}

/// Appends values, and knows which elements are still to come.
#[derive(Debug)]
pub(crate) struct Values {
    version: Version,
    pub(super) texts: Texts,
    missing: Option<(Elements, u64)>,
}

impl Values {
    pub(crate) fn new(version: Version, compress: bool) -> Self {
        Self { version, texts: Texts::new(compress), missing: None }
    }

    /// The type under which a value is written.
    pub(crate) fn kind_of(&self, value: &Value<'_>) -> u8 {
        match value {
            Value::Text(_) | Value::Int(_) => kind::STRING,
            Value::Ints(_) => kind::SET_INTSET,
            Value::SmallSet(_) if self.version >= Version::V11 => kind::SET_LISTPACK,
            Value::SmallSet(_) | Value::Set { .. } => kind::SET,
            Value::SmallHash(_) => kind::HASH_LISTPACK,
            Value::SmallZset(_) => kind::ZSET_LISTPACK,
            Value::List { .. } => kind::LIST_QUICKLIST_2,
            Value::Hash { .. } => kind::HASH,
            Value::Zset { .. } => kind::ZSET,
        }
    }

    /// Appends as much of a value as its head has.
    pub(crate) fn put_value(&mut self, out: &mut Vec<u8>, value: &Value<'_>) -> Result<(), EncodeError> {
        let elements = match *value {
            Value::Text(bytes) => {
                self.texts.put(out, bytes);
                return Ok(());
            }
            Value::Int(n) => {
                put_int(out, n);
                return Ok(());
            }
            Value::SmallSet(list) if self.version < Version::V11 => return self.put_members(out, list),
            Value::Ints(bytes) | Value::SmallSet(bytes) | Value::SmallHash(bytes) | Value::SmallZset(bytes) => {
                self.texts.put_bytes(out, bytes);
                return Ok(());
            }
            Value::List { .. } => Elements::Chunks,
            Value::Set { .. } => Elements::Members,
            Value::Hash { .. } => Elements::Fields,
            Value::Zset { .. } => Elements::Scored,
        };
        put_length(out, value.elements());
        self.missing = Some((elements, value.elements())).filter(|(_, missing)| *missing > 0);
        Ok(())
    }

    /// A listpack, as a plain set.
    fn put_members(&mut self, out: &mut Vec<u8>, list: &[u8]) -> Result<(), EncodeError> {
        let list = check(list).map_err(|_| EncodeError::Listpack)?;
        put_length(out, list.len as u64);
        list.items().for_each(|item| self.texts.put_item(out, item));
        Ok(())
    }

    /// Appends an element of the last value.
    pub(crate) fn put_element(&mut self, out: &mut Vec<u8>, part: &Part<'_>) -> Result<(), EncodeError> {
        let Some((elements, missing)) = &mut self.missing else { return Err(EncodeError::Unexpected) };
        match (*elements, *part) {
            (Elements::Chunks, Part::Chunk(chunk)) => put_chunk(&mut self.texts, out, chunk),
            (Elements::Members, Part::Member(member)) => self.texts.put(out, member),
            (Elements::Fields, Part::Field(field, value)) => {
                self.texts.put(out, field);
                self.texts.put(out, value);
            }
            (Elements::Scored, Part::Scored(member, score)) => {
                self.texts.put(out, member);
                out.extend_from_slice(&score.to_le_bytes());
            }
            _ => return Err(EncodeError::Unexpected),
        }
        *missing -= 1;
        if *missing == 0 {
            self.missing = None;
        }
        Ok(())
    }

    /// No elements are to come.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_none()
    }
}

fn put_chunk(texts: &mut Texts, out: &mut Vec<u8>, chunk: &[u8]) {
    if chunk.len() >= PLAIN_NODE_MIN
        && let Some(element) = only_element(chunk)
    {
        put_length(out, node::PLAIN);
        return texts.put_bytes(out, element);
    }
    put_length(out, node::PACKED);
    texts.put_bytes(out, chunk);
}

/// The bytes of the only element of a listpack, if it is no integer.
fn only_element(chunk: &[u8]) -> Option<&[u8]> {
    let mut items = Items::of(chunk);
    match (items.next()?.ok()?.item, items.next()) {
        (Item::Bytes(bytes), None) => Some(bytes),
        _ => None,
    }
}
