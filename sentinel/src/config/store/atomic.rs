//! Replacing a file so that a crash leaves the old or the new content, never a part of either.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use super::SaveError;

/// Names tried for the temporary file: more than one only if another writer left one behind.
const TEMPORARY_NAMES_MAX: u32 = 100;

/// Replaces `path` by `text`: temporary file in the same directory, fsync, rename, fsync of the directory. The umask
/// applies to `mode`. Nothing is left behind on failure.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> Result<Stamp, SaveError> {
    let failed = |step: &'static str| move |source| SaveError { path: path.to_owned(), step, source };
    // A rename onto a directory fails in ways that depend on the directory; say it plainly, and before writing.
    if path.is_dir() {
        return Err(failed("replacing")(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let (temporary, mut file) = create_beside(path, mode).map_err(failed("creating the temporary file"))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
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
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn create_beside(path: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_os_string();
    for attempt in 0..TEMPORARY_NAMES_MAX {
        let mut temporary = name.clone();
        temporary.push(format!(".{:06}", u64::from(process::id()) * 7 % 1_000_000 + u64::from(attempt)));
        let temporary = directory_of(path).join(temporary);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (temporary, file)),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Recognises a file that nobody touched since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino(), size: meta.size(), modified: (meta.mtime(), meta.mtime_nsec()) }
    }

    /// The stamp of the file that is there now.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().filter(Metadata::is_file).map(|meta| Self::of(&meta))
    }
}

#[cfg(test)]
mod tests {
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
    fn leftovers_of_a_crash_do_not_stop_the_next_write() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("s");
        let (leftover, _) = create_beside(&path, 0o600).expect("created");
        let stamp = replace(&path, "new", 0o600).expect("written");
        assert!(leftover.exists());
        assert_eq!(fs::read_to_string(&path).expect("read"), "new");
        assert_eq!(Stamp::at(&path), Some(stamp));
    }
}
