//! Establishing a connection: name, socket options, TLS.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bongsu_sentinel_core::{Addr, Input, LinkFailure};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};

use super::failure::of_io;
use super::stream::Stream;
use super::tls;
use crate::shell::{Shell, options};

/// Longest attempt to connect, the TLS handshake included. Leaves room for one lost SYN, which is repeated after a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Silence after which the kernel probes the other side, and the pause between probes. The core notices silence long
/// before; this ends connections that nobody uses any more.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How long sent bytes may stay unacknowledged before the kernel gives the connection up.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Connects. `unreachable`: the last attempt got no answer, and this one will probably get none either.
pub(super) async fn dial(shell: &Shell, to: &Addr, unreachable: bool) -> Result<Stream, LinkFailure> {
    let ip = resolve(shell, to).await?;
    let links = &shell.0.links;
    let dials = if unreachable { &links.unreachable_dials } else { &links.dials };
    // The semaphores are never closed.
    let _slot = dials.acquire().await.map_err(|_| LinkFailure::Requested)?;
    if to.port() == 0 {
        return Err(LinkFailure::Unreachable);
    }
    let connecting = connect(shell, SocketAddr::new(ip, to.port()), to.host());
    tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or(Err(LinkFailure::Unreachable))
}

/// A fresh answer for a name, else its last known address.
async fn resolve(shell: &Shell, to: &Addr) -> Result<IpAddr, LinkFailure> {
    if !to.is_name() {
        return to.ip().ok_or(LinkFailure::Unresolved);
    }
    match shell.0.resolver.resolve(to.host(), &shell.0.log).await {
        Ok(ip) => {
            if to.ip() != Some(ip) {
                let host = to.host().to_owned();
                shell.with_core(|core, now| core.handle(now, Input::Resolved { host, ip }));
            }
            Ok(ip)
        }
        Err(error) => {
            shell.0.log.debug(error);
            to.ip().ok_or(LinkFailure::Unresolved)
        }
    }
}

async fn connect(shell: &Shell, to: SocketAddr, host: &str) -> Result<Stream, LinkFailure> {
    let io = |error: std::io::Error| of_io(&error);
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(io)?;
    let source = options::source_addr(&shell.settings()).filter(|ip| ip.is_ipv4() == to.is_ipv4());
    if let Some(ip) = source {
        socket.bind(SocketAddr::new(ip, 0)).map_err(io)?;
    }
    prepare(&socket).map_err(io)?;
    let tcp = socket.connect(to).await.map_err(io)?;
    if options::uses_tls(&shell.settings()) { secure(shell, tcp, host).await } else { Stream::plain(tcp).map_err(io) }
}

fn prepare(socket: &TcpSocket) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))
}

async fn secure(shell: &Shell, tcp: TcpStream, host: &str) -> Result<Stream, LinkFailure> {
    let connector = tls::connector(shell)?;
    let stream = connector.connect(tls::server_name(host)?, tcp).await.map_err(|error| {
        shell.0.log.verbose(format_args!("TLS handshake with {host} failed: {error}"));
        of_io(&error)
    })?;
    Stream::tls(stream).map_err(|error| of_io(&error))
}
