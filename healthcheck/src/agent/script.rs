//! Addresses that a program moves, for networks where announcing one moves nothing: `SCRIPT acquire|release|status VIP EPOCH`.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bongsu_sentinel_core::Epoch;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Vip;

/// An answer that is longer is not read to its end.
const ANSWER_MAX: u64 = 64 * 1024;

/// How long a program may take to give an address back when the agent cannot ask for it any more.
const LAST_RELEASE: Duration = Duration::from_secs(10);

/// What a program is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Acquire,
    Release,
    Status,
}

impl Verb {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Status => "status",
        }
    }
}

/// Why a program did not do it.
#[derive(Debug, Error)]
pub(super) enum ScriptError {
    #[error("{0}")]
    Start(#[from] io::Error),
    #[error("it has not answered within {} ms, and was killed", limit.as_millis())]
    TooLong { limit: Duration },
    #[error("{status}")]
    Failed { status: std::process::ExitStatus },
    #[error("its answer is not {{\"held\": true|false}}: {error}")]
    Answer { error: serde_json::Error },
}

/// What a program answers.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(super) struct Answer {
    /// The address leads to this host now.
    pub(super) held: bool,
    /// For the log.
    #[serde(default)]
    pub(super) message: String,
}

/// A program that runs, with all that it has started: what is in its process group ends with it. Something left of an `acquire` that
/// was given up could bring the address back after the `release`.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // As long as it has not been waited for, its number is nobody else's.
        let group = self.0.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = group {
            // It has just ended by itself.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

/// A program, and what it is told of whom it works for.
#[derive(Clone)]
pub(super) struct Script {
    path: PathBuf,
    group: String,
    node: String,
}

impl Script {
    pub(super) const fn new(path: PathBuf, group: String, node: String) -> Self {
        Self { path, group, node }
    }

    /// Runs it, for at most `limit`; it is killed then.
    pub(super) async fn call(
        &self,
        verb: Verb,
        vip: Vip,
        epoch: Epoch,
        limit: Duration,
    ) -> Result<Answer, ScriptError> {
        let mut command = self.command(verb, vip, epoch);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).process_group(0);
        let mut running = Running(command.spawn()?);
        let child = &mut running.0;
        let about = self.about(verb, vip, epoch, limit);
        let talk = async {
            if let Some(mut stdin) = child.stdin.take() {
                // A program that does not care what it is told closes its end.
                let _closed = stdin.write_all(about.to_string().as_bytes()).await;
            }
            let mut answer = Vec::new();
            if let Some(stdout) = child.stdout.take() {
                stdout.take(ANSWER_MAX).read_to_end(&mut answer).await?;
            }
            Ok::<_, io::Error>((child.wait().await?, answer))
        };
        let (status, answer) = timeout(limit, talk).await.map_err(|_elapsed| ScriptError::TooLong { limit })??;
        if !status.success() {
            return Err(ScriptError::Failed { status });
        }
        serde_json::from_slice(&answer).map_err(|error| ScriptError::Answer { error })
    }

    /// Gives the address back without an event loop, for whoever is left when the agent is not.
    pub(super) fn release_now(&self, vip: Vip) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let call = self.call(Verb::Release, vip, Epoch::ZERO, LAST_RELEASE);
        match runtime.block_on(call).map_err(io::Error::other)? {
            Answer { held: false, .. } => Ok(()),
            Answer { message, .. } => Err(io::Error::other(format!("the address still leads here: {message}"))),
        }
    }

    fn command(&self, verb: Verb, vip: Vip, epoch: Epoch) -> Command {
        let mut command = Command::new(&self.path);
        command.args([verb.as_str(), &vip.to_string(), &epoch.to_string()]);
        command
    }

    fn about(&self, verb: Verb, vip: Vip, epoch: Epoch, limit: Duration) -> Value {
        json!({
            "action": verb.as_str(),
            "vip": vip.ip().to_string(),
            "prefix": vip.prefix(),
            "epoch": epoch.0,
            "group": self.group,
            "node": self.node,
            "deadline_ms": u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;

    /// A program that does this. Another process writes it: a program cannot be started while a thread that is on its way to a child
    /// process has it open.
    pub(in crate::agent) fn program(dir: &Path, text: &str) -> PathBuf {
        let path = dir.join("script");
        let write = ["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#, "write"];
        let status = std::process::Command::new("sh").args(write).arg(&path).arg(text).status().expect("a shell");
        assert!(status.success());
        path
    }

    pub(in crate::agent) fn script(dir: &Path, text: &str) -> Script {
        Script::new(program(dir, text), "mymaster".to_owned(), "10.0.0.1:6379".to_owned())
    }

    async fn answer_of(text: &str) -> Result<Answer, ScriptError> {
        let dir = tempfile::tempdir().expect("a directory");
        let script = script(dir.path(), text);
        script.call(Verb::Acquire, "10.0.0.9".parse().expect("valid"), Epoch(3), Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn programs_are_told_and_only_a_clear_answer_counts() {
        let echo = r#"told=$(cat); echo "{\"held\": true, \"message\": \"$1 $2 $3 $(echo "$told" | tr -d '"{}')\"}""#;
        let answer = answer_of(echo).await.expect("an answer");
        assert!(answer.held && answer.message.starts_with("acquire 10.0.0.9/32 3 "), "{answer:?}");
        assert!(
            answer.message.contains("group:mymaster") && answer.message.contains("node:10.0.0.1:6379"),
            "{answer:?}"
        );

        assert!(matches!(answer_of("exit 3").await, Err(ScriptError::Failed { .. })));
        assert!(matches!(answer_of("echo yes").await, Err(ScriptError::Answer { .. })));
        assert!(matches!(answer_of("cat > /dev/null").await, Err(ScriptError::Answer { .. })));
    }

    #[tokio::test]
    async fn what_a_program_started_ends_with_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let (fifo, pid) = (dir.path().join("fifo"), dir.path().join("pid"));
        let text =
            format!("mkfifo {0}\ncat {0} &\necho $! > {1}.new; mv {1}.new {1}\nwait", fifo.display(), pid.display());
        let script = script(dir.path(), &text);
        let call = script.call(Verb::Acquire, "10.0.0.9".parse().expect("valid"), Epoch(3), Duration::from_secs(30));
        let started = async {
            loop {
                if let Ok(pid) = std::fs::read_to_string(&pid) {
                    break pid;
                }
                tokio::task::yield_now().await;
            }
        };
        let pid = tokio::select! {
            pid = started => pid,
            answer = call => panic!("{answer:?}"),
        };
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        // Whoever inherits it may take its time to bury it.
        let lives = || state().is_ok_and(|stat| !stat.contains(") Z "));
        let limit = std::time::Instant::now() + Duration::from_secs(10);
        while lives() {
            assert!(std::time::Instant::now() < limit, "{:?}", state());
        }
    }
}
