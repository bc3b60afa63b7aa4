//! Delays in words.

use std::fmt::Write as _;

use crate::engine::{Delays, LatencyMonitor};

const IS_OFF: &str = "Delays are not watched. CONFIG SET latency-monitor-threshold <milliseconds> begins to.\n";
const NOTHING: &str = "No delay has reached the threshold so far.\n";

/// What events mean, and what helps.
const ADVICE: [(&[&str], &str); 4] = [
    (
        &["command", "fast-command"],
        "Requests themselves took long: SLOWLOG GET shows which. Large collections are better read in parts (SCAN, HSCAN, \
         SSCAN, ZSCAN) than as a whole.",
    ),
    (
        &["expire-cycle", "expire-del"],
        "Many keys ended at once: spread their expiries over time, for instance by adding some random seconds.",
    ),
    (
        &["eviction-cycle", "eviction-del", "eviction-lazyfree"],
        "Keys had to go because memory was short: raise maxmemory, or let keys expire before it comes to that.",
    ),
    (&["fork"], "The system took long to copy the process. Huge pages, if they are on, make that slower."),
];

/// Describes what was seen.
pub(super) fn report(monitor: &LatencyMonitor) -> String {
    if !monitor.is_on() && monitor.iter().len() == 0 {
        return IS_OFF.to_owned();
    }
    if monitor.iter().len() == 0 {
        return NOTHING.to_owned();
    }
    let mut text = String::from("These events have delayed clients:\n\n");
    for (index, (event, delays)) in monitor.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}. {event}: {}", index + 1, describe(delays));
    }
    let happened = |events: &&[&str]| monitor.iter().any(|(event, _)| events.contains(&event));
    let advice: Vec<&str> = ADVICE.iter().filter(|(events, _)| happened(events)).map(|(_, text)| *text).collect();
    if !advice.is_empty() {
        text.push_str("\nWhat helps:\n\n");
        advice.iter().for_each(|line| {
            let _ = writeln!(text, "- {line}");
        });
    }
    text
}

fn describe(delays: &Delays) -> String {
    let count = delays.samples.len().max(1) as u64;
    let mean = delays.samples.iter().map(|delay| delay.ms).sum::<u64>() / count;
    let deviation = delays.samples.iter().map(|delay| delay.ms.abs_diff(mean)).sum::<u64>() / count;
    let first = delays.samples.front().map_or(0, |delay| delay.at_s);
    let last = delays.samples.back().map_or(0, |delay| delay.at_s);
    let period = last.saturating_sub(first) as f64 / count as f64;
    format!(
        "{count} delays, {mean} ms on average, mean deviation {deviation} ms, one in {period:.2} seconds. The longest \
         took {} ms.",
        delays.max_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_described() {
        let mut monitor = LatencyMonitor::default();
        assert_eq!(report(&monitor), IS_OFF);
        monitor.configure(10);
        assert_eq!(report(&monitor), NOTHING);
        [(10, 20), (12, 40)].into_iter().for_each(|(at_s, ms)| monitor.note("command", ms, at_s));
        let text = report(&monitor);
        let line = "1. command: 2 delays, 30 ms on average, mean deviation 10 ms, one in 1.00 seconds. The longest took 40 ms.";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("SLOWLOG") && !text.contains("maxmemory"), "{text}");
    }
}
