//! Masters and replicas.

use bongsu_protocol::info::InfoWriter;

use crate::config::Directive;
use crate::engine::Engine;
use crate::replication::{Following, ReplicationId, SyncFigures};

const SECOND_US: u64 = 1_000_000;

pub(super) fn replication(engine: &Engine, info: &mut InfoWriter) {
    info.section("Replication");
    match &engine.following {
        None => {
            info.field("role", "master");
        }
        Some(following) => replica(engine, following, info),
    }
    info.field("connected_slaves", engine.master.replicas().len());
    if engine.config.size(Directive::MinReplicasToWrite) > 0 && engine.config.size(Directive::MinReplicasMaxLag) > 0 {
        info.field("min_slaves_good_slaves", engine.master.good);
    }
    replicas(engine, info);
    info.field("master_failover_state", engine.failover_state());
    // Nobody is sent data on a second connection.
    info.field("replicas_waiting_psync", 0);
    stream(engine, info);
    dataset(engine, info);
}

/// Which data these are.
fn dataset(engine: &Engine, info: &mut InfoWriter) {
    info.field("dataset_state", engine.dataset.word());
    if let Some(lineage) = engine.dataset.lineage {
        info.field("dataset_id", lineage.id).field("dataset_epoch", lineage.epoch);
    }
}

/// The stream of changes.
fn stream(engine: &Engine, info: &mut InfoWriter) {
    let history = &engine.history;
    let none = ReplicationId::none();
    let (old_id, old_end) = match &history.before {
        // What is shown is the first offset that is not the same any more.
        Some((id, end)) => (id, i64::try_from(end + 1).unwrap_or(i64::MAX)),
        None => (&none, -1),
    };
    info.field("master_replid", history.id.as_str()).field("master_replid2", old_id.as_str());
    info.field("master_repl_offset", history.offset).field("second_repl_offset", old_end);
    let backlog = history.backlog.as_ref();
    info.field("repl_backlog_active", u8::from(backlog.is_some()));
    info.field("repl_backlog_size", engine.config.size(Directive::ReplBacklogSize));
    info.field("repl_backlog_first_byte_offset", backlog.map_or(0, |backlog| backlog.first()));
    info.field("repl_backlog_histlen", backlog.map_or(0, |backlog| backlog.len()));
}

/// What a replica tells of its master.
fn replica(engine: &Engine, following: &Following, info: &mut InfoWriter) {
    let now_us = engine.clock.now_us;
    let seconds = |us: Option<u64>| us.map_or(-1, |us| i64::try_from(us / SECOND_US).unwrap_or(i64::MAX));
    let figures = following.sync_figures(now_us);
    info.field("role", "slave").field("master_host", &following.host).field("master_port", following.port);
    info.field("master_link_status", if following.is_linked() { "up" } else { "down" });
    info.field("master_last_io_seconds_ago", seconds(following.silent_us(now_us)));
    info.field("master_sync_in_progress", u8::from(figures.is_some()));
    info.field("slave_read_repl_offset", engine.history.offset + following.unapplied() as u64);
    info.field("slave_repl_offset", engine.history.offset);
    if let Some(figures) = figures {
        sync(figures, info);
    }
    if !following.is_linked() {
        info.field("master_link_down_since_seconds", seconds(following.down_us(now_us)));
    }
    if let Some(reason) = following.refusal() {
        info.field("full_resync_rejected", reason);
    }
    info.field("slave_priority", engine.config.size(Directive::ReplicaPriority));
    info.field("slave_read_only", u8::from(engine.config.is_on(Directive::ReplicaReadOnly)));
    info.field("replica_announced", u8::from(engine.config.is_on(Directive::ReplicaAnnounced)));
}

/// Data that are on their way.
fn sync(figures: SyncFigures, info: &mut InfoWriter) {
    let SyncFigures { total, read, silent_us, .. } = figures;
    let percent = if total == 0 { 0.0 } else { read as f64 * 100.0 / total as f64 };
    info.field("master_sync_total_bytes", total).field("master_sync_read_bytes", read);
    info.field("master_sync_left_bytes", i128::from(total) - i128::from(read));
    info.field("master_sync_perc", format_args!("{percent:.2}"));
    info.field("master_sync_last_io_seconds_ago", silent_us / SECOND_US);
}

fn replicas(engine: &Engine, info: &mut InfoWriter) {
    for (index, replica) in engine.master.replicas().iter().enumerate() {
        let state = replica.state_name(engine.master.sends_file(replica));
        let (host, port, offset) = (replica.host(), replica.about.port, replica.acknowledged);
        let lag = replica.lag_s(engine.clock.now_us);
        let line = format_args!("ip={host},port={port},state={state},offset={offset},lag={lag}");
        info.field(&format!("slave{index}"), line);
    }
}
