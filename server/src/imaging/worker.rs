//! The thread that makes something of an image.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::key_delay::KeyDelay;
use crate::net::wake::Waker;

/// Where an image goes. What is dropped before its end is to leave nothing behind.
pub(crate) trait Sink: Send {
    /// Takes the next parts in.
    ///
    /// # Errors
    /// If they cannot be brought where they belong; the image is given up then.
    fn take(&mut self, parts: &[u8], progress: &Progress) -> io::Result<()>;

    /// The image is complete, and is to be where it belongs when this returns. What makes it take the place of another goes through
    /// [`Progress::commit`].
    ///
    /// # Errors
    /// If it cannot be brought there.
    fn end(self: Box<Self>, progress: &Progress) -> io::Result<Outcome>;
}

/// What came of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Outcome {
    /// Bytes that were written.
    pub(crate) bytes: u64,
}

/// What the thread tells while it works, and what it is told.
#[derive(Default)]
pub(crate) struct Progress {
    keys: AtomicU64,
    ahead_bytes: AtomicUsize,
    is_abandoned: AtomicBool,
    /// `rdb-key-save-delay`.
    delay: KeyDelay,
    /// Held while an image takes effect, and while it is given up.
    commits: Mutex<()>,
}

impl Progress {
    /// So many more keys are dealt with, each of which takes a while if tests want that.
    pub(crate) fn add_keys(&self, keys: u64) {
        self.delay.pass(keys, || self.is_abandoned());
        self.keys.fetch_add(keys, Ordering::Relaxed);
    }

    /// Nobody wants the image any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    /// Does what makes an image take effect, unless nobody wants it any more. Whoever gives it up waits meanwhile, so that an old image
    /// never takes the place of a newer one.
    ///
    /// # Errors
    /// If it is not wanted, or that of what is done.
    pub(crate) fn commit(&self, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let _turn = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_abandoned() { Err(unwanted()) } else { act() }
    }

    fn abandon(&self) {
        let _turn = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_abandoned.store(true, Ordering::Relaxed);
    }
}

fn unwanted() -> io::Error {
    io::Error::other("nobody wants it any more")
}

/// The thread, as the loop sees it. Dropping it abandons the image.
pub(crate) struct Worker {
    parts: Option<Sender<Vec<u8>>>,
    result: Receiver<io::Result<Outcome>>,
    /// Told whenever there is room for more, for who has nothing else to do.
    room: Receiver<()>,
    progress: Arc<Progress>,
}

impl Worker {
    /// Starts the thread, which makes what takes the image in.
    ///
    /// # Errors
    /// If the system gives none.
    pub(super) fn start(
        make: impl FnOnce() -> io::Result<Box<dyn Sink>> + Send + 'static,
        delay_us: i64,
        waker: Waker,
    ) -> io::Result<Self> {
        // What is in it is limited by those who fill it: by `ahead_bytes`.
        let (parts, taken) = channel();
        let (tell, result) = channel();
        let (make_room, room) = sync_channel(1);
        let progress = Arc::<Progress>::default();
        progress.delay.set(delay_us);
        let shared = Arc::clone(&progress);
        let work = move || {
            let outcome = make().and_then(|sink| run(sink, &taken, &make_room, &shared, &waker));
            // Nobody listens if it was abandoned.
            let _ = tell.send(outcome);
            drop(make_room);
            waker.wake();
        };
        // It may be waiting for a disk, which the loop does not do: nobody joins it.
        std::thread::Builder::new().name("bongsu-image".to_owned()).spawn(work)?;
        Ok(Self { parts: Some(parts), result, room, progress })
    }

    /// Hands parts over.
    pub(super) fn take(&self, bytes: Vec<u8>) {
        if let Some(parts) = &self.parts
            && !bytes.is_empty()
        {
            self.progress.ahead_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
            // A thread that has failed says why at its end.
            let _ = parts.send(bytes);
        }
    }

    /// There is no more.
    pub(super) fn end(&mut self) {
        self.parts = None;
    }

    /// Another delay for each key.
    pub(super) fn set_delay(&self, delay_us: i64) {
        self.progress.delay.set(delay_us);
    }

    /// What became of the image, once that is known.
    pub(super) fn result(&self) -> Option<io::Result<Outcome>> {
        self.result.try_recv().ok()
    }

    /// Waits until the thread has taken something in, or has ended.
    pub(super) fn wait(&self) {
        // An end is an answer, too.
        let _ = self.room.recv();
    }

    pub(super) fn ahead_bytes(&self) -> usize {
        self.progress.ahead_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn keys(&self) -> u64 {
        self.progress.keys.load(Ordering::Relaxed)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.progress.abandon();
    }
}

fn run(
    mut sink: Box<dyn Sink>,
    taken: &Receiver<Vec<u8>>,
    make_room: &SyncSender<()>,
    progress: &Progress,
    waker: &Waker,
) -> io::Result<Outcome> {
    for parts in taken {
        if progress.is_abandoned() {
            break;
        }
        sink.take(&parts, progress)?;
        progress.ahead_bytes.fetch_sub(parts.len(), Ordering::Relaxed);
        // One word of it is enough.
        let _ = make_room.try_send(());
        waker.wake();
    }
    if progress.is_abandoned() {
        return Err(unwanted());
    }
    sink.end(progress)
}
