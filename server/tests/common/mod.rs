//! A server on a thread of its own, and what its clients say and hear.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bongsu_server::config::Launch;
use bongsu_server::{Config, Endpoint, Server};
use bongsu_store::random::Random;

/// A server on a thread of its own, on loopback and on a path.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) dir: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("bongsu-loop-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let endpoints = [Endpoint::Tcp((Ipv4Addr::LOCALHOST, 0).into()), Endpoint::Unix(dir.join("socket"))];
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let (told, addr) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // Nothing is to be written to where the tests are run.
            let config = Config::load(&Launch { options: "save \"\"".to_owned(), ..Launch::default() }).unwrap();
            let mut server = Server::bind(config, endpoints, Random::new([1, 2, 3, 4])).unwrap();
            told.send(server.local_addrs().next().unwrap()).unwrap();
            server.run(|| asked.load(Ordering::Relaxed)).unwrap();
        });
        let addr = addr.recv().unwrap();
        Self { addr, dir, stop, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

/// Reads exactly this.
#[track_caller]
pub(crate) fn expect(stream: &mut impl Read, reply: &[u8]) {
    let mut got = vec![0; reply.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(reply));
}
