//! Values of either encoding.

use super::estimate::HistogramParts;
use super::hash::rank_of;
use super::sparse::Raised;
use super::{Corrupted, HEADER_LEN, Histogram, REGISTERS, dense, sparse};

const MAGIC: &[u8; 4] = b"HYLL";

pub(super) const ENCODING_AT: usize = 4;

const ESTIMATE_AT: usize = 8;

/// The bit of the header that says that the estimate is out of date.
const STALE_BIT: u64 = 1 << 63;

/// How the registers are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Encoding {
    /// All of them.
    Dense = 0,
    /// As runs.
    Sparse = 1,
}

/// A string that is no value of this type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotASketch;

/// The encoding of a value, whose registers may yet be corrupted.
///
/// # Errors
/// The string has another header, or another length than it must have.
pub fn encoding_of(bytes: &[u8]) -> Result<Encoding, NotASketch> {
    if bytes.len() < HEADER_LEN || !bytes.starts_with(MAGIC) {
        return Err(NotASketch);
    }
    match bytes[ENCODING_AT] {
        0 if bytes.len() == dense::LEN => Ok(Encoding::Dense),
        1 => Ok(Encoding::Sparse),
        _ => Err(NotASketch),
    }
}

/// A value. `B` is where its bytes are: a vector, or a slice to be read or changed in place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sketch<B> {
    bytes: B,
    encoding: Encoding,
}

impl<B: AsRef<[u8]>> Sketch<B> {
    /// The value that these bytes are.
    ///
    /// # Errors
    /// They are none.
    pub fn read(bytes: B) -> Result<Self, NotASketch> {
        let encoding = encoding_of(bytes.as_ref())?;
        Ok(Self { bytes, encoding })
    }

    /// Its encoding.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// Adding an element would change nothing.
    pub fn has(&self, element: &[u8]) -> bool {
        let (index, rank) = rank_of(element);
        match self.encoding {
            Encoding::Dense => dense::is_raised(self.bytes(), index, rank),
            Encoding::Sparse => sparse::is_raised(self.bytes(), index, rank),
        }
    }

    /// The estimate that is kept, unless registers changed since.
    pub fn kept_estimate(&self) -> Option<u64> {
        Some(estimate_field(self.bytes())).filter(|estimate| estimate & STALE_BIT == 0)
    }

    /// How many registers have each rank.
    ///
    /// # Errors
    /// There are too many registers, or too few.
    pub fn histogram(&self) -> Result<Histogram, Corrupted> {
        match self.encoding {
            Encoding::Dense => Ok(dense::histogram(self.bytes())),
            Encoding::Sparse => sparse::histogram(self.bytes()),
        }
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Sketch<B> {
    /// Keeps an estimate.
    pub fn keep_estimate(&mut self, estimate: u64) {
        self.bytes.as_mut()[ESTIMATE_AT..HEADER_LEN].copy_from_slice(&estimate.to_le_bytes());
    }

    /// Registers changed: the estimate is out of date. What it was stays, as it does in Redis.
    pub fn forget_estimate(&mut self) {
        let stale = estimate_field(self.bytes()) | STALE_BIT;
        self.keep_estimate(stale);
    }

    /// Adds an element to a dense value. True if a register changed; false always if the value is sparse.
    pub fn add_dense(&mut self, element: &[u8]) -> bool {
        let (index, rank) = rank_of(element);
        self.encoding == Encoding::Dense && dense::raise(self.bytes.as_mut(), index, rank)
    }
}

fn estimate_field(bytes: &[u8]) -> u64 {
    let mut field = [0; 8];
    field.copy_from_slice(&bytes[ESTIMATE_AT..HEADER_LEN]);
    u64::from_le_bytes(field)
}

impl Sketch<Vec<u8>> {
    /// A value without elements.
    pub fn empty() -> Self {
        let mut bytes = vec![0; HEADER_LEN];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[ENCODING_AT] = Encoding::Sparse as u8;
        sparse::push_empty(&mut bytes);
        Self { bytes, encoding: Encoding::Sparse }
    }

    /// Adds an element. True if a register changed. A sparse value that would take more than so many bytes becomes dense.
    ///
    /// # Errors
    /// The registers make no sense.
    pub fn add(&mut self, element: &[u8], sparse_max_bytes: usize) -> Result<bool, Corrupted> {
        let (index, rank) = rank_of(element);
        self.raise(index, rank, sparse_max_bytes)
    }

    /// Raises registers to those of others.
    ///
    /// # Errors
    /// The registers make no sense.
    pub fn raise_all(&mut self, to: &Registers, sparse_max_bytes: usize) -> Result<(), Corrupted> {
        for (index, rank) in to.0.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            self.raise(index, *rank, sparse_max_bytes)?;
        }
        Ok(())
    }

    /// Stores all registers instead of runs.
    ///
    /// # Errors
    /// There are too many registers, or too few.
    pub fn make_dense(&mut self) -> Result<(), Corrupted> {
        if self.encoding == Encoding::Sparse {
            let mut all = dense::with_header(&self.bytes);
            let mut registers = Registers::default();
            registers.merge(self)?;
            for (index, rank) in registers.0.iter().enumerate().filter(|(_, rank)| **rank > 0) {
                dense::raise(&mut all, index, *rank);
            }
            *self = Self { bytes: all, encoding: Encoding::Dense };
        }
        Ok(())
    }

    fn raise(&mut self, index: usize, rank: u8, sparse_max_bytes: usize) -> Result<bool, Corrupted> {
        if self.encoding == Encoding::Sparse {
            match sparse::raise(&mut self.bytes, index, rank, sparse_max_bytes)? {
                Raised::Unchanged => return Ok(false),
                Raised::Changed => {
                    self.forget_estimate();
                    return Ok(true);
                }
                Raised::TooMuch => self.make_dense()?,
            }
        }
        Ok(dense::raise(&mut self.bytes, index, rank))
    }
}

/// Registers, one byte each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registers(Vec<u8>);

impl Default for Registers {
    fn default() -> Self {
        Self(vec![0; REGISTERS])
    }
}

impl Registers {
    /// Raises each register to that of a value.
    ///
    /// # Errors
    /// The value has too many registers, or too few; some are raised then.
    pub fn merge<B: AsRef<[u8]>>(&mut self, other: &Sketch<B>) -> Result<(), Corrupted> {
        match other.encoding {
            Encoding::Dense => {
                self.0.iter_mut().zip(dense::ranks(other.bytes())).for_each(|(one, other)| *one = (*one).max(other));
            }
            Encoding::Sparse => sparse::raise_array(&mut self.0, other.bytes())?,
        }
        Ok(())
    }

    /// How many registers have each rank.
    pub fn histogram(&self) -> Histogram {
        let mut histogram = HistogramParts::default();
        self.0.as_chunks::<4>().0.iter().for_each(|ranks| histogram.add(*ranks));
        histogram.sum()
    }

    /// The rank of each.
    pub fn ranks(&self) -> &[u8] {
        &self.0
    }
}
