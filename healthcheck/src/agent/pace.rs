//! How often everybody is asked: seldom while nothing happens, often while the master may be changing.

use std::time::Duration;

use bongsu_sentinel_core::Time;

/// For so long after a hint that the group may be changing.
const HURRY: Duration = Duration::from_secs(10);

/// Between requests for a lease, at least and at most.
const ASK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Between questions to the node.
const NODE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(100));
/// Between looks at what time has changed.
const LOOK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

/// The present pace.
pub(super) struct Pace {
    hurried_until: Time,
    wanted: Duration,
    /// What a sentinel granted last.
    granted: Duration,
}

impl Pace {
    pub(super) const fn new(wanted: Duration) -> Self {
        Self { hurried_until: Time::ZERO, wanted, granted: wanted }
    }

    pub(super) fn hurry(&mut self, now: Time) {
        self.hurried_until = now + HURRY;
    }

    pub(super) const fn granted(&mut self, lasts: Duration) {
        self.granted = lasts;
    }

    fn is_hurried(&self, now: Time) -> bool {
        now < self.hurried_until
    }

    /// A lease is asked for four times while it lasts, so that two answers may fail to come.
    pub(super) fn of_sentinels(&self, now: Time) -> Duration {
        if self.is_hurried(now) { ASK.0 } else { (self.granted.min(self.wanted) / 4).clamp(ASK.0, ASK.1) }
    }

    pub(super) fn of_node(&self, now: Time) -> Duration {
        if self.is_hurried(now) { NODE.0 } else { NODE.1 }
    }

    pub(super) fn of_looks(&self, now: Time, is_candidate: bool) -> Duration {
        if self.is_hurried(now) && is_candidate { LOOK.0 } else { LOOK.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_leases_and_changes_are_asked_for_more_often() {
        let mut pace = Pace::new(Duration::from_secs(3));
        let now = Time::from_ms(5000);
        assert_eq!(pace.of_sentinels(now), Duration::from_millis(750));
        pace.granted(Duration::from_millis(1000));
        assert_eq!(pace.of_sentinels(now), Duration::from_millis(250));
        pace.granted(Duration::from_millis(10));
        assert_eq!(pace.of_sentinels(now), ASK.0);
        pace.granted(Duration::from_secs(3));
        pace.hurry(now);
        assert_eq!((pace.of_sentinels(now), pace.of_node(now)), (ASK.0, NODE.0));
        assert_eq!(pace.of_node(now + HURRY), NODE.1);
    }
}
