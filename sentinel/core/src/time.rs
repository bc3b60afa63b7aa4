//! Monotonic time as the core sees it.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// Milliseconds on a monotonic clock whose zero is arbitrary (the shell uses the start of the process).
///
/// The core never reads a clock: every call that may depend on time takes `now`. Wall-clock jumps therefore
/// cannot reach a decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The zero of the clock.
    pub const ZERO: Self = Self(0);

    /// A point `ms` milliseconds after the zero of the clock.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the zero of the clock.
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This point, rounded up to a multiple of `grain`, so that deadlines that may wait a little fall together.
    pub(crate) const fn round_up(self, grain_ms: u64) -> Self {
        Self(self.0.next_multiple_of(grain_ms))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(rhs.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}
