//! The thread that writes the append-only file, as the loop sees it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::Step;
use super::work::Work;
use crate::net::wake::Waker;

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

/// A buffer is used again unless it has become larger than this. Whole turns of busy clients fit, a large value does not.
const BUFFER_BYTES_KEPT: usize = 512 * 1024;

/// What became of steps.
#[derive(Debug)]
pub(crate) struct Done {
    /// What they were given as.
    pub(crate) ticket: Ticket,
    /// The first failure; the steps behind it were not taken.
    pub(crate) result: io::Result<()>,
    /// How often the system had failed to bring a file to disk until then.
    pub(crate) doubts: u64,
}

/// What steps are taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ticket {
    /// The stream goes on in another file.
    Rotate,
    /// A base takes its place in the log.
    Adopt,
    /// What has been replaced goes.
    Clean,
    /// The log is to begin anew, with other data.
    Restart,
    /// The log ends, and the server goes on.
    End,
    /// The server ends.
    Finish,
}

pub(super) enum Job {
    Write(Vec<u8>),
    Steps {
        ticket: Ticket,
        steps: Vec<Step>,
    },
    Policy(Policy),
    /// Whether nothing is synced for now (`no-appendfsync-on-rewrite`).
    Rest(bool),
}

/// What both sides know.
#[derive(Default)]
pub(super) struct Shared {
    /// Bytes of the stream that the system has.
    pub(super) written: AtomicU64,
    /// Bytes of the stream that are on disk.
    pub(super) synced: AtomicU64,
    /// Why the last write failed, until one succeeds.
    pub(super) failure: Mutex<Option<String>>,
    /// How often the system failed to bring a file to disk. It may have forgotten what it could not write, and would not say so again:
    /// only another file with another base can be relied on.
    pub(super) doubts: AtomicU64,
    /// The longest write and sync since somebody looked, in microseconds.
    pub(super) slowest_usec: AtomicU64,
    /// How long the last sync took, in microseconds.
    pub(super) sync_usec: AtomicU64,
    /// A buffer that has been written and may be used again.
    spare: Mutex<Vec<u8>>,
}

impl Shared {
    /// A buffer is not needed any more.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= BUFFER_BYTES_KEPT {
            buffer.clear();
            *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = buffer;
        }
    }
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
        let shared = Arc::<Shared>::default();
        // The loop gives no more while too much is on its way.
        let (jobs, taken) = channel();
        let (finished, done) = channel();
        let work = Work::new(taken, finished, waker, Arc::clone(&shared), policy);
        let thread = std::thread::Builder::new().name("bongsu-aof".to_owned()).spawn(move || work.run())?;
        Ok(Self { jobs: Some(jobs), done, shared, thread: Some(thread) })
    }

    /// Appends to the stream.
    pub(crate) fn write(&self, bytes: Vec<u8>) {
        self.send(Job::Write(bytes));
    }

    /// An empty buffer, with room if there is one that is not needed any more.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        std::mem::take(&mut *self.shared.spare.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes these steps once everything before them is written.
    pub(crate) fn take(&self, ticket: Ticket, steps: Vec<Step>) {
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

    /// How often the system has failed to bring a file to disk, so that it cannot be relied on.
    pub(crate) fn doubts(&self) -> u64 {
        self.shared.doubts.load(Ordering::Acquire)
    }

    /// How long the last sync took, in microseconds.
    pub(crate) fn sync_usec(&self) -> u64 {
        self.shared.sync_usec.load(Ordering::Relaxed)
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn writer(policy: Policy) -> (tempfile::TempDir, PathBuf, Writer) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stream");
        let writer = Writer::start(policy, Waker::new().unwrap()).unwrap();
        writer.take(Ticket::Rotate, vec![Step::Create(path.clone()), Step::Append(path.clone())]);
        let done = writer.wait_done().unwrap();
        assert_eq!((done.ticket, done.result.is_ok()), (Ticket::Rotate, true));
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
            Ticket::Rotate,
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
        writer.take(Ticket::Rotate, vec![Step::Create(next.clone()), Step::Append(next)]);
        assert!(writer.wait_done().unwrap().result.is_err());
        writer.write(b"here".to_vec());
        drop(writer);
        assert_eq!(fs::read(path).unwrap(), b"here");
    }

    #[test]
    fn a_disk_that_is_full_is_told_of() {
        let writer = Writer::start(Policy::Always, Waker::new().unwrap()).unwrap();
        writer.take(Ticket::Rotate, vec![Step::Append(PathBuf::from("/dev/full"))]);
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.write(b"more than there is room for".to_vec());
        while writer.failure().is_none() {
            std::thread::yield_now();
        }
        assert_eq!((writer.written(), writer.synced()), (0, 0));
    }

    #[test]
    fn no_manifest_names_what_comes_behind_a_file_that_is_not_whole() {
        let (dir, _, writer) = writer(Policy::EverySecond);
        let (next, list) = (dir.path().join("next"), dir.path().join("list"));
        writer.take(Ticket::Rotate, vec![Step::Append(PathBuf::from("/dev/full"))]);
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.write(b"more than there is room for".to_vec());
        let replace = Step::Replace(list.clone(), b"next".to_vec());
        writer.take(Ticket::Rotate, vec![Step::Create(next.clone()), Step::Flush, replace, Step::Append(next)]);
        assert!(writer.wait_done().unwrap().result.is_err());
        assert!(!list.exists());
    }

    #[test]
    fn what_the_system_may_have_forgotten_never_counts_as_synced() {
        let (_dir, _, writer) = writer(Policy::Always);
        writer.take(Ticket::Rotate, vec![Step::Append(PathBuf::from("/dev/null"))]);
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.write(b"lost".to_vec());
        while writer.failure().is_none() {
            std::thread::yield_now();
        }
        writer.write(b"behind it".to_vec());
        writer.take(Ticket::Clean, Vec::new());
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.take(Ticket::Clean, Vec::new());
        let done = writer.wait_done().unwrap();
        assert_eq!((writer.synced(), done.doubts), (0, 1), "it is said once");
    }

    #[test]
    fn what_is_abandoned_is_in_nobodys_way() {
        let (dir, _, writer) = writer(Policy::EverySecond);
        let next = dir.path().join("next");
        writer.take(Ticket::Rotate, vec![Step::Append(PathBuf::from("/dev/full"))]);
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.write(b"of the old".to_vec());
        writer.take(Ticket::Restart, vec![Step::Abandon]);
        assert!(writer.wait_done().unwrap().result.is_err());
        assert_eq!((writer.written(), writer.synced(), writer.failure()), (10, 10, None));
        writer.write(b"of nothing".to_vec());
        writer.take(Ticket::Rotate, vec![Step::Create(next.clone()), Step::Append(next.clone())]);
        assert!(writer.wait_done().unwrap().result.is_ok());
        writer.write(b"of the new".to_vec());
        drop(writer);
        assert_eq!(fs::read(next).unwrap(), b"of the new");
    }

    #[test]
    fn a_failure_to_sync_is_counted_and_another_file_does_not_undo_it() {
        let (dir, _, writer) = writer(Policy::EverySecond);
        // What is not on a disk cannot be brought there.
        writer.take(Ticket::Rotate, vec![Step::Append(PathBuf::from("/dev/null"))]);
        assert_eq!(writer.wait_done().unwrap().doubts, 0);
        writer.write(b"lost".to_vec());
        while writer.failure().is_none() {
            std::thread::yield_now();
        }
        let next = dir.path().join("next");
        writer.take(Ticket::Rotate, vec![Step::Create(next.clone()), Step::Append(next)]);
        let done = writer.wait_done().unwrap();
        assert!(done.result.is_ok() && done.doubts >= 1);
        writer.write(b"kept".to_vec());
        while writer.failure().is_some() {
            std::thread::yield_now();
        }
        assert_eq!(writer.doubts(), done.doubts);
    }
}
