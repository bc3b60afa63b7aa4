//! A core's monotonic clock: its own zero, its own speed, and now and then a jump ahead.

use bongsu_sentinel_core::Time;

use crate::rng::Rng;

#[derive(Clone, Debug)]
pub(crate) struct Clock {
    offset_us: u64,
    /// Microseconds per million that it runs fast.
    fast_ppm: u64,
}

const MILLION: u64 = 1_000_000;

impl Clock {
    pub(crate) const fn draw(rng: &mut Rng) -> Self {
        Self { offset_us: rng.below(1000 * MILLION), fast_ppm: rng.below(200) }
    }

    /// What the clock shows at this moment of the world.
    pub(crate) const fn show(&self, world_us: u64) -> Time {
        Time::from_ms((self.offset_us + world_us + world_us / MILLION * self.fast_ppm) / 1000)
    }

    /// The first moment of the world, not before `from_us`, at which the clock shows `time`.
    pub(crate) fn when(&self, time: Time, from_us: u64) -> u64 {
        let target = time.as_ms().saturating_mul(1000).saturating_sub(self.offset_us);
        let mut at = (target - target / (MILLION + self.fast_ppm) * self.fast_ppm).max(from_us);
        // The division above may be off by a few drifts.
        while self.show(at) < time {
            at += 1000;
        }
        at
    }

    pub(crate) const fn jump(&mut self, ahead_us: u64) {
        self.offset_us += ahead_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_met_neither_early_nor_late() {
        let mut rng = Rng::new(3);
        for _ in 0..1000 {
            let clock = Clock::draw(&mut rng);
            let now = rng.below(600 * MILLION);
            let deadline = Time::from_ms(clock.show(now).as_ms() + rng.below(100_000));
            let at = clock.when(deadline, now);
            assert!(clock.show(at) >= deadline);
            assert!(clock.show(at).as_ms() - deadline.as_ms() <= 22, "{clock:?}");
        }
    }
}
