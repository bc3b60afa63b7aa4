//! A thread for work that nobody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use bongsu_store::shard::Garbage;

/// The niceness that leaves all others before it.
const LOWEST_PRIORITY: i32 = 19;

/// Frees what takes long to free.
pub(crate) struct Helpers {
    /// `None` only while it is being dropped.
    garbage: Option<Sender<Vec<Garbage>>>,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    pending: AtomicUsize,
    freed: AtomicUsize,
}

impl Helpers {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        // What is sent exists already and only moves, so that a limit would save no memory.
        let (garbage, received) = channel::<Vec<Garbage>>();
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        let work = move || {
            // It has time, and clients have not: where both share a core, the loop goes first. Without, it is merely less polite.
            let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
            for batch in received {
                for item in batch {
                    drop(item);
                    shared.pending.fetch_sub(1, Ordering::Relaxed);
                    shared.freed.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let thread = std::thread::Builder::new().name("bongsu-free".to_owned()).spawn(work)?;
        Ok(Self { garbage: Some(garbage), counts, thread: Some(thread) })
    }

    /// Frees things, some time.
    pub(crate) fn free(&self, batch: Vec<Garbage>) {
        self.counts.pending.fetch_add(batch.len(), Ordering::Relaxed);
        if let Some(garbage) = &self.garbage {
            // It ends only after this, and if it did not, the batch is freed here.
            let _ = garbage.send(batch);
        }
    }

    /// Collections and databases that are not freed yet.
    pub(crate) fn pending(&self) -> usize {
        self.counts.pending.load(Ordering::Relaxed)
    }

    /// Collections and databases that have been freed.
    pub(crate) fn freed(&self) -> usize {
        self.counts.freed.load(Ordering::Relaxed)
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        self.garbage = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
