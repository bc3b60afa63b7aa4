//! The time, read once per request.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The wall clock and a clock that never goes back, from one reading.
pub(crate) struct Clock {
    base: Instant,
    base_wall_us: u64,
    /// Microseconds since the server started.
    pub(crate) now_us: u64,
}

/// The wall clock is looked at again after this long, because somebody may have set it.
const WALL_AGAIN_US: u64 = 100_000;

impl Clock {
    pub(crate) fn new() -> Self {
        Self { base: Instant::now(), base_wall_us: wall_us(), now_us: 0 }
    }

    /// Reads the time. Microseconds since the last reading.
    #[inline]
    pub(crate) fn advance(&mut self) -> u64 {
        let now_us = self.base.elapsed().as_micros() as u64;
        let passed = now_us - self.now_us;
        self.now_us = now_us;
        passed
    }

    /// Reads the time. Microseconds since the server started.
    #[inline]
    pub(crate) fn advanced(&mut self) -> u64 {
        self.advance();
        self.now_us
    }

    /// Takes over what the wall clock says, to be called now and then.
    pub(crate) fn adjust(&mut self) {
        let elapsed = self.base.elapsed().as_micros() as u64;
        let wall = wall_us();
        if wall.abs_diff(self.base_wall_us + elapsed) > WALL_AGAIN_US / 100 {
            self.base_wall_us = wall.saturating_sub(elapsed);
        }
    }

    /// Microseconds of the epoch.
    #[inline]
    pub(crate) fn wall_us(&self) -> u64 {
        self.base_wall_us + self.now_us
    }

    /// Milliseconds of the epoch.
    #[inline]
    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall_us() / 1000
    }
}

fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
