//! Notification and client-reconfig scripts: queue, limits, retries (sentinel-protocol 3.12).
//!
//! Scripts are direct children with the process's environment and working directory (`dir`); every descriptor but the
//! standard ones is close-on-exec.

mod orphans;
mod policy;
mod queue;

use std::cell::RefCell;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use bongsu_sentinel_core::{Addr, Event, GroupName, Level, Time};
use tokio::process::{Child, Command};
use tokio::task::spawn_local;

use super::Shell;
pub(super) use orphans::reap;
use policy::{Outcome, Verdict};
use queue::{JobId, Queue, State};

/// Set in the environment of a daemon's second process; scripts shall not see it.
pub(super) const PRIVATE_VARIABLE: &str = bongsu_process::background::VARIABLE;

/// One entry of `SENTINEL PENDING-SCRIPTS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptView {
    /// Path and arguments.
    pub argv: Vec<String>,
    /// The process, while it runs.
    pub pid: Option<u32>,
    /// While it runs: for how long it has. Else: how long until it may start.
    pub time: Duration,
    /// How often it was started.
    pub runs: u32,
}

#[derive(Default)]
pub(super) struct Scripts {
    queue: RefCell<Queue>,
}

impl Scripts {
    pub(super) fn view(&self, now: Time) -> Vec<ScriptView> {
        self.queue.borrow().view(now)
    }

    pub(super) fn running(&self) -> usize {
        self.queue.borrow().running()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.borrow().len()
    }
}

/// Arguments of a client-reconfig script.
pub(super) fn reconfig_argv(
    path: String,
    group: &GroupName,
    leader: bool,
    (from, to): (&Addr, &Addr),
    announce_hostnames: bool,
) -> Vec<String> {
    let role = if leader { "leader" } else { "observer" };
    let host = |addr: &Addr| addr.shown_host(announce_hostnames);
    vec![
        path,
        group.to_string(),
        role.into(),
        "start".into(),
        host(from),
        from.port().to_string(),
        host(to),
        to.port().to_string(),
    ]
}

/// Queues a script and starts it if one may run.
pub(super) fn schedule(shell: &Shell, argv: Vec<String>) {
    let now = shell.now();
    if let Some(dropped) = shell.0.scripts.queue.borrow_mut().push(now, argv) {
        let path = dropped.first().map_or("", String::as_str);
        shell.0.log.warning(format_args!("The script queue is full: a run of {path} was dropped"));
    }
    start_due(shell);
}

fn start_due(shell: &Shell) {
    loop {
        let next = shell.0.scripts.queue.borrow_mut().next_to_start(shell.now());
        match next {
            Some((id, argv)) => start(shell, id, &argv),
            None => break,
        }
    }
    let due = shell.0.scripts.queue.borrow_mut().arm();
    if let Some(due) = due {
        let shell = shell.clone();
        spawn_local(async move {
            tokio::time::sleep_until(shell.0.clock.instant(due)).await;
            shell.0.scripts.queue.borrow_mut().disarm(due);
            start_due(&shell);
        });
    }
}

fn start(shell: &Shell, id: JobId, argv: &[String]) {
    let Some((path, arguments)) = argv.split_first() else { return };
    let file = shell.settings().path(Path::new(path));
    let spawned = Command::new(file).arg0(path).args(arguments).env_remove(PRIVATE_VARIABLE).spawn();
    match spawned {
        Ok(child) => {
            let pid = child.id().unwrap_or(0);
            shell.0.scripts.queue.borrow_mut().set_state(id, State::Running { pid, since: shell.now() });
            shell.publish(&Event::plain("+script-child", Level::Debug, pid.to_string()));
            let (shell, path) = (shell.clone(), path.clone());
            spawn_local(async move { supervise(shell, id, path, pid, child).await });
        }
        Err(error) => {
            let outcome = policy::of_spawn_error(&error);
            shell.0.log.debug(format_args!("script {path} could not be started: {error}"));
            conclude(shell, id, path, outcome);
        }
    }
}

async fn supervise(shell: Shell, id: JobId, path: String, pid: u32, mut child: Child) {
    let limit = shell.0.core.borrow().tunables().script_max_runtime;
    let ended = match tokio::time::timeout(limit, child.wait()).await {
        Ok(ended) => ended,
        Err(_) => {
            shell.publish(&Event::plain("-script-timeout", Level::Warning, format!("{path} {pid}")));
            // It may have ended by itself just now; either way its end is waited for.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    let outcome = ended.map_or(Outcome::NOT_STARTED, of_status);
    let ended = format!("{pid} {} {}", outcome.exit_code, outcome.signal);
    shell.publish(&Event::plain("-script-child", Level::Debug, ended));
    conclude(&shell, id, &path, outcome);
    start_due(&shell);
}

fn of_status(status: ExitStatus) -> Outcome {
    Outcome { signal: status.signal().unwrap_or(0), exit_code: status.code().unwrap_or(0) }
}

fn conclude(shell: &Shell, id: JobId, path: &str, outcome: Outcome) {
    let retry_delay = shell.0.core.borrow().tunables().script_retry_delay;
    let runs = shell.0.scripts.queue.borrow().runs(id);
    match policy::judge(outcome, runs, retry_delay) {
        Verdict::Done => shell.0.scripts.queue.borrow_mut().remove(id),
        Verdict::RetryAfter(delay) => {
            let at = shell.now() + delay;
            shell.0.scripts.queue.borrow_mut().set_state(id, State::Waiting { until: at });
        }
        Verdict::GiveUp => {
            shell.0.scripts.queue.borrow_mut().remove(id);
            let detail = format!("{path} {} {}", outcome.signal, outcome.exit_code);
            shell.publish(&Event::plain("-script-error", Level::Warning, detail));
        }
    }
}
