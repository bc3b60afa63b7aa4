//! `# Stats`.

use super::Text;

/// Counters since the start of the process.
#[derive(Clone, Copy, Default, Debug)]
pub(in crate::front) struct StatsFacts {
    pub(in crate::front) connections_received: u64,
    pub(in crate::front) connections_rejected: u64,
    pub(in crate::front) commands: u64,
    pub(in crate::front) commands_per_second: u64,
    pub(in crate::front) input_bytes: u64,
    pub(in crate::front) output_bytes: u64,
    pub(in crate::front) input_bytes_per_second: u64,
    pub(in crate::front) output_bytes_per_second: u64,
    pub(in crate::front) reads: u64,
    pub(in crate::front) writes: u64,
    pub(in crate::front) error_replies: u64,
    pub(in crate::front) query_buffer_disconnections: u64,
    pub(in crate::front) output_buffer_disconnections: u64,
    pub(in crate::front) denied_logins: u64,
    pub(in crate::front) denied_commands: u64,
    pub(in crate::front) denied_channels: u64,
    pub(in crate::front) channels: usize,
    pub(in crate::front) patterns: usize,
}

impl StatsFacts {
    pub(in crate::front) fn write(&self, text: &mut Text) {
        text.section("Stats");
        self.write_traffic(text);
        text.zeros(&["sync_full", "sync_partial_ok", "sync_partial_err", "expired_keys"]);
        text.line("expired_stale_perc", "0.00");
        text.zeros(&[
            "expired_time_cap_reached_count",
            "expire_cycle_cpu_milliseconds",
            "evicted_keys",
            "evicted_clients",
            "total_eviction_exceeded_time",
            "current_eviction_exceeded_time",
            "keyspace_hits",
            "keyspace_misses",
        ]);
        text.line("pubsub_channels", self.channels);
        text.line("pubsub_patterns", self.patterns);
        text.zeros(&[
            "pubsubshard_channels",
            "latest_fork_usec",
            "total_forks",
            "migrate_cached_sockets",
            "slave_expires_tracked_keys",
            "active_defrag_hits",
            "active_defrag_misses",
            "active_defrag_key_hits",
            "active_defrag_key_misses",
            "total_active_defrag_time",
            "current_active_defrag_time",
            "tracking_total_keys",
            "tracking_total_items",
            "tracking_total_prefixes",
            "unexpected_error_replies",
        ]);
        text.line("total_error_replies", self.error_replies);
        text.line("dump_payload_sanitizations", 0);
        text.line("total_reads_processed", self.reads);
        text.line("total_writes_processed", self.writes);
        text.zeros(&["io_threaded_reads_processed", "io_threaded_writes_processed"]);
        text.line("client_query_buffer_limit_disconnections", self.query_buffer_disconnections);
        text.line("client_output_buffer_limit_disconnections", self.output_buffer_disconnections);
        text.zeros(&["reply_buffer_shrinks", "reply_buffer_expands"]);
        text.line("acl_access_denied_auth", self.denied_logins);
        text.line("acl_access_denied_cmd", self.denied_commands);
        text.line("acl_access_denied_key", 0);
        text.line("acl_access_denied_channel", self.denied_channels);
    }

    fn write_traffic(&self, text: &mut Text) {
        text.line("total_connections_received", self.connections_received);
        text.line("total_commands_processed", self.commands);
        text.line("instantaneous_ops_per_sec", self.commands_per_second);
        text.line("total_net_input_bytes", self.input_bytes);
        text.line("total_net_output_bytes", self.output_bytes);
        text.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
        text.line("instantaneous_input_kbps", kilobytes(self.input_bytes_per_second));
        text.line("instantaneous_output_kbps", kilobytes(self.output_bytes_per_second));
        text.line("instantaneous_input_repl_kbps", "0.00");
        text.line("instantaneous_output_repl_kbps", "0.00");
        text.line("rejected_connections", self.connections_rejected);
    }
}

fn kilobytes(bytes: u64) -> String {
    let hundredths = bytes.saturating_mul(100) / 1024;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_two_decimals() {
        assert_eq!(kilobytes(0), "0.00");
        assert_eq!(kilobytes(1536), "1.50");
        assert_eq!(kilobytes(10), "0.00");
        assert_eq!(kilobytes(62), "0.06");
    }
}
