//! The thread that writes the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use super::LogTarget;

/// How often the identity of the log file is compared with what its path names.
const ROTATION_CHECK_PERIOD: Duration = Duration::from_secs(1);

/// Lines written with one system call at most.
const BATCH_BYTES: usize = 64 * 1024;

pub(super) enum Order {
    Line(String),
    Reopen,
    Flush(SyncSender<()>),
    Stop,
}

pub(super) struct Writer {
    out: Out,
    checked: Instant,
}

enum Out {
    Stdout(io::Stdout),
    File { path: PathBuf, file: File },
}

impl Writer {
    pub(super) fn open(target: &LogTarget) -> io::Result<Self> {
        let out = match target {
            LogTarget::Stdout => Out::Stdout(io::stdout()),
            LogTarget::File(path) => Out::File { path: path.clone(), file: append(path)? },
        };
        Ok(Self { out, checked: Instant::now() })
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut batch = String::new();
        while let Ok(first) = orders.recv() {
            let mut next = Some(first);
            let mut stop = false;
            let mut flushed = None;
            while let Some(order) = next.take() {
                match order {
                    Order::Line(line) => batch.push_str(&line),
                    Order::Reopen => self.reopen(),
                    Order::Flush(done) => flushed = Some(done),
                    Order::Stop => stop = true,
                }
                if !stop && flushed.is_none() && batch.len() < BATCH_BYTES {
                    next = orders.try_recv().ok();
                }
            }
            self.follow_rotation();
            self.write(&batch);
            batch.clear();
            if let Some(done) = flushed {
                let _ = done.send(());
            }
            if stop {
                return;
            }
        }
    }

    /// A log that cannot be written is no reason to stop: there is nowhere to tell it, and the next line may succeed.
    fn write(&mut self, batch: &str) {
        let _ = match &mut self.out {
            Out::Stdout(out) => out.write_all(batch.as_bytes()).and_then(|()| out.flush()),
            Out::File { file, .. } => file.write_all(batch.as_bytes()),
        };
    }

    fn follow_rotation(&mut self) {
        if self.checked.elapsed() < ROTATION_CHECK_PERIOD {
            return;
        }
        self.checked = Instant::now();
        if let Out::File { path, file } = &self.out
            && !same_file(path, file)
        {
            self.reopen();
        }
    }

    fn reopen(&mut self) {
        if let Out::File { path, file } = &mut self.out
            && let Ok(fresh) = append(path)
        {
            *file = fresh;
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn same_file(path: &Path, file: &File) -> bool {
    match (std::fs::metadata(path), file.metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}
