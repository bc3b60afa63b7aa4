//! Accepting connections.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::spawn_local;

use super::connection::{self, Peer};
use super::listen::{Listeners, TlsServer, UnixSocket};
use super::state::Front;
use crate::config::Settings;
use crate::shell::Shell;

/// Pause after a failed accept: out of file descriptors is a state that lasts, and asking again at once would spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Longest TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Longest time to tell a client why it is not served.
const REFUSAL: Duration = Duration::from_secs(1);

/// Unanswered keep-alive probes after which a peer counts as gone.
const KEEPALIVE_PROBES: u32 = 3;

/// Descriptors that links to nodes and peers may need beside the clients'.
const LINK_DESCRIPTORS: u64 = 4096;

const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";

const PROTECTED: &[u8] =
    b"-DENIED Running in protected mode because protected mode is enabled and no password is set for \
    the default user. In this mode connections are only accepted from the loopback interface. To connect from another \
    host: 1) set 'protected-mode no' in the configuration, if this port cannot be reached from the Internet; or 2) set \
    a password for the default user; or 3) start with '--protected-mode no' for a test.\r\n";

/// Serves clients on all sockets. Runs until it is dropped; connections end with the [`tokio::task::LocalSet`] it runs in.
///
/// `config_file` is shown in `INFO`.
pub async fn serve(listeners: Listeners, shell: Shell, config_file: String) {
    let Listeners { tcp, tls, tls_server, unix, descriptions, acl } = listeners;
    let front = Rc::new(Front::new(shell.clone(), acl, descriptions, config_file));
    let publisher = Rc::downgrade(&front);
    shell.on_event(Box::new(move |event| {
        if let Some(front) = publisher.upgrade() {
            front.publish(event);
        }
    }));
    let mut tasks = tokio::task::JoinSet::new();
    for listener in tcp {
        tasks.spawn_local(accept_tcp(Rc::clone(&front), listener));
    }
    if let Some(server) = tls_server.map(Rc::new) {
        for listener in tls {
            tasks.spawn_local(accept_tls(Rc::clone(&front), listener, Rc::clone(&server)));
        }
    }
    if let Some(socket) = unix {
        tasks.spawn_local(accept_unix(Rc::clone(&front), socket));
    }
    while tasks.join_next().await.is_some() {}
}

async fn accept_tcp(front: Rc<Front>, listener: TcpListener) {
    loop {
        let Some((stream, addr)) = accepted(&front, listener.accept().await).await else { continue };
        match admit(&front, &stream, addr) {
            Ok(peer) => drop(spawn_local(connection::serve(Rc::clone(&front), peer, stream))),
            Err(reason) => drop(spawn_local(refuse(stream, reason))),
        }
    }
}

async fn accept_tls(front: Rc<Front>, listener: TcpListener, server: Rc<TlsServer>) {
    loop {
        let Some((stream, addr)) = accepted(&front, listener.accept().await).await else { continue };
        // A reason could not be told before the handshake is done.
        let Ok(peer) = admit(&front, &stream, addr) else { continue };
        let (acceptor, reloaded) = server.acceptor();
        if let Err(error) = reloaded {
            front.shell.log().warning(format_args!("Changed TLS files are not used: {error}"));
        }
        let front = Rc::clone(&front);
        front.handshakes.set(front.handshakes.get() + 1);
        spawn_local(async move {
            let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
            front.handshakes.set(front.handshakes.get().saturating_sub(1));
            match stream {
                Ok(Ok(stream)) => connection::serve(front, peer, stream).await,
                Ok(Err(error)) => {
                    front.shell.log().verbose(format_args!("Error accepting a client connection: {error}"));
                }
                Err(_) => front.shell.log().verbose("Error accepting a client connection: TLS handshake timed out"),
            }
        });
    }
}

async fn accept_unix(front: Rc<Front>, socket: UnixSocket) {
    let path = format!("{}:0", socket.path.display());
    loop {
        let Some((stream, _)) = accepted(&front, socket.listener.accept().await).await else { continue };
        if is_full(&front) {
            spawn_local(refuse(stream, TOO_MANY));
            continue;
        }
        let fd = i64::from(stream.as_raw_fd());
        let peer = Peer { addr: path.clone(), laddr: path.clone(), fd, is_unix: true };
        spawn_local(connection::serve::<UnixStream>(Rc::clone(&front), peer, stream));
    }
}

/// Counts a connection, or waits a moment after an error.
async fn accepted<T>(front: &Front, result: std::io::Result<T>) -> Option<T> {
    match result {
        Ok(accepted) => {
            front.stats.connections_received.add(1);
            Some(accepted)
        }
        Err(error) => {
            front.shell.log().warning(format_args!("Accepting client connection: {error}"));
            tokio::time::sleep(ACCEPT_RETRY).await;
            None
        }
    }
}

/// Decides on a TCP connection; the error is what to tell the client.
fn admit(front: &Front, stream: &TcpStream, addr: SocketAddr) -> Result<Peer, &'static [u8]> {
    if is_full(front) {
        return Err(TOO_MANY);
    }
    let settings = front.shell.settings();
    let is_open = front.acl.borrow().user(b"default").is_some_and(|user| user.needs_no_password());
    if settings.server.protected_mode && is_open && !canonical(addr).ip().is_loopback() {
        front.stats.connections_rejected.add(1);
        return Err(PROTECTED);
    }
    // A client that is gone already shows it when it is read from.
    let _ = stream.set_nodelay(true);
    let interval = settings.server.tcp_keepalive;
    if !interval.is_zero() {
        let probe = (interval / KEEPALIVE_PROBES).max(Duration::from_secs(1));
        let keepalive = TcpKeepalive::new().with_time(interval).with_interval(probe).with_retries(KEEPALIVE_PROBES);
        let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
    }
    let laddr = stream.local_addr().map(|addr| canonical(addr).to_string()).unwrap_or_default();
    Ok(Peer { addr: canonical(addr).to_string(), laddr, fd: i64::from(stream.as_raw_fd()), is_unix: false })
}

/// How many clients there may be: `maxclients`, or half of what the system lets us open, as the links to nodes and peers need
/// descriptors too.
pub(crate) fn clients_max(settings: &Settings) -> u64 {
    let wanted = u64::from(settings.server.maxclients);
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < wanted + LINK_DESCRIPTORS => wanted.min(limit / 2),
        _ => wanted,
    }
}

fn is_full(front: &Front) -> bool {
    let count = front.clients.borrow().len() + front.handshakes.get();
    let full = count as u64 >= clients_max(&front.shell.settings());
    if full {
        front.stats.connections_rejected.add(1);
    }
    full
}

/// IPv4 through an IPv6 socket is shown as IPv4.
fn canonical(addr: SocketAddr) -> SocketAddr {
    let ip: IpAddr = addr.ip().to_canonical();
    SocketAddr::new(ip, addr.port())
}

async fn refuse(mut stream: impl AsyncWrite + Unpin, reason: &'static [u8]) {
    let told = async {
        // Best effort: the client may be gone, or may not read.
        let _ = stream.write_all(reason).await;
        let _ = stream.shutdown().await;
    };
    let _ = tokio::time::timeout(REFUSAL, told).await;
}
