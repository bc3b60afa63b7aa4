//! The clock that leases are measured on.

use bongsu_sentinel_core::Time;
use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since the host was started, time that it was suspended included: a lease goes on running out meanwhile.
pub(super) fn now() -> Time {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Time::from_ms(seconds * 1000 + u64::try_from(time.tv_nsec).unwrap_or_default() / 1_000_000)
}
