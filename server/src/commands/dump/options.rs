//! What follows the payload of `RESTORE`.

use bongsu_store::call::{Call, Fault};
use bongsu_store::image::Usage;

/// The first option.
const FIRST: usize = 4;

/// How a value is restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Options {
    /// A key that is there already is replaced.
    pub(super) replaces: bool,
    /// The time to live is one of the epoch.
    pub(super) is_absolute: bool,
    pub(super) usage: Usage,
}

impl Options {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Fault> {
        let mut options = Self::default();
        let mut index = FIRST;
        while index < call.argc() {
            let has_value = index + 1 < call.argc();
            if call.is(index, "REPLACE") {
                options.replaces = true;
            } else if call.is(index, "ABSTTL") {
                options.is_absolute = true;
            } else if call.is(index, "IDLETIME") && has_value && !matches!(options.usage, Usage::Frequency(_)) {
                index += 1;
                let seconds = call.int_within(index, 0, i64::MAX, "Invalid IDLETIME value, must be >= 0")?;
                // Clocks of keys do not go back that far.
                options.usage = Usage::IdleSeconds(u32::try_from(seconds).unwrap_or(u32::MAX));
            } else if call.is(index, "FREQ") && has_value && !matches!(options.usage, Usage::IdleSeconds(_)) {
                index += 1;
                const RANGE: &str = "Invalid FREQ value, must be >= 0 and <= 255";
                let frequency = call.int_within(index, 0, i64::from(u8::MAX), RANGE)?;
                options.usage = Usage::Frequency(u8::try_from(frequency).unwrap_or(u8::MAX));
            } else {
                return Err(Fault::Syntax);
            }
            index += 1;
        }
        Ok(options)
    }
}
