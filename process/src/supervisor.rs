//! Telling systemd that the process is ready.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::log::Log;

/// Who is told that the process is ready (`supervised`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Supervised {
    /// Nobody.
    #[default]
    No,
    /// systemd, through `NOTIFY_SOCKET`.
    Systemd,
    /// upstart.
    Upstart,
    /// Whichever of them the environment shows.
    Auto,
}

const MESSAGE: &[u8] = b"STATUS=Ready to accept connections\nREADY=1\n";

/// Sends the readiness message where a supervisor waits for it. upstart waits for the process to stop itself.
pub fn tell_ready(supervised: Supervised, log: &Log) {
    let socket = std::env::var_os("NOTIFY_SOCKET");
    match (supervised, socket) {
        (Supervised::No, _) | (Supervised::Auto, None) => {}
        (Supervised::Upstart, _) => log.warning("supervised upstart is not supported: upstart is not told"),
        (Supervised::Systemd, None) => {
            log.warning("systemd supervision requested or auto-detected, but NOTIFY_SOCKET not found");
        }
        (Supervised::Systemd | Supervised::Auto, Some(socket)) => {
            if let Err(error) = send(&socket) {
                log.warning(format_args!("Can't send notification to systemd: {error}"));
            }
        }
    }
}

/// A name that begins with `@` is in the abstract namespace.
fn send(socket: &OsStr) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(MESSAGE, &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_reaches_both_kinds_of_sockets() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let name = format!("bongsu-test-{}", std::process::id());
        let abstract_receiver = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        for (socket, receiver) in [(path.into_os_string(), receiver), (format!("@{name}").into(), abstract_receiver)] {
            send(&socket).unwrap();
            let mut got = [0; 128];
            let n = receiver.recv(&mut got).unwrap();
            assert_eq!(&got[..n], MESSAGE);
        }
    }
}
