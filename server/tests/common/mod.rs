//! Servers, ours on threads and others as processes, and connections to them.
#![allow(dead_code, reason = "every test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

pub(crate) mod conn;
pub(crate) mod peer;

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bongsu_server::config::Launch;
use bongsu_server::{Config, Endpoint, Server};
use bongsu_store::random::Random;

/// Nothing that is waited for takes so long, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server on a thread of its own, on loopback and on a path, with its data in a directory of its own.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    /// Where its data are.
    pub(crate) dir: PathBuf,
    home: tempfile::TempDir,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// With these directives.
    pub(crate) fn start(directives: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("data");
        std::fs::create_dir(&dir).unwrap();
        let options = format!("dir {}\nsave \"\"\n{directives}", dir.display());
        let config = Config::load(&Launch { options, ..Launch::default() }).unwrap();
        let endpoints = [Endpoint::Tcp((Ipv4Addr::LOCALHOST, 0).into()), Endpoint::Unix(home.path().join("socket"))];
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let (told, addr) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut server = Server::bind(config, endpoints, Random::new([1, 2, 3, 4])).unwrap();
            told.send(server.local_addrs().next().unwrap()).unwrap();
            server.run(|| asked.load(Ordering::Relaxed)).unwrap();
        });
        Self { addr: addr.recv().unwrap(), dir, home, stop, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.addr)
    }

    /// Waits until it has ended because a client told it to.
    pub(crate) fn wait_for_end(&self) {
        let limit = Instant::now() + PATIENCE;
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            assert!(Instant::now() < limit, "it does not end");
            std::thread::yield_now();
        }
    }

    pub(crate) fn connect_by_path(&self) -> UnixStream {
        let stream = UnixStream::connect(self.home.path().join("socket")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads exactly this.
#[track_caller]
pub(crate) fn expect(stream: &mut impl Read, reply: &[u8]) {
    let mut got = vec![0; reply.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(reply));
}
