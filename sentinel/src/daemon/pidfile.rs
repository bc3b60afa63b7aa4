//! The file that holds the process id while the process runs.

use std::path::PathBuf;

use crate::config::ServerSettings;
use crate::log::Log;

/// Where a daemon's process id goes if no place is configured.
const DEFAULT: &str = "/var/run/redis.pid";

/// The written file; removed when dropped.
pub(super) struct Pidfile(PathBuf);

/// Writes the file if one is configured or the process is a daemon. A failure is only logged, as Redis does.
pub(super) fn write(server: &ServerSettings, log: &Log) -> Option<Pidfile> {
    let default = server.daemonize.then(|| PathBuf::from(DEFAULT));
    let path = server.dir.join(server.pidfile.clone().or(default)?);
    match std::fs::write(&path, format!("{}\n", std::process::id())) {
        Ok(()) => Some(Pidfile(path)),
        Err(error) => {
            log.notice(format_args!("Failed to write PID file {}: {error}", path.display()));
            None
        }
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}
