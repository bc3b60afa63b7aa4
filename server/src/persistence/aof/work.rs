//! The thread that writes the append-only file, so that the loop never waits for a disk.
//!
//! It takes everything that has come meanwhile, writes it, and, with `appendfsync always`, has it on disk before it takes more: the
//! slower the disk, the more requests share one `fdatasync`.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::Step;
use super::writer::{Done, Job, Policy, Shared};
use crate::net::wake::Waker;

/// With `appendfsync everysec`, how long what is written may be in memory only.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How long after a failed write the next one is tried.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The thread's own state.
pub(super) struct Work {
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
    /// The system failed to bring the file to disk.
    is_doubtful: bool,
}

impl Work {
    /// Without a file yet.
    pub(super) fn new(
        jobs: Receiver<Job>,
        finished: Sender<Done>,
        waker: Waker,
        shared: Arc<Shared>,
        policy: Policy,
    ) -> Self {
        Self {
            jobs,
            finished,
            waker,
            shared,
            file: None,
            unwritten: VecDeque::new(),
            good_len: 0,
            synced_at: Instant::now(),
            policy,
            rests: false,
            is_torn: false,
            is_doubtful: false,
        }
    }

    /// Works until nobody wants anything any more.
    pub(super) fn run(mut self) {
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
                let doubts = self.shared.doubts.load(Ordering::Acquire);
                // Nobody is told at the end of the process.
                let _ = self.finished.send(Done { ticket, result, doubts });
                self.waker.wake();
            }
            Job::Policy(policy) => self.policy = policy,
            Job::Rest(rests) => self.rests = rests,
        }
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Append(path) => {
                self.flush()?;
                let file = OpenOptions::new().append(true).open(path)?;
                self.good_len = file.metadata()?.len();
                self.file = Some(file);
                self.is_torn = false;
                self.is_doubtful = false;
                Ok(())
            }
            Step::Flush => self.flush(),
            Step::Close => {
                self.check_written()?;
                self.sync()?;
                self.file = None;
                Ok(())
            }
            Step::Abandon => self.abandon(),
            step => step.take(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check_written()?;
        // What a doubtful file holds will be in another base.
        if self.is_doubtful { Ok(()) } else { self.sync() }
    }

    fn abandon(&mut self) -> io::Result<()> {
        let written = self.check_written();
        let synced = self.sync();
        self.file = None;
        self.is_torn = false;
        self.is_doubtful = false;
        self.write_all();
        self.recover();
        written.and(synced)
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
            if gone > 0 {
                self.waker.wake();
            }
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
            self.unwritten.pop_front().into_iter().for_each(|bytes| self.shared.give_back(bytes));
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
        if self.is_doubtful {
            // The system says once that it failed, and nothing of what it has forgotten by then.
            self.synced_at = Instant::now();
            return Err(io::Error::other("the system has failed to bring the file to disk before"));
        }
        let began = Instant::now();
        let written = self.shared.written.load(Ordering::Acquire);
        let synced = file.sync_data();
        // Also after a failure it is not tried again at once.
        self.synced_at = Instant::now();
        if let Err(error) = synced {
            self.is_doubtful = true;
            self.shared.doubts.fetch_add(1, Ordering::Release);
            return Err(error);
        }
        self.shared.sync_usec.store(usec_since(began), Ordering::Relaxed);
        self.shared.synced.store(written, Ordering::Release);
        note_slowest(&self.shared, began);
        Ok(())
    }

    fn is_dirty(&self) -> bool {
        self.shared.written.load(Ordering::Acquire) > self.shared.synced.load(Ordering::Acquire)
    }

    fn fail(&self, error: &io::Error) {
        *self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        self.waker.wake();
    }

    fn recover(&self) {
        if self.is_doubtful {
            return;
        }
        let mut failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.take().is_some() {
            self.waker.wake();
        }
    }
}

fn note_slowest(shared: &Shared, began: Instant) {
    shared.slowest_usec.fetch_max(usec_since(began), Ordering::Relaxed);
}

fn usec_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
