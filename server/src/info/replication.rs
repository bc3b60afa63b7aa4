//! Masters and replicas.

use bongsu_protocol::info::InfoWriter;

use crate::config::Directive;
use crate::engine::Engine;

/// The name of a history that there is none of.
const NO_HISTORY: &str = "0000000000000000000000000000000000000000";

pub(super) fn replication(engine: &Engine, info: &mut InfoWriter) {
    info.section("Replication");
    info.field("role", "master").field("connected_slaves", 0).field("master_failover_state", "no-failover");
    info.field("master_replid", &engine.instance.replication_id).field("master_replid2", NO_HISTORY);
    info.field("master_repl_offset", 0).field("second_repl_offset", -1);
    info.field("repl_backlog_active", 0).field("repl_backlog_size", engine.config.size(Directive::ReplBacklogSize));
    info.field("repl_backlog_first_byte_offset", 0).field("repl_backlog_histlen", 0);
}
