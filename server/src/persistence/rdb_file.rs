//! An RDB file that is being written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use bongsu_persist::rdb::encode::{Encoder, Options, Sizes};
use bongsu_store::image::{ImageOf, Part, Reader};

use super::files;
use crate::imaging::{Outcome, Progress, Sink};

/// Permissions of the file, which the umask restricts.
const MODE: u32 = 0o644;

/// The system is told to write what it has whenever there is so much, so that there is not too much of it at the end.
const SYNC_EVERY_BYTES: u64 = 4 * 1024 * 1024;

/// How a file is written.
pub(crate) struct RdbFileOptions {
    /// The format.
    pub(crate) format: Options,
    /// Fields about the snapshot.
    pub(crate) aux: Vec<(&'static str, String)>,
    /// Write to disk as it grows.
    pub(crate) syncs_early: bool,
}

/// Where a file is written.
pub(crate) enum Place {
    /// It takes this name once it is complete, and has another one before.
    Snapshot(PathBuf),
    /// It keeps this name, which is a temporary one, and somebody else gives it another.
    Base(PathBuf),
}

/// A file that takes its name once it is complete and on disk.
pub(crate) struct RdbFile {
    file: File,
    temporary: PathBuf,
    /// What it will be called. `None`: it keeps its temporary name, and somebody else gives it another.
    path: Option<PathBuf>,
    options: RdbFileOptions,
    encoder: Option<Encoder>,
    out: Vec<u8>,
    written: u64,
    synced: u64,
    is_complete: bool,
}

impl RdbFile {
    /// Begins a file.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn create(place: Place, options: RdbFileOptions, sizes: &[ImageOf]) -> io::Result<Self> {
        let mut open = OpenOptions::new();
        open.write(true).mode(MODE);
        let (file, temporary, path) = match place {
            Place::Snapshot(path) => {
                let (file, temporary) = files::create_temporary(&path, &open)?;
                (file, temporary, Some(path))
            }
            Place::Base(path) => (open.create(true).truncate(true).open(&path)?, path, None),
        };
        let mut encoder = Encoder::new(options.format, sizes_of(sizes));
        let mut out = Vec::new();
        let aux: Vec<(&[u8], &[u8])> =
            options.aux.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        encoder.begin(&aux, &mut out);
        Ok(Self {
            file,
            temporary,
            path,
            options,
            encoder: Some(encoder),
            out,
            written: 0,
            synced: 0,
            is_complete: false,
        })
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.out)?;
        self.written += self.out.len() as u64;
        self.out.clear();
        if self.options.syncs_early && self.written - self.synced >= SYNC_EVERY_BYTES {
            self.file.sync_data()?;
            self.synced = self.written;
        }
        Ok(())
    }
}

/// The sizes of databases, by their numbers.
pub(crate) fn sizes_of(images: &[ImageOf]) -> Vec<Sizes> {
    let count = images.iter().map(|image| image.db as usize + 1).max().unwrap_or(0);
    let mut sizes = vec![Sizes::default(); count];
    for image in images {
        sizes[image.db as usize] = Sizes { keys: image.keys, expiries: image.expiring };
    }
    sizes
}

/// Number of keys that begin in these parts.
pub(crate) fn keys_in(parts: &[u8]) -> u64 {
    Reader::new(parts).filter(|part| matches!(part, Ok(Part::Head(_)))).count() as u64
}

impl Sink for RdbFile {
    fn take(&mut self, parts: &[u8], progress: &Progress) -> io::Result<()> {
        if let Some(encoder) = &mut self.encoder {
            encoder.image(parts, &mut self.out).map_err(io::Error::other)?;
        }
        self.write()?;
        progress.add_keys(keys_in(parts));
        Ok(())
    }

    fn end(mut self: Box<Self>, progress: &Progress) -> io::Result<Outcome> {
        if let Some(encoder) = self.encoder.take() {
            encoder.end(&mut self.out).map_err(io::Error::other)?;
        }
        self.write()?;
        self.file.sync_all()?;
        if let Some(path) = &self.path {
            progress.commit(|| fs::rename(&self.temporary, path))?;
            files::sync_directory_of(path)?;
        }
        self.is_complete = true;
        Ok(Outcome { bytes: self.written })
    }
}

impl Drop for RdbFile {
    fn drop(&mut self) {
        if !self.is_complete {
            // What is left of it helps nobody. That it could not be removed harms nobody either.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
