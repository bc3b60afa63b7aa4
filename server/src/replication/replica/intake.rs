//! A thread that takes the data a master sends, while this server goes on serving those it has.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, TrySendError, channel, sync_channel};

use bongsu_store::shard::{Garbage, Shard};

use super::failure::Failure;
use super::load::{self, LoadError, Orders, Trust};
use super::spool::Spool;
use crate::net::wake::Waker;

/// Pieces that may wait for the thread, each of what one read brings (64 KiB at most): 4 MiB in all, which the network needs some
/// milliseconds for.
const PIECES_MAX: usize = 64;

/// How the data are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// Into databases of their own, as they come.
    Beside,
    /// The same, once all of them are here, so that the master need not wait for it.
    SpoolBeside,
    /// In place of the data that are here, which go once the others are known to be whole: memory for both is not needed.
    SpoolInPlace,
}

/// What the thread is to do.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) manner: Manner,
    pub(super) trust: Trust,
    /// The directory of the file in which the data may lie in between.
    pub(super) directory: PathBuf,
    /// For tests: how long to wait for each key, in microseconds (`key-load-delay`).
    pub(super) delay_us: i64,
}

impl std::fmt::Display for Manner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Beside => "loaded beside the old data as they come",
            Self::SpoolBeside => "loaded beside the old data once they are here",
            Self::SpoolInPlace => "loaded in place of the old data once they are here",
        })
    }
}

enum Piece {
    Bytes(Vec<u8>),
    End,
    /// Goes on with data that are known to be whole, after freeing the old ones.
    Replace(Vec<Garbage>),
}

/// What the thread has to say.
pub(crate) enum Progress {
    /// Everything is read.
    Loaded {
        data: Box<Shard>,
        /// The database that the stream behind it goes on in.
        db: u32,
    },
    /// Everything is here and whole, so many keys. The thread waits for [`Intake::replace`].
    Verified(u64),
    Failed(LoadError),
}

/// The thread, from the side of the loop. It ends with this.
pub(crate) struct Intake {
    pieces: SyncSender<Piece>,
    /// One that there was no room for.
    waiting: Option<Piece>,
    /// The end is to be told.
    has_all: bool,
    progress: Receiver<Progress>,
    /// The loop is to be told when there is room again.
    is_stalled: Arc<AtomicBool>,
    orders: Arc<Orders>,
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.orders.stop();
    }
}

impl Intake {
    /// Starts the thread. `empty` takes the data.
    pub(crate) fn start(plan: Plan, empty: Shard, waker: Waker) -> io::Result<Self> {
        let (pieces, received) = sync_channel(PIECES_MAX);
        let (told, progress) = channel();
        let is_stalled = Arc::new(AtomicBool::new(false));
        let source = Source {
            pieces: received,
            current: Vec::new(),
            at: 0,
            has_ended: false,
            is_stalled: Arc::clone(&is_stalled),
            waker: waker.clone(),
        };
        let orders = Arc::<Orders>::default();
        orders.set_delay(plan.delay_us);
        let obeyed = Arc::clone(&orders);
        let work = move || {
            let told = Told { told, waker };
            if let Err(error) = take(&plan, &obeyed, empty, source, &told) {
                told.tell(Progress::Failed(error));
            }
        };
        std::thread::Builder::new().name("bongsu-sync".to_owned()).spawn(work)?;
        Ok(Self { pieces, waiting: None, has_all: false, progress, is_stalled, orders })
    }

    /// `key-load-delay` has changed.
    pub(super) fn set_delay(&self, delay_us: i64) {
        self.orders.set_delay(delay_us);
    }

    /// Hands bytes over. To be called only if there is room.
    pub(crate) fn push(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        if bytes.is_empty() { Ok(()) } else { self.send(Piece::Bytes(bytes)) }
    }

    /// There are no more bytes.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        self.has_all = true;
        self.has_room().map(drop)
    }

    /// The old data may go.
    pub(crate) fn replace(&mut self, old: Vec<Garbage>) -> Result<(), Failure> {
        self.send(Piece::Replace(old))
    }

    /// Hands over what there was no room for. True if there is room now.
    pub(crate) fn has_room(&mut self) -> Result<bool, Failure> {
        if let Some(piece) = self.waiting.take() {
            self.send(piece)?;
        }
        if self.has_all && self.waiting.is_none() {
            self.has_all = false;
            self.send(Piece::End)?;
        }
        Ok(self.waiting.is_none())
    }

    /// Nothing waits for room.
    pub(crate) const fn is_clear(&self) -> bool {
        self.waiting.is_none()
    }

    /// What the thread has to say, if anything.
    pub(crate) fn progress(&self) -> Result<Option<Progress>, Failure> {
        match self.progress.try_recv() {
            Ok(progress) => Ok(Some(progress)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Failure::LoaderGone),
        }
    }

    fn send(&mut self, piece: Piece) -> Result<(), Failure> {
        match self.pieces.try_send(piece) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(piece)) => {
                self.is_stalled.store(true, Ordering::SeqCst);
                // It may have made room in between.
                match self.pieces.try_send(piece) {
                    Err(TrySendError::Full(piece)) => self.waiting = Some(piece),
                    // It says why it has gone.
                    Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                }
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Ok(()),
        }
    }
}

struct Told {
    told: Sender<Progress>,
    waker: Waker,
}

impl Told {
    fn tell(&self, progress: Progress) {
        // If nobody listens any more, nobody wants to know.
        let _ = self.told.send(progress);
        self.waker.wake();
    }
}

fn take(plan: &Plan, orders: &Orders, mut shard: Shard, mut source: Source, told: &Told) -> Result<(), LoadError> {
    if plan.manner == Manner::Beside {
        let db = load::load(&mut source, plan.trust, orders, &mut shard)?;
        source.skip_rest()?;
        told.tell(Progress::Loaded { data: Box::new(shard), db });
        return Ok(());
    }
    let mut spool = Spool::new(plan.directory.clone());
    while let Some(bytes) = source.next()? {
        spool.write(&bytes)?;
    }
    if plan.manner == Manner::SpoolInPlace {
        told.tell(Progress::Verified(load::verify(spool.read()?, plan.trust, orders, &shard)?));
        match source.pieces.recv() {
            Ok(Piece::Replace(old)) => drop(old),
            // The link is gone, and with it the reason to go on.
            _ => return Ok(()),
        }
    }
    let db = load::load(spool.read()?, plan.trust, orders, &mut shard)?;
    told.tell(Progress::Loaded { data: Box::new(shard), db });
    Ok(())
}

/// The data as they come. That there will be no more without their end being there is an error.
struct Source {
    pieces: Receiver<Piece>,
    current: Vec<u8>,
    at: usize,
    has_ended: bool,
    is_stalled: Arc<AtomicBool>,
    waker: Waker,
}

impl Source {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.has_ended {
            return Ok(None);
        }
        let piece = self.pieces.recv();
        if self.is_stalled.swap(false, Ordering::SeqCst) {
            self.waker.wake();
        }
        match piece {
            Ok(Piece::Bytes(bytes)) => Ok(Some(bytes)),
            Ok(Piece::End) => {
                self.has_ended = true;
                Ok(None)
            }
            Ok(Piece::Replace(_)) | Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Behind the end of a snapshot nothing means anything, but it has to be there.
    fn skip_rest(&mut self) -> io::Result<()> {
        while self.next()?.is_some() {}
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() {
            let Some(bytes) = self.next()? else { return Ok(0) };
            (self.current, self.at) = (bytes, 0);
        }
        let count = into.len().min(self.current.len() - self.at);
        into[..count].copy_from_slice(&self.current[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
