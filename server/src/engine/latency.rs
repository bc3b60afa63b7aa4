//! What has delayed everybody.

use std::collections::{BTreeMap, VecDeque};

/// Samples that are kept of an event. As in Redis.
const SAMPLES_MAX: usize = 160;

/// One delay; of several in a second the longest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Delay {
    /// In seconds of the epoch.
    pub(crate) at_s: u64,
    pub(crate) ms: u64,
}

/// The delays of one kind of event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delays {
    /// The oldest first.
    pub(crate) samples: VecDeque<Delay>,
    /// The longest since the last reset.
    pub(crate) max_ms: u64,
}

/// Delays by kind of event.
#[derive(Debug)]
pub(crate) struct LatencyMonitor {
    events: BTreeMap<&'static str, Delays>,
    /// `latency-monitor-threshold`: a delay of so many milliseconds counts.
    from_ms: u64,
}

impl Default for LatencyMonitor {
    fn default() -> Self {
        Self { events: BTreeMap::new(), from_ms: u64::MAX }
    }
}

impl LatencyMonitor {
    /// Sets `latency-monitor-threshold`; 0 switches the monitor off.
    pub(crate) fn configure(&mut self, threshold_ms: usize) {
        self.from_ms = if threshold_ms == 0 { u64::MAX } else { threshold_ms as u64 };
    }

    pub(crate) fn is_on(&self) -> bool {
        self.from_ms != u64::MAX
    }

    #[inline]
    pub(super) fn wants_usec(&self, usec: u64) -> bool {
        usec / 1000 >= self.from_ms
    }

    /// Something took so long, and everybody had to wait for it.
    pub(crate) fn note(&mut self, event: &'static str, ms: u64, at_s: u64) {
        if ms < self.from_ms {
            return;
        }
        let delays = self.events.entry(event).or_default();
        delays.max_ms = delays.max_ms.max(ms);
        if let Some(last) = delays.samples.back_mut().filter(|last| last.at_s == at_s) {
            last.ms = last.ms.max(ms);
            return;
        }
        if delays.samples.len() == SAMPLES_MAX {
            delays.samples.pop_front();
        }
        delays.samples.push_back(Delay { at_s, ms });
    }

    pub(crate) fn get(&self, event: &[u8]) -> Option<&Delays> {
        self.events.get(std::str::from_utf8(event).ok()?)
    }

    /// In the order of their names.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &Delays)> {
        self.events.iter().map(|(name, delays)| (*name, delays))
    }

    /// Forgets an event. False if it never was.
    pub(crate) fn reset(&mut self, event: &[u8]) -> bool {
        std::str::from_utf8(event).is_ok_and(|event| self.events.remove(event).is_some())
    }

    /// Forgets all events. Their number.
    pub(crate) fn reset_all(&mut self) -> usize {
        std::mem::take(&mut self.events).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_delay_of_a_second_is_kept() {
        let mut monitor = LatencyMonitor::default();
        monitor.note("command", 1000, 1);
        assert_eq!(monitor.iter().len(), 0);
        monitor.configure(100);
        for (ms, at_s) in [(99, 1), (100, 1), (300, 1), (200, 1), (150, 2)] {
            monitor.note("command", ms, at_s);
        }
        let delays = monitor.get(b"command").expect("noted");
        assert_eq!(delays.samples, [Delay { at_s: 1, ms: 300 }, Delay { at_s: 2, ms: 150 }]);
        assert_eq!(delays.max_ms, 300);
        assert!(monitor.reset(b"command") && !monitor.reset(b"command"));
    }

    #[test]
    fn old_delays_are_forgotten() {
        let mut monitor = LatencyMonitor::default();
        monitor.configure(1);
        (0..200).for_each(|at_s| monitor.note("fork", 200 - at_s, at_s));
        let delays = monitor.get(b"fork").expect("noted");
        assert_eq!((delays.samples.len(), delays.samples[0].at_s, delays.max_ms), (SAMPLES_MAX, 40, 200));
        assert_eq!(monitor.reset_all(), 1);
    }
}
