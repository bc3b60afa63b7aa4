//! Memory.

use bongsu_protocol::info::InfoWriter;
use bongsu_store::keyspace::Db;

use super::{human, process};
use crate::config::Directive;
use crate::engine::Engine;

/// Memory and what it is used for, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) used: usize,
    pub(crate) peak: usize,
    pub(crate) startup: usize,
    /// Of the process, as the system sees it.
    pub(crate) resident: usize,
    /// Buffers of connections.
    pub(crate) clients: usize,
    /// The tables of the databases that have keys.
    pub(crate) tables: usize,
}

impl Usage {
    pub(crate) fn of(engine: &Engine) -> Self {
        let used = engine.used_bytes();
        let tables = (0..engine.shard.databases())
            .map(|db| engine.shard.db(db))
            .filter(|db| !db.is_empty())
            .map(Db::table_bytes)
            .sum();
        let (peak, startup, clients) = (engine.memory.peak.max(used), engine.memory.startup, engine.connection_bytes);
        Self { used, peak, startup, resident: process::resident_bytes(), clients, tables }
    }

    /// What is not data.
    pub(crate) fn overhead(&self) -> usize {
        self.startup + self.tables + self.clients
    }

    pub(crate) fn dataset(&self) -> usize {
        self.used.saturating_sub(self.overhead())
    }

    pub(crate) fn dataset_percent(&self) -> f64 {
        percent(self.dataset(), self.used.saturating_sub(self.startup))
    }

    pub(crate) fn peak_percent(&self) -> f64 {
        percent(self.used, self.peak)
    }

    /// How many times as much the process takes as it uses.
    pub(crate) fn fragmentation(&self) -> f64 {
        ratio(self.resident, self.used)
    }

    /// What the process takes beyond what it uses. Negative if the system has put some of it elsewhere.
    pub(crate) fn fragmentation_bytes(&self) -> i64 {
        self.resident as i64 - self.used as i64
    }
}

fn ratio(one: usize, other: usize) -> f64 {
    if other == 0 { 0.0 } else { one as f64 / other as f64 }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * ratio(part, whole)
}

pub(super) fn memory(engine: &Engine, info: &mut InfoWriter) {
    let usage = Usage::of(engine);
    info.section("Memory");
    in_use(&usage, info);
    scripts(info);
    size(info, "maxmemory", engine.memory_max);
    info.field("maxmemory_policy", engine.config.words(Directive::MaxmemoryPolicy));
    fragmentation(&usage, info);
    let backlog = engine.backlog_bytes();
    info.field("mem_not_counted_for_evict", backlog.for_replicas).field("mem_replication_backlog", backlog.kept);
    info.field("mem_total_replication_buffers", backlog.kept + backlog.for_replicas);
    let is_for_some = !engine.master.replicas().is_empty();
    info.field("mem_clients_slaves", if is_for_some { backlog.for_replicas } else { 0 });
    info.field("mem_clients_normal", usage.clients).field("mem_cluster_links", 0).field("mem_aof_buffer", 0);
    info.field("mem_allocator", "libc").field("mem_overhead_db_hashtable_rehashing", 0);
    info.field("active_defrag_running", 0);
    info.field("lazyfree_pending_objects", engine.helpers.pending()).field("lazyfreed_objects", engine.helpers.freed());
}

fn size(info: &mut InfoWriter, name: &str, bytes: usize) {
    info.field(name, bytes).field(&format!("{name}_human"), human(bytes));
}

fn in_use(usage: &Usage, info: &mut InfoWriter) {
    size(info, "used_memory", usage.used);
    size(info, "used_memory_rss", usage.resident);
    size(info, "used_memory_peak", usage.peak);
    info.field("used_memory_peak_perc", format_args!("{:.2}%", usage.peak_percent()));
    info.field("used_memory_overhead", usage.overhead()).field("used_memory_startup", usage.startup);
    info.field("used_memory_dataset", usage.dataset());
    info.field("used_memory_dataset_perc", format_args!("{:.2}%", usage.dataset_percent()));
    info.field("allocator_allocated", usage.used).field("allocator_active", usage.resident);
    info.field("allocator_resident", usage.resident);
    size(info, "total_system_memory", process::machine_bytes());
}

/// There are no scripts.
fn scripts(info: &mut InfoWriter) {
    info.field("used_memory_lua", 0).field("used_memory_vm_eval", 0).field("used_memory_lua_human", human(0));
    info.field("used_memory_scripts_eval", 0).field("number_of_cached_scripts", 0);
    info.field("number_of_functions", 0).field("number_of_libraries", 0).field("used_memory_vm_functions", 0);
    size(info, "used_memory_vm_total", 0);
    info.field("used_memory_functions", 0);
    size(info, "used_memory_scripts", 0);
}

fn fragmentation(usage: &Usage, info: &mut InfoWriter) {
    info.field("allocator_frag_ratio", format_args!("{:.2}", usage.fragmentation()));
    info.field("allocator_frag_bytes", usage.fragmentation_bytes());
    info.field("allocator_rss_ratio", "1.00").field("allocator_rss_bytes", 0);
    info.field("rss_overhead_ratio", "1.00").field("rss_overhead_bytes", 0);
    info.field("mem_fragmentation_ratio", format_args!("{:.2}", usage.fragmentation()));
    info.field("mem_fragmentation_bytes", usage.fragmentation_bytes());
}
