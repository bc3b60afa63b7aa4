//! Writing the append-only log anew, because it has become long or has no base that can be relied on.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bongsu_persist::aof::Format;

use super::super::rdb_file::{Place, RdbFile};
use super::command_file::CommandFile;
use super::writer::Ticket;
use super::{Aof, Step};
use crate::config::Directive;
use crate::engine::Engine;
use crate::imaging::{Imaging, Outcome, Progress, Purpose, Sink};

/// After so many failures in a row, the log is not written anew at once by itself.
const FAILURES_MAX: u32 = 3;

/// How long is waited after that many, twice as long after each further one, and never longer than the other.
const PAUSE_MIN_US: u64 = 60 * 1_000_000;
const PAUSE_MAX_US: u64 = 3600 * 1_000_000;

/// What is known of writing the log anew.
#[derive(Default)]
pub(crate) struct Rewrites {
    /// The log that was switched off. It begins anew if there is to be one again.
    pub(crate) ended: Option<Aof>,
    /// It is to be done as soon as nothing else is in its way.
    pub(crate) is_scheduled: bool,
    /// How long the last one took.
    pub(crate) last_took: Option<Duration>,
    pub(crate) has_failed: bool,
    /// How many were begun.
    pub(crate) count: u64,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Not before this, in microseconds since the start.
    not_before_us: u64,
    /// Bytes of the log after the last one.
    pub(crate) base_bytes: u64,
    /// The file that the stream went on in when the one under way began.
    kept_from: Option<u64>,
    /// Its base, where that is written and in which format.
    base: Option<(PathBuf, Format)>,
    /// Its base is complete and has so many bytes, but the stream has not gone on in another file yet.
    completed: Option<Outcome>,
    /// With the base that is taking its place, the file aside becomes part of the log.
    pub(super) adopts_aside: bool,
    /// Doubts about what the disk has that its base settles, because the stream has gone on in another file since.
    pub(super) settles_doubts: u64,
    /// The base is complete, and its place in the log is being made.
    pub(crate) is_concluding: bool,
}

impl Engine {
    /// As [`Self::begin_or_schedule_rewrite`], because somebody asks for it: however often it failed before.
    ///
    /// # Errors
    /// If that cannot be begun.
    pub(crate) fn request_rewrite(&mut self) -> io::Result<bool> {
        self.rewrites.not_before_us = 0;
        self.begin_or_schedule_rewrite()
    }

    /// Writes the log anew in the background, now or as soon as nothing else is in its way. True if now.
    ///
    /// # Errors
    /// If that cannot be begun.
    pub(crate) fn begin_or_schedule_rewrite(&mut self) -> io::Result<bool> {
        // What a transaction has done so far and will be told of at its end must not be in both files.
        if self.has_image()
            || self.dataset.vacancy.is_some()
            || self.in_transaction
            || self.aof.as_ref().is_some_and(Aof::has_steps)
        {
            self.rewrites.is_scheduled = true;
            return Ok(false);
        }
        self.rewrites.is_scheduled = false;
        self.rewrites.count += 1;
        let begun = self.begin_rewrite();
        match &begun {
            Ok(()) => self.log.notice("Background append only file rewriting started"),
            Err(error) => {
                self.log.warning(format_args!("Can't rewrite append only file in background: {error}"));
                self.note_rewrite_failure();
            }
        }
        begun.map(|()| true)
    }

    fn begin_rewrite(&mut self) -> io::Result<()> {
        let Some(files) = &mut self.log_files else { return self.begin_rewrite_without_log() };
        let path = files.temporary_base();
        self.rewrites.kept_from = None;
        self.rewrites.completed = None;
        let steps = if self.aof.as_ref().is_some_and(|aof| aof.is_aside) {
            // The log that it takes the place of is the one that is on disk now.
            files.read().map_err(io::Error::other)?;
            // What a file aside holds from before this moment will be in the base.
            files.rotate_aside()
        } else {
            let steps = files.rotate();
            self.rewrites.kept_from = files.manifest.last().map(bongsu_persist::aof::manifest::File::seq);
            steps
        };
        self.take_steps(Ticket::Rotate, steps);
        self.begin_base(path, Vec::new())
    }

    /// There is no log that goes on, but what would be its base is wanted.
    fn begin_rewrite_without_log(&mut self) -> io::Result<()> {
        let mut files = self.configured_log();
        files.make_folder()?;
        files.read().map_err(io::Error::other)?;
        let path = files.temporary_base();
        let mut steps = vec![files.settle_folder()];
        steps.extend(files.adopt_base(path.clone(), self.base_format(), None, false));
        steps.extend(files.clean());
        self.begin_base(path, steps)
    }

    fn base_format(&self) -> Format {
        if self.config.is_on(Directive::AofUseRdbPreamble) { Format::Rdb } else { Format::Commands }
    }

    fn begin_base(&mut self, path: PathBuf, steps: Vec<Step>) -> io::Result<()> {
        let (format, options) = (self.base_format(), self.rdb_options(true));
        let timestamp_s = self.config.is_on(Directive::AofTimestampEnabled).then(|| self.clock.wall_ms() as i64 / 1000);
        self.rewrites.base = Some((path.clone(), format));
        self.begin_image(Purpose::Rewrite, move |sizes| {
            let file: Box<dyn Sink> = match format {
                Format::Rdb => Box::new(RdbFile::create(Place::Base(path), options, sizes)?),
                Format::Commands => Box::new(CommandFile::create(path, timestamp_s)?),
            };
            Ok(Box::new(Followed { file, steps }))
        })?;
        if self.config.is_on(Directive::NoAppendfsyncOnRewrite)
            && let Some(aof) = &self.aof
        {
            aof.writer().set_rest(true);
        }
        Ok(())
    }

    /// A base is complete, or was given up.
    pub(crate) fn rewrite_ended(&mut self, imaging: &Imaging, result: io::Result<Outcome>) {
        self.rewrites.last_took = Some(Duration::from_micros(self.clock.advanced() - imaging.begun_us));
        self.rewrite_image_gone();
        match result {
            Ok(_) if self.log_files.is_none() => self.note_rewrite_success(),
            Ok(outcome) => {
                self.rewrites.completed = Some(outcome);
                self.rewrites.is_concluding = true;
                self.adopt_if_ready();
            }
            Err(error) => {
                self.log.warning(format_args!("Background AOF rewrite terminated with error: {error}"));
                self.note_rewrite_failure();
            }
        }
    }

    /// No base is being written any more.
    pub(crate) fn rewrite_image_gone(&mut self) {
        if let Some(aof) = &self.aof {
            aof.writer().set_rest(false);
        }
    }

    /// The base takes its place in the log once it is complete, and once the stream goes on in another file: if that failed, the base
    /// would take the place of changes that it does not hold.
    pub(super) fn adopt_if_ready(&mut self) {
        let Some(aof) = self.aof.as_mut().filter(|aof| !aof.has_steps()) else { return };
        let Some(outcome) = self.rewrites.completed.take() else { return };
        let (Some(files), Some((path, format))) = (&mut self.log_files, self.rewrites.base.take()) else { return };
        let steps = files.adopt_base(path, format, self.rewrites.kept_from, aof.is_aside);
        aof.set_base_bytes(outcome.bytes);
        self.rewrites.adopts_aside = aof.is_aside;
        self.take_steps(Ticket::Adopt, steps);
    }

    /// A base has taken its place in the log.
    pub(super) fn base_adopted(&mut self) {
        if let Some(aof) = &mut self.aof {
            aof.is_aside &= !std::mem::take(&mut self.rewrites.adopts_aside);
            aof.settle_doubts(self.rewrites.settles_doubts);
            self.rewrites.base_bytes = aof.log_bytes();
        }
        self.note_rewrite_success();
    }

    pub(super) fn note_rewrite_failure(&mut self) {
        let needs_base = self.aof.as_ref().is_some_and(Aof::needs_base);
        self.rewrites.has_failed = true;
        self.rewrites.is_scheduled |= needs_base;
        self.rewrites.failures = self.rewrites.failures.saturating_add(1);
        if let Some(further) = self.rewrites.failures.checked_sub(FAILURES_MAX) {
            // Until there is a base, what clients write is not safe.
            let pause_max_us = if needs_base { PAUSE_MIN_US } else { PAUSE_MAX_US };
            let pause_us = (PAUSE_MIN_US << further.min(16)).min(pause_max_us);
            self.rewrites.not_before_us = self.clock.now_us + pause_us;
            self.log.warning(format_args!(
                "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {} minutes",
                pause_us / PAUSE_MIN_US
            ));
        }
    }

    fn note_rewrite_success(&mut self) {
        self.rewrites.has_failed = false;
        self.rewrites.failures = 0;
        self.note_saved(true);
        self.log.notice("Background AOF rewrite finished successfully");
    }

    /// A base that is complete is not needed.
    pub(super) fn drop_completed_base(&mut self) {
        if self.rewrites.completed.take().is_some()
            && let Some((path, _)) = self.rewrites.base.take()
        {
            // It harms nobody.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Writes the log anew if it has grown enough, or if that is to be done.
    pub(crate) fn rewrite_if_due(&mut self) {
        if self.has_image() || self.is_incomplete() {
            return;
        }
        let is_due = self.rewrites.is_scheduled || self.lacks_base() || self.has_log_grown();
        if self.clock.now_us >= self.rewrites.not_before_us && is_due {
            // That it failed is logged and shown; it is tried again.
            let _ = self.begin_or_schedule_rewrite();
        }
    }

    /// There is no base that can be relied on, and none on its way.
    fn lacks_base(&self) -> bool {
        self.aof.as_ref().is_some_and(|aof| aof.needs_base() && !aof.has_steps()) && !self.rewrites.is_concluding
    }

    fn has_log_grown(&self) -> bool {
        let Some(aof) = self.aof.as_ref().filter(|aof| !aof.is_aside) else { return false };
        let percentage = self.config.size(Directive::AutoAofRewritePercentage) as u64;
        let (bytes, base_bytes) = (aof.log_bytes(), self.rewrites.base_bytes.max(1));
        let has_grown = percentage > 0
            && bytes > self.config.size(Directive::AutoAofRewriteMinSize) as u64
            && bytes.saturating_sub(base_bytes).saturating_mul(100) / base_bytes >= percentage;
        if has_grown {
            let growth = (bytes - base_bytes).saturating_mul(100) / base_bytes;
            self.log.notice(format_args!("Starting automatic rewriting of AOF on {growth}% growth"));
        }
        has_grown
    }
}

/// A file behind which steps are taken.
struct Followed {
    file: Box<dyn Sink>,
    steps: Vec<Step>,
}

impl Sink for Followed {
    fn take(&mut self, parts: &[u8], progress: &Progress) -> io::Result<()> {
        self.file.take(parts, progress)
    }

    fn end(self: Box<Self>, progress: &Progress) -> io::Result<Outcome> {
        let outcome = self.file.end(progress)?;
        progress.commit(|| self.steps.iter().try_for_each(Step::take))?;
        Ok(outcome)
    }
}
