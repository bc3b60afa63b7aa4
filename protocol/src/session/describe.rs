//! The line of a connection in `CLIENT LIST`, `CLIENT INFO` and `ACL LOG`.

use super::{ClientRole, Session, TrackingMode};
use crate::acl::Dialect;

impl Session {
    /// The line as Redis 7.2 prints it (7.0 has no `lib-name` and `lib-ver`), without line end.
    #[must_use]
    pub fn describe(&self, now_ms: u64, dialect: Dialect) -> String {
        let io = &self.io;
        let identity = format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={}",
            self.id,
            self.addr,
            self.laddr,
            io.fd,
            String::from_utf8_lossy(&self.name),
            self.age_seconds(now_ms),
            now_ms.saturating_sub(self.last_interaction_ms) / 1000,
            self.flag_letters(),
            self.db,
        );
        let subscriptions = format!(
            "sub={} psub={} ssub={} multi={}",
            self.subscriptions.channels,
            self.subscriptions.patterns,
            self.subscriptions.shard_channels,
            self.queued.map_or_else(|| "-1".to_owned(), |queued| queued.to_string()),
        );
        let memory = format!(
            "qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs={} rbp={} obl={} oll={} omem={} tot-mem={}",
            io.query_buffer,
            io.query_buffer_free,
            io.request,
            io.queued_requests,
            io.reply_buffer,
            io.reply_buffer_peak,
            io.reply_buffer_used,
            io.reply_blocks,
            io.reply_list,
            io.total,
        );
        let mut line = format!(
            "{identity} {subscriptions} {memory} events={}{} cmd={} user={} redir={} resp={}",
            if io.reads { "r" } else { "" },
            if io.writes { "w" } else { "" },
            self.last_command.as_deref().unwrap_or("NULL"),
            String::from_utf8_lossy(&self.user),
            self.redirection(),
            self.protocol.number(),
        );
        if dialect == Dialect::Redis72 {
            let lib_name = String::from_utf8_lossy(&self.lib_name);
            line.push_str(&format!(" lib-name={lib_name} lib-ver={}", String::from_utf8_lossy(&self.lib_ver)));
        }
        // They come last, so that the fields of 7.2 stay where they were.
        if let Some(totals) = &io.totals {
            line.push_str(&format!(
                " watch={} tot-net-in={} tot-net-out={} tot-cmds={}",
                totals.watched, totals.input_bytes, totals.output_bytes, totals.requests
            ));
        }
        line
    }

    /// -1 without tracking, 0 without redirection, else the client that gets the invalidations.
    pub(super) fn redirection(&self) -> i64 {
        self.tracking.as_ref().map_or(-1, |tracking| tracking.redirect.map_or(0, |id| id.as_integer()))
    }

    fn flag_letters(&self) -> String {
        let tracking = self.tracking.as_ref();
        let flags = [
            ('O', self.role == ClientRole::Monitor),
            ('S', self.role == ClientRole::Replica),
            ('M', self.role == ClientRole::Master),
            ('P', self.subscriptions.any()),
            ('x', self.queued.is_some()),
            ('b', self.blocked),
            ('t', tracking.is_some()),
            ('R', tracking.is_some_and(|tracking| tracking.broken_redirect)),
            ('B', tracking.is_some_and(|tracking| tracking.mode == TrackingMode::Broadcast)),
            ('d', self.dirty_transaction),
            ('c', self.close_after_reply),
            ('A', self.close_now),
            ('U', self.unix_socket),
            ('r', self.readonly),
            ('e', self.no_evict),
            ('T', self.no_touch),
        ];
        let letters: String = flags.iter().filter(|(_, set)| *set).map(|(letter, _)| *letter).collect();
        if letters.is_empty() { "N".to_owned() } else { letters }
    }
}
