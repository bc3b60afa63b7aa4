//! How long runs of a command took.

/// A power of two of durations is divided into this many parts, so that a percentile is off by a sixteenth at most.
const PARTS: usize = 16;
const PART_BITS: usize = PARTS.ilog2() as usize;
/// Durations up to 2^31 microseconds are told apart, which is more than half an hour.
const POWERS: usize = 31;
const LEN: usize = PARTS * (POWERS - PART_BITS + 1);

/// Durations in microseconds, counted by size.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Box<[u32; LEN]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: Box::new([0; LEN]) }
    }
}

impl Histogram {
    #[inline]
    pub(crate) fn record(&mut self, usec: u64) {
        let count = &mut self.counts[index_of(usec)];
        *count = count.saturating_add(1);
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// The duration that so many percent of the runs did not exceed.
    pub(crate) fn percentile_usec(&self, percent: f64) -> u64 {
        let wanted = ((self.total() as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return longest(index);
            }
        }
        0
    }

    /// Powers of two, each with the number of runs that took no longer, where that is more than for the power before.
    pub(crate) fn by_powers(&self) -> Vec<(u64, u64)> {
        let mut powers = Vec::new();
        let (mut power, mut seen, mut told) = (1_u64, 0, 0);
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            // Parts end where powers do.
            if longest(index) == power {
                if seen > told {
                    powers.push((power, seen));
                    told = seen;
                }
                power *= 2;
            }
        }
        powers
    }
}

/// Parts hold durations above their lower and up to their upper end, the first one also 0.
#[inline]
fn index_of(usec: u64) -> usize {
    let below = usec.saturating_sub(1) as usize;
    if below < PARTS {
        return below;
    }
    let power = below.ilog2() as usize;
    let part = (below >> (power - PART_BITS)) & (PARTS - 1);
    ((power - PART_BITS + 1) * PARTS + part).min(LEN - 1)
}

/// The longest duration of a part, in microseconds.
fn longest(index: usize) -> u64 {
    if index < PARTS {
        return index as u64 + 1;
    }
    let power = index / PARTS - 1;
    ((PARTS + index % PARTS + 1) as u64) << power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_in_its_part() {
        for usec in (0..5000).chain([1 << 20, (1 << 20) + 1, 123_456_789, 1 << 31]) {
            let index = index_of(usec);
            assert!(usec <= longest(index), "{usec}");
            assert!(index == 0 || usec > longest(index - 1), "{usec}");
        }
        assert_eq!(index_of(u64::MAX), LEN - 1);
    }

    #[test]
    fn percentiles_and_powers() {
        let mut histogram = Histogram::default();
        for usec in 1..=100 {
            histogram.record(usec);
        }
        assert_eq!(histogram.percentile_usec(0.0), 1);
        assert_eq!(histogram.percentile_usec(50.0), 50);
        assert_eq!(histogram.percentile_usec(100.0), 100);
        let powers = [(1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 100)];
        assert_eq!(histogram.by_powers(), powers);
    }

    #[test]
    fn a_gap_is_left_out() {
        let mut histogram = Histogram::default();
        [3, 5000].into_iter().for_each(|usec| histogram.record(usec));
        assert_eq!(histogram.by_powers(), [(4, 1), (8192, 2)]);
    }
}
