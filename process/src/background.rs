//! `daemonize yes`: the process starts itself once more, in a session of its own and without a terminal, and ends.
//!
//! The second process reads the configuration again; that it is the second one it sees from a variable, which scripts do
//! not inherit.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::supervisor::Supervised;

/// Set in the second process.
pub const VARIABLE: &str = "BONGSU_DAEMON";

/// True in the first process, if it is to go into the background (`daemonize`). Under a supervisor it stays.
pub fn is_wanted(daemonize: bool, supervised: Supervised) -> bool {
    let supervised = match supervised {
        Supervised::No => false,
        Supervised::Auto => ["NOTIFY_SOCKET", "UPSTART_JOB"].iter().any(|name| std::env::var_os(name).is_some()),
        Supervised::Systemd | Supervised::Upstart => true,
    };
    daemonize && !supervised && !is_second()
}

fn is_second() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Starts the second process.
///
/// # Errors
/// If the system refuses.
pub fn hand_over() -> io::Result<()> {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(name).args(arguments).env(VARIABLE, "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// In the second process: leaves the session of the terminal.
///
/// # Errors
/// If the system refuses.
pub fn settle() -> io::Result<()> {
    if is_second() {
        rustix::process::setsid()?;
    }
    Ok(())
}
