//! Making a connection to the master: names and certificates are looked up on a thread of their own, everything else waits for nothing.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use bongsu_process::tls::ClientFiles;
use rustix::io::Errno;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use socket2::{Domain, Protocol, Socket, Type};

use super::failure::Failure;
use crate::net::listen::keep_alive;
use crate::net::stream::Stream;
use crate::net::wake::Waker;

/// Addresses of a name that are tried. One with more has a problem of its own.
const ADDRESSES_MAX: usize = 16;

/// Where to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `bind-source-addr`.
    pub(crate) source: Option<IpAddr>,
    /// `tcp-keepalive`.
    pub(crate) keepalive: Option<Duration>,
    /// With TLS.
    pub(crate) tls: Option<ClientFiles>,
}

/// What had to be looked up.
struct Found {
    addresses: VecDeque<SocketAddr>,
    tls: Option<Arc<ClientConfig>>,
}

/// A connection that is being made.
pub(crate) struct Dial {
    target: Target,
    looking: Option<Receiver<Result<Found, Failure>>>,
    found: Found,
}

impl Dial {
    /// Begins.
    pub(crate) fn begin(target: Target, waker: Waker) -> Result<Self, Failure> {
        let mut dial = Self { target, looking: None, found: Found { addresses: VecDeque::new(), tls: None } };
        match dial.target.host.parse::<IpAddr>() {
            Ok(ip) if dial.target.tls.is_none() => {
                dial.found.addresses.push_back(SocketAddr::new(ip, dial.target.port));
            }
            _ => {
                let (told, looking) = channel();
                let target = dial.target.clone();
                let look = move || {
                    // If nobody listens any more, nobody wants to know.
                    let _ = told.send(look_up(&target));
                    waker.wake();
                };
                let thread = std::thread::Builder::new().name("bongsu-names".to_owned());
                thread.spawn(look).map_err(Failure::Connect)?;
                dial.looking = Some(looking);
            }
        }
        Ok(dial)
    }

    /// The next attempt: a connection that stands once it can be written to. `None` if what has to be known for it is not known yet.
    pub(crate) fn attempt(&mut self) -> Result<Option<Stream>, Failure> {
        if let Some(looking) = &self.looking {
            match looking.try_recv() {
                Ok(found) => self.found = found?,
                Err(TryRecvError::Empty) => return Ok(None),
                Err(TryRecvError::Disconnected) => return Err(Failure::Connect(io::ErrorKind::Other.into())),
            }
            self.looking = None;
        }
        let none = || Failure::Connect(io::Error::from(io::ErrorKind::AddrNotAvailable));
        let mut last = None;
        while let Some(address) = self.found.addresses.pop_front() {
            match self.connect(address) {
                Ok(stream) => return Ok(Some(stream)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(none, Failure::Connect))
    }

    /// There is another address to be tried.
    pub(crate) fn has_more(&self) -> bool {
        !self.found.addresses.is_empty()
    }

    fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if let Some(source) = self.target.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        let tcp = TcpStream::from(socket);
        // It works without either.
        let _ = tcp.set_nodelay(true);
        keep_alive(&tcp, self.target.keepalive);
        let Some(config) = &self.found.tls else { return Ok(Stream::Tcp(tcp)) };
        let name = ServerName::try_from(self.target.host.clone()).map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(Stream::tls_to(tcp, session))
    }
}

fn look_up(target: &Target) -> Result<Found, Failure> {
    let tls = target.tls.as_ref().map(ClientFiles::load).transpose()?.map(Arc::new);
    let addresses = (target.host.as_str(), target.port).to_socket_addrs().map_err(Failure::Connect)?;
    Ok(Found { addresses: addresses.take(ADDRESSES_MAX).collect(), tls })
}
