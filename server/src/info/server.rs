//! The process, its clients, and the time that it took.

use std::path::Path;

use bongsu_protocol::info::InfoWriter;

use super::Listening;
use super::process::{self, CpuTime};
use crate::config::Directive;
use crate::engine::Engine;
use crate::version::{REDIS_VERSION, VERSION};

pub(super) fn server(engine: &Engine, info: &mut InfoWriter) {
    let instance = &engine.instance;
    let now_ms = engine.shard.now_ms;
    let uptime_s = now_ms.saturating_sub(instance.started_ms) / 1000;
    let executable = std::env::current_exe().unwrap_or_default();
    let config_file = engine.config.file().unwrap_or_else(|| Path::new(""));
    info.section("Server");
    info.field("redis_version", REDIS_VERSION);
    info.field("server_name", "bongsu").field("bongsu_version", VERSION);
    info.field("redis_git_sha1", "00000000").field("redis_git_dirty", 0).field("redis_build_id", 0);
    info.field("redis_mode", "standalone").field("os", process::system());
    info.field("arch_bits", usize::BITS).field("monotonic_clock", "POSIX clock_gettime");
    info.field("multiplexing_api", "epoll").field("atomicvar_api", "rust").field("gcc_version", "0.0.0");
    info.field("process_id", std::process::id()).field("process_supervised", supervisor(engine));
    info.field("run_id", &instance.run_id).field("tcp_port", instance.tcp_port());
    info.field("server_time_usec", engine.clock.wall_us());
    info.field("uptime_in_seconds", uptime_s).field("uptime_in_days", uptime_s / (24 * 60 * 60));
    let hz = engine.config.integer(Directive::Hz);
    info.field("hz", hz).field("configured_hz", hz).field("lru_clock", (now_ms / 1000) & 0xff_ffff);
    info.field("executable", executable.display()).field("config_file", config_file.display());
    if let Some(ms) = engine.end_in_ms() {
        info.field("shutdown_in_milliseconds", ms);
    }
    info.field("io_threads_active", 0);
    let together = |one: &Listening, other: &Listening| (one.name, one.port) == (other.name, other.port);
    for (index, group) in instance.listening.chunk_by(together).enumerate() {
        info.field(&format!("listener{index}"), describe(group));
    }
}

/// Addresses that have their kind and their port in common.
fn describe(group: &[Listening]) -> String {
    let name = group.first().map_or("", |listening| listening.name);
    let binds: String = group.iter().map(|listening| format!(",bind={}", listening.bind)).collect();
    let port = group.first().and_then(|listening| listening.port);
    format!("name={name}{binds}{}", port.map(|port| format!(",port={port}")).unwrap_or_default())
}

/// Who was told that the server is ready, as far as the configuration says.
fn supervisor(engine: &Engine) -> String {
    let configured = engine.config.words(Directive::Supervised);
    if configured == "auto" { "unknown".to_owned() } else { configured }
}

pub(super) fn clients(engine: &Engine, info: &mut InfoWriter) {
    let sessions = || engine.clients.iter();
    let input_max = sessions().map(|session| session.io.query_buffer + session.io.query_buffer_free).max();
    let output_max = sessions().map(|session| session.io.reply_buffer).max();
    let blocked = engine.blocked.len();
    let [tracking, ..] = engine.tracking.figures();
    info.section("Clients");
    info.field("connected_clients", engine.clients.len().saturating_sub(engine.master.replicas().len()))
        .field("cluster_connections", 0);
    info.field("maxclients", engine.limits.clients_max);
    info.field("client_recent_max_input_buffer", input_max.unwrap_or(0));
    info.field("client_recent_max_output_buffer", output_max.unwrap_or(0));
    info.field("blocked_clients", blocked).field("tracking_clients", tracking);
    info.field("pubsub_clients", sessions().filter(|session| session.subscriptions.any()).count());
    info.field("watching_clients", engine.watches.clients());
    info.field("clients_in_timeout_table", engine.blocked.with_deadline());
    info.field("total_watched_keys", engine.watches.keys());
    info.field("total_blocking_keys", engine.blocked.keys()).field("total_blocking_keys_on_nokey", 0);
}

pub(super) fn cpu(_: &Engine, info: &mut InfoWriter) {
    let [process, thread] = [CpuTime::of_process(), CpuTime::of_thread()];
    info.section("CPU");
    let mut field = |name: &str, seconds: f64| {
        info.field(name, format_args!("{seconds:.6}"));
    };
    field("used_cpu_sys", process.system);
    field("used_cpu_user", process.user);
    field("used_cpu_sys_children", process.children_system);
    field("used_cpu_user_children", process.children_user);
    field("used_cpu_sys_main_thread", thread.system);
    field("used_cpu_user_main_thread", thread.user);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_port_stand_together() {
        let tcp = |bind: &str| Listening { name: "tcp", bind: bind.to_owned(), port: Some(6379) };
        assert_eq!(describe(&[tcp("0.0.0.0"), tcp("::")]), "name=tcp,bind=0.0.0.0,bind=::,port=6379");
        let unix = Listening { name: "unix", bind: "/run/s".to_owned(), port: None };
        assert_eq!(describe(&[unix]), "name=unix,bind=/run/s");
    }
}
