//! The file that holds the process id while the process runs.

use std::path::PathBuf;

use crate::log::Log;

/// Where a daemon's process id goes if no place is configured.
const DEFAULT: &str = "/var/run/redis.pid";

/// The written file; removed when dropped.
pub struct Pidfile(PathBuf);

/// Writes the file if one is configured or the process is a daemon. A failure is only logged, as Redis does.
pub fn write(configured: Option<PathBuf>, is_daemon: bool, log: &Log) -> Option<Pidfile> {
    let path = configured.or_else(|| is_daemon.then(|| PathBuf::from(DEFAULT)))?;
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
