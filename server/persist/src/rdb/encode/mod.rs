//! From the parts of an image to RDB.

mod text;
mod value;

use bongsu_store::image::{Head, Malformed, Part, Reader, Usage};

use super::code::opcode;
use crate::crc64::Crc64;
pub(crate) use text::put_length;
pub(crate) use value::Values;

/// Versions of the format that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Redis 7.0 and all later servers read it.
    #[default]
    V10,
    /// Redis 7.2 and all later servers read it: small sets stay what they are.
    V11,
}

impl Version {
    /// The number in files.
    pub const fn number(self) -> u16 {
        match self {
            Self::V10 => 10,
            Self::V11 => 11,
        }
    }
}

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Strings are compressed where that makes them shorter (`rdbcompression`).
    pub compression: bool,
    /// There is a checksum at the end (`rdbchecksum`).
    pub checksum: bool,
    /// For whom.
    pub version: Version,
}

impl Default for Options {
    fn default() -> Self {
        Self { compression: true, checksum: true, version: Version::default() }
    }
}

/// Parts that are not an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The bytes are no parts.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A head came where elements are missing, or an element where none, or another one, should be.
    #[error("a part of an image where another one should be")]
    Unexpected,
    /// What should be a listpack is none.
    #[error("a damaged listpack in an image")]
    Listpack,
}

/// How many keys a database has. Readers make room for so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// All of them.
    pub keys: u64,
    /// Those with an expiry.
    pub expiries: u64,
}

/// Appends a snapshot to buffers, which may be taken away between any two calls.
#[derive(Debug)]
pub struct Encoder {
    options: Options,
    sum: Crc64,
    values: Values,
    db: Option<u32>,
    sizes: Vec<Sizes>,
}

impl Encoder {
    /// Nothing written yet. `sizes` are those of the databases from the first on, as far as they are known.
    pub fn new(options: Options, sizes: Vec<Sizes>) -> Self {
        let values = Values::new(options.version, options.compression);
        Self { options, sum: Crc64::new(), values, db: None, sizes }
    }

    /// Appends the header, with fields that tell about the snapshot. Readers skip those that they do not know.
    pub fn begin(&mut self, aux: &[(&[u8], &[u8])], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(format!("REDIS{:04}", self.options.version.number()).as_bytes());
        for (name, value) in aux {
            out.push(opcode::AUX);
            self.values.texts.put(out, name);
            self.values.texts.put(out, value);
        }
        self.add_to_sum(&out[start..]);
    }

    /// Appends the code of a library of functions.
    pub fn function(&mut self, code: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.push(opcode::FUNCTION);
        self.values.texts.put(out, code);
        self.add_to_sum(&out[start..]);
    }

    /// Appends the parts that `image` consists of. Collections may go on in the next one.
    pub fn image(&mut self, image: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        // Framing takes no more than parts have of their own, apart from what precedes the first key of a database.
        out.reserve(image.len());
        for part in Reader::new(image) {
            self.put(&part?, out)?;
        }
        self.add_to_sum(&out[start..]);
        Ok(())
    }

    /// Appends a part.
    pub fn part(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        self.put(part, out)?;
        self.add_to_sum(&out[start..]);
        Ok(())
    }

    /// Appends the end. There is nothing behind it.
    pub fn end(mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.values.is_complete() {
            return Err(EncodeError::Unexpected);
        }
        out.push(opcode::END);
        self.add_to_sum(&[opcode::END]);
        out.extend_from_slice(&self.sum.value().to_le_bytes());
        Ok(())
    }

    fn put(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match part {
            Part::Head(head) if self.values.is_complete() => self.put_head(head, out),
            Part::Head(_) => Err(EncodeError::Unexpected),
            element => self.values.put_element(out, element),
        }
    }

    fn put_head(&mut self, head: &Head<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.db != Some(head.db) {
            self.select(head.db, out);
        }
        if let Some(ms) = head.expiry_ms {
            out.push(opcode::EXPIRY_MS);
            out.extend_from_slice(&ms.to_le_bytes());
        }
        match head.usage {
            Usage::Unknown => {}
            Usage::IdleSeconds(seconds) => {
                out.push(opcode::IDLE);
                put_length(out, seconds.into());
            }
            Usage::Frequency(frequency) => out.extend_from_slice(&[opcode::FREQUENCY, frequency]),
        }
        out.push(self.values.kind_of(&head.value));
        self.values.texts.put(out, head.key);
        self.values.put_value(out, &head.value)
    }

    fn select(&mut self, db: u32, out: &mut Vec<u8>) {
        self.db = Some(db);
        out.push(opcode::SELECT_DB);
        put_length(out, db.into());
        if let Some(sizes) = self.sizes.get(db as usize) {
            out.push(opcode::RESIZE_DB);
            put_length(out, sizes.keys);
            put_length(out, sizes.expiries);
        }
    }

    fn add_to_sum(&mut self, written: &[u8]) {
        if self.options.checksum {
            self.sum.update(written);
        }
    }
}
