//! What the system says of this process. What it does not say is zero or empty.

use std::fs;

/// Processor time is told in hundredths of a second on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CpuTime {
    pub(super) user: f64,
    pub(super) system: f64,
    pub(super) children_user: f64,
    pub(super) children_system: f64,
}

impl CpuTime {
    /// Of the whole process.
    pub(super) fn of_process() -> Self {
        Self::parse(&read("/proc/self/stat")).unwrap_or_default()
    }

    /// Of this thread, the one that serves clients.
    pub(super) fn of_thread() -> Self {
        Self::parse(&read("/proc/thread-self/stat")).unwrap_or_default()
    }

    fn parse(stat: &str) -> Option<Self> {
        // The second field is the name in parentheses, which may hold anything. What follows is the third.
        const UTIME: usize = 14 - 3;
        let (_, fields) = stat.rsplit_once(')')?;
        let mut times = fields.split_ascii_whitespace().skip(UTIME).map(|ticks| ticks.parse::<f64>());
        let mut next = || Some(times.next()?.ok()? / TICKS_PER_SECOND);
        Some(Self { user: next()?, system: next()?, children_user: next()?, children_system: next()? })
    }
}

/// Memory of this process that is not from files, in bytes.
pub(crate) fn anonymous_bytes() -> usize {
    kib_of(&read("/proc/self/status"), "RssAnon:") * 1024
}

/// Memory of this process that is in main memory, in bytes.
pub(super) fn resident_bytes() -> usize {
    kib_of(&read("/proc/self/status"), "VmRSS:") * 1024
}

/// Memory of the machine, in bytes.
pub(super) fn machine_bytes() -> usize {
    kib_of(&read("/proc/meminfo"), "MemTotal:") * 1024
}

/// Name and version of the system, and the processor.
pub(super) fn system() -> String {
    let part = |name: &str| read(&format!("/proc/sys/kernel/{name}")).trim().to_owned();
    let (name, release) = (part("ostype"), part("osrelease"));
    let name = if name.is_empty() { std::env::consts::OS.to_owned() } else { name };
    format!("{name} {release} {}", std::env::consts::ARCH)
}

fn kib_of(text: &str, name: &str) -> usize {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().trim_end_matches("kB").trim_end().parse().ok()).unwrap_or(0)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_times_are_found_behind_any_name() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194304 100 0 0 0 250 75 3 4 20 0 1 0 5";
        let expected = CpuTime { user: 2.5, system: 0.75, children_user: 0.03, children_system: 0.04 };
        assert_eq!(CpuTime::parse(stat), Some(expected));
        assert_eq!(CpuTime::parse("nothing"), None);
    }

    #[test]
    fn sizes_are_given_in_kibibytes() {
        assert_eq!(kib_of("VmPeak:\t 9 kB\nVmRSS:\t  1234 kB\n", "VmRSS:"), 1234);
        assert_eq!(kib_of("", "VmRSS:"), 0);
    }
}
