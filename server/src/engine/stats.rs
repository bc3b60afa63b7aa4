//! What is counted while requests run.

use std::collections::BTreeMap;

use super::Engine;
use super::histogram::Histogram;

/// How often a command ran, and for how long.
#[derive(Clone, Default, Debug)]
pub(crate) struct CommandStats {
    pub(crate) calls: u64,
    pub(crate) usec: u64,
    pub(crate) rejected: u64,
    pub(crate) failed: u64,
    /// Durations, if they are tracked.
    pub(crate) histogram: Option<Histogram>,
}

impl CommandStats {
    /// Counts a run that took so many microseconds.
    #[inline]
    pub(crate) fn ran(&mut self, usec: u64, tracks_latency: bool) {
        self.calls += 1;
        self.usec += usec;
        if tracks_latency {
            self.histogram.get_or_insert_default().record(usec);
        }
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
    /// Errors that a master would have got, who gets none.
    pub(crate) unexpected_error_replies: u64,
    pub(crate) input_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) acl_denied_auth: u64,
    pub(crate) acl_denied_command: u64,
    pub(crate) acl_denied_key: u64,
    pub(crate) acl_denied_channel: u64,
    pub(crate) dropped_for_query_buffer: u64,
    pub(crate) dropped_for_output_buffer: u64,
    pub(crate) evicted_clients: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) turns: u64,
    pub(crate) turn_usec: u64,
    /// The longest turn, and the most commands of one.
    pub(crate) turn_usec_max: u64,
    pub(crate) turn_commands_max: u64,
    /// `commands` when this turn began.
    pub(crate) commands_before_turn: u64,
    /// Time that was spent on keys whose time is over, and how often it was not enough.
    pub(crate) sweep_usec: u64,
    pub(crate) sweeps_cut_short: u64,
    /// Time that was spent on what is due by time.
    pub(crate) upkeep_usec: u64,
    pub(crate) command_usec: u64,
    /// Errors by their first word.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Of each command, by its number.
    pub(crate) by_command: Vec<CommandStats>,
    /// `latency-tracking`: durations of commands are counted by size.
    pub(crate) tracks_latency: bool,
}

/// Counts errors of all kinds that are not told apart.
const OTHER_ERRORS: &str = "ERRORSTATS_OVERFLOW";

impl Stats {
    pub(crate) fn new(commands: usize) -> Self {
        Self { by_command: vec![CommandStats::default(); commands], tracks_latency: true, ..Self::default() }
    }

    /// `latency-tracking` is switched on or off. What was counted is forgotten if it is off.
    pub(crate) fn track_latency(&mut self, on: bool) {
        self.tracks_latency = on;
        if !on {
            self.by_command.iter_mut().for_each(|stats| stats.histogram = None);
        }
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
        } else {
            *self.errors.entry(OTHER_ERRORS.to_owned()).or_default() += 1;
        }
    }
}

impl Engine {
    /// Forgets everything that was counted (`CONFIG RESETSTAT`).
    pub(crate) fn reset_stats(&mut self) {
        let old = std::mem::take(&mut self.stats);
        self.stats = Stats { tracks_latency: old.tracks_latency, ..Stats::new(old.by_command.len()) };
        self.shard.stats = bongsu_store::shard::Stats::default();
        self.rates = super::rates::Rates::default();
        self.master.counts = crate::replication::Counts::default();
    }
}
