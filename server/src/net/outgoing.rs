//! Connections to other servers, for threads that may wait for them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use bongsu_process::tls::ClientFiles;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use socket2::{Domain, Protocol, Socket, Type};

/// Addresses of a name that are tried. One with more has a problem of its own.
const ADDRESSES_MAX: usize = 16;

/// Where to, and how.
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The longest time in which nothing happens.
    pub(crate) timeout: Duration,
    /// `bind-source-addr`.
    pub(crate) source: Option<IpAddr>,
    /// With TLS.
    pub(crate) tls: Option<ClientFiles>,
}

/// What bytes go through, whatever protects them.
pub(crate) trait Duplex: Read + Write {}

impl<S: Read + Write> Duplex for S {}

impl Target {
    /// Connects to the first of its addresses that answers.
    ///
    /// # Errors
    /// If none does, or its certificate is none of ours.
    pub(crate) fn connect(&self) -> io::Result<Box<dyn Duplex>> {
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in (self.host.as_str(), self.port).to_socket_addrs()?.take(ADDRESSES_MAX) {
            match self.connect_to(address) {
                Ok(tcp) => return self.dress(tcp),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn connect_to(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(source) = self.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        socket.connect_timeout(&address.into(), self.timeout)?;
        let tcp = TcpStream::from(socket);
        tcp.set_read_timeout(Some(self.timeout))?;
        tcp.set_write_timeout(Some(self.timeout))?;
        // It works without.
        let _ = tcp.set_nodelay(true);
        Ok(tcp)
    }

    fn dress(&self, tcp: TcpStream) -> io::Result<Box<dyn Duplex>> {
        let Some(files) = &self.tls else { return Ok(Box::new(tcp)) };
        let config = files.load().map_err(io::Error::other)?;
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        Ok(Box::new(StreamOwned::new(session, tcp)))
    }
}
