//! What all files here have in common.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_process::atomic::{is_gone, remove_all};

/// What the names of temporary files of snapshots begin with, and end with.
const SNAPSHOT: (&str, &str) = ("temp-", ".rdb");

/// Names that are tried for a new file. Nobody has so many at a time.
const NAMES_MAX: u32 = 1000;

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

/// A name that this process has not used yet, in the directory of the snapshot that it is for.
fn temporary_snapshot(path: &Path) -> PathBuf {
    let ((begin, end), process) = (SNAPSHOT, std::process::id());
    path.with_file_name(format!("{begin}{process}-{}{end}", number_of_file()))
}

/// A new file beside the snapshot that it is for, and its name. Processes in containers may share a directory and have the same number:
/// what is there already is another one's.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn create_temporary(path: &Path, options: &OpenOptions) -> io::Result<(File, PathBuf)> {
    let mut result = Err(io::ErrorKind::AlreadyExists.into());
    for _ in 0..NAMES_MAX {
        let temporary = temporary_snapshot(path);
        result = options.clone().create_new(true).open(&temporary).map(|file| (file, temporary));
        if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
            break;
        }
    }
    result
}

/// A file in this directory of which nothing is left when it is closed, whatever happens: it has no name.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn unseen_file(directory: &Path) -> io::Result<File> {
    // Until the name is gone, it is one that is removed at the next start.
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(UNSEEN_MODE);
    let (file, path) = create_temporary(&directory.join("unseen"), &options)?;
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

    #[test]
    fn what_somebody_else_is_writing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dump.rdb");
        let (begin, process) = (number_of_file(), std::process::id());
        // Other tests take some of the numbers meanwhile.
        let theirs: Vec<PathBuf> =
            (begin..begin + 100).map(|n| dir.path().join(format!("temp-{process}-{n}.rdb"))).collect();
        theirs.iter().for_each(|path| fs::write(path, "theirs").unwrap());
        drop(unseen_file(dir.path()).unwrap());
        let (_, own) = create_temporary(&path, OpenOptions::new().write(true)).unwrap();
        assert!(!theirs.contains(&own));
        assert!(theirs.iter().all(|path| fs::read(path).is_ok_and(|text| text == b"theirs")));
    }
}
