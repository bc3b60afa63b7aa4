//! The thread that writes the append-only file, so that the loop never waits for a disk.
//!
//! It takes everything that has come meanwhile, writes it, and, with `appendfsync always`, has it on disk before it takes more: the
//! slower the disk, the more requests share one `fdatasync`.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::files::sync_directory_of;
use crate::net::wake::Waker;

/// Permissions of new files, which the umask restricts.
const MODE: u32 = 0o644;

/// With `appendfsync everysec`, how long what is written may be in memory only.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How long after a failed write the next one is tried.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When what is written is brought to disk (`appendfsync`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Policy {
    /// Before its requests are answered.
    Always,
    /// Once a second.
    EverySecond,
    /// When the system does it by itself.
    No,
}

/// Something that is done to the files, in the order of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// A file is made, or emptied if it is there.
    Create(PathBuf),
    /// From here on the stream goes on in this file, which is there.
    Append(PathBuf),
    /// A file gets another content, all of it or none.
    Replace(PathBuf, Vec<u8>),
    /// A file gets another name. What had that name is gone.
    Rename(PathBuf, PathBuf),
    /// A file goes, if it is there.
    Remove(PathBuf),
    /// The file that the stream goes into is closed.
    Close,
}

impl Step {
    /// Takes a step that has nothing to do with the stream.
    ///
    /// # Errors
    /// If the system refuses it, or if it concerns the stream.
    pub(crate) fn take(&self) -> io::Result<()> {
        match self {
            Self::Create(path) => {
                OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?.sync_all()?;
                sync_directory_of(path)
            }
            Self::Replace(path, content) => {
                bongsu_process::atomic::replace(path, content, MODE).map(drop).map_err(io::Error::other)
            }
            Self::Rename(from, to) => {
                fs::rename(from, to)?;
                sync_directory_of(to)
            }
            Self::Remove(path) => match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            Self::Append(_) | Self::Close => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
    }
}

/// What became of steps.
#[derive(Debug)]
pub(crate) struct Done {
    /// What they were given as.
    pub(crate) ticket: u64,
    /// The first failure; the steps behind it were not taken.
    pub(crate) result: io::Result<()>,
}

enum Job {
    Write(Vec<u8>),
    Steps {
        ticket: u64,
        steps: Vec<Step>,
    },
    Policy(Policy),
    /// Whether nothing is synced for now (`no-appendfsync-on-rewrite`).
    Rest(bool),
}

/// What both sides know.
struct Shared {
    /// Bytes of the stream that the system has.
    written: AtomicU64,
    /// Bytes of the stream that are on disk.
    synced: AtomicU64,
    /// Why the last write failed, until one succeeds.
    failure: Mutex<Option<String>>,
    /// The system failed to bring the file to disk. It may have forgotten what it could not write, and would not say so again: only
    /// another file can be relied on.
    is_doubtful: AtomicBool,
    /// The longest write and sync since somebody looked, in microseconds.
    slowest_usec: AtomicU64,
}

/// The thread, as the loop sees it.
pub(crate) struct Writer {
    /// `None` only while it ends.
    jobs: Option<Sender<Job>>,
    done: Receiver<Done>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. It has no file yet.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(policy: Policy, waker: Waker) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            failure: Mutex::new(None),
            is_doubtful: AtomicBool::new(false),
            slowest_usec: AtomicU64::new(0),
        });
        // The loop gives no more while too much is on its way.
        let (jobs, taken) = channel();
        let (finished, done) = channel();
        let work = Work {
            jobs: taken,
            finished,
            waker,
            shared: Arc::clone(&shared),
            file: None,
            unwritten: VecDeque::new(),
            good_len: 0,
            synced_at: Instant::now(),
            policy,
            rests: false,
            is_torn: false,
        };
        let thread = std::thread::Builder::new().name("bongsu-aof".to_owned()).spawn(move || work.run())?;
        Ok(Self { jobs: Some(jobs), done, shared, thread: Some(thread) })
    }

    /// Appends to the stream.
    pub(crate) fn write(&self, bytes: Vec<u8>) {
        self.send(Job::Write(bytes));
    }

    /// Takes these steps once everything before them is written.
    pub(crate) fn take(&self, ticket: u64, steps: Vec<Step>) {
        self.send(Job::Steps { ticket, steps });
    }

    fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The thread ends after this only.
            let _ = jobs.send(job);
        }
    }

    /// Steps that have been taken since the last call.
    pub(crate) fn done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }

    /// Waits until steps have been taken: at the start and at the end, when there is nothing else to do. `None` if the thread is gone.
    pub(crate) fn wait_done(&self) -> Option<Done> {
        self.done.recv().ok()
    }

    /// Another policy.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.send(Job::Policy(policy));
    }

    /// Whether nothing is synced for now.
    pub(crate) fn set_rest(&self, rests: bool) {
        self.send(Job::Rest(rests));
    }

    /// Bytes of the stream that the system has.
    pub(crate) fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Acquire)
    }

    /// Bytes of the stream that are on disk.
    pub(crate) fn synced(&self) -> u64 {
        self.shared.synced.load(Ordering::Acquire)
    }

    /// Why the last write failed.
    pub(crate) fn failure(&self) -> Option<String> {
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The system has failed to bring the file to disk, so that it cannot be relied on.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.shared.is_doubtful.load(Ordering::Relaxed)
    }

    /// The longest write and sync since the last call, in microseconds.
    pub(crate) fn take_slowest_usec(&self) -> u64 {
        self.shared.slowest_usec.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What was given is written and synced first.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// The thread's own state.
struct Work {
    jobs: Receiver<Job>,
    finished: Sender<Done>,
    waker: Waker,
    shared: Arc<Shared>,
    file: Option<File>,
    /// Of the stream, what the file has not got yet.
    unwritten: VecDeque<Vec<u8>>,
    /// Length of the file up to the last whole write.
    good_len: u64,
    synced_at: Instant,
    policy: Policy,
    rests: bool,
    /// A part of a write is at the end of the file, and could not be cut off yet.
    is_torn: bool,
}

impl Work {
    fn run(mut self) {
        loop {
            let first = match self.patience() {
                None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(limit) => self.jobs.recv_timeout(limit),
            };
            match first {
                Ok(job) => self.accept(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Ok(job) = self.jobs.try_recv() {
                self.accept(job);
            }
            self.write_all();
            self.sync_if_due();
        }
        self.write_all();
        if let Err(error) = self.sync() {
            self.fail(&error);
        }
    }

    /// How long nothing has to be done.
    fn patience(&self) -> Option<Duration> {
        if !self.unwritten.is_empty() {
            return Some(RETRY_AFTER);
        }
        let is_due = self.policy == Policy::EverySecond && !self.rests && self.is_dirty();
        is_due.then(|| SYNC_EVERY.saturating_sub(self.synced_at.elapsed()))
    }

    fn accept(&mut self, job: Job) {
        match job {
            Job::Write(bytes) => self.unwritten.push_back(bytes),
            Job::Steps { ticket, steps } => {
                self.write_all();
                let result = steps.iter().try_for_each(|step| self.step(step));
                // Nobody is told at the end of the process.
                let _ = self.finished.send(Done { ticket, result });
                self.waker.wake();
            }
            Job::Policy(policy) => self.policy = policy,
            Job::Rest(rests) => self.rests = rests,
        }
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Append(path) => {
                self.check_written()?;
                // What a doubtful file holds is in the one that is begun instead.
                if !self.is_doubtful() {
                    self.sync()?;
                }
                let file = OpenOptions::new().append(true).open(path)?;
                self.good_len = file.metadata()?.len();
                self.file = Some(file);
                self.is_torn = false;
                self.set_doubtful(false);
                Ok(())
            }
            Step::Close => {
                self.check_written()?;
                self.sync()?;
                self.file = None;
                Ok(())
            }
            step => step.take(),
        }
    }

    /// What belongs into this file may not go into another.
    fn check_written(&self) -> io::Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let reason = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(io::Error::other(reason.unwrap_or_else(|| "the file before cannot be written".to_owned())))
    }

    fn write_all(&mut self) {
        let Some(file) = &mut self.file else {
            // Without a file there is nothing to be lost.
            let gone: usize = self.unwritten.drain(..).map(|bytes| bytes.len()).sum();
            let before = self.shared.written.fetch_add(gone as u64, Ordering::Release);
            self.shared.synced.store(before + gone as u64, Ordering::Release);
            return;
        };
        let began = Instant::now();
        let mut failure = if self.is_torn { file.set_len(self.good_len).err() } else { None };
        self.is_torn = failure.is_some();
        while failure.is_none()
            && let Some(bytes) = self.unwritten.front()
        {
            if let Err(error) = file.write_all(bytes) {
                // A part of a request would make the rest of the file worthless, so that nothing is written behind it.
                self.is_torn = file.set_len(self.good_len).is_err();
                failure = Some(error);
                break;
            }
            self.good_len += bytes.len() as u64;
            self.shared.written.fetch_add(bytes.len() as u64, Ordering::Release);
            self.unwritten.pop_front();
        }
        note_slowest(&self.shared, began);
        match failure {
            Some(error) => self.fail(&error),
            None => self.recover(),
        }
    }

    fn sync_if_due(&mut self) {
        let is_due = match self.policy {
            Policy::Always => true,
            Policy::EverySecond => !self.rests && self.synced_at.elapsed() >= SYNC_EVERY,
            Policy::No => false,
        };
        if is_due && self.is_dirty() {
            match self.sync() {
                Ok(()) => self.waker.wake(),
                Err(error) => self.fail(&error),
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let began = Instant::now();
        let written = self.shared.written.load(Ordering::Acquire);
        let synced = file.sync_data();
        // Also after a failure it is not tried again at once.
        self.synced_at = Instant::now();
        if let Err(error) = synced {
            self.set_doubtful(true);
            return Err(error);
        }
        self.shared.synced.store(written, Ordering::Release);
        note_slowest(&self.shared, began);
        Ok(())
    }

    fn is_dirty(&self) -> bool {
        self.shared.written.load(Ordering::Acquire) > self.shared.synced.load(Ordering::Acquire)
    }

    fn is_doubtful(&self) -> bool {
        self.shared.is_doubtful.load(Ordering::Relaxed)
    }

    fn set_doubtful(&self, doubtful: bool) {
        self.shared.is_doubtful.store(doubtful, Ordering::Relaxed);
    }

    fn fail(&self, error: &io::Error) {
        *self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        self.waker.wake();
    }

    fn recover(&self) {
        if self.is_doubtful() {
            return;
        }
        let mut failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.take().is_some() {
            self.waker.wake();
        }
    }
}

fn note_slowest(shared: &Shared, began: Instant) {
    let usec = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    shared.slowest_usec.fetch_max(usec, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(policy: Policy) -> (tempfile::TempDir, PathBuf, Writer) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stream");
        let writer = Writer::start(policy, Waker::new().unwrap()).unwrap();
        writer.take(1, vec![Step::Create(path.clone()), Step::Append(path.clone())]);
        let done = writer.wait_done().unwrap();
        assert_eq!((done.ticket, done.result.is_ok()), (1, true));
        (dir, path, writer)
    }

    #[test]
    fn what_is_told_to_be_on_disk_is_written() {
        let (_dir, path, writer) = writer(Policy::Always);
        writer.write(b"one ".to_vec());
        writer.write(b"two".to_vec());
        while writer.synced() < 7 {
            std::thread::yield_now();
        }
        assert_eq!(fs::read(path).unwrap(), b"one two");
        assert!(writer.failure().is_none());
    }

    #[test]
    fn steps_are_taken_between_what_comes_before_and_behind_them() {
        let (dir, path, writer) = writer(Policy::No);
        let next = dir.path().join("next");
        writer.write(b"old".to_vec());
        writer.take(
            2,
            vec![
                Step::Create(next.clone()),
                Step::Replace(dir.path().join("list"), b"next".to_vec()),
                Step::Append(next.clone()),
                Step::Remove(dir.path().join("nothing")),
            ],
        );
        writer.write(b"new".to_vec());
        assert!(writer.wait_done().unwrap().result.is_ok());
        drop(writer);
        assert_eq!([fs::read(path).unwrap(), fs::read(next).unwrap()], [b"old", b"new"]);
        assert_eq!(fs::read(dir.path().join("list")).unwrap(), b"next");
    }

    #[test]
    fn after_a_step_that_fails_the_stream_stays_where_it_is() {
        let (dir, path, writer) = writer(Policy::EverySecond);
        let next = dir.path().join("no such directory/next");
        writer.take(3, vec![Step::Create(next.clone()), Step::Append(next)]);
        assert!(writer.wait_done().unwrap().result.is_err());
        writer.write(b"here".to_vec());
        drop(writer);
        assert_eq!(fs::read(path).unwrap(), b"here");
    }

    #[test]
    fn a_disk_that_is_full_is_told_of() {
        let writer = Writer::start(Policy::Always, Waker::new().unwrap()).unwrap();
        writer.take(1, vec![Step::Append(PathBuf::from("/dev/full"))]);
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.write(b"more than there is room for".to_vec());
        while writer.failure().is_none() {
            std::thread::yield_now();
        }
        assert_eq!((writer.written(), writer.synced()), (0, 0));
    }
}
