//! What all files here have in common.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_process::atomic::{is_gone, remove_all};

/// What the names of temporary files of snapshots begin with, and end with.
const SNAPSHOT: (&str, &str) = ("temp-", ".rdb");

/// Permissions of a file that is for this process only.
const UNSEEN_MODE: u32 = 0o600;

/// Brings to disk that a file has got or lost its name.
///
/// # Errors
/// If the directory cannot be opened or synced.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// A number that this process has not used for a file yet: a thread that is given up may still be at work on the file before.
pub(crate) fn number_of_file() -> u64 {
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    BEGUN.fetch_add(1, Ordering::Relaxed)
}

/// A name that nobody else uses, in the directory of the snapshot that it is for.
pub(crate) fn temporary_snapshot(path: &Path) -> PathBuf {
    let ((begin, end), process) = (SNAPSHOT, std::process::id());
    path.with_file_name(format!("{begin}{process}-{}{end}", number_of_file()))
}

/// A file in this directory of which nothing is left when it is closed, whatever happens: it has no name.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn unseen_file(directory: &Path) -> io::Result<File> {
    // Until the name is gone, it is one that is removed at the next start.
    let path = temporary_snapshot(&directory.join("unseen"));
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).mode(UNSEEN_MODE).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Removes what processes that are gone have left behind of snapshots that they did not complete. The names of those that are removed.
pub(crate) fn remove_stale_snapshots(directory: &Path) -> Vec<String> {
    remove_all(directory, |name| {
        let process =
            name.strip_prefix(SNAPSHOT.0)?.strip_suffix(SNAPSHOT.1)?.split('-').next()?.parse::<u32>().ok()?;
        Some(is_gone(process))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_dead_processes_left_is_stale() {
        let dir = tempfile::tempdir().unwrap();
        let own = std::process::id();
        let parent = std::os::unix::process::parent_id();
        let kept = ["dump.rdb".to_owned(), "temp-x.rdb".to_owned(), "temp-1".to_owned(), format!("temp-{parent}.rdb")];
        let stale = [format!("temp-{own}.rdb"), "temp-4294967295-7.rdb".to_owned()];
        kept.iter().chain(&stale).for_each(|name| fs::write(dir.path().join(name), "").unwrap());
        let mut removed = remove_stale_snapshots(dir.path());
        removed.sort();
        let mut expected = stale.to_vec();
        expected.sort();
        assert_eq!(removed, expected);
        assert!(kept.iter().all(|name| dir.path().join(name).exists()));
    }

    #[test]
    fn no_two_temporary_files_have_a_name() {
        let path = Path::new("/somewhere/dump.rdb");
        assert_ne!(temporary_snapshot(path), temporary_snapshot(path));
    }
}
