//! What is done for files after every turn, and what is refused because of them.

use std::io;
use std::path::{Path, PathBuf};

use bongsu_process::atomic::remove_leftovers;

use super::aof::Policy;
use super::files::remove_stale_snapshots;
use super::loading::Source;
use crate::config::Directive;
use crate::engine::{Engine, Shutdown};
use crate::imaging::Purpose;

/// How often it is looked whether something is due, in microseconds.
const LOOK_EVERY_US: u64 = 100_000;

const NO_SNAPSHOT: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
                           Commands that may modify the data set are disabled, because this instance is configured to report \
                           errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check \
                           the Redis logs for details about the RDB error.";

impl Engine {
    /// After a turn that began with its upkeep at this time.
    pub(crate) fn tend_files(&mut self, upkeep_us: u64) {
        if let Some(aof) = &mut self.aof {
            aof.hand_over_if_due(self.clock.now_us);
            let slowest_ms = aof.writer().take_slowest_usec() / 1000;
            self.latency.note("aof-fsync-always", slowest_ms, self.shard.now_ms / 1000);
            self.look_for_failures();
        }
        self.look_after_log();
        if self.loading.is_some() {
            self.continue_loading();
        }
        if self.imaging.is_some() {
            self.continue_image(upkeep_us.saturating_sub(self.turn_begun_us));
        }
        if self.clock.now_us >= self.files_looked_at_us + LOOK_EVERY_US {
            self.files_looked_at_us = self.clock.now_us;
            self.tell_place_if_still();
            self.snapshot_if_due();
            self.rewrite_if_due();
        }
    }

    fn look_for_failures(&mut self) {
        let Some(aof) = self.aof.as_mut().filter(|aof| !aof.is_ending()) else { return };
        let failure = aof.writer().failure();
        if failure == self.log_failure {
            return;
        }
        aof.is_failing = failure.is_some();
        match &failure {
            Some(reason) if aof.policy() == Policy::Always => {
                self.log.warning(format_args!("Error writing to the AOF file: {reason}"));
                let reason = "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...";
                self.fatal = Some(reason.to_owned());
            }
            Some(reason) => self.log.warning(format_args!("Error writing to the AOF file: {reason}")),
            None => self.log.warning("AOF write error looks solved. The server can write again."),
        }
        self.log_failure = failure;
    }

    /// Why nothing may be changed now, because it could not be saved.
    #[inline]
    pub(crate) fn refusal_for_disk(&self) -> Option<String> {
        let is_stopped = !self.snapshots.is_last_good
            && !self.config.save_points().is_empty()
            && self.config.is_on(Directive::StopWritesOnBgsaveError);
        if is_stopped {
            return Some(NO_SNAPSHOT.to_owned());
        }
        let reason = self.log_failure.as_ref()?;
        Some(format!("MISCONF Errors writing to the AOF file: {reason}"))
    }

    /// At the start: loads what was saved, in the background.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    pub(crate) fn begin_life(&mut self) -> Result<(), String> {
        self.remove_leftovers();
        self.recall();
        let source = if self.config.is_on(Directive::Appendonly) { self.log_source()? } else { None };
        let path = self.snapshot_path();
        let source = source.or_else(|| path.is_file().then_some(Source::Snapshot(path)));
        match source {
            Some(source) => self.begin_loading(source).map_err(|error| format!("Fatal error loading the DB: {error}")),
            None => {
                self.loaded();
                self.fatal.take().map_or(Ok(()), Err)
            }
        }
    }

    /// What the process before this one was writing when it ended is good for nothing.
    fn remove_leftovers(&mut self) {
        let directory = self.snapshot_path().parent().map(Path::to_owned).unwrap_or_default();
        let mut removed = remove_stale_snapshots(&directory);
        let own = [Directive::NodeStateFile, Directive::Aclfile].map(|directive| self.config.path(directive));
        for path in own.iter().flatten().map(PathBuf::as_path).chain(self.config.file()) {
            removed.extend(remove_leftovers(path));
        }
        if self.config.is_on(Directive::Appendonly) {
            removed.extend(self.configured_log().remove_stale());
        }
        self.tell_removed(&removed);
    }

    fn tell_removed(&self, names: &[String]) {
        for name in names {
            self.log.notice(format_args!("Removed {name}, which was never completed"));
        }
    }

    /// The log, if there is one.
    pub(crate) fn log_source(&mut self) -> Result<Option<Source>, String> {
        let mut files = self.configured_log();
        files.read().map_err(|error| error.to_string())?;
        if files.manifest.is_empty() {
            for (_, name) in files.strays() {
                self.log.warning(format_args!("{name} is named by no manifest: it is not loaded, and stays as it is"));
            }
        }
        let took_over = files.take_over_single_file().map_err(|e| format!("Can't move the append only file: {e}"))?;
        if took_over {
            self.log.notice("Successfully migrated an old-style AOF into the AOF directory.");
        }
        self.tell_removed(&files.remove_unnamed());
        let paths = files.live();
        self.log_files = Some(files);
        let may_be_cut = self.config.is_on(Directive::AofLoadTruncated);
        Ok((!paths.is_empty()).then_some(Source::Log { paths, may_be_cut }))
    }

    /// At the start: everything has been loaded.
    pub(crate) fn loaded(&mut self) {
        if self.config.is_on(Directive::Appendonly) {
            let files = self.log_files.take().unwrap_or_else(|| self.configured_log());
            if let Err(error) = self.open_log(files) {
                self.fatal = Some(format!("Can't open the append-only file: {error}"));
                return;
            }
        }
        self.judge_dataset();
        for kind in self.kinds_of_listeners() {
            self.log.notice(format_args!("Ready to accept connections {kind}"));
        }
    }

    /// Before the end: everything that is to be kept is on disk.
    ///
    /// # Errors
    /// If it is not, and was to be.
    pub(crate) fn save_at_end(&mut self, how: Shutdown) -> io::Result<()> {
        if self.loading.is_some() {
            return Ok(());
        }
        if self.aof.as_ref().is_some_and(|aof| aof.is_aside) {
            if !how.force {
                self.log.warning("Writing initial AOF, can't exit.");
                return Err(io::Error::other("the append-only file has no base yet"));
            }
            self.log.warning("Writing initial AOF. Exiting anyway.");
        }
        self.abandon_image(Purpose::Snapshot);
        self.abandon_image(Purpose::Rewrite);
        self.abandon_syncs();
        if self.dataset.vacancy.is_some() {
            // What is on disk is more than what is here.
            return self.close_log(how, "");
        }
        let saves = how.save.unwrap_or_else(|| !self.config.save_points().is_empty());
        if saves {
            self.log.notice("Saving the final RDB snapshot before exiting.");
            if let Err(error) = self.save()
                && !how.force
            {
                self.log.warning("Error trying to save the DB, can't exit.");
                return Err(error);
            }
        }
        // Failures are logged there.
        let _ = self.wait_for_steps();
        // The log is closed last: if the end does not come, it goes on.
        // What may have holes continues nothing.
        let is_relied_on = self.aof.as_ref().is_some_and(|aof| !aof.needs_base());
        let place = if is_relied_on { self.place_line() } else { String::new() };
        self.close_log(how, &place)?;
        self.close_record();
        Ok(())
    }

    /// Everything that was told is on disk, with this line behind it.
    fn close_log(&mut self, how: Shutdown, last: &str) -> io::Result<()> {
        let Some(aof) = &mut self.aof else { return Ok(()) };
        self.log.notice("Calling fsync() on the AOF file.");
        aof.note(last.as_bytes());
        match aof.finish(self.clock.now_us) {
            Err(error) if !how.force => {
                self.log.warning(format_args!("Fail to fsync the AOF file: {error}."));
                Err(error)
            }
            _ => Ok(()),
        }
    }
}
