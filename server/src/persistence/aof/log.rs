//! The files of the append-only log, and what is done to them.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bongsu_persist::aof::Format;
use bongsu_persist::aof::manifest::{File, Manifest, ManifestError, Names};
use bongsu_process::atomic::{remove_all, remove_leftovers, replace};

use super::super::files::{number_of_file, sync_directory_of};
use super::Step;

/// Where the files are, and which there are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// Where a log of a single file would be.
    parent: PathBuf,
    folder: PathBuf,
    names: Names,
    /// What is to be, once all steps are taken.
    pub(crate) manifest: Manifest,
    /// What is on disk.
    in_force: Manifest,
}

impl Files {
    /// Of the log in this folder of this directory. Nothing is read yet.
    pub(crate) fn new(parent: PathBuf, folder: &[u8], append_file_name: &[u8]) -> Self {
        let folder = parent.join(OsStr::from_bytes(folder));
        Self {
            parent,
            folder,
            names: Names::new(append_file_name),
            manifest: Manifest::new(),
            in_force: Manifest::new(),
        }
    }

    /// Where a file of this name is.
    pub(crate) fn path(&self, name: &[u8]) -> PathBuf {
        self.folder.join(OsStr::from_bytes(name))
    }

    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn make_folder(&self) -> io::Result<()> {
        if self.folder.is_dir() { Ok(()) } else { fs::create_dir(&self.folder) }
    }

    /// The step after which the folder is there for good.
    pub(crate) fn settle_folder(&self) -> Step {
        Step::Settle(self.folder.clone())
    }

    /// Reads which files there are. Without a manifest there is no log; the names of files that are there nevertheless are not given to
    /// others, because they may be all that is left of somebody's data.
    ///
    /// # Errors
    /// If the manifest cannot be read, or makes no sense.
    pub(crate) fn read(&mut self) -> Result<(), ManifestError> {
        self.manifest = match fs::File::open(self.path(&self.names.manifest())) {
            Ok(file) => Manifest::read(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Manifest::after(self.strays().iter().map(|(seq, _)| *seq).max().unwrap_or(0))
            }
            Err(error) => return Err(error.into()),
        };
        self.confirm();
        Ok(())
    }

    /// Files that could be of a log, with their numbers.
    pub(crate) fn strays(&self) -> Vec<(u64, String)> {
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| Some((self.names.seq(name.as_bytes())?, name))).collect()
    }

    /// The steps have been taken.
    pub(crate) fn confirm(&mut self) {
        self.in_force = self.manifest.clone();
    }

    /// The steps could not be taken: nothing has changed.
    pub(crate) fn roll_back(&mut self) {
        self.manifest = self.in_force.clone();
    }

    /// Removes what was not complete when the process before this one ended. The names of those that are removed.
    pub(crate) fn remove_stale(&self) -> Vec<String> {
        let mut removed = remove_all(&self.folder, |name| Some(self.names.is_temporary(name.as_bytes())));
        removed.extend(remove_leftovers(&self.path(&self.names.manifest())));
        removed
    }

    /// Removes files that were made for a manifest that never came into force: those with the names that the next ones will get. Without a
    /// manifest nobody knows what the files there are.
    pub(crate) fn remove_unnamed(&self) -> Vec<String> {
        if self.in_force.is_empty() {
            return Vec::new();
        }
        let bases = [Format::Rdb, Format::Commands].map(|format| self.in_force.with_base(&self.names, format, None));
        let incremental = self.in_force.with_incremental(&self.names, None);
        let next: Vec<&File> = bases.iter().filter_map(Manifest::base).chain(incremental.last()).collect();
        remove_all(&self.folder, |name| Some(next.iter().any(|file| file.name() == name.as_bytes())))
    }

    /// Takes over a log of a single file, if there is one and it has not been done. True if it was.
    ///
    /// # Errors
    /// If files cannot be written or moved.
    pub(crate) fn take_over_single_file(&mut self) -> io::Result<bool> {
        let single = self.parent.join(OsStr::from_bytes(self.names.single()));
        let inside = self.path(self.names.single());
        if !single.is_file() || !self.manifest.wants_single_file(&self.names, inside.exists()) {
            return Ok(false);
        }
        self.make_folder()?;
        sync_directory_of(&self.folder)?;
        self.manifest = Manifest::of_single_file(&self.names);
        let Step::Replace(path, text) = self.write_manifest() else { return Ok(false) };
        replace(&path, text, 0o644).map_err(io::Error::other)?;
        fs::rename(&single, &inside)?;
        sync_directory_of(&inside)?;
        sync_directory_of(&single)?;
        self.confirm();
        Ok(true)
    }

    /// The files to be loaded, in order, with their paths.
    pub(crate) fn live(&self) -> Vec<PathBuf> {
        self.manifest.live().map(|file| self.path(file.name())).collect()
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// All files that belong to the log on disk, with the one that names them.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        let named = self.in_force.live().map(|file| self.path(file.name()));
        named.chain([self.path(&self.names.manifest())]).collect()
    }

    /// Bytes of the files that are to be loaded.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live().iter().filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
    }

    /// The step that brings the manifest into force.
    fn write_manifest(&self) -> Step {
        Step::Replace(self.path(&self.names.manifest()), self.manifest.to_text().into_bytes())
    }

    /// The stream goes on in the last file, which is there. If there is a base only, that is the first.
    pub(crate) fn go_on(&mut self) -> Vec<Step> {
        match self.manifest.last() {
            Some(last) => vec![Step::Append(self.path(last.name()))],
            None => self.rotate(),
        }
    }

    /// The stream goes on in another file. Nothing may be missing at the end of the one before when it is not the last any more.
    pub(crate) fn rotate(&mut self) -> Vec<Step> {
        self.manifest = self.manifest.with_incremental(&self.names, None);
        let path = self.manifest.last().map(|file| self.path(file.name())).unwrap_or_default();
        vec![Step::Create(path.clone()), Step::Flush, self.write_manifest(), Step::Append(path)]
    }

    /// The stream goes on in a file that belongs to no log until its base is there.
    pub(crate) fn rotate_aside(&self) -> Vec<Step> {
        let path = self.path(&self.names.temporary_incremental());
        vec![self.settle_folder(), Step::Create(path.clone()), Step::Append(path)]
    }

    /// The file that belongs to no log is not needed any more.
    pub(crate) fn drop_aside(&self) -> Step {
        Step::Remove(self.path(&self.names.temporary_incremental()))
    }

    /// Where a base is written before it has its name.
    pub(crate) fn temporary_base(&self) -> PathBuf {
        self.path(&self.names.temporary_base(number_of_file()))
    }

    /// A base is complete, in this temporary file: it takes the place of everything before the file `kept_from`. `is_aside`: the stream goes
    /// into a file that belongs to no log yet, which it does from now on.
    pub(crate) fn adopt_base(
        &mut self,
        temporary: PathBuf,
        format: Format,
        kept_from: Option<u64>,
        is_aside: bool,
    ) -> Vec<Step> {
        let mut manifest = self.manifest.with_base(&self.names, format, kept_from);
        let mut steps = Vec::new();
        if let Some(base) = manifest.base() {
            steps.push(Step::Rename(temporary, self.path(base.name())));
        }
        if is_aside {
            manifest = manifest.with_incremental(&self.names, None);
            if let Some(last) = manifest.last() {
                steps.push(Step::Rename(self.path(&self.names.temporary_incremental()), self.path(last.name())));
            }
        }
        self.manifest = manifest;
        steps.push(self.write_manifest());
        steps
    }

    /// What has been replaced goes.
    pub(crate) fn clean(&mut self) -> Vec<Step> {
        if self.manifest.history().is_empty() {
            return Vec::new();
        }
        let mut steps: Vec<Step> = self.manifest.removable().map(|file| Step::Remove(self.path(file.name()))).collect();
        self.manifest = self.manifest.without_history();
        steps.push(self.write_manifest());
        steps
    }
}
