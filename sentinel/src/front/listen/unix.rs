//! The Unix socket.

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

use super::{BindError, UnixSocket};

/// Opens the socket, replacing one that a former process left behind. `mode` 0 leaves the permissions to the umask.
pub(super) fn bind(path: &Path, mode: u32, backlog: u32) -> Result<UnixSocket, BindError> {
    let fail = |source| BindError::Unix { path: path.to_owned(), source };
    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        std::fs::remove_file(path).map_err(fail)?;
    }
    let listener = listen(path, backlog).map_err(fail)?;
    if mode != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(fail)?;
    }
    Ok(UnixSocket { listener, path: path.to_owned() })
}

fn listen(path: &Path, backlog: u32) -> std::io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    UnixListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_file_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        let socket = bind(&path, 0o700, 16).expect("replaced");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(socket);
        assert!(!path.exists());
        std::fs::write(&path, "x").expect("written");
        assert!(bind(&path, 0, 16).is_err());
        assert_eq!(std::fs::read(&path).expect("still there"), b"x");
    }
}
