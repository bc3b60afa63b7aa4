//! How many random elements a client wants.

use crate::call::{Call, Fault};

/// Most random elements that a command gives again and again: such a reply has gigabytes already.
const REPEATS_MAX: u64 = 1 << 28;

/// A number of random elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Picks {
    /// All different, and no more than there are.
    Different(usize),
    /// Each chosen among all.
    Repeated(usize),
}

impl Picks {
    /// The number at `index`, which is negative where elements may come again.
    pub(super) fn read(call: &Call<'_>, index: usize) -> Result<Self, Fault> {
        let n = call.int_within(
            index,
            -i64::MAX,
            i64::MAX,
            "value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )?;
        match usize::try_from(n) {
            Ok(count) => Ok(Self::Different(count)),
            Err(_) if n.unsigned_abs() <= REPEATS_MAX => Ok(Self::Repeated(n.unsigned_abs() as usize)),
            Err(_) => Err(Fault::OutOfRange("value is out of range")),
        }
    }
}
