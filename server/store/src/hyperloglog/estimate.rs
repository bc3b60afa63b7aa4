//! From registers to a number of elements: the estimator of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
//! sketches" (arXiv:1702.01284), which needs no tables and has no bias at either end.

use super::{COUNTED_BITS, REGISTERS};

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// How many registers have each rank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Histogram(pub(super) [u32; 64]);

/// Counts registers four at a time, each in a part of its own, so that none waits for the other.
pub(super) struct HistogramParts([[u32; 64]; 4]);

impl Default for HistogramParts {
    fn default() -> Self {
        Self([[0; 64]; 4])
    }
}

impl HistogramParts {
    /// Counts four registers, which have six bits.
    pub(super) fn add(&mut self, ranks: [u8; 4]) {
        for (part, rank) in self.0.iter_mut().zip(ranks) {
            part[usize::from(rank & 63)] += 1;
        }
    }

    pub(super) fn sum(&self) -> Histogram {
        Histogram(std::array::from_fn(|rank| self.0.iter().map(|part| part[rank]).sum()))
    }
}

impl Histogram {
    /// The estimate.
    pub fn estimate(&self) -> u64 {
        let all = REGISTERS as f64;
        let with_rank = |rank: u32| f64::from(self.0[rank as usize]);
        let full = with_rank(COUNTED_BITS + 1);
        let mut sum = all * tau((all - full) / all);
        for rank in (1..=COUNTED_BITS).rev() {
            sum = (sum + with_rank(rank)) * 0.5;
        }
        sum += all * sigma(with_rank(0) / all);
        let estimate = (ALPHA * all * all / sum).round();
        // Registers higher than any element makes them sum up to nothing; then the number is that of an overflow, and no estimate to keep.
        if estimate < i64::MAX as f64 { estimate as u64 } else { 1 << 63 }
    }
}

/// x + 1 x^2 + 2 x^4 + 4 x^8 + ...: what empty registers stand for.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * power;
        power += power;
        if sum == before {
            return sum;
        }
    }
}

/// The counterpart for full registers.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut power, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        power *= 0.5;
        sum -= (1.0 - x).powi(2) * power;
        if sum == before {
            return sum / 3.0;
        }
    }
}
