//! A connection to the server that keys go to: requests out, lines in.

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

/// The longest line that is an answer: errors are a sentence.
const LINE_BYTES_MAX: u64 = 1024;

/// Where to, and how.
pub(super) struct Target {
    pub(super) host: String,
    /// As it was given.
    pub(super) port: Vec<u8>,
    /// The longest time in which nothing happens.
    pub(super) timeout: Duration,
    /// `bind-source-addr`.
    pub(super) source: Option<IpAddr>,
    /// With TLS.
    pub(super) tls: Option<ClientFiles>,
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A connection that stands.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    /// What was read and is not used yet.
    input: Vec<u8>,
}

impl Line {
    pub(super) fn open(target: &Target) -> io::Result<Self> {
        let invalid = |_| io::Error::from(ErrorKind::InvalidInput);
        let port: u16 = std::str::from_utf8(&target.port).map_err(invalid)?.parse().map_err(io::Error::other)?;
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in (target.host.as_str(), port).to_socket_addrs()?.take(ADDRESSES_MAX) {
            match connect(address, target) {
                Ok(tcp) => return Ok(Self { stream: dress(tcp, target)?, input: Vec::new() }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(super) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next line, without its end.
    pub(super) fn hear(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                line.truncate(end);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            let room = LINE_BYTES_MAX.saturating_sub(self.input.len() as u64);
            if room == 0 {
                return Err(ErrorKind::InvalidData.into());
            }
            let mut buffer = [0; LINE_BYTES_MAX as usize];
            match self.stream.read(&mut buffer[..room as usize]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(got) => self.input.extend_from_slice(&buffer[..got]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn connect(address: SocketAddr, target: &Target) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(source) = target.source {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    socket.connect_timeout(&address.into(), target.timeout)?;
    let tcp = TcpStream::from(socket);
    tcp.set_read_timeout(Some(target.timeout))?;
    tcp.set_write_timeout(Some(target.timeout))?;
    // It works without.
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
}

fn dress(tcp: TcpStream, target: &Target) -> io::Result<Box<dyn Stream>> {
    let Some(files) = &target.tls else { return Ok(Box::new(tcp)) };
    let config = files.load().map_err(io::Error::other)?;
    let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(Box::new(StreamOwned::new(session, tcp)))
}
