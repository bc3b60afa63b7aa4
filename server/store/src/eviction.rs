//! What is known of a key's use, in 24 bits, and what that says of its worth.

use crate::random::Random;

/// Which keys have to go when memory is short (`maxmemory-policy`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// None: writes are refused.
    #[default]
    NoEviction,
    /// Those not used for longest.
    AllKeysLru,
    /// Those used least often.
    AllKeysLfu,
    /// Any.
    AllKeysRandom,
    /// Of those with an expiry, those not used for longest.
    VolatileLru,
    /// Of those with an expiry, those used least often.
    VolatileLfu,
    /// Of those with an expiry, any.
    VolatileRandom,
    /// Of those with an expiry, those whose time is over first.
    VolatileTtl,
}

/// A counter of use starts here, so that a new key is not the first to go.
const LFU_INITIAL: u32 = 5;

/// How use is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lfu {
    /// `lfu-log-factor`: how much harder each further step of the counter is.
    pub log_factor: u32,
    /// `lfu-decay-time`, in minutes: how long a step of the counter lasts; 0 is for ever.
    pub decay_min: u32,
}

impl Default for Lfu {
    fn default() -> Self {
        Self { log_factor: 10, decay_min: 1 }
    }
}

/// Milliseconds of a step of the clock of last use.
const LRU_RESOLUTION_MS: u64 = 1000;

const CLOCK_MASK: u32 = (1 << 24) - 1;

impl Policy {
    /// It goes by how often keys are used.
    pub const fn is_lfu(self) -> bool {
        matches!(self, Self::AllKeysLfu | Self::VolatileLfu)
    }

    /// It goes by when or how often keys are used.
    pub const fn is_by_use(self) -> bool {
        matches!(self, Self::AllKeysLru | Self::VolatileLru | Self::AllKeysLfu | Self::VolatileLfu)
    }

    /// Only keys with an expiry go.
    pub const fn is_volatile(self) -> bool {
        matches!(self, Self::VolatileLru | Self::VolatileLfu | Self::VolatileRandom | Self::VolatileTtl)
    }

    /// Any key may go.
    pub const fn is_random(self) -> bool {
        matches!(self, Self::AllKeysRandom | Self::VolatileRandom)
    }

    /// The key goes whose time is over first.
    pub const fn is_by_expiry(self) -> bool {
        matches!(self, Self::VolatileTtl)
    }

    /// The 24 bits of a new key.
    #[inline]
    pub fn first_clock(self, now_ms: u64) -> u32 {
        if self.is_lfu() { minutes(now_ms) << 8 | LFU_INITIAL } else { lru_clock(now_ms) }
    }

    /// The 24 bits of a key that is used now.
    #[inline]
    pub fn clock_after(self, old: u32, now_ms: u64, lfu: &Lfu, random: &mut Random) -> u32 {
        if !self.is_lfu() {
            return lru_clock(now_ms);
        }
        let counter = frequency(old, now_ms, lfu);
        minutes(now_ms) << 8 | grown(counter, lfu, random)
    }
}

/// Seconds since a key was used, with a clock of last use.
pub fn idle_s(clock: u32, now_ms: u64) -> u64 {
    u64::from(lru_clock(now_ms).wrapping_sub(clock) & CLOCK_MASK)
}

/// The counter of use at this time, less what has decayed.
pub fn frequency(clock: u32, now_ms: u64, lfu: &Lfu) -> u32 {
    let (then, counter) = (clock >> 8, clock & 0xff);
    let passed = minutes(now_ms).wrapping_sub(then) & 0xffff;
    counter.saturating_sub(passed.checked_div(lfu.decay_min).unwrap_or(0))
}

fn lru_clock(now_ms: u64) -> u32 {
    (now_ms / LRU_RESOLUTION_MS) as u32 & CLOCK_MASK
}

fn minutes(now_ms: u64) -> u32 {
    (now_ms / 60_000) as u32 & 0xffff
}

/// A logarithmic counter: the higher it is, the less likely it grows.
fn grown(counter: u32, lfu: &Lfu, random: &mut Random) -> u32 {
    if counter >= 255 {
        return 255;
    }
    let above = counter.saturating_sub(LFU_INITIAL);
    let chance = u64::from(above) * u64::from(lfu.log_factor) + 1;
    counter + u32::from(random.below(chance) == 0)
}

/// Candidates that are kept.
const POOL_SIZE: usize = 16;

/// A key that may go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Candidate {
    /// How well it can be done without: more is better.
    pub(crate) score: u64,
    pub(crate) db: usize,
    pub(crate) key: Vec<u8>,
}

/// The best candidates that sampling has found.
#[derive(Clone, Default, Debug)]
pub(crate) struct Pool {
    /// The best one is the last.
    candidates: Vec<Candidate>,
}

impl Pool {
    /// Takes a candidate in, if it is better than the worst or there is room.
    pub(crate) fn offer(&mut self, candidate: Candidate) {
        if self.candidates.iter().any(|known| known.db == candidate.db && known.key == candidate.key) {
            return;
        }
        let at = self.candidates.partition_point(|known| known.score < candidate.score);
        if self.candidates.len() < POOL_SIZE {
            self.candidates.insert(at, candidate);
        } else if at > 0 {
            self.candidates.insert(at, candidate);
            self.candidates.remove(0);
        }
    }

    /// Takes the best one out.
    pub(crate) fn take(&mut self) -> Option<Candidate> {
        self.candidates.pop()
    }
}
