//! What the eviction policy knows of a key, in a form that does not depend on when it is read.

use super::Usage;
use crate::eviction::{Lfu, Policy, frequency, idle_s};

/// Half of the seconds that 24 bits count: what seems to be idle for longer has been used since the time that is compared with.
const IDLE_MAX_S: u64 = 1 << 23;

/// How the clocks of keys are to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    pub(crate) policy: Policy,
    pub(crate) lfu: Lfu,
    pub(crate) now_ms: u64,
}

impl Clocks {
    pub(crate) fn read(&self, clock: u32) -> Usage {
        if self.policy.is_lfu() {
            return Usage::Frequency(frequency(clock, self.now_ms, &self.lfu).min(255) as u8);
        }
        if !self.policy.is_by_use() {
            return Usage::Unknown;
        }
        let idle_s = idle_s(clock, self.now_ms);
        Usage::IdleSeconds(if idle_s < IDLE_MAX_S { idle_s as u32 } else { 0 })
    }

    /// The clock of a key that has been used so much, as far as the policy wants to know.
    pub(crate) fn write(&self, usage: Usage) -> u32 {
        match usage {
            Usage::IdleSeconds(seconds) if !self.policy.is_lfu() => {
                let used_ms = self.now_ms.saturating_sub(u64::from(seconds) * 1000);
                self.policy.first_clock(used_ms)
            }
            Usage::Frequency(frequency) if self.policy.is_lfu() => {
                self.policy.first_clock(self.now_ms) & !0xff | u32::from(frequency)
            }
            _ => self.policy.first_clock(self.now_ms),
        }
    }
}
