//! A plain or a TLS connection, never blocking: what would wait is `WouldBlock`.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, TcpStream};

use rustls::ClientConnection;

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

pub(super) struct Tls {
    tcp: TcpStream,
    session: ClientConnection,
}

impl Stream {
    /// Takes over an established connection; the runtime has made it non-blocking.
    pub(super) fn plain(tcp: tokio::net::TcpStream) -> io::Result<Self> {
        Ok(Self::Plain(tcp.into_std()?))
    }

    /// Takes over a connection whose handshake is done.
    pub(super) fn tls(tls: tokio_rustls::client::TlsStream<tokio::net::TcpStream>) -> io::Result<Self> {
        let (tcp, session) = tls.into_inner();
        Ok(Self::Tls(Box::new(Tls { tcp: tcp.into_std()?, session })))
    }

    /// The socket.
    pub(super) const fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.tcp,
        }
    }

    pub(super) fn local_ip(&self) -> Option<IpAddr> {
        self.tcp().local_addr().ok().map(|addr| addr.ip().to_canonical())
    }

    /// Writes some of `bytes`; with TLS, into the session, from where [`Stream::push`] takes them.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => {
                tls.push()?;
                tls.session.writer().write(bytes)
            }
        }
    }

    /// Sends what TLS still holds. `WouldBlock` if not all of it could go.
    pub(super) fn push(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.push(),
        }
    }

    /// Reads into `into`; zero is the end of the stream.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }

    /// A read that took `got` of `room` bytes has left nothing in the socket, so another one can wait for the next event.
    pub(super) const fn is_emptied_by(&self, got: usize, room: usize) -> bool {
        matches!(self, Self::Plain(_)) && got < room
    }
}

impl Tls {
    fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.tcp)?;
        }
        Ok(())
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(into) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            // At its end the session's reader reports that end, so that this does not go round for ever.
            self.session.read_tls(&mut self.tcp)?;
            if let Err(error) = self.session.process_new_packets() {
                // The alert that says why; the connection is lost whether or not it arrives.
                let _ = self.push();
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
            match self.push() {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
    }
}
