//! Requests that took long.

use std::collections::VecDeque;

use bongsu_protocol::command::{CommandFlags, CommandId};
use bongsu_protocol::session::ClientId;

use super::{Engine, secrets};

/// Arguments that are kept of a request, the last of which tells how many are not. As in Redis.
const ARGUMENTS_MAX: usize = 32;
/// Bytes that are kept of an argument. As in Redis.
const ARGUMENT_BYTES_MAX: usize = 128;

/// A request that took long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SlowRequest {
    /// Counts from the start of the server.
    pub(crate) id: u64,
    /// When it ended, in seconds of the epoch.
    pub(crate) at_s: u64,
    pub(crate) usec: u64,
    /// What it was, shortened.
    pub(crate) argv: Vec<Vec<u8>>,
    /// Who sent it.
    pub(crate) addr: String,
    pub(crate) name: Vec<u8>,
}

/// The last requests that took long, the latest first.
#[derive(Debug)]
pub(crate) struct SlowLog {
    entries: VecDeque<SlowRequest>,
    next_id: u64,
    /// `slowlog-log-slower-than`, in microseconds: from this on a request is slow.
    from_usec: u64,
    /// `slowlog-max-len`.
    len_max: usize,
}

impl Default for SlowLog {
    fn default() -> Self {
        Self { entries: VecDeque::new(), next_id: 0, from_usec: u64::MAX, len_max: 0 }
    }
}

impl SlowLog {
    /// Sets `slowlog-log-slower-than`, a negative number of which switches the log off, and `slowlog-max-len`.
    pub(crate) fn configure(&mut self, slower_than_usec: i64, len_max: usize) {
        self.from_usec = u64::try_from(slower_than_usec).unwrap_or(u64::MAX);
        self.len_max = len_max;
        self.entries.truncate(len_max);
    }

    #[inline]
    pub(super) fn wants(&self, usec: u64) -> bool {
        usec >= self.from_usec
    }

    fn add(&mut self, mut entry: SlowRequest) {
        if self.len_max == 0 {
            return;
        }
        entry.id = self.next_id;
        self.next_id += 1;
        self.entries.truncate(self.len_max - 1);
        self.entries.push_front(entry);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The latest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SlowRequest> {
        self.entries.iter()
    }

    pub(crate) fn reset(&mut self) {
        self.entries.clear();
    }
}

impl Engine {
    /// Notes a request that took long.
    #[cold]
    pub(super) fn note_slow(&mut self, client: ClientId, id: CommandId, argv: &[&[u8]], usec: u64) {
        let Some(command) = self.table.get(id) else { return };
        let flags = command.spec.flags;
        let event = if flags.contains(CommandFlags::FAST) { "fast-command" } else { "command" };
        self.latency.note(event, usec / 1000, self.shard.now_ms / 1000);
        if !self.slowlog.wants(usec) || flags.contains(CommandFlags::SKIP_SLOWLOG) {
            return;
        }
        let argv = shortened(&secrets::hidden(&command.full_name, argv));
        let session = self.clients.get(client);
        let (addr, name) = session.map(|session| (session.addr.clone(), session.name.clone())).unwrap_or_default();
        let at_s = self.clock.wall_ms() / 1000;
        self.slowlog.add(SlowRequest { id: 0, at_s, usec, argv, addr, name });
    }
}

/// A request as it is kept.
fn shortened(argv: &[&[u8]]) -> Vec<Vec<u8>> {
    let kept = if argv.len() > ARGUMENTS_MAX { ARGUMENTS_MAX - 1 } else { argv.len() };
    let mut short: Vec<Vec<u8>> = argv[..kept].iter().map(|arg| shortened_argument(arg)).collect();
    if kept < argv.len() {
        short.push(format!("... ({} more arguments)", argv.len() - kept).into_bytes());
    }
    short
}

fn shortened_argument(arg: &[u8]) -> Vec<u8> {
    let Some((kept, rest)) = arg.split_at_checked(ARGUMENT_BYTES_MAX).filter(|(_, rest)| !rest.is_empty()) else {
        return arg.to_vec();
    };
    [kept, format!("... ({} more bytes)", rest.len()).as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(usec: u64) -> SlowRequest {
        SlowRequest { id: 0, at_s: 0, usec, argv: Vec::new(), addr: String::new(), name: Vec::new() }
    }

    #[test]
    fn the_latest_are_kept() {
        let mut log = SlowLog::default();
        assert!(!log.wants(1 << 60));
        log.configure(10, 2);
        assert!(log.wants(10) && !log.wants(9));
        (0..5).for_each(|usec| log.add(request(usec)));
        let kept: Vec<(u64, u64)> = log.iter().map(|entry| (entry.id, entry.usec)).collect();
        assert_eq!(kept, [(4, 4), (3, 3)]);
        log.configure(-1, 0);
        log.add(request(9));
        assert_eq!((log.len(), log.wants(1 << 60)), (0, false));
    }

    #[test]
    fn long_requests_are_shortened() {
        let argv = vec![&b"x"[..]; 33];
        let short = shortened(&argv);
        assert_eq!((short.len(), short[31].as_slice()), (32, &b"... (2 more arguments)"[..]));
        assert_eq!(shortened(&argv[..32]).len(), 32);
        let long = [b'A'; 129];
        assert_eq!(shortened_argument(&long), [&long[..128], b"... (1 more bytes)"].concat());
        assert_eq!(shortened_argument(&long[..128]), &long[..128]);
    }
}
