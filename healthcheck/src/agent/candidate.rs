//! A node that is the master and whose address is not here yet: is it somewhere else?

use std::time::Duration;

use bongsu_sentinel_core::Time;

/// How long an answer to a probe is waited for. Kernels answer at once, and the way is one local network.
const LISTEN: Duration = Duration::from_millis(30);

/// Between probes while somebody may answer, and after a second.
const PROBE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Probes follow each other closely for so long.
const CLOSELY: Duration = Duration::from_secs(5);

/// How long another host may still answer when its lease is over: so late may a kernel be, and it is the last that removes an address.
const OVERDUE: Duration = Duration::from_millis(1250);

/// What was asked and heard.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    since: Time,
    first_probe: Option<Time>,
    last_probe: Option<Time>,
    /// When somebody else claimed the address last.
    claimed: Option<Time>,
    /// Since when there is a lease.
    granted: Option<Time>,
}

impl Candidate {
    pub(super) const fn new(now: Time) -> Self {
        Self { since: now, first_probe: None, last_probe: None, claimed: None, granted: None }
    }

    /// Whether to ask now.
    pub(super) fn wants_probe(&mut self, now: Time) -> bool {
        let pause = if now.since(self.since) < CLOSELY { PROBE.0 } else { PROBE.1 };
        // With a lease in hand there is something to wait for.
        let pause = if self.granted.is_some() { PROBE.0 } else { pause };
        let is_time = self.last_probe.is_none_or(|last| now.since(last) >= pause);
        if is_time {
            self.last_probe = Some(now);
            self.first_probe.get_or_insert(now);
        }
        is_time
    }

    pub(super) const fn claimed(&mut self, now: Time) {
        self.claimed = Some(now);
    }

    /// There is a lease. True once the address can be taken: nobody answers any more, or whoever does has no right to it.
    pub(super) fn may_take(&mut self, now: Time) -> bool {
        let granted = *self.granted.get_or_insert(now);
        let was_heard_out = self.first_probe.is_some_and(|first| now.since(first) >= LISTEN);
        let is_silent = self.claimed.is_none_or(|claimed| now.since(claimed) >= LISTEN + PROBE.0);
        was_heard_out && is_silent || now.since(granted) >= OVERDUE
    }

    /// The lease is gone again.
    pub(super) const fn lost(&mut self) {
        self.granted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_ms(10_000 + ms)
    }

    #[test]
    fn silence_is_enough() {
        let mut candidate = Candidate::new(at(0));
        assert!(!candidate.may_take(at(0)), "nobody was asked");
        assert!(candidate.wants_probe(at(0)) && !candidate.wants_probe(at(10)) && candidate.wants_probe(at(20)));
        assert!(!candidate.may_take(at(29)));
        assert!(candidate.may_take(at(30)));
    }

    #[test]
    fn who_answers_is_waited_for_but_not_for_ever() {
        let mut candidate = Candidate::new(at(0));
        assert!(candidate.wants_probe(at(0)));
        candidate.claimed(at(1));
        assert!(!candidate.may_take(at(40)));
        assert!(candidate.may_take(at(60)), "it has fallen silent");
        let mut candidate = Candidate::new(at(0));
        for ms in (0..1250).step_by(20) {
            candidate.wants_probe(at(ms));
            candidate.claimed(at(ms));
            assert!(!candidate.may_take(at(ms)), "{ms}");
        }
        candidate.claimed(at(1250));
        assert!(candidate.may_take(at(1250)), "the lease decides");
    }
}
