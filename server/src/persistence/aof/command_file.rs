//! The base of a log as commands, while it is being written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use bongsu_persist::aof::commands::Rewriter;
use bongsu_persist::aof::push_timestamp;
use bongsu_store::image::Reader;

use super::super::rdb_file::keys_in;
use crate::imaging::{Outcome, Progress, Sink};

/// A file of commands that keeps its temporary name.
pub(crate) struct CommandFile {
    file: File,
    path: PathBuf,
    rewriter: Rewriter,
    out: Vec<u8>,
    written: u64,
    is_complete: bool,
}

impl CommandFile {
    /// Begins a file. `timestamp_s` is noted in it, if there is one.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn create(path: PathBuf, timestamp_s: Option<i64>) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        let mut out = Vec::new();
        if let Some(seconds) = timestamp_s {
            push_timestamp(&mut out, seconds);
        }
        Ok(Self { file, path, rewriter: Rewriter::new(), out, written: 0, is_complete: false })
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.out)?;
        self.written += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }
}

impl Sink for CommandFile {
    fn take(&mut self, parts: &[u8], progress: &Progress) -> io::Result<()> {
        for part in Reader::new(parts) {
            let part = part.map_err(io::Error::other)?;
            self.rewriter.part(&part, &mut self.out).map_err(io::Error::other)?;
        }
        self.write()?;
        progress.add_keys(keys_in(parts));
        Ok(())
    }

    fn end(mut self: Box<Self>, _: &Progress) -> io::Result<Outcome> {
        self.rewriter.finish().map_err(io::Error::other)?;
        self.write()?;
        self.file.sync_all()?;
        self.is_complete = true;
        Ok(Outcome { bytes: self.written })
    }
}

impl Drop for CommandFile {
    fn drop(&mut self) {
        if !self.is_complete {
            // What is left of it helps nobody. That it could not be removed harms nobody either.
            let _ = fs::remove_file(&self.path);
        }
    }
}
