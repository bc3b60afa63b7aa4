//! What is on disk, and what is on its way there.

use bongsu_protocol::info::InfoWriter;

use crate::engine::Engine;
use crate::imaging::Purpose;

pub(super) fn persistence(engine: &Engine, info: &mut InfoWriter) {
    info.section("Persistence");
    let sync = engine.following.as_ref().and_then(|following| following.sync_figures(engine.clock.now_us));
    let beside = sync.is_some_and(|sync| sync.is_loading_beside);
    info.field("loading", u8::from(engine.is_incomplete())).field("async_loading", u8::from(beside));
    // Nothing is copied because a page changes: there is no second process.
    info.field("current_cow_peak", 0).field("current_cow_size", 0).field("current_cow_size_age", 0);
    let imaging = engine.imaging.as_ref();
    let (done, total) = imaging.map_or((0, 0), |imaging| (imaging.keys_done(), imaging.keys));
    let percent = if total == 0 { 0.0 } else { done as f64 * 100.0 / total as f64 };
    info.field("current_fork_perc", format_args!("{percent:.2}"));
    info.field("current_save_keys_processed", done).field("current_save_keys_total", total);
    snapshots(engine, info);
    log(engine, info);
    info.field("module_fork_in_progress", 0).field("module_fork_last_cow_size", 0);
    if engine.aof.is_some() {
        log_sizes(engine, info);
    }
    if engine.loading.is_some() {
        loading(engine, info);
    }
}

fn seconds_since(engine: &Engine, purpose: Purpose) -> i64 {
    let imaging = engine.imaging.as_ref().filter(|imaging| imaging.purpose == purpose);
    imaging.map_or(-1, |imaging| ((engine.clock.now_us - imaging.begun_us) / 1_000_000) as i64)
}

fn status(is_good: bool) -> &'static str {
    if is_good { "ok" } else { "err" }
}

fn whole_seconds(took: Option<std::time::Duration>) -> i64 {
    took.map_or(-1, |took| took.as_secs() as i64)
}

fn is_under_way(engine: &Engine, purpose: Purpose) -> u8 {
    u8::from(engine.imaging.as_ref().is_some_and(|imaging| imaging.purpose == purpose))
}

fn snapshots(engine: &Engine, info: &mut InfoWriter) {
    let snapshots = &engine.snapshots;
    info.field("rdb_changes_since_last_save", engine.unsaved_changes());
    let is_saving = is_under_way(engine, Purpose::Snapshot) != 0 || engine.master.is_saving();
    info.field("rdb_bgsave_in_progress", u8::from(is_saving));
    info.field("rdb_last_save_time", snapshots.saved_s);
    info.field("rdb_last_bgsave_status", status(snapshots.is_last_good));
    info.field("rdb_last_bgsave_time_sec", whole_seconds(snapshots.last_took));
    info.field("rdb_current_bgsave_time_sec", seconds_since(engine, Purpose::Snapshot));
    info.field("rdb_saves", snapshots.count).field("rdb_last_cow_size", 0);
    info.field("rdb_last_load_keys_expired", engine.last_loaded.expired);
    info.field("rdb_last_load_keys_loaded", engine.last_loaded.keys);
}

fn log(engine: &Engine, info: &mut InfoWriter) {
    let rewrites = &engine.rewrites;
    info.field("aof_enabled", u8::from(engine.aof.is_some()));
    let is_rewriting = is_under_way(engine, Purpose::Rewrite) != 0 || rewrites.is_concluding;
    info.field("aof_rewrite_in_progress", u8::from(is_rewriting));
    info.field("aof_rewrite_scheduled", u8::from(rewrites.is_scheduled));
    info.field("aof_last_rewrite_time_sec", whole_seconds(rewrites.last_took));
    info.field("aof_current_rewrite_time_sec", seconds_since(engine, Purpose::Rewrite));
    info.field("aof_last_bgrewrite_status", status(!rewrites.has_failed));
    info.field("aof_rewrites", rewrites.count).field("aof_rewrites_consecutive_failures", rewrites.failures);
    info.field("aof_last_write_status", status(engine.log_failure.is_none()));
    info.field("aof_last_cow_size", 0);
}

fn log_sizes(engine: &Engine, info: &mut InfoWriter) {
    let Some(aof) = &engine.aof else { return };
    info.field("aof_current_size", aof.log_bytes()).field("aof_base_size", engine.rewrites.base_bytes);
    info.field("aof_pending_rewrite", 0).field("aof_buffer_length", aof.queued_bytes());
    info.field("aof_pending_bio_fsync", u8::from(!aof.is_settled())).field("aof_delayed_fsync", aof.delays);
}

fn loading(engine: &Engine, info: &mut InfoWriter) {
    let Some(loading) = &engine.loading else { return };
    let (read, total) = (loading.read_bytes(), loading.total_bytes.max(1));
    let percent = read as f64 * 100.0 / total as f64;
    let now_s = engine.clock.wall_ms() / 1000;
    let passed_s = now_s.saturating_sub(loading.begun_s);
    let eta_s = (passed_s * (total - read)).checked_div(read).unwrap_or(1);
    info.field("loading_start_time", loading.begun_s).field("loading_total_bytes", loading.total_bytes);
    info.field("loading_rdb_used_mem", loading.used_memory).field("loading_loaded_bytes", read);
    info.field("loading_loaded_perc", format_args!("{percent:.2}")).field("loading_eta_seconds", eta_s);
}
