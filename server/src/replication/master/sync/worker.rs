//! The thread that makes a payload from an image, so that the loop need not.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};

use bongsu_persist::rdb::encode::{EncodeError, Encoder};
use bongsu_protocol::session::ClientId;
use bongsu_store::image::{Part, Reader};

use crate::key_delay::KeyDelay;
use crate::net::wake::Waker;
use crate::persistence::unseen_file;

/// Bytes that go to the loop, or to the file, in one go.
const CHUNK_BYTES: usize = 256 * 1024;

/// Chunks that may wait for the loop. The thread waits for it then.
const CHUNKS_MAX: usize = 4;

/// What the thread is to do.
enum Work {
    /// Encode parts of the image.
    Image(Vec<u8>),
    /// The image is complete.
    End,
    /// Read from the file for a replica, from here on.
    Read(ClientId, u64),
}

/// What the thread has done.
pub(super) enum Made {
    /// The next bytes of the payload.
    Chunk(Vec<u8>),
    /// The payload is complete; so many bytes lie in the file, if it goes there.
    Complete(u64),
    /// Bytes from the file for a replica.
    Read(ClientId, Vec<u8>),
    /// It cannot go on.
    Failed(Failure),
}

/// Why there is no payload.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the file that it goes to first: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Image(#[from] EncodeError),
}

/// How the payload begins and where it goes.
pub(super) struct Plan {
    pub(super) encoder: Encoder,
    /// Fields of the header.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) target: Target,
}

/// Where a payload goes.
pub(super) enum Target {
    /// To the loop, with these bytes at its end.
    Loop(Vec<u8>),
    /// To a file in this directory.
    File(PathBuf),
}

/// Where it goes, seen from the thread.
enum Sink {
    Loop(Vec<u8>),
    File(File),
}

/// What the loop and the thread share.
#[derive(Default)]
struct Shared {
    /// Bytes of the image that wait to be encoded.
    queued: AtomicUsize,
    /// Nobody wants the payload any more.
    is_stopped: AtomicBool,
    /// `rdb-key-save-delay`.
    delay: KeyDelay,
}

/// The thread, as the loop sees it. It ends with this.
pub(super) struct Worker {
    work: Sender<Work>,
    made: Receiver<Made>,
    shared: Arc<Shared>,
}

impl Worker {
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(plan: Plan, waker: Waker) -> io::Result<Self> {
        // The length of this queue is limited by who fills it, in bytes.
        let (work, orders) = channel();
        let (tell, made) = sync_channel(CHUNKS_MAX);
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        let run = move || {
            let sink = match plan.target {
                Target::Loop(mark) => Sink::Loop(mark),
                Target::File(dir) => match unseen_file(&dir) {
                    Ok(file) => Sink::File(file),
                    Err(error) => {
                        // The loop finds that out by itself if it is gone.
                        let _ = tell.send(Made::Failed(error.into()));
                        return waker.wake();
                    }
                },
            };
            let mut making = Making { tell, waker, shared: own, out: Vec::new(), sink, written: 0 };
            making.run(plan.encoder, &plan.fields, &orders);
        };
        std::thread::Builder::new().name("bongsu-sync".to_owned()).spawn(run)?;
        Ok(Self { work, made, shared })
    }

    /// Bytes of the image that wait to be encoded.
    pub(super) fn queued(&self) -> usize {
        self.shared.queued.load(Ordering::Relaxed)
    }

    /// The next parts of the image.
    pub(super) fn encode(&self, image: Vec<u8>) {
        self.shared.queued.fetch_add(image.len(), Ordering::Relaxed);
        self.order(Work::Image(image));
    }

    /// There are no more.
    pub(super) fn finish(&self) {
        self.order(Work::End);
    }

    /// A replica needs bytes of the file.
    pub(super) fn read(&self, client: ClientId, from: u64) {
        self.order(Work::Read(client, from));
    }

    fn order(&self, work: Work) {
        // A thread that is gone has told why, or will be found to be gone.
        let _ = self.work.send(work);
    }

    /// How long every key takes, in microseconds.
    pub(super) fn set_delay(&self, delay_us: i64) {
        self.shared.delay.set(delay_us);
    }

    /// What has been done since, one after the other. An error if the thread is gone.
    pub(super) fn made(&self) -> Result<Made, TryRecvError> {
        self.made.try_recv()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// Nobody is there any more for whom to go on.
struct Stopped;

/// The thread's own state.
struct Making {
    tell: SyncSender<Made>,
    waker: Waker,
    shared: Arc<Shared>,
    /// Bytes of the payload that have not gone anywhere.
    out: Vec<u8>,
    sink: Sink,
    /// Bytes in the file.
    written: u64,
}

impl Making {
    fn run(&mut self, encoder: Encoder, fields: &[(&'static str, String)], orders: &Receiver<Work>) {
        match self.make(encoder, fields, orders) {
            Ok(Ok(())) => self.serve_reads(orders),
            Ok(Err(Stopped)) => {}
            Err(failure) => {
                let _ = self.tell(Made::Failed(failure));
            }
        }
    }

    fn make(
        &mut self,
        mut encoder: Encoder,
        fields: &[(&'static str, String)],
        orders: &Receiver<Work>,
    ) -> Result<Result<(), Stopped>, Failure> {
        let fields: Vec<(&[u8], &[u8])> =
            fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        encoder.begin(&fields, &mut self.out);
        loop {
            match orders.recv() {
                Ok(Work::Image(image)) => {
                    let encoded = self.encode(&mut encoder, &image);
                    self.shared.queued.fetch_sub(image.len(), Ordering::Relaxed);
                    // The loop may have waited for room in the queue.
                    self.waker.wake();
                    if let Err(stopped) = encoded? {
                        return Ok(Err(stopped));
                    }
                }
                Ok(Work::End) => break,
                // Nobody asks for bytes of a file before it is complete.
                Ok(Work::Read(..)) => {}
                Err(_) => return Ok(Err(Stopped)),
            }
        }
        encoder.end(&mut self.out)?;
        if let Sink::Loop(mark) = &self.sink {
            self.out.extend_from_slice(mark);
        }
        if let Err(stopped) = self.flush()? {
            return Ok(Err(stopped));
        }
        Ok(self.tell(Made::Complete(self.written)))
    }

    fn encode(&mut self, encoder: &mut Encoder, image: &[u8]) -> Result<Result<(), Stopped>, Failure> {
        if self.shared.delay.is_none() {
            encoder.image(image, &mut self.out)?;
            return if self.out.len() < CHUNK_BYTES { Ok(Ok(())) } else { self.flush() };
        }
        for part in Reader::new(image) {
            let part = part.map_err(EncodeError::from)?;
            let is_key = matches!(part, Part::Head(_));
            encoder.part(&part, &mut self.out)?;
            if is_key && let Err(stopped) = self.flush()?.and_then(|()| self.linger()) {
                return Ok(Err(stopped));
            }
        }
        Ok(Ok(()))
    }

    /// Takes as long as every key is to take, for tests of those who wait.
    fn linger(&self) -> Result<(), Stopped> {
        let is_stopped = || self.shared.is_stopped.load(Ordering::Relaxed);
        if self.shared.delay.pass(1, is_stopped) { Ok(()) } else { Err(Stopped) }
    }

    /// What is encoded goes where the payload goes.
    fn flush(&mut self) -> Result<Result<(), Stopped>, Failure> {
        if let Sink::File(file) = &mut self.sink {
            file.write_all(&self.out)?;
            self.written += self.out.len() as u64;
            self.out.clear();
            self.out.shrink_to(2 * CHUNK_BYTES);
            return Ok(Ok(()));
        }
        let out = std::mem::take(&mut self.out);
        if out.len() <= 2 * CHUNK_BYTES {
            return Ok(if out.is_empty() { Ok(()) } else { self.tell(Made::Chunk(out)) });
        }
        for chunk in out.chunks(CHUNK_BYTES) {
            if let Err(stopped) = self.tell(Made::Chunk(chunk.to_vec())) {
                return Ok(Err(stopped));
            }
        }
        Ok(Ok(()))
    }

    /// Waits until the loop has room for it.
    fn tell(&self, made: Made) -> Result<(), Stopped> {
        let told = self.tell.send(made).map_err(|_| Stopped);
        self.waker.wake();
        told
    }

    /// Reads from the complete file for replicas, each of which takes it as fast as it can.
    fn serve_reads(&self, orders: &Receiver<Work>) {
        let Sink::File(file) = &self.sink else { return };
        for work in orders {
            let Work::Read(client, from) = work else { continue };
            let mut bytes = vec![0; usize::try_from(self.written - from).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
            let made = match file.read_exact_at(&mut bytes, from) {
                Ok(()) => Made::Read(client, bytes),
                Err(error) => Made::Failed(error.into()),
            };
            if self.tell(made).is_err() {
                return;
            }
        }
    }
}
