//! The core's only randomness: SplitMix64 (Steele, Lea, Flood 2014), seeded from outside.

use std::time::Duration;

/// A small deterministic generator; used for jitter, never for identity.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between zero and `limit`, the limit excluded.
    pub(crate) fn up_to(&mut self, limit: Duration) -> Duration {
        let ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(self.next() % ms)
    }

    /// Between half and one and a half of `mean`.
    pub(crate) fn around(&mut self, mean: Duration) -> Duration {
        mean / 2 + self.up_to(mean)
    }
}
