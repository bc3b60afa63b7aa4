//! Replacing a file so that a crash leaves the old or the new content, never a part of either.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process;

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {step}: {source}", path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// What was being done.
    pub step: &'static str,
    /// Why it failed.
    pub source: io::Error,
}

/// How a file got its new content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// Another file took its place: a crash leaves the old or the new content.
    Replaced,
    /// It was written over, because nothing can take its place: a file that is mounted by itself, a directory that we may not
    /// write to. A crash of the machine in that moment may leave a part of both.
    Overwritten,
}

/// Replaces `path` by `text`, or writes over it if that is the only way. It is on disk when this returns. The umask applies to
/// `mode`; a file that is there keeps a stricter one.
///
/// # Errors
/// [`SaveError`]; the file is as before then, unless the machine crashes while it is written over.
pub fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) -> Result<(Stamp, Means), SaveError> {
    let text = text.as_ref();
    match replace(path, text, mode) {
        Ok(stamp) => Ok((stamp, Means::Replaced)),
        Err(error) if cannot_be_replaced(&error.source) => match overwrite(path, text) {
            Ok(stamp) => Ok((stamp, Means::Overwritten)),
            Err(_) => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn cannot_be_replaced(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ResourceBusy | Kind::CrossesDevices | Kind::PermissionDenied | Kind::ReadOnlyFilesystem
    )
}

fn overwrite(path: &Path, text: impl AsRef<[u8]>) -> io::Result<Stamp> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_ref())?;
    file.set_len(text.as_ref().len() as u64)?;
    file.sync_all()?;
    Ok(Stamp::of(&file.metadata()?))
}

/// Replaces `path` by `text`: temporary file in the same directory, fsync, rename, fsync of the directory. Nothing is left behind on
/// failure.
///
/// # Errors
/// [`SaveError`]; the file is as before then.
pub fn replace(path: &Path, text: impl AsRef<[u8]>, mode: u32) -> Result<Stamp, SaveError> {
    let failed = |step: &'static str| move |source| SaveError { path: path.to_owned(), step, source };
    // A rename onto a directory fails in ways that depend on the directory; say it plainly, and before writing.
    if path.is_dir() {
        return Err(failed("replacing")(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let old = fs::metadata(path).ok();
    let mode = old.as_ref().map_or(mode, |old| mode & old.mode());
    let (temporary, mut file) = create_beside(path, mode).map_err(failed("creating the temporary file"))?;
    if let Some(old) = old {
        // Whoever runs as another user than the owner of the file may not be allowed to give it away.
        let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
    }
    let written = file.write_all(text.as_ref()).and_then(|()| file.sync_all());
    let renamed = written
        .map_err(failed("writing the temporary file"))
        .and_then(|()| fs::rename(&temporary, path).map_err(failed("renaming the temporary file")));
    if let Err(error) = renamed {
        // The first failure is the one to report.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    let directory = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
    directory.map_err(failed("syncing the directory"))?;
    file.metadata().map(|meta| Stamp::of(&meta)).map_err(failed("reading back"))
}

/// The directory that holds `path`.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// What the names of temporary files end with, behind the file's own name and the number of the process.
const SUFFIX: &str = ".temp";

/// Removes what processes that are gone were about to put in the place of `path` when they ended. The names of those that are removed.
pub fn remove_leftovers(path: &Path) -> Vec<String> {
    let Some(own) = path.file_name().and_then(OsStr::to_str) else { return Vec::new() };
    let is_leftover = |name: &str| {
        let process = name.strip_prefix(own)?.strip_prefix('.')?.strip_suffix(SUFFIX)?.parse().ok()?;
        Some(is_gone(process))
    };
    remove_all(directory_of(path), is_leftover)
}

/// No process but this one has this number: what was made under it is nobody's. In a container, all processes have had the same.
pub fn is_gone(process: u32) -> bool {
    process == process::id() || !Path::new("/proc").join(process.to_string()).exists()
}

/// Removes files of which this says so. What cannot be read or removed stays, and harms nobody. The names of those that are removed.
pub fn remove_all(directory: &Path, is_stale: impl Fn(&str) -> Option<bool>) -> Vec<String> {
    let names = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| is_stale(name).unwrap_or(false))
        .filter(|name| fs::remove_file(directory.join(name)).is_ok())
        .collect()
}

fn create_beside(path: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_os_string();
    let mut temporary = name;
    temporary.push(format!(".{}{SUFFIX}", process::id()));
    let temporary = directory_of(path).join(temporary);
    let create = || OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary);
    let file = create().or_else(|error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        // A process with our number, as in a container always, was killed while it wrote.
        fs::remove_file(&temporary)?;
        create()
    })?;
    Ok((temporary, file))
}

/// Recognises a file that nobody touched since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// The stamp of what is known of a file.
    pub fn of(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino(), size: meta.size(), modified: (meta.mtime(), meta.mtime_nsec()) }
    }

    /// The stamp of the file that is there now.
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().filter(Metadata::is_file).map(|meta| Self::of(&meta))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("sentinel.conf");
        fs::create_dir(&path).expect("directory in the way");
        replace(&path, "x", 0o644).expect_err("a directory cannot be replaced");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
        assert_eq!(fs::read_dir(&path).expect("listed").count(), 0);
    }

    #[test]
    fn a_secret_file_stays_secret() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("s");
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
        replace(&path, "new", 0o644).expect("replaced");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
    }

    #[test]
    fn a_shorter_text_leaves_nothing_of_a_longer_one() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("s");
        fs::write(&path, "a longer text").expect("written");
        let stamp = overwrite(&path, "short").expect("overwritten");
        assert_eq!(fs::read_to_string(&path).expect("read"), "short");
        assert_eq!(Stamp::at(&path), Some(stamp));
    }

    #[test]
    fn leftovers_of_a_crash_do_not_stop_the_next_write() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("s");
        let (leftover, _) = create_beside(&path, 0o600).expect("created");
        let stamp = replace(&path, "new", 0o600).expect("written");
        assert!(!leftover.exists(), "it was ours");
        assert_eq!(fs::read_to_string(&path).expect("read"), "new");
        assert_eq!(Stamp::at(&path), Some(stamp));
    }

    #[test]
    fn only_leftovers_of_the_dead_are_removed() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (path, parent) = (dir.path().join("s"), std::os::unix::process::parent_id());
        let kept = ["s".to_owned(), "s.241121".to_owned(), "s.x.temp".to_owned(), format!("s.{parent}.temp")];
        let stale = [format!("s.{}.temp", process::id()), "s.4294967295.temp".to_owned()];
        kept.iter().chain(&stale).for_each(|name| fs::write(dir.path().join(name), "").expect("written"));
        let mut removed = remove_leftovers(&path);
        removed.sort_unstable_by_key(|name| name.len());
        assert_eq!(removed, stale);
        assert!(kept.iter().all(|name| dir.path().join(name).exists()));
    }
}
