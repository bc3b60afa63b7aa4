//! How long a client is ready to wait.

use crate::call::{Call, Fault};
use crate::number::parse_double;

const NOT_A_FLOAT: Fault = Fault::OutOfRange("timeout is not a float or out of range");

/// The timeout at argument `index`, given in seconds with a fraction: milliseconds, `None` for ever.
pub(super) fn parse_timeout(call: &Call<'_>, index: usize) -> Result<Option<u64>, Fault> {
    let seconds = parse_double(call.arg(index)).filter(|seconds| seconds.is_finite()).ok_or(NOT_A_FLOAT)?;
    if seconds < 0.0 {
        return Err(Fault::OutOfRange("timeout is negative"));
    }
    let ms = (seconds * 1000.0).ceil();
    if ms > i64::MAX as f64 - call.shard.now_ms as f64 {
        return Err(Fault::OutOfRange("timeout is out of range"));
    }
    Ok((ms > 0.0).then_some(ms as u64))
}
