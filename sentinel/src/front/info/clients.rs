//! `# Clients`.

use super::Text;

/// Who is connected.
#[derive(Default)]
pub(in crate::front) struct Clients {
    pub(in crate::front) connected: usize,
    pub(in crate::front) maximum: u64,
    /// Longest unread request and longest unsent reply, in bytes.
    pub(in crate::front) max_input: usize,
    pub(in crate::front) max_output: usize,
    /// Waiting for a disk or for a decision.
    pub(in crate::front) blocked: usize,
    pub(in crate::front) subscribed: usize,
}

impl Clients {
    pub(in crate::front) fn write(&self, text: &mut Text) {
        text.section("Clients");
        text.line("connected_clients", self.connected);
        text.line("cluster_connections", 0);
        text.line("maxclients", self.maximum);
        text.line("client_recent_max_input_buffer", self.max_input);
        text.line("client_recent_max_output_buffer", self.max_output);
        text.line("blocked_clients", self.blocked);
        text.line("tracking_clients", 0);
        text.line("pubsub_clients", self.subscribed);
        text.zeros(&[
            "watching_clients",
            "clients_in_timeout_table",
            "total_watched_keys",
            "total_blocking_keys",
            "total_blocking_keys_on_nokey",
        ]);
    }
}
