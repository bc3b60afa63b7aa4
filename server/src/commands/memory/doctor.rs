//! What is odd about the use of memory, in words.

use crate::info::Usage;

/// A server that uses less cannot be judged, because what it was started with weighs too much.
const JUDGED_BYTES: usize = 5 * 1024 * 1024;
/// Peaks that exceed the present by this much, and memory that the system counts beyond what is used.
const MUCH: f64 = 1.5;
/// Connections that take more than this part of all.
const CLIENTS_PERCENT: usize = 25;

/// Describes what is odd.
pub(super) fn report(usage: &Usage) -> String {
    if usage.used < JUDGED_BYTES {
        return "There is too little data to judge the use of memory.\n".to_owned();
    }
    let mut text = String::new();
    if usage.peak as f64 > usage.used as f64 * MUCH {
        text.push_str(
            "- Peak: much more memory was in use once than is now. What the allocator still holds of it will be used first \
             when data grows again.\n",
        );
    }
    if usage.fragmentation() > MUCH {
        text.push_str(
            "- Fragmentation: the process takes much more memory than is in use. Either it has freed much lately, or values \
             have changed their sizes many times. A restart from a dump packs them anew.\n",
        );
    }
    if usage.clients * 100 > usage.used * CLIENTS_PERCENT {
        text.push_str(
            "- Connections: a large part of memory waits to be sent to clients, or to be understood. CLIENT LIST shows the \
             slow ones; client-output-buffer-limit ends them.\n",
        );
    }
    if text.is_empty() {
        return "Nothing is odd about the use of memory.\n".to_owned();
    }
    format!("These are odd about the use of memory:\n\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn what_is_odd_is_named() {
        let usage = Usage { used: MIB, peak: MIB, startup: 0, resident: 9 * MIB, clients: 0, tables: 0 };
        assert!(report(&usage).contains("too little"));
        let usage = Usage { used: 10 * MIB, ..usage };
        assert!(report(&usage).contains("Nothing"));
        let usage = Usage { peak: 20 * MIB, resident: 16 * MIB, clients: 3 * MIB, ..usage };
        let text = report(&usage);
        assert!(["Peak", "Fragmentation", "Connections"].iter().all(|word| text.contains(word)), "{text}");
    }
}
