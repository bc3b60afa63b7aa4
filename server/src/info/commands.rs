//! Commands: how often, how long, with which errors.

use std::fmt::Write as _;

use bongsu_protocol::command::Command;
use bongsu_protocol::info::InfoWriter;

use crate::engine::{CommandStats, Engine};

/// Commands with what was counted for them.
fn counted(engine: &Engine) -> impl Iterator<Item = (&Command, &CommandStats)> {
    engine.table.iter().zip(&engine.stats.by_command)
}

pub(super) fn command_stats(engine: &Engine, info: &mut InfoWriter) {
    info.section("Commandstats");
    for (command, stats) in counted(engine).filter(|(_, stats)| stats.calls + stats.rejected > 0) {
        let CommandStats { calls, usec, rejected, failed, .. } = stats;
        let mean = if *calls == 0 { 0.0 } else { *usec as f64 / *calls as f64 };
        info.field(
            &format!("cmdstat_{}", command.full_name),
            format_args!(
                "calls={calls},usec={usec},usec_per_call={mean:.2},rejected_calls={rejected},failed_calls={failed}"
            ),
        );
    }
}

pub(super) fn error_stats(engine: &Engine, info: &mut InfoWriter) {
    info.section("Errorstats");
    for (kind, count) in &engine.stats.errors {
        // A colon ends the name of a field.
        info.field(&format!("errorstat_{}", kind.replace(':', "_")), format_args!("count={count}"));
    }
}

pub(super) fn latency_stats(engine: &Engine, info: &mut InfoWriter) {
    info.section("Latencystats");
    for (command, stats) in counted(engine) {
        let Some(histogram) = &stats.histogram else { continue };
        let mut percentiles = String::new();
        for percent in engine.config.percentiles() {
            let gap = if percentiles.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(percentiles, "{gap}p{percent}={:.3}", histogram.percentile_usec(*percent) as f64);
        }
        info.field(&format!("latency_percentiles_usec_{}", command.full_name), percentiles);
    }
}
