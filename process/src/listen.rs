//! Listening sockets, none of which block.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::address::BindAddress;

/// A socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address of `bind` is neither an IP address nor a name that has one.
    #[error("Could not resolve the address '{address}' of the directive 'bind': {source}")]
    Resolve {
        /// As configured.
        address: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// A TCP socket cannot be opened.
    #[error("Could not create server TCP listening socket {addr}: {source}")]
    Tcp {
        /// The address and port.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The Unix socket cannot be opened.
    #[error("Failed opening Unix socket {path}: {source}", path = path.display())]
    Unix {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Opens one socket per address of `bind`. Addresses marked as optional may be missing, and so may a whole protocol family.
///
/// # Errors
/// [`ListenError`]; none is open then.
pub fn tcp_all<W: AsRef<str>>(words: &[W], port: u16, backlog: i32) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::new();
    for word in words.iter().map(AsRef::as_ref).filter(|word| !word.is_empty()) {
        let address = BindAddress::parse(word)
            .map_err(|source| ListenError::Resolve { address: word.trim_start_matches('-').to_owned(), source })?;
        for ip in address.ips {
            let addr = SocketAddr::new(ip, port);
            match tcp(addr, backlog) {
                Ok(listener) => listeners.push(listener),
                Err(error) if address.optional && error.kind() == ErrorKind::AddrNotAvailable => {}
                Err(error) if is_family_missing(&error) => {}
                Err(source) => return Err(ListenError::Tcp { addr, source }),
            }
        }
    }
    Ok(listeners)
}

/// Opens a socket. The address is reusable right after the last process, but never shared with a running one.
///
/// # Errors
/// What the system says.
pub fn tcp(addr: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

fn is_family_missing(error: &io::Error) -> bool {
    const MISSING: [i32; 5] =
        [libc::EAFNOSUPPORT, libc::EPFNOSUPPORT, libc::EPROTONOSUPPORT, libc::ESOCKTNOSUPPORT, libc::ENOPROTOOPT];
    error.raw_os_error().is_some_and(|code| MISSING.contains(&code))
}

/// Opens a socket on a path, in place of one that a former process left behind. `mode` 0 leaves the permissions to the umask.
///
/// # Errors
/// [`ListenError::Unix`], for a path that is something else too.
pub fn unix(path: &Path, mode: u32, backlog: i32) -> Result<UnixListener, ListenError> {
    let fail = |source| ListenError::Unix { path: path.to_owned(), source };
    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        std::fs::remove_file(path).map_err(fail)?;
    }
    let listener = unix_socket(path, backlog).map_err(fail)?;
    if mode != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(fail)?;
    }
    Ok(listener)
}

fn unix_socket(path: &Path, backlog: i32) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_refused() {
        let first = tcp_all(&["127.0.0.1"], 0, 16).expect("free port");
        let port = first[0].local_addr().expect("bound").port();
        let error = tcp_all(&["127.0.0.1"], port, 16).expect_err("in use");
        assert!(matches!(error, ListenError::Tcp { .. }), "{error}");
    }

    #[test]
    fn only_optional_addresses_may_be_missing() {
        // An address from the range reserved for documentation, which no host has.
        assert!(tcp_all(&["-192.0.2.1"], 0, 16).expect("optional").is_empty());
        assert!(tcp_all(&["192.0.2.1"], 0, 16).is_err());
        assert!(tcp_all(&[""], 0, 16).expect("nothing asked for").is_empty());
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_file_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        drop(UnixListener::bind(&path).expect("bound"));
        let socket = unix(&path, 0o700, 16).expect("replaced");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(socket);
        std::fs::remove_file(&path).expect("removed");
        std::fs::write(&path, "x").expect("written");
        assert!(unix(&path, 0, 16).is_err());
        assert_eq!(std::fs::read(&path).expect("still there"), b"x");
    }
}
