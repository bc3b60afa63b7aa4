//! The append-only file, as the loop sees it.

mod command_file;
mod log;
mod place;
mod rewrite;
mod writer;

use std::io;

pub(crate) use log::Files;
use place::Ends;
pub(crate) use rewrite::Rewrites;
pub(crate) use writer::Policy;
use writer::{Done, Step, Writer};

use bongsu_persist::aof::push_timestamp;

use crate::engine::{Feed, Reader};

/// With a policy that does not wait for the disk, how long the loop goes on answering while the disk takes nothing. In microseconds.
const PATIENCE_US: u64 = 2_000_000;

/// How much may be on its way to the disk before the loop stops answering, whatever the policy: memory has to end somewhere.
const QUEUED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Room that the next buffer has from the beginning, if the last one was as large. What a single large unit took is not kept.
const BUFFER_BYTES_KEPT: usize = 64 * 1024;

/// The stream of changes on its way to the append-only file.
pub(crate) struct Aof {
    writer: Writer,
    policy: Policy,
    /// The database that was selected last in the file.
    selected: Option<u32>,
    /// What has been told since the last hand-over.
    buffer: Vec<u8>,
    /// Bytes of the stream that have been handed over.
    appended: u64,
    /// Bytes that are looked at to find out whether the disk is stuck, and since when they wait.
    watched: (u64, u64),
    /// Steps that were given and have not been taken yet.
    steps: usize,
    /// The stream goes into a file that belongs to no log until its base is there.
    pub(crate) is_aside: bool,
    /// Bytes of the log that do not come from the stream, or came before so many of it.
    base: (u64, u64),
    /// Bytes of the stream when its last file was begun.
    rotated_at: u64,
    /// When the last annotation of the time was made (`aof-timestamp-enabled`), in seconds of the epoch.
    noted_s: i64,
    ends: Ends,
    /// The disk takes nothing, which clients are told when they want to change something.
    pub(crate) is_failing: bool,
    /// How often the loop had to wait for a disk that was behind (`aof_delayed_fsync`).
    pub(crate) delays: u64,
}

impl Aof {
    /// A stream that goes to this thread.
    fn new(writer: Writer, policy: Policy, log_bytes: u64) -> Self {
        Self {
            writer,
            policy,
            selected: None,
            buffer: Vec::new(),
            appended: 0,
            watched: (0, 0),
            steps: 0,
            is_aside: false,
            base: (log_bytes, 0),
            rotated_at: 0,
            noted_s: 0,
            ends: Ends::default(),
            is_failing: false,
            delays: 0,
        }
    }

    /// The thread.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Another policy.
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.writer.set_policy(policy);
    }

    /// The policy.
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// A unit goes into the file, with the time if that is wanted: once for each second.
    pub(crate) fn tell(&mut self, feed: &Feed, now_s: Option<i64>) {
        if let Some(now_s) = now_s.filter(|now_s| *now_s != self.noted_s) {
            push_timestamp(&mut self.buffer, now_s);
            self.noted_s = now_s;
        }
        feed.append_to(Reader::AppendOnlyFile, &mut self.selected, &mut self.buffer);
    }

    /// Bytes go into the file as they are.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Everything that has been told is on its way to the disk. To be called after every turn.
    pub(crate) fn hand_over(&mut self, now_us: u64) {
        if !self.buffer.is_empty() {
            self.appended += self.buffer.len() as u64;
            let next = Vec::with_capacity(self.buffer.len().min(BUFFER_BYTES_KEPT));
            self.writer.write(std::mem::replace(&mut self.buffer, next));
        }
        if self.writer.written() >= self.watched.0 {
            self.watched = (self.appended, now_us);
        }
    }

    /// Steps for the files, behind everything that has been told. The file that the stream goes on in names its database anew.
    fn take(&mut self, ticket: u64, steps: Vec<Step>, now_us: u64) {
        self.hand_over(now_us);
        self.selected = None;
        if steps.iter().any(|step| matches!(step, Step::Append(_))) {
            self.rotated_at = self.appended;
            self.noted_s = 0;
        }
        self.steps += 1;
        self.writer.take(ticket, steps);
    }

    /// Some steps have not been taken yet.
    fn has_steps(&self) -> bool {
        self.steps > 0
    }

    /// The next steps that have been taken.
    fn done(&mut self) -> Option<Done> {
        let done = self.writer.done()?;
        self.steps -= 1;
        Some(done)
    }

    /// As [`Self::done`], waiting for it. `None` if the thread is gone.
    fn wait_done(&mut self) -> Option<Done> {
        let done = self.writer.wait_done()?;
        self.steps -= 1;
        Some(done)
    }

    /// A base of so many bytes has taken the place of what was before the last file.
    fn set_base_bytes(&mut self, bytes: u64) {
        self.base = (bytes, self.rotated_at);
    }

    /// Bytes of the log.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.base.0 + self.offset() - self.base.1
    }

    /// Bytes that are on their way to the disk.
    pub(crate) fn queued_bytes(&self) -> u64 {
        self.offset() - self.writer.written()
    }

    /// More is on its way to the disk than may be.
    pub(crate) fn is_overfull(&self) -> bool {
        self.appended - self.writer.written() > QUEUED_BYTES_MAX
    }

    /// Nothing is on its way to the disk.
    pub(crate) fn is_settled(&self) -> bool {
        self.writer.synced() >= self.offset()
    }

    /// Bytes of the stream so far.
    pub(crate) fn offset(&self) -> u64 {
        self.appended + self.buffer.len() as u64
    }

    /// Bytes of the stream that are on disk, where they will be found. Without a base nothing is, and in a file that the system has failed
    /// to write nothing can be relied on: then it is `None`, also if nothing has been written at all.
    pub(crate) fn durable(&self) -> Option<u64> {
        (!self.is_aside && !self.writer.is_doubtful()).then(|| self.writer.synced())
    }

    /// How much has to be with the disk before what was just answered may leave. `None` if it may leave at once.
    pub(crate) fn gate(&mut self, now_us: u64) -> Option<u64> {
        if self.is_passed(self.appended) {
            return None;
        }
        let (offset, since_us) = self.watched;
        let is_stuck = self.writer.written() < offset && now_us.saturating_sub(since_us) > PATIENCE_US;
        let is_much = self.is_overfull();
        let waits = self.policy == Policy::Always || is_stuck || is_much;
        self.delays += u64::from(is_stuck);
        waits.then_some(self.appended)
    }

    /// As much as a gate asks for is with the disk.
    pub(crate) fn is_passed(&self, gate: u64) -> bool {
        if self.is_failing && self.policy != Policy::Always {
            return true;
        }
        let done = match self.policy {
            Policy::Always => self.writer.synced(),
            Policy::EverySecond | Policy::No => self.writer.written(),
        };
        done >= gate
    }

    /// Waits until everything is on disk, at the end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn finish(&mut self, now_us: u64) -> io::Result<()> {
        self.take(u64::MAX, vec![Step::Close], now_us);
        while let Some(done) = self.wait_done() {
            if done.ticket == u64::MAX {
                return done.result;
            }
        }
        Err(io::Error::other("the thread that writes the append-only file is gone"))
    }
}
