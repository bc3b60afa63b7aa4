//! The thread that reads files, so that the loop only takes in what has been understood already.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bongsu_persist::aof::scan::{Entry, ScanError, Scanner};
use bongsu_persist::aof::{Format, MAGIC_LEN};
use bongsu_persist::rdb::decode::{Decoder, Event, Options, Verdict};

use super::super::rdb_file::keys_in;
use crate::key_delay::KeyDelay;
use crate::net::wake::Waker;

/// Pieces that may be read ahead of the loop.
const PIECES_AHEAD: usize = 8;

/// Commands of a log are handed over when they have about so many bytes.
const COMMANDS_BYTES: usize = 128 * 1024;

/// Read from a file at a time.
const READ_BYTES: usize = 256 * 1024;

/// What is to be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A snapshot.
    Snapshot(PathBuf),
    /// The files of a log, in order.
    Log {
        /// The files.
        paths: Vec<PathBuf>,
        /// The last one may be cut off, and is then cut back to what is complete (`aof-load-truncated`).
        may_be_cut: bool,
    },
}

/// Commands of a log.
#[derive(Default, Debug)]
pub(crate) struct Commands {
    bytes: Vec<u8>,
    /// Where arguments begin and end.
    arguments: Vec<(usize, usize)>,
    /// Where the arguments of each command end.
    ends: Vec<usize>,
}

impl Commands {
    fn push<'a>(&mut self, arguments: impl Iterator<Item = &'a [u8]>) {
        for argument in arguments {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(argument);
            self.arguments.push((start, self.bytes.len()));
        }
        self.ends.push(self.arguments.len());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The arguments of each command.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Vec<&[u8]>> + '_ {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let ranges = &self.arguments[start..*end];
            start = *end;
            ranges.iter().map(|(start, end)| &self.bytes[*start..*end]).collect()
        })
    }
}

/// What has been read.
#[derive(Debug)]
pub(crate) enum Piece {
    /// So many keys of a database are to come, by what the snapshot says.
    Sizes(u32, u64),
    /// Keys.
    Parts(Vec<u8>),
    /// Something about the snapshot.
    Aux(Vec<u8>, Vec<u8>),
    /// A key was left out because its collection has no elements.
    EmptyKey(Vec<u8>),
    /// Functions, which this server does not have.
    Function,
    /// What was executed.
    Commands(Commands),
    /// A line of a log that is no command.
    Note(Vec<u8>),
    /// A file has been read.
    FileRead(PathBuf),
    /// Something that an operator should know.
    Warning(String),
    /// There is no more.
    End,
    /// It cannot be read on, for this reason.
    Failed(String),
}

/// The thread, as the loop sees it. When it is dropped, the thread ends as soon as it notices.
pub(crate) struct Reading {
    pieces: Receiver<Piece>,
    read: Arc<AtomicU64>,
    delay: Arc<KeyDelay>,
}

impl Reading {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives none.
    pub(crate) fn start(source: Source, options: Options, delay: i64, waker: Waker) -> io::Result<Self> {
        let (tell, pieces) = sync_channel(PIECES_AHEAD);
        let read = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&read);
        let delay = Arc::new(KeyDelay::new(delay));
        let delayed = Arc::clone(&delay);
        let work = move || {
            let teller = Teller { tell, waker, delay: delayed };
            let last = match load(source, options, &counted, &teller) {
                Ok(()) => Piece::End,
                Err(Stop::Unwanted) => return,
                Err(Stop::Failed(reason)) => Piece::Failed(reason),
            };
            // Nobody wants to know if the loop is gone.
            let _ = teller.say(last);
        };
        std::thread::Builder::new().name("bongsu-load".to_owned()).spawn(work)?;
        Ok(Self { pieces, read, delay })
    }

    /// Another delay for each key.
    pub(crate) fn set_delay(&self, delay: i64) {
        self.delay.set(delay);
    }

    /// The next piece, if it has been read.
    pub(crate) fn next(&self) -> Option<Piece> {
        self.pieces.try_recv().ok()
    }

    /// The next piece. `None` if the thread is gone.
    pub(crate) fn wait_next(&self) -> Option<Piece> {
        self.pieces.recv().ok()
    }

    /// Bytes that have been read.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

enum Stop {
    /// Nobody listens any more.
    Unwanted,
    Failed(String),
}

struct Teller {
    tell: SyncSender<Piece>,
    waker: Waker,
    delay: Arc<KeyDelay>,
}

impl Teller {
    fn say(&self, piece: Piece) -> Result<(), Stop> {
        if !self.delay.is_none() {
            let keys = match &piece {
                Piece::Parts(parts) => keys_in(parts),
                Piece::Commands(commands) => commands.ends.len() as u64,
                _ => 0,
            };
            // Whether anybody still listens shows below.
            self.delay.pass(keys, || false);
        }
        self.tell.send(piece).map_err(|_| Stop::Unwanted)?;
        self.waker.wake();
        Ok(())
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(into)?;
        self.read.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

fn load(source: Source, options: Options, read: &Arc<AtomicU64>, teller: &Teller) -> Result<(), Stop> {
    let open = |path: &Path| {
        let file = File::open(path).map_err(|error| failed(path, &error))?;
        Ok(Counted { inner: io::BufReader::with_capacity(READ_BYTES, file), read: Arc::clone(read) })
    };
    match source {
        Source::Snapshot(path) => {
            read_snapshot(open(&path)?, options, &path, teller)?;
            teller.say(Piece::FileRead(path))
        }
        Source::Log { paths, may_be_cut } => {
            let count = paths.len();
            for (index, path) in paths.into_iter().enumerate() {
                let may_be_cut = may_be_cut && index + 1 == count;
                read_log_file(open(&path)?, options, &path, may_be_cut, teller)?;
                teller.say(Piece::FileRead(path))?;
            }
            Ok(())
        }
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Stop {
    Stop::Failed(format!("{}: {error}", path.display()))
}

/// Gives what follows the snapshot.
fn read_snapshot<R: Read>(
    file: R,
    options: Options,
    path: &Path,
    teller: &Teller,
) -> Result<(impl Read + use<R>, u64), Stop> {
    let mut decoder = Decoder::new(file, options);
    while let Some(event) = decoder.next_event().map_err(|error| failed(path, &error))? {
        let piece = match event {
            Event::Parts(parts) => Piece::Parts(parts),
            Event::Aux { name, value } => Piece::Aux(name, value),
            Event::Sizes { db, keys, .. } => Piece::Sizes(db, keys),
            Event::Function(_) => Piece::Function,
            Event::End { checksum: Verdict::Bad { written, computed }, .. } => {
                let reason = format!(
                    "Wrong RDB checksum expected: ({written:x}) but got ({computed:x}). RDB CRC error, aborting now."
                );
                return Err(Stop::Failed(reason));
            }
            Event::EmptyKey { key, .. } => Piece::EmptyKey(key),
            Event::End { .. } => break,
        };
        teller.say(piece)?;
    }
    let offset = decoder.offset();
    let (file, rest) = decoder.into_rest();
    Ok((io::Cursor::new(rest).chain(file), offset))
}

fn read_log_file<R: Read>(
    mut file: R,
    options: Options,
    path: &Path,
    may_be_cut: bool,
    teller: &Teller,
) -> Result<(), Stop> {
    let mut magic = Vec::new();
    file.by_ref().take(MAGIC_LEN as u64).read_to_end(&mut magic).map_err(|error| failed(path, &error))?;
    let format = Format::of(&magic);
    let whole = io::Cursor::new(magic).chain(file);
    match format {
        Format::Rdb => {
            let (rest, offset) = read_snapshot(whole, options, path, teller)?;
            read_commands(rest, offset, path, may_be_cut, teller)
        }
        Format::Commands => read_commands(whole, 0, path, may_be_cut, teller),
    }
}

fn read_commands(file: impl Read, offset: u64, path: &Path, may_be_cut: bool, teller: &Teller) -> Result<(), Stop> {
    let mut scanner = Scanner::new(file, offset);
    let mut commands = Commands::default();
    while let Some(entry) = scanner.next() {
        match entry {
            Ok(Entry::Command(command)) => commands.push(command.arguments()),
            Ok(Entry::Annotation(annotation)) => {
                let note = annotation.bytes().to_vec();
                teller.say(Piece::Commands(std::mem::take(&mut commands)))?;
                teller.say(Piece::Note(note))?;
            }
            Err(error) => {
                teller.say(Piece::Commands(commands))?;
                return end_badly(&error, scanner.good_until(), path, may_be_cut, teller);
            }
        }
        if commands.bytes.len() >= COMMANDS_BYTES {
            teller.say(Piece::Commands(std::mem::take(&mut commands)))?;
        }
    }
    teller.say(Piece::Commands(commands))
}

fn end_badly(error: &ScanError, good_until: u64, path: &Path, may_be_cut: bool, teller: &Teller) -> Result<(), Stop> {
    let shown = path.display();
    match error {
        ScanError::Io(error) => {
            Err(Stop::Failed(format!("Unrecoverable error reading the append only file {shown}: {error}")))
        }
        ScanError::Damaged { .. } => Err(Stop::Failed(format!(
            "Bad file format reading the append only file {shown}: {error}. Make a backup of your AOF file, then use \
             'bongsu check aof --fix <filename.manifest>'"
        ))),
        ScanError::CutOff { .. } if !may_be_cut => Err(Stop::Failed(format!(
            "Unexpected end of file reading the append only file {shown}: {error}. You can: 1) Make a backup of your AOF \
             file, then use 'bongsu check aof --fix <filename.manifest>'. 2) Alternatively you can set the \
             'aof-load-truncated' configuration option to yes and restart the server."
        ))),
        ScanError::CutOff { .. } => {
            teller.say(Piece::Warning(format!("!!! Warning: short read while loading the AOF file {shown}!!!")))?;
            teller.say(Piece::Warning(format!("AOF {shown} loaded anyway because aof-load-truncated is enabled")))?;
            let cut = OpenOptions::new().write(true).open(path).and_then(|file| {
                file.set_len(good_until)?;
                file.sync_all()
            });
            cut.map_err(|error| Stop::Failed(format!("Error truncating the AOF file {shown}: {error}")))?;
            teller.say(Piece::Warning(format!("Truncating the AOF {shown} at offset {good_until}")))
        }
    }
}
