//! One run of a hook as a process.
//!
//! It leads a process group of its own, so that whatever it starts can be ended with it. It is not waited for before that group
//! has been signalled: until then nobody else can be given its number.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use super::super::scripts::PRIVATE_VARIABLE;
use crate::config::os_reason;

/// Output kept of one run: the message of a failure fits, a log does not.
const OUTPUT_KEPT_MAX: usize = 4096;
/// Read at once.
const READ_BYTES: usize = 4096;
/// How long the end of the output is waited for once the process has ended: somebody who left its group may hold the pipe.
const OUTPUT_GRACE: Duration = Duration::from_millis(100);
/// How long a killed process may take to be gone; one that the kernel cannot end is left to itself.
const REAP_LIMIT: Duration = Duration::from_secs(1);

/// What is to be run.
pub(super) struct Job {
    pub(super) file: PathBuf,
    /// The path as configured, and the arguments.
    pub(super) command: Vec<String>,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) stdin: Vec<u8>,
    pub(super) deadline: Instant,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookEnd {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// Killed, because its time was over.
    TimedOut,
    /// No process was made, for this reason.
    NotStarted(String),
}

/// What a run has left.
pub(super) struct Left {
    pub(super) end: HookEnd,
    pub(super) output: Output,
}

impl Left {
    /// Of a run that never began.
    pub(super) fn not_started(reason: &str) -> Self {
        Self { end: HookEnd::NotStarted(reason.to_owned()), output: Output::default() }
    }
}

/// Standard output and standard error, as they came.
#[derive(Default)]
pub(super) struct Output {
    /// Its beginning.
    pub(super) kept: Vec<u8>,
    /// Its length.
    pub(super) bytes: u64,
}

/// The processes that run, for whoever buries those that nobody waits for.
#[derive(Default)]
pub(super) struct Running(RefCell<BTreeSet<u32>>);

impl Running {
    pub(super) fn has(&self, process: u32) -> bool {
        self.0.borrow().contains(&process)
    }
}

/// A number that is taken out of the set when the process has been waited for.
struct Entry<'a>(&'a Running, u32);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.0.borrow_mut().remove(&self.1);
    }
}

/// Runs a job to its end or its deadline.
pub(super) async fn run(job: Job, running: &Running) -> Left {
    match Process::spawn(&job) {
        Ok(process) => process.supervise(job, running).await,
        Err(error) => Left::not_started(&os_reason(&error)),
    }
}

struct Process {
    child: Child,
    leader: Pid,
    stdin: Option<ChildStdin>,
    output: pipe::Receiver,
    exits: Signals,
}

impl Process {
    fn spawn(job: &Job) -> io::Result<Self> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        // Before the process exists, so that its end cannot be missed.
        let exits = signal(SignalKind::child())?;
        let (reader, writer) = io::pipe()?;
        let output = pipe::Receiver::from_owned_fd(reader.into())?;
        let (shown, arguments) = job.command.split_first().ok_or_else(missing)?;
        let mut child = Command::new(&job.file)
            .arg0(shown)
            .args(arguments)
            .env_remove(PRIVATE_VARIABLE)
            .envs(job.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or_else(missing)?;
        let stdin = child.stdin.take();
        Ok(Self { child, leader, stdin, output, exits })
    }

    async fn supervise(mut self, job: Job, running: &Running) -> Left {
        let number = self.leader.as_raw_nonzero().get().cast_unsigned();
        running.0.borrow_mut().insert(number);
        let _entry = Entry(running, number);
        let output = RefCell::default();
        let mut streams =
            pin!(async { tokio::join!(feed(self.stdin.take(), &job.stdin), collect(&mut self.output, &output)) });
        let mut streams_are_over = false;
        let is_late = loop {
            tokio::select! {
                biased;
                () = ended(self.leader, &mut self.exits) => break false,
                _ = &mut streams, if !streams_are_over => streams_are_over = true,
                () = sleep_until(job.deadline) => break true,
            }
        };
        // Fails only if nobody is left.
        let _nobody = kill_process_group(self.leader, Signal::KILL);
        let status = timeout(REAP_LIMIT, self.child.wait()).await;
        if !streams_are_over {
            let _more = timeout(OUTPUT_GRACE, streams).await;
        }
        let end = match status {
            _ if is_late => HookEnd::TimedOut,
            Ok(Ok(status)) => end_of(status),
            Ok(Err(error)) => HookEnd::NotStarted(os_reason(&error)),
            Err(_) => HookEnd::TimedOut,
        };
        Left { end, output: output.take() }
    }
}

fn end_of(status: ExitStatus) -> HookEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => HookEnd::Exited(code),
        (None, signal) => HookEnd::Signalled(signal.unwrap_or_default()),
    }
}

/// Resolves once the process has ended; it can still be waited for.
async fn ended(process: Pid, exits: &mut Signals) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while let Ok(None) = waitid(WaitId::Pid(process), options) {
        exits.recv().await;
    }
}

/// Writes what the hook is told; one that does not want to know closes its side.
async fn feed(stdin: Option<ChildStdin>, text: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _closed = stdin.write_all(text).await;
    }
}

/// Reads to the end, and keeps the beginning.
async fn collect(from: &mut pipe::Receiver, output: &RefCell<Output>) {
    let mut buffer = [0; READ_BYTES];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut output = output.borrow_mut();
        let room = OUTPUT_KEPT_MAX.saturating_sub(output.kept.len()).min(read);
        output.kept.extend_from_slice(&buffer[..room]);
        output.bytes += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sh(script: &str, limit: Duration) -> (Left, Duration) {
        let start = Instant::now();
        let job = Job {
            file: "/bin/sh".into(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            variables: vec![("BONGSU_GROUP", "m".to_owned())],
            stdin: b"said".to_vec(),
            deadline: start + limit,
        };
        let running = Running::default();
        let left = run(job, &running).await;
        assert!(running.0.borrow().is_empty());
        (left, start.elapsed())
    }

    const LONG: Duration = Duration::from_secs(60);

    fn check(script: &str, limit: Duration, end: &HookEnd, output: &str) -> (Left, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let (left, took) = runtime.block_on(sh(script, limit));
        assert_eq!((&left.end, String::from_utf8_lossy(&left.output.kept).as_ref()), (end, output), "{script}");
        (left, took)
    }

    #[test]
    fn it_is_told_and_heard() {
        check("cat; echo \" $BONGSU_GROUP\" >&2; exit 3", LONG, &HookEnd::Exited(3), "said m\n");
        check("kill -9 $$", LONG, &HookEnd::Signalled(9), "");
        check("exec <&-; exit 0", LONG, &HookEnd::Exited(0), "");
    }

    #[test]
    fn it_is_killed_with_all_that_it_started() {
        let limit = Duration::from_millis(200);
        let (_, took) = check("echo a; sleep 1000 & sleep 1000", limit, &HookEnd::TimedOut, "a\n");
        assert!(took >= limit && took < LONG, "{took:?}");
    }

    #[test]
    fn what_it_leaves_behind_does_not_hold_anybody_up() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let pid = dir.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}", pid.display());
        let (_, took) = check(&script, LONG, &HookEnd::Exited(0), "");
        assert!(took < LONG, "{took:?}");
        let pid = std::fs::read_to_string(pid).expect("written");
        let is_gone = || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            state.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
        };
        let start = Instant::now();
        while !is_gone() {
            assert!(start.elapsed() < LONG, "{pid} lives on");
            std::thread::yield_now();
        }
        // One that has left the group lives on, and holds the output open.
        let script = "setsid sleep 1 & exit 0";
        let (_, took) = check(script, LONG, &HookEnd::Exited(0), "");
        assert!(took < Duration::from_millis(900), "{took:?}");
    }

    #[test]
    fn of_much_output_the_beginning_is_kept() {
        let (left, _) = check_bytes("head -c 1000000 /dev/zero");
        assert_eq!((left.output.bytes, left.output.kept.len()), (1_000_000, OUTPUT_KEPT_MAX));
    }

    fn check_bytes(script: &str) -> (Left, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let (left, took) = runtime.block_on(sh(script, LONG));
        assert_eq!(left.end, HookEnd::Exited(0));
        (left, took)
    }

    #[test]
    fn a_program_that_is_not_there_is_told_of() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let left = runtime.block_on(async {
            let job = Job {
                file: "/nonexistent".into(),
                command: vec!["x".to_owned()],
                variables: Vec::new(),
                stdin: Vec::new(),
                deadline: Instant::now() + LONG,
            };
            run(job, &Running::default()).await
        });
        assert_eq!(left.end, HookEnd::NotStarted("No such file or directory".to_owned()));
    }
}
