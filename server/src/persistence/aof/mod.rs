//! The append-only file, as the loop sees it.

mod command_file;
mod life;
mod log;
mod place;
mod rewrite;
mod step;
#[cfg(test)]
mod tests;
mod work;
mod writer;

use std::io;

pub(crate) use log::Files;
use place::Ends;
pub(crate) use rewrite::Rewrites;
use step::Step;
pub(crate) use writer::Policy;
use writer::{Done, Ticket, Writer};

use bongsu_persist::aof::push_timestamp;

use crate::engine::{Feed, Reader};

/// With a policy that does not wait for the disk, how long the loop goes on answering while the disk takes nothing. In microseconds.
const PATIENCE_US: u64 = 2_000_000;

/// How much may be on its way to the disk before the loop stops answering, whatever the policy: memory has to end somewhere.
const QUEUED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The loop keeps what it has been told for so long, in microseconds, unless there is more than the other: every hand-over costs a switch
/// to the thread. It is far less than what `everysec` allows to be lost.
const GATHERED_US_MAX: u64 = 1_000;
const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// With a policy that waits for the disk, how long the loop waits for more requests before it hands over what it has been told: a part of
/// what a sync takes, and not less than so many microseconds, which a client needs to send its next request.
const PAUSE_PARTS: u64 = 4;
const PAUSE_US_MIN: u64 = 50;

/// The stream of changes on its way to the append-only file.
pub(crate) struct Aof {
    writer: Writer,
    policy: Policy,
    /// The database that was selected last in the file.
    selected: Option<u32>,
    /// What has been told since the last hand-over.
    buffer: Vec<u8>,
    /// Since when there is something in it and the thread has nothing to do, in microseconds since the start.
    gathered_since_us: Option<u64>,
    /// Bytes of the stream that have been handed over.
    appended: u64,
    /// Bytes that are looked at to find out whether the disk is stuck, and since when they wait.
    watched: (u64, u64),
    /// Steps that were given and have not been taken yet.
    steps: usize,
    /// Those of them that end the log.
    endings: usize,
    /// The log has ended in this turn, whose replies have to wait until it is on disk.
    withholds: bool,
    /// Doubts of the thread up to here do not matter any more, because a newer base has taken the place of what they concern.
    settled_doubts: u64,
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
            gathered_since_us: None,
            appended: 0,
            watched: (0, 0),
            steps: 0,
            endings: 0,
            withholds: false,
            settled_doubts: 0,
            is_aside: false,
            base: (log_bytes, 0),
            rotated_at: 0,
            noted_s: 0,
            ends: Ends::default(),
            is_failing: false,
            delays: 0,
        }
    }

    /// A log that has ended, or is about to, begins anew. Its offsets go on, because clients and replicas may wait for some.
    fn begin_anew(&mut self, policy: Policy) {
        self.set_policy(policy);
        self.selected = None;
        self.is_aside = true;
        self.base = (0, self.offset());
        self.rotated_at = self.offset();
        self.noted_s = 0;
        self.is_failing = false;
    }

    /// The log ends: these steps bring it to disk and close it.
    fn end(&mut self, steps: Vec<Step>, now_us: u64) {
        self.endings += 1;
        self.withholds = true;
        self.take(Ticket::End, steps, now_us);
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

    /// Everything that has been told is on its way to the disk.
    pub(crate) fn hand_over(&mut self, now_us: u64) {
        self.gathered_since_us = None;
        if !self.buffer.is_empty() {
            self.appended += self.buffer.len() as u64;
            let next = self.writer.buffer();
            self.writer.write(std::mem::replace(&mut self.buffer, next));
        }
        self.watch(now_us);
    }

    fn watch(&mut self, now_us: u64) {
        if self.writer.written() >= self.watched.0 {
            self.watched = (self.appended, now_us);
        }
    }

    /// Hands over if there is much, or something for long. To be called after every turn.
    pub(crate) fn hand_over_if_due(&mut self, now_us: u64) {
        let waits_for_thread = self.policy == Policy::Always && self.is_syncing();
        if self.buffer.len() >= GATHERED_BYTES_MAX {
            self.hand_over(now_us);
        } else if !self.buffer.is_empty() && !waits_for_thread {
            let since_us = *self.gathered_since_us.get_or_insert(now_us);
            if now_us - since_us >= GATHERED_US_MAX {
                self.hand_over(now_us);
            }
        }
        self.watch(now_us);
    }

    /// How long the loop may wait at most, in microseconds, before it has to look after what it has gathered.
    pub(crate) fn patience_us(&self, now_us: u64) -> Option<u64> {
        Some((self.gathered_since_us? + GATHERED_US_MAX).saturating_sub(now_us))
    }

    /// With a policy that waits for the disk: there is something to be handed over to the thread, which has nothing to do. How long the loop
    /// may wait for more in microseconds.
    pub(crate) fn pause_us(&self) -> Option<u64> {
        let gathers = self.policy == Policy::Always && self.gathered_since_us.is_some() && !self.is_syncing();
        gathers.then(|| (self.writer.sync_usec() / PAUSE_PARTS).clamp(PAUSE_US_MIN, GATHERED_US_MAX))
    }

    fn is_syncing(&self) -> bool {
        self.writer.synced() < self.appended
    }

    /// Steps for the files, behind everything that has been told. The file that the stream goes on in names its database anew.
    fn take(&mut self, ticket: Ticket, steps: Vec<Step>, now_us: u64) {
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
        loop {
            let done = self.writer.done()?;
            if let Some(done) = self.note_done(done) {
                return Some(done);
            }
        }
    }

    /// As [`Self::done`], waiting for it. `None` if the thread is gone.
    fn wait_done(&mut self) -> Option<Done> {
        loop {
            let done = self.writer.wait_done()?;
            if let Some(done) = self.note_done(done) {
                return Some(done);
            }
        }
    }

    /// Steps before the end of a log do not concern the one that has begun behind it.
    fn note_done(&mut self, done: Done) -> Option<Done> {
        self.steps -= 1;
        let is_of_ended = self.endings > 0;
        if done.ticket == Ticket::End {
            self.endings -= 1;
            return Some(done);
        }
        (!is_of_ended).then_some(done)
    }

    /// A log before this one is still being brought to disk.
    pub(crate) fn is_ending(&self) -> bool {
        self.endings > 0
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

    /// The system has failed to bring a part of the log to disk that no newer base has taken the place of.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.writer.doubts() > self.settled_doubts
    }

    /// Only a new base makes this a log that can be relied on: it has none yet, or there is doubt about what the disk has.
    pub(crate) fn needs_base(&self) -> bool {
        self.is_aside || self.is_doubtful()
    }

    /// A base that was begun when there were so many doubts has taken its place in the log.
    fn settle_doubts(&mut self, doubts: u64) {
        self.settled_doubts = self.settled_doubts.max(doubts);
    }

    /// Bytes of the stream that are on disk, where they will be found. `None` without a base that can be relied on, also if nothing has been
    /// written at all.
    pub(crate) fn durable(&self) -> Option<u64> {
        (!self.needs_base()).then(|| self.writer.synced())
    }

    /// How much has to be with the disk before what was answered in this turn may leave. `None` if it may leave at once.
    pub(crate) fn gate(&self, now_us: u64) -> Option<u64> {
        let waits_for_disk = self.withholds || self.policy == Policy::Always;
        if self.is_passed(self.offset()) {
            return None;
        }
        if waits_for_disk {
            return Some(self.offset());
        }
        (self.is_stuck(now_us) || self.is_overfull()).then_some(self.appended)
    }

    /// The replies of a turn have left, or wait.
    pub(crate) fn note_replies(&mut self, now_us: u64) {
        let waits_for_disk = std::mem::take(&mut self.withholds) || self.policy == Policy::Always;
        self.delays += u64::from(!waits_for_disk && self.is_stuck(now_us));
    }

    fn is_stuck(&self, now_us: u64) -> bool {
        let (offset, since_us) = self.watched;
        self.writer.written() < offset && now_us.saturating_sub(since_us) > PATIENCE_US
    }

    /// As much as a gate asks for is with the disk.
    pub(crate) fn is_passed(&self, gate: u64) -> bool {
        let waits_for_disk = self.policy == Policy::Always || self.is_ending();
        if waits_for_disk {
            return self.writer.synced() >= gate;
        }
        self.is_failing || self.writer.written() >= gate
    }

    /// Waits until everything is on disk, at the end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn finish(&mut self, now_us: u64) -> io::Result<()> {
        self.take(Ticket::Finish, vec![Step::Close], now_us);
        while let Some(done) = self.wait_done() {
            if done.ticket == Ticket::Finish {
                return done.result;
            }
        }
        Err(io::Error::other("the thread that writes the append-only file is gone"))
    }
}

impl Drop for Aof {
    fn drop(&mut self) {
        // The thread writes what it has before it ends.
        self.hand_over(0);
    }
}
