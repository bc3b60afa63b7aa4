//! Connections of all kinds, never blocking: what would wait is `WouldBlock`.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustls::{ClientConnection, Connection, ServerConnection};

/// A connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<Tls>),
}

/// A TLS connection, whose handshake is done as its bytes arrive.
pub(crate) struct Tls {
    tcp: TcpStream,
    session: Connection,
    /// Nothing more is to be sent.
    is_silent: bool,
}

impl Stream {
    pub(crate) fn tls(tcp: TcpStream, session: ServerConnection) -> Self {
        Self::Tls(Box::new(Tls { tcp, session: session.into(), is_silent: false }))
    }

    /// A connection that was made from here.
    pub(crate) fn tls_to(tcp: TcpStream, session: ClientConnection) -> Self {
        Self::Tls(Box::new(Tls { tcp, session: session.into(), is_silent: false }))
    }

    /// `ip:port` of the other side and of this one; empty where there is none.
    pub(crate) fn addresses(&self) -> (String, String) {
        let tcp = match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => &tls.tcp,
            Self::Unix(_) => return (String::new(), String::new()),
        };
        let text = |address: io::Result<SocketAddr>| address.map(|address| address.to_string()).unwrap_or_default();
        (text(tcp.peer_addr()), text(tcp.local_addr()))
    }

    /// Why a connection that was being made is none; `None` if it stands.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Tcp(tcp) => tcp.take_error(),
            Self::Unix(unix) => unix.take_error(),
            Self::Tls(tls) => tls.tcp.take_error(),
        }
    }

    /// Reads; zero is the end of the stream.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.read(into),
            Self::Unix(unix) => unix.read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }

    /// Writes some of `bytes`; with TLS, into the session, from where [`Self::push`] takes them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.write(bytes),
            Self::Unix(unix) => unix.write(bytes),
            Self::Tls(tls) => {
                tls.push()?;
                tls.session.writer().write(bytes)
            }
        }
    }

    /// Sends what TLS still holds. `WouldBlock` if not all of it could go.
    pub(crate) fn push(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) | Self::Unix(_) => Ok(()),
            Self::Tls(tls) => tls.push(),
        }
    }

    /// A read that took `got` of `room` bytes has left nothing behind, so another one can wait for the next event.
    pub(crate) const fn is_emptied_by(&self, got: usize, room: usize) -> bool {
        !matches!(self, Self::Tls(_)) && got < room
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(tcp) => tcp.as_fd(),
            Self::Unix(unix) => unix.as_fd(),
            Self::Tls(tls) => tls.tcp.as_fd(),
        }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        if !self.is_silent && !self.session.is_handshaking() {
            // Without it the other side must take the end of the connection for an attack.
            self.session.send_close_notify();
            let _ = self.push();
        }
    }
}

impl Tls {
    fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() && !self.is_silent {
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
                // Who does not speak TLS would take an alert for a reply.
                self.is_silent = matches!(error, rustls::Error::InvalidMessage(_));
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
