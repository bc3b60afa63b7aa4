//! What all files here have in common.

use std::fs::File;
use std::io;
use std::path::Path;

/// Brings to disk that a file has got or lost its name.
///
/// # Errors
/// If the directory cannot be opened or synced.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
