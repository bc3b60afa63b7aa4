//! Delays that tests ask for, so that a few keys take as long as very many (`key-load-delay`, `rdb-key-save-delay`).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The longest that a delay goes on without a look at whether it has changed, and whether anybody still wants what is delayed.
const STEP_US_MAX: u64 = 10_000;

/// How long a thread waits for each key, in microseconds; less than zero: one microsecond for so many keys. The loop may change it at any time.
#[derive(Default, Debug)]
pub(crate) struct KeyDelay(AtomicI64);

impl KeyDelay {
    /// With this delay.
    pub(crate) const fn new(delay_us: i64) -> Self {
        Self(AtomicI64::new(delay_us))
    }

    /// Another delay.
    pub(crate) fn set(&self, delay_us: i64) {
        self.0.store(delay_us, Ordering::Relaxed);
    }

    /// There is none.
    pub(crate) fn is_none(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Waits for so many keys, unless it is to stop. False if it is.
    pub(crate) fn pass(&self, keys: u64, is_stopped: impl Fn() -> bool) -> bool {
        let mut waited_us = 0;
        loop {
            if is_stopped() {
                return false;
            }
            let left_us = self.all_us(keys).saturating_sub(waited_us);
            if left_us == 0 {
                return true;
            }
            let now_us = left_us.min(STEP_US_MAX);
            std::thread::sleep(Duration::from_micros(now_us));
            waited_us += now_us;
        }
    }

    fn all_us(&self, keys: u64) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            0 => 0,
            delay_us @ 1.. => delay_us.unsigned_abs().saturating_mul(keys),
            keys_per_us => keys / keys_per_us.unsigned_abs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_for_a_key_or_a_key_for_a_delay() {
        let all_us = |delay_us, keys| KeyDelay::new(delay_us).all_us(keys);
        assert_eq!([all_us(0, 7), all_us(3, 7), all_us(-3, 7), all_us(i64::MIN, 7)], [0, 21, 2, 0]);
        assert_eq!(all_us(i64::MAX, 7), u64::MAX);
    }

    #[test]
    fn who_is_to_stop_does_not_wait() {
        assert!(!KeyDelay::new(i64::MAX).pass(7, || true));
        assert!(KeyDelay::default().pass(7, || false));
    }
}
