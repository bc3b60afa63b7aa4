//! The log of refused requests (`ACL LOG`).

use std::collections::VecDeque;

use super::{DeniedReason, Dialect};
use crate::resp::Writer;

/// Entries kept unless `acllog-max-len` says otherwise.
const ENTRIES_DEFAULT: usize = 128;
/// Equal refusals closer together than this share an entry.
const GROUPING_MS: u64 = 60_000;
/// Newest entries looked at for an equal one; a bound on the work a refused request causes.
const ENTRIES_COMPARED: usize = 10;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogReason {
    /// Authentication failed.
    Auth,
    /// The command is not allowed.
    Command,
    /// A key is not allowed.
    Key,
    /// A channel is not allowed.
    Channel,
}

impl LogReason {
    const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Command => "command",
            Self::Key => "key",
            Self::Channel => "channel",
        }
    }
}

impl From<DeniedReason> for LogReason {
    fn from(reason: DeniedReason) -> Self {
        match reason {
            DeniedReason::Command => Self::Command,
            DeniedReason::Key => Self::Key,
            DeniedReason::Channel => Self::Channel,
        }
    }
}

/// Where the request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogContext {
    /// A plain request.
    TopLevel,
    /// A transaction.
    Multi,
    /// A script.
    Lua,
    /// A module.
    Module,
}

impl LogContext {
    const fn name(self) -> &'static str {
        match self {
            Self::TopLevel => "toplevel",
            Self::Multi => "multi",
            Self::Lua => "lua",
            Self::Module => "module",
        }
    }
}

/// One refusal, or several equal ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Why.
    pub reason: LogReason,
    /// Where it came from.
    pub context: LogContext,
    /// Full command name, key, channel, or the command that tried to authenticate.
    pub object: Vec<u8>,
    /// The user, or the name given for authentication.
    pub username: Vec<u8>,
    /// The client's line of `CLIENT LIST`, without line end.
    pub client_info: String,
}

#[derive(Clone, Debug)]
struct Recorded {
    entry: LogEntry,
    id: u64,
    count: u64,
    created_ms: u64,
    updated_ms: u64,
}

impl Recorded {
    fn groups_with(&self, entry: &LogEntry, now_ms: u64) -> bool {
        let old = &self.entry;
        old.reason == entry.reason
            && old.context == entry.context
            && now_ms.abs_diff(self.updated_ms) <= GROUPING_MS
            && old.object == entry.object
            && old.username == entry.username
    }
}

/// How many requests were refused since the start, for `INFO stats` (`acl_access_denied_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DeniedCounts {
    /// Failed authentications.
    pub auth: u64,
    /// Commands.
    pub command: u64,
    /// Keys.
    pub key: u64,
    /// Channels.
    pub channel: u64,
}

/// The newest refusals, newest first.
#[derive(Clone, Debug)]
pub struct AclLog {
    entries: VecDeque<Recorded>,
    entries_max: usize,
    next_id: u64,
    counts: DeniedCounts,
}

impl Default for AclLog {
    fn default() -> Self {
        Self { entries: VecDeque::new(), entries_max: ENTRIES_DEFAULT, next_id: 0, counts: DeniedCounts::default() }
    }
}

impl AclLog {
    /// Changes `acllog-max-len`. Entries beyond it go when the next one comes.
    pub const fn set_entries_max(&mut self, entries_max: usize) {
        self.entries_max = entries_max;
    }

    /// Records a refusal at `now_ms` (milliseconds since 1970).
    pub fn record(&mut self, now_ms: u64, entry: LogEntry) {
        match entry.reason {
            LogReason::Auth => self.counts.auth += 1,
            LogReason::Command => self.counts.command += 1,
            LogReason::Key => self.counts.key += 1,
            LogReason::Channel => self.counts.channel += 1,
        }
        let equal = self.entries.iter().take(ENTRIES_COMPARED).position(|old| old.groups_with(&entry, now_ms));
        if let Some(mut old) = equal.and_then(|position| self.entries.remove(position)) {
            old.count += 1;
            old.updated_ms = now_ms;
            old.entry = entry;
            self.entries.push_front(old);
            return;
        }
        self.entries.push_front(Recorded { entry, id: self.next_id, count: 1, created_ms: now_ms, updated_ms: now_ms });
        self.next_id += 1;
        self.entries.truncate(self.entries_max);
    }

    /// How many requests were refused so far; clearing the log does not change it.
    #[must_use]
    pub const fn denied_counts(&self) -> DeniedCounts {
        self.counts
    }

    /// Forgets every entry.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if nothing was refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn write(&self, out: &mut Writer<'_>, count: usize, now_ms: u64, dialect: Dialect) {
        out.array(count.min(self.entries.len()));
        for recorded in self.entries.iter().take(count) {
            recorded.write(out, now_ms, dialect);
        }
    }
}

impl Recorded {
    fn write(&self, out: &mut Writer<'_>, now_ms: u64, dialect: Dialect) {
        let integer = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let has_times = dialect == Dialect::Redis72;
        out.map(if has_times { 10 } else { 7 });
        out.bulk("count");
        out.integer(integer(self.count));
        out.bulk("reason");
        out.bulk(self.entry.reason.name());
        out.bulk("context");
        out.bulk(self.entry.context.name());
        out.bulk("object");
        out.bulk(&self.entry.object);
        out.bulk("username");
        out.bulk(&self.entry.username);
        out.bulk("age-seconds");
        let age_ms = u32::try_from(now_ms.saturating_sub(self.updated_ms)).unwrap_or(u32::MAX);
        out.double(f64::from(age_ms) / 1000.0);
        out.bulk("client-info");
        out.bulk(&self.entry.client_info);
        if has_times {
            out.bulk("entry-id");
            out.integer(integer(self.id));
            out.bulk("timestamp-created");
            out.integer(integer(self.created_ms));
            out.bulk("timestamp-last-updated");
            out.integer(integer(self.updated_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(object: &str) -> LogEntry {
        LogEntry {
            reason: LogReason::Command,
            context: LogContext::TopLevel,
            object: object.into(),
            username: b"u".to_vec(),
            client_info: "id=1".into(),
        }
    }

    #[test]
    fn equal_refusals_share_an_entry_for_a_minute() {
        let mut log = AclLog::default();
        log.record(1_000, refusal("get"));
        log.record(2_000, refusal("set"));
        log.record(61_000, refusal("get"));
        assert_eq!(log.len(), 2);
        assert_eq!((log.entries[0].count, log.entries[0].id), (2, 0));
        assert_eq!((log.entries[0].created_ms, log.entries[0].updated_ms), (1_000, 61_000));
        log.record(121_001, refusal("get"));
        assert_eq!(log.denied_counts(), DeniedCounts { command: 4, ..DeniedCounts::default() });
        assert_eq!(log.len(), 3);
        assert_eq!((log.entries[0].count, log.entries[0].id), (1, 2));
    }

    #[test]
    fn the_oldest_entry_goes_first() {
        let mut log = AclLog::default();
        for object in 0..200_u32 {
            log.record(0, refusal(&object.to_string()));
        }
        assert_eq!(log.len(), ENTRIES_DEFAULT);
        log.set_entries_max(1);
        assert_eq!(log.len(), ENTRIES_DEFAULT, "they stay until the next one comes");
        log.record(0, refusal("last"));
        assert_eq!((log.len(), log.entries[0].entry.object.as_slice()), (1, b"last".as_slice()));
    }
}
