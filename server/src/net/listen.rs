//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bongsu_process::listen;
use rustls::{ServerConfig, ServerConnection};
use socket2::{SockRef, TcpKeepalive};

use super::stream::Stream;
use crate::info::Listening;

/// The longest silence after which Linux can be told to probe a connection.
const KEEPALIVE_MAX: Duration = Duration::from_secs(32767);

/// Where a server listens.
#[derive(Clone)]
pub enum Endpoint {
    /// Without encryption.
    Tcp(SocketAddr),
    /// With TLS.
    Tls(SocketAddr, Arc<ServerConfig>),
    /// On a path of this machine, which must not be there yet.
    Unix(PathBuf),
}

/// A socket on which connections arrive.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Tls(TcpListener, Arc<ServerConfig>),
    Unix(UnixListener, PathBuf),
}

/// A connection that has just been accepted.
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    /// `ip:port` of both sides, or `path:0`.
    pub(crate) addr: String,
    pub(crate) laddr: String,
    pub(crate) fd: i64,
    pub(crate) is_unix: bool,
}

impl Listener {
    /// Listens, with room for so many connections that nobody has accepted yet (`tcp-backlog`).
    pub(crate) fn bind(endpoint: Endpoint, backlog: i32) -> io::Result<Self> {
        match endpoint {
            Endpoint::Tcp(addr) => Ok(Self::Tcp(listen::tcp(addr, backlog)?)),
            Endpoint::Tls(addr, config) => Ok(Self::Tls(listen::tcp(addr, backlog)?, config)),
            Endpoint::Unix(path) => {
                let socket = UnixListener::bind(&path)?;
                socket.set_nonblocking(true)?;
                Ok(Self::Unix(socket, path))
            }
        }
    }

    /// The next connection, if there is one.
    pub(crate) fn accept(&self, keepalive: Option<Duration>) -> io::Result<Accepted> {
        match self {
            Self::Tcp(socket) => {
                let (tcp, peer) = accept(socket, keepalive)?;
                accepted(&tcp, peer).map(|make| make(Stream::Tcp(tcp)))
            }
            Self::Tls(socket, config) => {
                let (tcp, peer) = accept(socket, keepalive)?;
                let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                accepted(&tcp, peer).map(|make| make(Stream::tls(tcp, session)))
            }
            Self::Unix(socket, path) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                let (fd, addr) = (i64::from(stream.as_raw_fd()), format!("{}:0", path.display()));
                Ok(Accepted { stream: Stream::Unix(stream), addr: addr.clone(), laddr: addr, fd, is_unix: true })
            }
        }
    }

    /// Where it listens.
    pub(crate) fn describe(&self) -> Listening {
        let (name, path) = match self {
            Self::Tcp(_) => ("tcp", None),
            Self::Tls(..) => ("tls", None),
            Self::Unix(_, path) => ("unix", Some(path)),
        };
        let addr = self.local_addr();
        let ip = addr.map(|addr| addr.ip().to_string());
        let bind = path.map(|path| path.display().to_string()).or(ip).unwrap_or_default();
        Listening { name, bind, port: addr.map(|addr| addr.port()) }
    }

    /// The address it listens on; none of a path.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(socket) | Self::Tls(socket, _) => socket.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) | Self::Tls(socket, _) => socket.as_fd(),
            Self::Unix(socket, _) => socket.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // Somebody may have removed it already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Lets the system find out whether the other side is still there. It works without.
pub(crate) fn keep_alive(stream: &TcpStream, interval: Option<Duration>) {
    if let Some(interval) = interval {
        let interval = interval.min(KEEPALIVE_MAX);
        let between = (interval / 3).max(Duration::from_secs(1));
        let probes = TcpKeepalive::new().with_time(interval).with_interval(between).with_retries(3);
        let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
    }
}

fn accept(socket: &TcpListener, keepalive: Option<Duration>) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = socket.accept()?;
    stream.set_nonblocking(true)?;
    // It works without.
    let _ = stream.set_nodelay(true);
    keep_alive(&stream, keepalive);
    Ok((stream, peer))
}

fn accepted(tcp: &TcpStream, peer: SocketAddr) -> io::Result<impl FnOnce(Stream) -> Accepted + use<>> {
    let (fd, addr, laddr) = (i64::from(tcp.as_raw_fd()), peer.to_string(), tcp.local_addr()?.to_string());
    Ok(move |stream| Accepted { stream, addr, laddr, fd, is_unix: false })
}
