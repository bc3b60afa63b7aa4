//! What has happened so far.

use bongsu_protocol::info::InfoWriter;

use crate::engine::Engine;

pub(super) fn stats(engine: &Engine, info: &mut InfoWriter) {
    info.section("Stats");
    traffic(engine, info);
    keys(engine, info);
    listeners(engine, info);
    replies(engine, info);
    turns(engine, info);
    let stats = &engine.stats;
    info.field("acl_access_denied_auth", stats.acl_denied_auth);
    info.field("acl_access_denied_cmd", stats.acl_denied_command);
    info.field("acl_access_denied_key", stats.acl_denied_key);
    info.field("acl_access_denied_channel", stats.acl_denied_channel);
}

fn traffic(engine: &Engine, info: &mut InfoWriter) {
    let (stats, rates) = (&engine.stats, &engine.rates);
    info.field("total_connections_received", stats.connections).field("total_commands_processed", stats.commands);
    info.field("instantaneous_ops_per_sec", rates.commands_per_second());
    info.field("total_net_input_bytes", stats.input_bytes).field("total_net_output_bytes", stats.output_bytes);
    info.field("total_net_repl_input_bytes", 0).field("total_net_repl_output_bytes", engine.master.counts.sent_bytes);
    info.field("instantaneous_input_kbps", format_args!("{:.2}", rates.input_kib_per_second()));
    info.field("instantaneous_output_kbps", format_args!("{:.2}", rates.output_kib_per_second()));
    info.field("instantaneous_input_repl_kbps", "0.00").field("instantaneous_output_repl_kbps", "0.00");
    info.field("rejected_connections", stats.rejected_connections);
    let syncs = &engine.master.counts;
    info.field("sync_full", syncs.full).field("sync_partial_ok", syncs.partial);
    info.field("sync_partial_err", syncs.refused);
}

fn keys(engine: &Engine, info: &mut InfoWriter) {
    let stats = &engine.shard.stats;
    info.field("expired_keys", stats.expired).field("expired_stale_perc", "0.00");
    info.field("expired_time_cap_reached_count", engine.stats.sweeps_cut_short);
    info.field("expire_cycle_cpu_milliseconds", engine.stats.sweep_usec / 1000);
    info.field("evicted_keys", stats.evicted).field("evicted_clients", engine.stats.evicted_clients);
    info.field("total_eviction_exceeded_time", 0).field("current_eviction_exceeded_time", 0);
    info.field("keyspace_hits", stats.hits).field("keyspace_misses", stats.misses);
}

fn listeners(engine: &Engine, info: &mut InfoWriter) {
    let [_, keys, items, prefixes] = engine.tracking.figures();
    info.field("pubsub_channels", engine.pubsub.channel_count());
    info.field("pubsub_patterns", engine.pubsub.pattern_count());
    info.field("pubsubshard_channels", engine.sharded_pubsub.channel_count());
    info.field("latest_fork_usec", 0).field("total_forks", 0).field("migrate_cached_sockets", 0);
    info.field("slave_expires_tracked_keys", 0);
    info.field("active_defrag_hits", 0).field("active_defrag_misses", 0);
    info.field("active_defrag_key_hits", 0).field("active_defrag_key_misses", 0);
    info.field("total_active_defrag_time", 0).field("current_active_defrag_time", 0);
    info.field("tracking_total_keys", keys).field("tracking_total_items", items);
    info.field("tracking_total_prefixes", prefixes);
}

fn replies(engine: &Engine, info: &mut InfoWriter) {
    let stats = &engine.stats;
    info.field("unexpected_error_replies", stats.unexpected_error_replies)
        .field("total_error_replies", stats.error_replies);
    info.field("dump_payload_sanitizations", 0);
    info.field("total_reads_processed", stats.reads).field("total_writes_processed", stats.writes);
    info.field("io_threaded_reads_processed", 0).field("io_threaded_writes_processed", 0);
    info.field("client_query_buffer_limit_disconnections", stats.dropped_for_query_buffer);
    info.field("client_output_buffer_limit_disconnections", stats.dropped_for_output_buffer);
    info.field("reply_buffer_shrinks", 0).field("reply_buffer_expands", 0);
}

fn turns(engine: &Engine, info: &mut InfoWriter) {
    let (stats, rates) = (&engine.stats, &engine.rates);
    info.field("eventloop_cycles", stats.turns).field("eventloop_duration_sum", stats.turn_usec);
    info.field("eventloop_duration_cmd_sum", stats.command_usec);
    info.field("instantaneous_eventloop_cycles_per_sec", rates.turns_per_second());
    info.field("instantaneous_eventloop_duration_usec", rates.turn_usec());
}

/// What concerns those who develop the server.
pub(super) fn debug(engine: &Engine, info: &mut InfoWriter) {
    let stats = &engine.stats;
    info.section("Debug");
    info.field("eventloop_duration_aof_sum", 0);
    info.field("eventloop_duration_cron_sum", stats.upkeep_usec);
    info.field("eventloop_duration_max", stats.turn_usec_max);
    info.field("eventloop_cmd_per_cycle_max", stats.turn_commands_max);
}
