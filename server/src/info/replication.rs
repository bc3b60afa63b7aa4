//! Masters and replicas.

use bongsu_protocol::info::InfoWriter;

use crate::config::Directive;
use crate::engine::Engine;
use crate::replication::ReplicationId;

pub(super) fn replication(engine: &Engine, info: &mut InfoWriter) {
    let history = &engine.history;
    let none = ReplicationId::none();
    let (old_id, old_end) = match &history.before {
        // What is shown is the first offset that is not the same any more.
        Some((id, end)) => (id, i64::try_from(end + 1).unwrap_or(i64::MAX)),
        None => (&none, -1),
    };
    info.section("Replication");
    info.field("role", "master").field("connected_slaves", engine.master.replicas().len());
    if engine.config.size(Directive::MinReplicasToWrite) > 0 && engine.config.size(Directive::MinReplicasMaxLag) > 0 {
        info.field("min_slaves_good_slaves", engine.master.good);
    }
    replicas(engine, info);
    info.field("master_failover_state", "no-failover");
    info.field("master_replid", history.id.as_str()).field("master_replid2", old_id.as_str());
    info.field("master_repl_offset", history.offset).field("second_repl_offset", old_end);
    let backlog = history.backlog.as_ref();
    info.field("repl_backlog_active", u8::from(backlog.is_some()));
    info.field("repl_backlog_size", engine.config.size(Directive::ReplBacklogSize));
    info.field("repl_backlog_first_byte_offset", backlog.map_or(0, |backlog| backlog.first()));
    info.field("repl_backlog_histlen", backlog.map_or(0, |backlog| backlog.len()));
}

fn replicas(engine: &Engine, info: &mut InfoWriter) {
    for (index, replica) in engine.master.replicas().iter().enumerate() {
        let state = replica.state_name();
        let (host, port, offset) = (replica.host(), replica.about.port, replica.acknowledged);
        let lag = replica.lag_s(engine.clock.now_us);
        let line = format_args!("ip={host},port={port},state={state},offset={offset},lag={lag}");
        info.field(&format!("slave{index}"), line);
    }
}
