//! What is on disk: nothing.

use bongsu_protocol::info::InfoWriter;

use crate::engine::Engine;

pub(super) fn persistence(engine: &Engine, info: &mut InfoWriter) {
    info.section("Persistence");
    info.field("loading", 0).field("async_loading", 0);
    info.field("current_cow_peak", 0).field("current_cow_size", 0).field("current_cow_size_age", 0);
    info.field("current_fork_perc", "0.00");
    info.field("current_save_keys_processed", 0).field("current_save_keys_total", 0);
    info.field("rdb_changes_since_last_save", engine.changes)
        .field("rdb_bgsave_in_progress", u8::from(engine.master.is_saving()));
    info.field("rdb_last_save_time", engine.instance.started_ms / 1000).field("rdb_last_bgsave_status", "ok");
    info.field("rdb_last_bgsave_time_sec", -1).field("rdb_current_bgsave_time_sec", -1);
    info.field("rdb_saves", 0).field("rdb_last_cow_size", 0);
    info.field("rdb_last_load_keys_expired", 0).field("rdb_last_load_keys_loaded", 0);
    info.field("aof_enabled", 0).field("aof_rewrite_in_progress", 0).field("aof_rewrite_scheduled", 0);
    info.field("aof_last_rewrite_time_sec", -1).field("aof_current_rewrite_time_sec", -1);
    info.field("aof_last_bgrewrite_status", "ok").field("aof_rewrites", 0);
    info.field("aof_rewrites_consecutive_failures", 0).field("aof_last_write_status", "ok");
    info.field("aof_last_cow_size", 0);
    info.field("module_fork_in_progress", 0).field("module_fork_last_cow_size", 0);
}
