//! What is done to the files of the append-only log.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::super::files::sync_directory_of;

/// Permissions of new files, which the umask restricts.
const MODE: u32 = 0o644;

/// Something that is done to the files, in the order of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Everything that has been told so far is in the file that the stream goes into, and on disk unless that file is in doubt.
    Flush,
    /// A file is made, or emptied if it is there.
    Create(PathBuf),
    /// From here on the stream goes on in this file, which is there.
    Append(PathBuf),
    /// A file gets another content, all of it or none.
    Replace(PathBuf, Vec<u8>),
    /// A file gets another name. What had that name is gone.
    Rename(PathBuf, PathBuf),
    /// A file goes, if it is there.
    Remove(PathBuf),
    /// A directory that was just made keeps its name.
    Settle(PathBuf),
    /// The file that the stream goes into is closed, if everything is in it and on disk.
    Close,
    /// The file that the stream goes into is closed, whatever becomes of what was to go there. Without a file, the stream goes nowhere.
    Abandon,
}

impl Step {
    /// Takes a step that has nothing to do with the stream.
    ///
    /// # Errors
    /// If the system refuses it, or if it concerns the stream.
    pub(crate) fn take(&self) -> io::Result<()> {
        match self {
            Self::Create(path) => {
                OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?.sync_all()?;
                sync_directory_of(path)
            }
            Self::Replace(path, content) => {
                bongsu_process::atomic::replace(path, content, MODE).map(drop).map_err(io::Error::other)
            }
            Self::Rename(from, to) => {
                fs::rename(from, to)?;
                sync_directory_of(to)
            }
            Self::Remove(path) => match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            Self::Settle(path) => sync_directory_of(path),
            Self::Append(_) | Self::Flush | Self::Close | Self::Abandon => {
                Err(io::Error::from(io::ErrorKind::InvalidInput))
            }
        }
    }
}
