//! Beginning and ending the append-only log, and writing it anew when it has become long.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bongsu_persist::aof::Format;

use super::super::loading::Source;
use super::super::rdb_file::RdbFile;
use super::command_file::CommandFile;
use super::log::Files;
use super::{Aof, Policy, Step, Writer};
use crate::config::Directive;
use crate::engine::Engine;
use crate::imaging::{Imaging, Outcome, Progress, Purpose, Sink};

/// After so many failures in a row, the log is not written anew at once by itself.
const FAILURES_MAX: u32 = 3;

/// How long is waited after that many, twice as long after each further one, and never longer than the other.
const PAUSE_MIN_US: u64 = 60 * 1_000_000;
const PAUSE_MAX_US: u64 = 3600 * 1_000_000;

/// Tickets of steps.
const ROTATE: u64 = 1;
const ADOPT: u64 = 2;
const CLEAN: u64 = 3;
const CLOSE: u64 = 4;

/// What is known of writing the log anew.
#[derive(Debug, Default)]
pub(crate) struct Rewrites {
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
    adopts_aside: bool,
    /// The base is complete, and its place in the log is being made.
    pub(crate) is_concluding: bool,
}

impl Engine {
    /// The log as configured. Nothing is read yet.
    pub(crate) fn configured_log(&self) -> Files {
        let (folder, name) = (self.config.text(Directive::Appenddirname), self.config.text(Directive::Appendfilename));
        Files::new(self.config.dir().to_owned(), folder, name)
    }

    /// `appendfsync`.
    pub(crate) fn sync_policy(&self) -> Policy {
        match self.config.words(Directive::Appendfsync).as_str() {
            "always" => Policy::Always,
            "no" => Policy::No,
            _ => Policy::EverySecond,
        }
    }

    /// At the start: goes on with a log whose files have been loaded, or begins one that holds what has been loaded otherwise.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub(crate) fn open_log(&mut self, files: Files) -> io::Result<()> {
        if files.manifest.is_empty() {
            self.begin_log(files)?;
            self.complete_image();
            self.wait_for_steps()?;
            let is_there = self.aof.as_ref().is_some_and(|aof| !aof.is_aside);
            return if is_there { Ok(()) } else { Err(io::Error::other("its base could not be written")) };
        }
        let mut files = files;
        let steps = files.go_on();
        let bytes = files.live_bytes();
        self.start_writer(bytes)?;
        self.rewrites.base_bytes = bytes;
        self.log_files = Some(files);
        self.take_steps(ROTATE, steps);
        self.wait_for_steps()?;
        self.clean_log();
        Ok(())
    }

    /// Removes what newer files have replaced, unless that is left to the operator (`aof-disable-auto-gc`).
    pub(crate) fn clean_log(&mut self) {
        let waits = self.aof.as_ref().is_none_or(Aof::has_steps) || self.config.is_on(Directive::AofDisableAutoGc);
        if waits {
            return;
        }
        let steps = self.log_files.as_mut().map(Files::clean).unwrap_or_default();
        if !steps.is_empty() {
            self.take_steps(CLEAN, steps);
        }
    }

    /// `appendonly yes` while the server runs: what is there already goes into a base.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub(crate) fn enable_log(&mut self) -> io::Result<()> {
        let mut files = self.configured_log();
        files.read().map_err(io::Error::other)?;
        self.begin_log(files)
    }

    /// `appendonly` has changed.
    ///
    /// # Errors
    /// If the files of the log cannot be written.
    pub(crate) fn switch_log(&mut self) -> io::Result<()> {
        match (self.config.is_on(Directive::Appendonly), self.aof.is_some()) {
            (true, false) => {
                let begun = self.enable_log();
                if begun.is_err() {
                    self.disable_log();
                }
                begun
            }
            (false, true) => {
                self.disable_log();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin_log(&mut self, files: Files) -> io::Result<()> {
        files.make_folder()?;
        // A base without a log would not hold what the log begins with.
        self.abandon_image(Purpose::Rewrite);
        self.start_writer(0)?;
        if let Some(aof) = &mut self.aof {
            aof.is_aside = true;
        }
        self.log_files = Some(files);
        self.begin_or_schedule_rewrite()?;
        self.wait_for_steps()
    }

    /// The data have become others, which the log does not lead to: it begins anew with them.
    pub(crate) fn restart_log(&mut self) {
        self.abandon_image(Purpose::Rewrite);
        self.drop_completed_base();
        let Some(aof) = &mut self.aof else { return };
        aof.is_aside = true;
        self.rewrites.adopts_aside = false;
        self.rewrites.is_scheduled = true;
        // What changes until then will be in the base.
        self.take_steps(CLOSE, vec![Step::Close]);
    }

    /// `appendonly no`. What has been told is on disk afterwards.
    pub(crate) fn disable_log(&mut self) {
        self.abandon_image(Purpose::Rewrite);
        self.rewrites.is_scheduled = false;
        self.rewrites.is_concluding = false;
        self.drop_completed_base();
        let files = self.log_files.take();
        if let Some(mut aof) = self.aof.take() {
            if let Err(error) = aof.finish(self.clock.now_us) {
                self.log.warning(format_args!("Fail to fsync the AOF file: {error}"));
            }
            if let Some(files) = files.filter(|_| aof.is_aside) {
                // It harms nobody.
                let _ = files.drop_aside().take();
            }
        }
        self.log_failure = None;
        self.update_interest();
    }

    fn start_writer(&mut self, bytes: u64) -> io::Result<()> {
        let policy = self.sync_policy();
        let writer = Writer::start(policy, self.waker.clone())?;
        self.aof = Some(Aof::new(writer, policy, bytes));
        self.update_interest();
        Ok(())
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
        let Some(mut files) = self.log_files.take() else { return self.begin_rewrite_without_log() };
        let path = files.temporary_base();
        self.rewrites.kept_from = None;
        self.rewrites.completed = None;
        let steps = if self.aof.as_ref().is_some_and(|aof| aof.is_aside) {
            // What a file aside holds from before this moment will be in the base.
            files.rotate_aside()
        } else {
            let steps = files.rotate();
            self.rewrites.kept_from = files.manifest.last().map(bongsu_persist::aof::manifest::File::seq);
            steps
        };
        self.log_files = Some(files);
        self.take_steps(ROTATE, steps);
        self.begin_base(path, Vec::new())
    }

    /// There is no log that goes on, but what would be its base is wanted.
    fn begin_rewrite_without_log(&mut self) -> io::Result<()> {
        let mut files = self.configured_log();
        files.make_folder()?;
        files.read().map_err(io::Error::other)?;
        let path = files.temporary_base();
        let mut steps = files.adopt_base(path.clone(), self.base_format(), None, false);
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
                Format::Rdb => Box::new(RdbFile::create(path, None, options, sizes)?),
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
    fn adopt_if_ready(&mut self) {
        let Some(aof) = self.aof.as_mut().filter(|aof| !aof.has_steps()) else { return };
        let Some(outcome) = self.rewrites.completed.take() else { return };
        let (Some(files), Some((path, format))) = (&mut self.log_files, self.rewrites.base.take()) else { return };
        let steps = files.adopt_base(path, format, self.rewrites.kept_from, aof.is_aside);
        aof.set_base_bytes(outcome.bytes);
        self.rewrites.adopts_aside = aof.is_aside;
        self.take_steps(ADOPT, steps);
    }

    fn note_rewrite_failure(&mut self) {
        self.rewrites.has_failed = true;
        // Without a base there is no log at all.
        self.rewrites.is_scheduled |= self.aof.as_ref().is_some_and(|aof| aof.is_aside);
        self.rewrites.failures = self.rewrites.failures.saturating_add(1);
        if let Some(further) = self.rewrites.failures.checked_sub(FAILURES_MAX) {
            let pause_us = (PAUSE_MIN_US << further.min(16)).min(PAUSE_MAX_US);
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

    /// Everything that has been told is in the files when this returns.
    pub(crate) fn settle_log(&mut self) {
        self.take_steps(CLEAN, Vec::new());
        // Failures are logged there.
        let _ = self.wait_for_steps();
    }

    /// The log that is on disk, whether or not it goes on.
    ///
    /// # Errors
    /// If it cannot be told which files it has.
    pub(crate) fn log_to_load(&self) -> io::Result<Option<Source>> {
        let mut files = self.configured_log();
        files.read().map_err(io::Error::other)?;
        let paths = files.live();
        Ok((!paths.is_empty()).then_some(Source::Log { paths, may_be_cut: false }))
    }

    fn take_steps(&mut self, ticket: u64, steps: Vec<Step>) {
        let now_us = self.clock.now_us;
        if let Some(aof) = &mut self.aof {
            aof.take(ticket, steps, now_us);
        }
    }

    pub(crate) fn wait_for_steps(&mut self) -> io::Result<()> {
        while let Some(aof) = self.aof.as_mut().filter(|aof| aof.has_steps()) {
            let Some(done) = aof.wait_done() else { break };
            self.steps_taken(done.ticket, done.result.as_ref())?;
        }
        Ok(())
    }

    /// Looks what the thread has done. To be called after every turn.
    pub(crate) fn look_after_log(&mut self) {
        while let Some(done) = self.aof.as_mut().and_then(Aof::done) {
            // It is logged there.
            let _ = self.steps_taken(done.ticket, done.result.as_ref());
        }
    }

    fn steps_taken(&mut self, ticket: u64, result: Result<&(), &io::Error>) -> io::Result<()> {
        if let Err(error) = result {
            self.log.warning(format_args!("Can't write the files of the append only log: {error}"));
            if let Some(files) = &mut self.log_files {
                files.roll_back();
            }
            self.rewrites.is_concluding = false;
            if ticket != CLEAN {
                self.abandon_image(Purpose::Rewrite);
                self.drop_completed_base();
                self.note_rewrite_failure();
            }
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        if let Some(files) = &mut self.log_files {
            files.confirm();
        }
        if ticket == ADOPT {
            if let Some(aof) = &mut self.aof {
                aof.is_aside &= !std::mem::take(&mut self.rewrites.adopts_aside);
                self.rewrites.base_bytes = aof.log_bytes();
            }
            self.note_rewrite_success();
            self.clean_log();
        }
        self.adopt_if_ready();
        self.rewrites.is_concluding &= self.aof.as_ref().is_some_and(Aof::has_steps);
        Ok(())
    }

    /// A base that is complete is not needed.
    fn drop_completed_base(&mut self) {
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
        if self.clock.now_us >= self.rewrites.not_before_us && (self.rewrites.is_scheduled || self.has_log_grown()) {
            // That it failed is logged and shown; it is tried again.
            let _ = self.begin_or_schedule_rewrite();
        }
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
