//! The log: Redis' line format (or logfmt, or JSON) on standard output or in a file.
//!
//! Lines are formatted by the caller and written by a thread of their own, so that a slow disk or terminal never blocks the
//! event loop. The queue between them is bounded; what does not fit is dropped, counted, and the count is logged.
//! A log file that was moved away by rotation is noticed and opened anew.

mod clock;
mod writer;

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

pub use clock::LocalTime;
use writer::{Order, Writer};

/// Lines that may wait for the writer. At 150 bytes a line this is a megabyte and a half, and more than a sentinel of three
/// thousand groups logs while it starts.
const QUEUE_LINES: usize = 16_384;

/// How long the end of the process waits for its last lines to be written.
const FAREWELL: Duration = Duration::from_secs(2);

/// Pause before a full queue is tried again.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// Levels, from the least to the most important.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// A lot that is rarely useful.
    Verbose,
    /// What an operator wants to see.
    Notice,
    /// Only what is very important.
    Warning,
    /// As a threshold: log nothing. No line has this level.
    Nothing,
}

impl LogLevel {
    /// The threshold named by the `loglevel` directive.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Debug, Self::Verbose, Self::Notice, Self::Warning, Self::Nothing]
            .into_iter()
            .find(|l| l.as_str().eq_ignore_ascii_case(word))
    }

    /// The word of the `loglevel` directive.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Verbose => "verbose",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Nothing => "nothing",
        }
    }

    const fn mark(self) -> char {
        match self {
            Self::Debug => '.',
            Self::Verbose => '-',
            Self::Notice => '*',
            Self::Warning | Self::Nothing => '#',
        }
    }

    const fn from_u8(n: u8) -> Self {
        match n {
            0 => Self::Debug,
            1 => Self::Verbose,
            2 => Self::Notice,
            3 => Self::Warning,
            _ => Self::Nothing,
        }
    }
}

/// Whose lines they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Role {
    /// A sentinel.
    Sentinel,
    /// A data server that is a master.
    Master,
    /// A data server that is a replica.
    Replica,
}

impl Role {
    const fn mark(self) -> char {
        match self {
            Self::Sentinel => 'X',
            Self::Master => 'M',
            Self::Replica => 'S',
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Sentinel => "sentinel",
            Self::Master => "master",
            Self::Replica => "replica",
        }
    }

    const fn from_u8(n: u8) -> Self {
        match n {
            0 => Self::Sentinel,
            1 => Self::Master,
            _ => Self::Replica,
        }
    }
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    /// `<pid>:<role> <time> <mark> <message>`, as Redis.
    #[default]
    Plain,
    /// `pid=.. role=.. timestamp=".." level=.. message=".."`.
    Logfmt,
    /// One JSON object per line, with the same keys.
    Json,
}

/// How the time of a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timestamp {
    /// `dd Mon yyyy hh:mm:ss.mmm`, local time.
    #[default]
    Legacy,
    /// RFC 3339 with milliseconds, UTC.
    Iso8601,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// Where lines go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogTarget {
    /// Standard output.
    Stdout,
    /// A file, appended to.
    File(PathBuf),
}

/// A handle to the log; clones share it.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    threshold: AtomicU8,
    shape: Shape,
    timestamp: Timestamp,
    pid: u32,
    role: AtomicU8,
    dropped: AtomicU64,
    queue: SyncSender<Order>,
}

/// The writer thread; joined at the end of the process so that the last lines are not lost.
pub struct LogGuard {
    log: Log,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Opens the target and starts the writer thread.
    ///
    /// # Errors
    /// The log file cannot be opened for appending, or the thread cannot be started.
    pub fn start(
        target: &LogTarget,
        role: Role,
        threshold: LogLevel,
        shape: Shape,
        timestamp: Timestamp,
    ) -> std::io::Result<(Self, LogGuard)> {
        let (queue, orders) = sync_channel(QUEUE_LINES);
        let writer = Writer::open(target)?;
        let thread = thread::Builder::new().name("log".into()).spawn(move || writer.run(&orders))?;
        let log = Self(Arc::new(Shared {
            threshold: AtomicU8::new(threshold as u8),
            shape,
            timestamp,
            pid: std::process::id(),
            role: AtomicU8::new(role as u8),
            dropped: AtomicU64::new(0),
            queue,
        }));
        Ok((log.clone(), LogGuard { log, thread: Some(thread) }))
    }

    /// A log that nobody reads, for parts of a process that run by themselves.
    pub fn silent() -> Self {
        let (queue, _gone) = sync_channel(0);
        Self(Arc::new(Shared {
            threshold: AtomicU8::new(LogLevel::Nothing as u8),
            shape: Shape::default(),
            timestamp: Timestamp::default(),
            pid: std::process::id(),
            role: AtomicU8::new(Role::Master as u8),
            dropped: AtomicU64::new(0),
            queue,
        }))
    }

    /// True if lines of this level are written: ask before building an expensive message.
    pub fn enabled(&self, level: LogLevel) -> bool {
        level as u8 >= self.0.threshold.load(Ordering::Relaxed)
    }

    /// The present threshold.
    pub fn threshold(&self) -> LogLevel {
        LogLevel::from_u8(self.0.threshold.load(Ordering::Relaxed))
    }

    /// Changes the threshold (`CONFIG SET loglevel`).
    pub fn set_threshold(&self, level: LogLevel) {
        self.0.threshold.store(level as u8, Ordering::Relaxed);
    }

    /// Lines are those of a `role` from now on.
    pub fn set_role(&self, role: Role) {
        self.0.role.store(role as u8, Ordering::Relaxed);
    }

    /// Logs at debug.
    pub fn debug(&self, message: impl fmt::Display) {
        self.line(LogLevel::Debug, message);
    }

    /// Logs at verbose.
    pub fn verbose(&self, message: impl fmt::Display) {
        self.line(LogLevel::Verbose, message);
    }

    /// Logs at notice.
    pub fn notice(&self, message: impl fmt::Display) {
        self.line(LogLevel::Notice, message);
    }

    /// Logs at warning.
    pub fn warning(&self, message: impl fmt::Display) {
        self.line(LogLevel::Warning, message);
    }

    /// Logs one line. Line breaks and other control characters in the message are shown escaped.
    pub fn line(&self, level: LogLevel, message: impl fmt::Display) {
        if !self.enabled(level) {
            return;
        }
        let line = self.0.format(level, SystemTime::now(), &message);
        self.0.enqueue(line);
    }

    /// Waits until everything logged so far is written, for a while. For the end of the process only: it blocks. False if it was
    /// not written: whoever reads our output does not.
    pub fn flush(&self) -> bool {
        let until = Instant::now() + FAREWELL;
        let (written, done) = sync_channel(1);
        let mut order = Order::Flush(written);
        loop {
            match self.0.queue.try_send(order) {
                Ok(()) => return done.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok(),
                Err(TrySendError::Full(back)) if Instant::now() < until => order = back,
                Err(_) => return false,
            }
            thread::park_timeout(FULL_PAUSE);
        }
    }

    /// Opens the log file anew (SIGHUP).
    pub fn reopen(&self) {
        // A full queue means that the writer is busy; it looks at the file's identity by itself as well.
        let _ = self.0.queue.try_send(Order::Reopen);
    }
}

impl Shared {
    fn format(&self, level: LogLevel, at: SystemTime, message: &dyn fmt::Display) -> String {
        let mut line = String::with_capacity(160);
        let (pid, time, word) = (self.pid, clock::Shown(at, self.timestamp), level.as_str());
        let role = Role::from_u8(self.role.load(Ordering::Relaxed));
        let quoted = self.shape != Shape::Plain;
        let (head, tail) = match self.shape {
            Shape::Plain => (write!(line, "{pid}:{} {time} {} ", role.mark(), level.mark()), "\n"),
            Shape::Logfmt => {
                let role = role.word();
                (write!(line, "pid={pid} role={role} timestamp=\"{time}\" level={word} message=\""), "\"\n")
            }
            Shape::Json => {
                let head = format_args!("\"pid\":{pid},\"role\":\"{}\",\"timestamp\":\"{time}\",", role.word());
                (write!(line, "{{{head}\"level\":\"{word}\",\"message\":\""), "\"}\n")
            }
        };
        // Writing into a string cannot fail; a message whose `Display` does is cut there.
        let _ = head.and_then(|()| write!(Escaped { out: &mut line, quoted }, "{message}"));
        line.push_str(tail);
        line
    }

    fn enqueue(&self, line: String) {
        let lost = self.dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let note = format_args!("{lost} log lines were dropped because the log could not be written fast enough");
            let note = self.format(LogLevel::Warning, SystemTime::now(), &note);
            if self.queue.try_send(Order::Line(note)).is_err() {
                self.dropped.fetch_add(lost + 1, Ordering::Relaxed);
                return;
            }
        }
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Order::Line(line)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        // The end of the process waits for its last lines, but not for ever.
        if !self.log.flush() || self.log.0.queue.try_send(Order::Stop).is_err() {
            return;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Escaped<'a> {
    out: &'a mut String,
    quoted: bool,
}

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '"' | '\\' if self.quoted => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c if c.is_control() && self.quoted => write!(self.out, "\\u{:04x}", u32::from(c))?,
                c if c.is_control() => write!(self.out, "{}", c.escape_default())?,
                c => self.out.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
