//! Files of a configuration.

use std::fs;
use std::io;
use std::path::Path;

use super::load_error::LoadError;

/// Largest file that is read: a thousand times the one that comes with Redis.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, LoadError> {
    let text = || {
        let length = fs::metadata(path)?.len();
        if length > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("{length} bytes are more than the {FILE_BYTES_MAX} allowed")));
        }
        let bytes = fs::read(path)?;
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
    };
    text().map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })
}
