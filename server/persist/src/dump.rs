//! The payloads of `DUMP` and `RESTORE`: one value, with a version and a checksum.
//!
//! ```text
//! type 1 | value | version 2 | checksum 8
//! ```

use std::collections::HashSet;

use bongsu_store::image::{Head, Part, Reader};

use crate::crc64::Crc64;
use crate::rdb::decode::{Error, Fault, Keys, VERSION_MAX, VERSION_VALKEY, read_value};
use crate::rdb::encode::{EncodeError, Values, Version};

/// Version and checksum.
const FOOTER: usize = 10;

/// Appends the payload of the one key that `image` consists of.
pub fn encode(image: &[u8], compression: bool, version: Version, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    let mut values = Values::new(version, compression);
    for part in Reader::new(image) {
        match part? {
            Part::Head(head) if out.len() == start => {
                out.push(values.kind_of(&head.value));
                values.put_value(out, &head.value)?;
            }
            Part::Head(_) => return Err(EncodeError::Unexpected),
            element => values.put_element(out, &element)?,
        }
    }
    if out.len() == start || !values.is_complete() {
        return Err(EncodeError::Unexpected);
    }
    out.extend_from_slice(&version.number().to_le_bytes());
    let sum = Crc64::of(&out[start..]);
    out.extend_from_slice(&sum.to_le_bytes());
    Ok(())
}

/// How to read a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Payloads with a wrong checksum are refused.
    pub checksum: bool,
    /// Collections with duplicates are refused (`sanitize-dump-payload`). Those in large collections always are.
    pub distinct: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { checksum: true, distinct: true }
    }
}

/// Why a payload is refused.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is for a later version, or is not what was written.
    #[error("DUMP payload version or checksum are wrong")]
    Footer,
    /// Its value is none.
    #[error("Bad data format")]
    Value(#[source] Option<Error>),
}

/// Appends the parts of the key that `head` describes, with the value of a payload in place of its own. If it fails, `image` stays as it
/// was.
pub fn decode(payload: &[u8], head: &Head<'_>, options: Options, image: &mut Vec<u8>) -> Result<(), RestoreError> {
    let value = check_footer(payload, options.checksum)?;
    let mut keys = Keys::new(options.distinct, usize::MAX);
    keys.begin(head);
    let batch = read_value(value, keys).map_err(|error| RestoreError::Value(Some(error)))?;
    match has_duplicates(&batch) {
        // An empty collection is no value.
        Some(false) if !batch.is_empty() => {
            image.extend_from_slice(&batch);
            Ok(())
        }
        Some(true) => {
            let (key, kind, offset) = (Some(head.key.to_vec()), value.first().copied(), value.len() as u64);
            Err(RestoreError::Value(Some(Error { offset, key, kind, fault: Fault::Duplicate })))
        }
        _ => Err(RestoreError::Value(None)),
    }
}

/// Type and value.
fn check_footer(payload: &[u8], checksum: bool) -> Result<&[u8], RestoreError> {
    let (value, footer) = payload.split_last_chunk::<FOOTER>().ok_or(RestoreError::Footer)?;
    let [v0, v1, sum @ ..] = *footer;
    let version = u32::from(u16::from_le_bytes([v0, v1]));
    let is_read = version <= VERSION_MAX || version == VERSION_VALKEY;
    let is_whole = !checksum || Crc64::of(&payload[..payload.len() - sum.len()]) == u64::from_le_bytes(sum);
    if is_read && is_whole { Ok(value) } else { Err(RestoreError::Footer) }
}

/// Whether an element of a large set, hash or sorted set is there twice.
fn has_duplicates(image: &[u8]) -> Option<bool> {
    let mut seen = HashSet::new();
    for part in Reader::new(image) {
        match part.ok()? {
            Part::Member(element) | Part::Field(element, _) | Part::Scored(element, _) => {
                if !seen.insert(element) {
                    return Some(true);
                }
            }
            Part::Head(_) | Part::Chunk(_) => {}
        }
    }
    Some(false)
}
