//! Beginning and ending the append-only log, and what has become of its files.

use std::io;

use super::super::loading::Source;
use super::log::Files;
use super::writer::{Done, Ticket, Writer};
use super::{Aof, Policy, Step};
use crate::config::Directive;
use crate::engine::Engine;
use crate::imaging::Purpose;

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
        self.take_steps(Ticket::Rotate, steps);
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
            self.take_steps(Ticket::Clean, steps);
        }
    }

    /// `appendonly yes` while the server runs: what is there already goes into a base. What only the disk can tell is told in the log.
    ///
    /// # Errors
    /// If the files that there are cannot be read, or none can be made.
    fn enable_log(&mut self) -> io::Result<()> {
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
        match self.rewrites.ended.take() {
            Some(mut aof) => {
                aof.begin_anew(self.sync_policy());
                self.aof = Some(aof);
                self.update_interest();
            }
            None => self.start_writer(0)?,
        }
        if let Some(aof) = &mut self.aof {
            aof.is_aside = true;
        }
        self.log_files = Some(files);
        self.begin_or_schedule_rewrite().map(drop)
    }

    /// The data have become others, which the log does not lead to: it begins anew with them.
    pub(crate) fn restart_log(&mut self) {
        self.abandon_image(Purpose::Rewrite);
        self.drop_completed_base();
        let Some(aof) = &mut self.aof else { return };
        aof.is_aside = true;
        self.rewrites.adopts_aside = false;
        self.rewrites.is_scheduled = true;
        // What changes until then will be in the base. What could not be written is of the old data.
        self.take_steps(Ticket::Restart, vec![Step::Abandon]);
    }

    /// `appendonly no`. The replies of the turn wait until what has been told is on disk.
    fn disable_log(&mut self) {
        self.abandon_image(Purpose::Rewrite);
        self.rewrites.is_scheduled = false;
        self.rewrites.is_concluding = false;
        self.drop_completed_base();
        let files = self.log_files.take();
        if let Some(mut aof) = self.aof.take() {
            let aside = files.filter(|_| aof.is_aside).map(|files| files.drop_aside());
            aof.end([Step::Abandon].into_iter().chain(aside).collect(), self.clock.now_us);
            self.rewrites.ended = Some(aof);
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

    /// Everything that has been told is in the files when this returns.
    pub(crate) fn settle_log(&mut self) {
        self.take_steps(Ticket::Clean, Vec::new());
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

    pub(super) fn take_steps(&mut self, ticket: Ticket, steps: Vec<Step>) {
        let now_us = self.clock.now_us;
        if let Some(aof) = &mut self.aof {
            aof.take(ticket, steps, now_us);
        }
    }

    /// Waits until all steps have been taken.
    ///
    /// # Errors
    /// The first failure.
    pub(crate) fn wait_for_steps(&mut self) -> io::Result<()> {
        while let Some(aof) = self.aof.as_mut().filter(|aof| aof.has_steps()) {
            let Some(done) = aof.wait_done() else { break };
            self.steps_taken(&done)?;
        }
        Ok(())
    }

    /// The log that is written, or the one that was written until it was switched off.
    pub(crate) fn log_on_its_way(&mut self) -> Option<&mut Aof> {
        self.aof.as_mut().or(self.rewrites.ended.as_mut())
    }

    /// Looks what the thread has done. To be called after every turn.
    pub(crate) fn look_after_log(&mut self) {
        while let Some(done) = self.log_on_its_way().and_then(Aof::done) {
            // It is logged there.
            let _ = self.steps_taken(&done);
        }
    }

    fn steps_taken(&mut self, done: &Done) -> io::Result<()> {
        match (&done.result, done.ticket) {
            (result, Ticket::End) => {
                if let Err(error) = result {
                    self.log.warning(format_args!("Fail to fsync the AOF file: {error}"));
                }
                self.files_looked_at_us = 0;
                return Ok(());
            }
            (Err(error), Ticket::Restart) => {
                self.log.warning(format_args!("What was told before could not be written to the AOF file: {error}"));
            }
            (Err(error), ticket) => {
                self.steps_failed(ticket, error);
                return Err(io::Error::new(error.kind(), error.to_string()));
            }
            (Ok(()), _) => {}
        }
        if let Some(files) = &mut self.log_files {
            files.confirm();
        }
        match done.ticket {
            Ticket::Rotate => self.rewrites.settles_doubts = done.doubts,
            Ticket::Adopt => {
                self.base_adopted();
                self.clean_log();
            }
            _ => {}
        }
        self.adopt_if_ready();
        self.rewrites.is_concluding &= self.aof.as_ref().is_some_and(Aof::has_steps);
        Ok(())
    }

    fn steps_failed(&mut self, ticket: Ticket, error: &io::Error) {
        self.log.warning(format_args!("Can't write the files of the append only log: {error}"));
        if let Some(files) = &mut self.log_files {
            files.roll_back();
        }
        self.rewrites.is_concluding = false;
        if ticket != Ticket::Clean {
            self.abandon_image(Purpose::Rewrite);
            self.drop_completed_base();
            self.note_rewrite_failure();
        }
    }
}
