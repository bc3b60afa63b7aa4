//! The monotonic clock behind the core's time.

use bongsu_sentinel_core::Time;
use tokio::time::{Duration, Instant};

/// Counts from the start of the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(self) -> Time {
        Time::from_ms(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn instant(self, at: Time) -> Instant {
        self.start + Duration::from_millis(at.as_ms())
    }
}
