//! The files of the data that were here before those of another server came: they stay until the new ones are in files themselves, and
//! longer if far less came than was here, because then somebody may want them back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::TryRecvError;

use super::errands::{Done, Errands};
use crate::config::Directive;
use crate::engine::Engine;

/// Less than one in this many of the keys that were here is far less.
const SHRUNKEN_SHARE: u64 = 10;

/// How long the files stay then, in seconds: long enough for somebody to come and look.
const SHRUNKEN_KEPT_S: u64 = 6 * 60 * 60;

/// What the names of the files end with.
const SUFFIX: &str = ".prev";

/// Which files are kept.
#[derive(Default)]
pub(crate) struct Previous {
    /// They stay until then at least, in seconds of the epoch.
    pub(crate) until_s: Option<u64>,
    /// Others hold what is here now.
    is_replaced: bool,
    /// They are being linked, to stay until then.
    linking: Option<(u64, Done<io::Result<()>>)>,
    errands: Errands,
}

impl Engine {
    /// Data with so many keys are about to take the place of what is here.
    pub(crate) fn keep_previous(&mut self, coming: u64) {
        let own = self.keys();
        self.dataset.previous.is_replaced = false;
        // What is kept already is older and better: nothing has been saved since, or far less.
        if own == 0 || self.dataset.previous.until_s.is_some() || self.dataset.previous.linking.is_some() {
            return;
        }
        let is_shrunken = coming < own / SHRUNKEN_SHARE;
        let until_s = if is_shrunken { self.clock.wall_ms() / 1000 + SHRUNKEN_KEPT_S } else { 0 };
        let link = self.link_previous();
        match self.dataset.previous.errands.run(link) {
            Ok(done) => self.dataset.previous.linking = Some((until_s, done)),
            Err(error) => return self.complain_of_link(&error),
        }
        if is_shrunken {
            let hours = SHRUNKEN_KEPT_S / 3600;
            self.log.warning(format_args!(
                "{coming} keys take the place of {own}: the files of what was here stay for {hours} hours, with the suffix {SUFFIX}"
            ));
        }
    }

    /// Gives the files of what is here second names, on another thread.
    fn link_previous(&self) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        let snapshot = self.snapshot_path();
        let log = self.log_files.as_ref().map(|log| (with_suffix(log.folder()), log.all()));
        move || {
            let kept = with_suffix(&snapshot);
            absent(fs::remove_file(&kept))?;
            absent(fs::hard_link(&snapshot, &kept))?;
            let Some((folder, paths)) = log else { return Ok(()) };
            absent(fs::remove_dir_all(&folder))?;
            fs::create_dir(&folder)?;
            for path in paths {
                if let Some(name) = path.file_name() {
                    absent(fs::hard_link(&path, folder.join(name)))?;
                }
            }
            Ok(())
        }
    }

    fn complain_of_link(&mut self, error: &io::Error) {
        self.log.warning(format_args!("The files of the data that go are not kept: {error}"));
    }

    /// What is to be waited for, by another thread, before files take the place of others: they may be about to get second names.
    pub(crate) fn previous_linked(&mut self) -> impl FnOnce() + Send + use<> {
        self.dataset.previous.errands.all_done()
    }

    /// What is here now is in files.
    pub(crate) fn note_saved(&mut self, is_in_log: bool) {
        self.dataset.previous.is_replaced |= is_in_log == self.config.is_on(Directive::Appendonly);
    }

    /// Removes what has been kept for long enough. To be called now and then.
    pub(crate) fn tend_previous(&mut self) {
        if let Some((until_s, done)) = self.dataset.previous.linking.take() {
            match done.try_recv() {
                Err(TryRecvError::Empty) => {
                    self.dataset.previous.linking = Some((until_s, done));
                    return;
                }
                Ok(Ok(())) => self.dataset.previous.until_s = Some(until_s),
                Ok(Err(error)) => self.complain_of_link(&error),
                Err(TryRecvError::Disconnected) => {}
            }
        }
        let now_s = self.clock.wall_ms() / 1000;
        let is_over =
            self.dataset.previous.is_replaced && self.dataset.previous.until_s.is_some_and(|until_s| now_s >= until_s);
        if !is_over {
            return;
        }
        self.dataset.previous.until_s = None;
        let snapshot = with_suffix(&self.snapshot_path());
        let folder = with_suffix(self.configured_log().folder());
        let removed = self.dataset.previous.errands.run(move || {
            // What stays is replaced the next time.
            let _ = fs::remove_file(snapshot);
            let _ = fs::remove_dir_all(folder);
        });
        if let Err(error) = removed {
            self.log.warning(format_args!("Files with the suffix {SUFFIX} stay: {error}"));
        }
    }
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SUFFIX);
    name.into()
}

/// What is not there is no error.
fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
