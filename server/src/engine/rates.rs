//! How much happens per second, as of the last second and a half.

/// Samples are taken this far apart, and the mean of so many of them is told. Both as in Redis, which monitoring compares with.
const SAMPLE_USEC: u64 = 100_000;
const SAMPLES: usize = 16;

/// One figure that only grows, as a rate.
#[derive(Clone, Debug, Default)]
struct Rate {
    samples: [u64; SAMPLES],
    value: u64,
    base: u64,
}

impl Rate {
    /// Takes a sample: by how much the value has grown for so much of the base, of which `factor` are one unit.
    fn sample(&mut self, at: usize, value: u64, base: u64, factor: u64) {
        // A value that has become smaller was reset.
        let (grown, of) = (value.saturating_sub(self.value), base.saturating_sub(self.base));
        self.samples[at] = (grown * factor).checked_div(of).unwrap_or(0);
        (self.value, self.base) = (value, base);
    }

    fn mean(&self) -> u64 {
        self.samples.iter().sum::<u64>() / SAMPLES as u64
    }
}

/// What rates are made from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) commands: u64,
    pub(crate) input_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) turns: u64,
    pub(crate) turn_usec: u64,
}

/// All rates of the server.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    commands: Rate,
    input: Rate,
    output: Rate,
    turns: Rate,
    turn_usec: Rate,
    next: usize,
    sampled_us: u64,
}

impl Rates {
    /// A sample is due.
    #[inline]
    pub(crate) fn is_due(&self, now_us: u64) -> bool {
        now_us >= self.sampled_us + SAMPLE_USEC
    }

    /// Takes a sample of everything.
    pub(crate) fn sample(&mut self, now_us: u64, totals: Totals) {
        const SECOND: u64 = 1_000_000;
        let at = self.next;
        self.commands.sample(at, totals.commands, now_us, SECOND);
        self.input.sample(at, totals.input_bytes, now_us, SECOND);
        self.output.sample(at, totals.output_bytes, now_us, SECOND);
        self.turns.sample(at, totals.turns, now_us, SECOND);
        self.turn_usec.sample(at, totals.turn_usec, totals.turns, 1);
        self.next = (at + 1) % SAMPLES;
        self.sampled_us = now_us;
    }

    pub(crate) fn commands_per_second(&self) -> u64 {
        self.commands.mean()
    }

    pub(crate) fn input_kib_per_second(&self) -> f64 {
        self.input.mean() as f64 / 1024.0
    }

    pub(crate) fn output_kib_per_second(&self) -> f64 {
        self.output.mean() as f64 / 1024.0
    }

    pub(crate) fn turns_per_second(&self) -> u64 {
        self.turns.mean()
    }

    /// How long a turn takes.
    pub(crate) fn turn_usec(&self) -> u64 {
        self.turn_usec.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_flow_has_its_rate() {
        let mut rates = Rates::default();
        for n in 1..=SAMPLES as u64 {
            assert!(rates.is_due(n * SAMPLE_USEC));
            let totals =
                Totals { commands: n * 50, turns: n * 10, turn_usec: n * 70, input_bytes: n * 1024, output_bytes: 0 };
            rates.sample(n * SAMPLE_USEC, totals);
        }
        assert_eq!((rates.commands_per_second(), rates.turns_per_second(), rates.turn_usec()), (500, 100, 7));
        assert!((rates.input_kib_per_second() - 10.0).abs() < 0.01);
        // Counters that were reset are no flow.
        rates.sample((SAMPLES as u64 + 1) * SAMPLE_USEC, Totals::default());
        assert!(rates.commands_per_second() < 500);
    }
}
