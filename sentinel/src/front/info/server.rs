//! `# Server`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Text;
use crate::front::brand;

/// What the process says of itself.
pub(in crate::front) struct Server<'a> {
    /// Random and new in every process; not the id of the sentinel.
    pub(in crate::front) run_id: &'a str,
    /// Plain or, if there is none, TLS port.
    pub(in crate::front) port: u16,
    pub(in crate::front) uptime: Duration,
    pub(in crate::front) now: SystemTime,
    pub(in crate::front) executable: &'a str,
    pub(in crate::front) config_file: &'a str,
    pub(in crate::front) supervised: &'a str,
    /// `name=tcp,bind=...,port=...`, one per listener.
    pub(in crate::front) listeners: &'a [String],
}

impl Server<'_> {
    pub(in crate::front) fn write(&self, text: &mut Text) {
        let since_1970 = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        text.section("Server");
        text.line("redis_version", brand::VERSION);
        text.line("redis_git_sha1", "00000000");
        text.line("redis_git_dirty", 0);
        text.line("redis_build_id", "0");
        text.line("redis_mode", "sentinel");
        text.line("bongsu_version", env!("CARGO_PKG_VERSION"));
        text.line("os", operating_system());
        text.line("arch_bits", usize::BITS);
        text.line("monotonic_clock", "POSIX clock_gettime");
        text.line("multiplexing_api", "epoll");
        text.line("atomicvar_api", "c11-builtin");
        text.line("gcc_version", "0.0.0");
        text.line("process_id", std::process::id());
        text.line("process_supervised", self.supervised);
        text.line("run_id", self.run_id);
        text.line("tcp_port", self.port);
        text.line("server_time_usec", since_1970.as_micros());
        text.line("uptime_in_seconds", self.uptime.as_secs());
        text.line("uptime_in_days", self.uptime.as_secs() / 86_400);
        text.line("hz", 10);
        text.line("configured_hz", 10);
        // Redis keeps 24 bits of the seconds since 1970.
        text.line("lru_clock", since_1970.as_secs() & 0x00FF_FFFF);
        text.line("executable", self.executable);
        text.line("config_file", self.config_file);
        text.line("io_threads_active", 0);
        for (index, listener) in self.listeners.iter().enumerate() {
            text.line(&format!("listener{index}"), listener);
        }
    }
}

fn operating_system() -> String {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let system = read("ostype");
    let release = read("osrelease");
    format!("{} {} {}", system.trim(), release.trim(), std::env::consts::ARCH)
}
