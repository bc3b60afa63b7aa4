//! Reading arguments.

use bongsu_protocol::resp::parse_integer;

use super::{Call, Fault};
use crate::settings::STRING_BYTES_MAX;

impl<'a> Call<'a> {
    /// The argument at `index`, 0 being the command's name; empty if there is none.
    #[inline]
    pub fn arg(&self, index: usize) -> &'a [u8] {
        self.argv.get(index).copied().unwrap_or_default()
    }

    /// Number of arguments, the command's name included.
    #[inline]
    pub fn argc(&self) -> usize {
        self.argv.len()
    }

    /// The argument is this word, whatever its case.
    #[inline]
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.arg(index).eq_ignore_ascii_case(word.as_bytes())
    }

    /// An integer of 64 bits.
    ///
    /// # Errors
    /// [`Fault::NotAnInteger`].
    #[inline]
    pub fn int(&self, index: usize) -> Result<i64, Fault> {
        parse_integer(self.arg(index)).ok_or(Fault::NotAnInteger)
    }

    /// The longest string that the caller may make.
    pub fn string_bytes_max(&self) -> usize {
        if self.caller.is_master { STRING_BYTES_MAX } else { self.shard.settings.string_max_bytes }
    }

    /// An integer within limits.
    ///
    /// # Errors
    /// `otherwise`, without its code, if it is not within them; [`Fault::NotAnInteger`] if it is none.
    pub fn int_within(&self, index: usize, min: i64, max: i64, otherwise: &'static str) -> Result<i64, Fault> {
        let n = self.int(index)?;
        if (min..=max).contains(&n) { Ok(n) } else { Err(Fault::OutOfRange(otherwise)) }
    }

    /// An integer that is not negative.
    ///
    /// # Errors
    /// `otherwise`, without its code, if it is negative or no integer at all.
    pub fn count_at(&self, index: usize, otherwise: &'static str) -> Result<usize, Fault> {
        self.int(index).ok().and_then(|n| usize::try_from(n).ok()).ok_or(Fault::OutOfRange(otherwise))
    }

    /// An integer above zero.
    ///
    /// # Errors
    /// `otherwise`, without its code, if it is not above zero or no integer at all.
    pub fn positive_at(&self, index: usize, otherwise: &'static str) -> Result<usize, Fault> {
        self.count_at(index, otherwise).ok().filter(|n| *n > 0).ok_or(Fault::OutOfRange(otherwise))
    }
}
