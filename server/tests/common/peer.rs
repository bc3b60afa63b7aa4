//! Debian's `redis-server`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::{PATIENCE, connect};

/// A port that was free a moment ago; nobody else asks the system for this very one.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A server with a directory of its own.
pub(crate) struct Peer {
    process: Child,
    _dir: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Peer {
    /// With these options.
    pub(crate) fn start(options: &str) -> Self {
        Self::start_at(free_port(), options)
    }

    /// At this port, without data.
    pub(crate) fn start_at(port: u16, options: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--save", "", "--dir"]).arg(dir.path());
        command.args(options.split_ascii_whitespace());
        let process = command.stdout(Stdio::null()).spawn().expect("redis-server");
        let peer = Self { process, _dir: dir, port };
        let limit = Instant::now() + PATIENCE;
        while TcpStream::connect(peer.addr()).is_err() {
            assert!(Instant::now() < limit, "redis-server does not listen");
            std::thread::yield_now();
        }
        peer
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.addr())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}
