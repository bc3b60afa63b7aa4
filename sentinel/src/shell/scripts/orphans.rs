//! Processes that were left to us. As the first process of a container we inherit every process whose parent has ended; nobody
//! else can free their entries, and a container has a limited number.

use std::fs;

use rustix::process::{Pid, WaitOptions, getpid, waitpid};
use tokio::signal::unix::{SignalKind, signal};

use crate::shell::Shell;

/// Reaps such processes for ever, if we are the first process.
pub(in crate::shell) async fn reap(shell: Shell) {
    if !getpid().is_init() {
        return;
    }
    let mut children = match signal(SignalKind::child()) {
        Ok(children) => children,
        Err(error) => {
            shell.0.log.warning(format_args!("Processes that are left to us will not be reaped: {error}"));
            return;
        }
    };
    loop {
        for pid in ended_children() {
            // The runtime waits for our scripts and hooks.
            if !shell.0.scripts.queue.borrow().is_running(pid) && !shell.0.hooks.is_running(pid) {
                // It has ended, so that this does not wait; nobody is interested in how.
                let _ = waitpid(Pid::from_raw(pid.cast_signed()), WaitOptions::NOHANG);
            }
        }
        children.recv().await;
    }
}

/// Children that have ended and that nobody has waited for. A container has few processes to look through.
fn ended_children() -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let us = getpid().as_raw_nonzero().get().cast_unsigned();
    pids.filter(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| is_ended_child(&stat, us)))
        .collect()
}

/// `pid (name) state parent ...`; the name may hold anything.
fn is_ended_child(stat: &str, parent: u32) -> bool {
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let mut fields = rest.split_ascii_whitespace();
    fields.next() == Some("Z") && fields.next().and_then(|ppid| ppid.parse().ok()) == Some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_dead_count() {
        assert!(is_ended_child("17 (a) b) Z 1 17 17", 1));
        assert!(!is_ended_child("17 (a) Z 1) S 1 17", 1));
        assert!(!is_ended_child("17 (sh) Z 2 17", 1));
        assert!(!is_ended_child("", 1));
    }
}
