//! Snapshots in a file: when they are made, and what became of them.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bongsu_persist::rdb::encode::{Options, Version};

use super::rdb_file::{Place, RdbFile, RdbFileOptions};
use crate::config::{Directive, SavePoint};
use crate::engine::Engine;
use crate::imaging::{Imaging, Outcome, Purpose};
use crate::version::REDIS_VERSION;

/// How long after a failure the next snapshot is tried.
const RETRY_AFTER_US: u64 = 5_000_000;

/// What is known of snapshots.
#[derive(Debug)]
pub(crate) struct Snapshots {
    /// Changes that the last one holds.
    pub(crate) saved_changes: u64,
    /// When the last good one was made, in seconds of the epoch.
    pub(crate) saved_s: u64,
    /// The last one that was tried succeeded.
    pub(crate) is_last_good: bool,
    /// How long the last one took in the background.
    pub(crate) last_took: Option<Duration>,
    /// How many were made.
    pub(crate) count: u64,
    /// One is to be made as soon as nothing else is in its way.
    pub(crate) is_scheduled: bool,
    /// Changes that the one under way holds.
    changes_under_way: u64,
    /// When the last one was begun, in microseconds since the start.
    tried_us: Option<u64>,
}

impl Snapshots {
    /// None yet.
    pub(crate) fn new(now_s: u64) -> Self {
        Self {
            saved_changes: 0,
            saved_s: now_s,
            is_last_good: true,
            last_took: None,
            count: 0,
            is_scheduled: false,
            changes_under_way: 0,
            tried_us: None,
        }
    }
}

impl Engine {
    /// Where snapshots are.
    pub(crate) fn snapshot_path(&self) -> PathBuf {
        self.config.dir().join(self.config.words(Directive::Dbfilename))
    }

    /// Changes that no snapshot holds.
    pub(crate) fn unsaved_changes(&self) -> u64 {
        self.changes.saturating_sub(self.snapshots.saved_changes)
    }

    /// Begins a snapshot in the background.
    ///
    /// # Errors
    /// If there is an image under way.
    pub(crate) fn begin_snapshot(&mut self) -> io::Result<()> {
        self.snapshots.is_scheduled = false;
        self.snapshots.tried_us = Some(self.clock.now_us);
        let begun = self.begin_snapshot_file();
        match &begun {
            Ok(()) => {
                self.snapshots.changes_under_way = self.changes;
                self.note_snapshot_begun();
                self.log.notice("Background saving started");
            }
            Err(error) => {
                self.snapshots.is_last_good = false;
                self.log.warning(format_args!("Can't save in background: {error}"));
            }
        }
        begun
    }

    fn begin_snapshot_file(&mut self) -> io::Result<()> {
        let path = self.snapshot_path();
        let options = self.rdb_options(false);
        self.begin_image(Purpose::Snapshot, move |sizes| {
            Ok(Box::new(RdbFile::create(Place::Snapshot(path), options, sizes)?))
        })
    }

    /// How an RDB file is written now; `is_base` if it is the base of an append-only file.
    pub(crate) fn rdb_options(&self, is_base: bool) -> RdbFileOptions {
        RdbFileOptions {
            format: self.rdb_format(Version::default()),
            aux: self.rdb_aux(is_base),
            syncs_early: self.config.is_on(Directive::RdbSaveIncrementalFsync),
        }
    }

    /// The format of RDB, in a version that whoever reads it knows.
    pub(crate) fn rdb_format(&self, version: Version) -> Options {
        Options {
            compression: self.config.is_on(Directive::Rdbcompression),
            checksum: self.config.is_on(Directive::Rdbchecksum),
            version,
        }
    }

    /// The data can be told by their place in the stream of changes: changes move it, which they do not where nobody keeps the stream.
    pub(crate) fn keeps_place(&self) -> bool {
        self.history.backlog.is_some() || self.is_replica()
    }

    /// What a snapshot of this moment tells of itself.
    pub(crate) fn rdb_aux(&self, is_base: bool) -> Vec<(&'static str, String)> {
        let mut aux = vec![
            ("redis-ver", REDIS_VERSION.to_owned()),
            ("redis-bits", usize::BITS.to_string()),
            ("ctime", (self.clock.wall_ms() / 1000).to_string()),
            ("used-mem", self.used_bytes().to_string()),
        ];
        if self.keeps_place() {
            if let Some(db) = self.history.stream_db() {
                aux.push(("repl-stream-db", db.to_string()));
            }
            aux.push(("repl-id", self.history.id.as_str().to_owned()));
            aux.push(("repl-offset", self.history.offset.to_string()));
        }
        aux.push(("aof-base", u8::from(is_base).to_string()));
        aux.extend(self.dataset.fields());
        aux
    }

    /// Makes a snapshot while nobody is served.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        self.begin_snapshot_file()?;
        self.snapshots.tried_us = Some(self.clock.now_us);
        self.snapshots.changes_under_way = self.changes;
        self.note_snapshot_begun();
        let was_last_good = self.snapshots.is_last_good;
        self.complete_image();
        if self.snapshots.is_last_good {
            return Ok(());
        }
        // Whoever has asked hears of it; writes go on as before.
        self.snapshots.is_last_good = was_last_good;
        Err(io::Error::other("the snapshot could not be written"))
    }

    /// A snapshot has ended.
    pub(crate) fn snapshot_ended(&mut self, imaging: &Imaging, result: io::Result<Outcome>) {
        let took = Duration::from_micros(self.clock.advanced() - imaging.begun_us);
        self.snapshots.last_took = Some(took);
        match result {
            Ok(_) => {
                self.snapshots.saved_changes = self.snapshots.changes_under_way;
                self.snapshots.saved_s = self.clock.wall_ms() / 1000;
                self.snapshots.is_last_good = true;
                self.snapshots.count += 1;
                self.note_snapshot_saved();
                self.log.notice("DB saved on disk");
                self.log.notice("Background saving terminated with success");
            }
            Err(error) => {
                self.snapshots.is_last_good = false;
                self.log.warning(format_args!("Write error saving DB on disk: {error}"));
                self.log.warning("Background saving error");
            }
        }
    }

    /// Nothing is left of what there was: a snapshot of it is not wanted any more, and one of nothing is.
    pub(crate) fn note_flushed_all(&mut self) {
        self.abandon_image(Purpose::Snapshot);
        self.snapshots.is_scheduled |= !self.config.save_points().is_empty();
    }

    /// Begins a snapshot if enough has changed for long enough (`save`), or if one is to be made.
    pub(crate) fn snapshot_if_due(&mut self) {
        if self.has_image() || self.is_incomplete() {
            return;
        }
        let now_s = self.clock.wall_ms() / 1000;
        let (changes, silent_s) = (self.unsaved_changes(), now_s.saturating_sub(self.snapshots.saved_s));
        let is_patient = !self.snapshots.is_last_good
            && self.snapshots.tried_us.is_some_and(|tried| self.clock.now_us < tried + RETRY_AFTER_US);
        let is_due =
            |point: &&SavePoint| changes >= point.changes.unsigned_abs() && silent_s > point.seconds.unsigned_abs();
        let point = self.config.save_points().iter().find(is_due).filter(|_| !is_patient);
        if let Some(SavePoint { seconds, changes }) = point {
            self.log.notice(format_args!("{changes} changes in {seconds} seconds. Saving..."));
        } else if !self.snapshots.is_scheduled || is_patient {
            return;
        }
        // That it failed is logged and shown; it is tried again.
        let _ = self.begin_snapshot();
    }
}
