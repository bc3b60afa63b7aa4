//! What is counted while requests run.

use std::collections::BTreeMap;

/// How often a command ran, and for how long.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct CommandStats {
    pub(crate) calls: u64,
    pub(crate) usec: u64,
    pub(crate) rejected: u64,
    pub(crate) failed: u64,
    /// Histogram of durations in powers of two of a microsecond, for `LATENCY HISTOGRAM` and percentiles.
    pub(crate) histogram: Option<[u32; HISTOGRAM_BUCKETS]>,
}

/// Durations up to 2^31 microseconds are told apart, which is more than half an hour.
pub(crate) const HISTOGRAM_BUCKETS: usize = 32;

impl CommandStats {
    /// Counts a run that took so many microseconds.
    #[inline]
    pub(crate) fn ran(&mut self, usec: u64) {
        self.calls += 1;
        self.usec += usec;
        let bucket = (64 - usec.leading_zeros() as usize).min(HISTOGRAM_BUCKETS - 1);
        self.histogram.get_or_insert([0; HISTOGRAM_BUCKETS])[bucket] += 1;
    }
}

/// Kinds of errors that are told apart, so that clients that make errors up (with scripts) take no memory.
const ERROR_KINDS_MAX: usize = 128;

/// Counters of the whole server.
#[derive(Default, Debug)]
pub(crate) struct Stats {
    pub(crate) connections: u64,
    pub(crate) rejected_connections: u64,
    pub(crate) commands: u64,
    pub(crate) error_replies: u64,
    pub(crate) input_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) acl_denied_auth: u64,
    pub(crate) acl_denied_command: u64,
    pub(crate) acl_denied_key: u64,
    pub(crate) acl_denied_channel: u64,
    pub(crate) dropped_for_query_buffer: u64,
    pub(crate) dropped_for_output_buffer: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) turns: u64,
    pub(crate) turn_usec: u64,
    pub(crate) command_usec: u64,
    /// Errors by their first word.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Of each command, by its number.
    pub(crate) by_command: Vec<CommandStats>,
}

impl Stats {
    pub(crate) fn new(commands: usize) -> Self {
        Self { by_command: vec![CommandStats::default(); commands], ..Self::default() }
    }

    /// Forgets everything (`CONFIG RESETSTAT`).
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.by_command.len());
    }

    /// Counts an error reply, given as it is sent: `-ERR text`.
    pub(crate) fn error(&mut self, reply: &[u8]) {
        self.error_replies += 1;
        let line = reply.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
        let Some(kind) = line.strip_prefix(b"-") else { return };
        let kind = String::from_utf8_lossy(kind);
        if let Some(count) = self.errors.get_mut(&*kind) {
            *count += 1;
        } else if self.errors.len() < ERROR_KINDS_MAX {
            self.errors.insert(kind.into_owned(), 1);
        }
    }
}
