//! Servers for tests of replication: Debian's and ours.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bongsu_protocol::resp::{ReplyDecoder, ReplyLimits, Value, encode_command};
use bongsu_server::config::Launch;
use bongsu_server::{Config, Endpoint, Server};
use bongsu_store::random::Random;

/// Nothing that is waited for takes so long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

fn new_dir() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("bongsu-replica-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Debian's server.
pub(crate) struct Peer {
    process: Child,
    dir: PathBuf,
    pub(crate) port: u16,
}

impl Peer {
    pub(crate) fn start(options: &str) -> Self {
        Self::start_at(free_port(), options)
    }

    /// At this port, without data.
    pub(crate) fn start_at(port: u16, options: &str) -> Self {
        let dir = new_dir();
        let fixed =
            format!("--port {port} --save '' --enable-debug-command yes --repl-diskless-sync-delay 0 {options}");
        let words = fixed.split_ascii_whitespace().map(|word| if word == "''" { "" } else { word });
        let mut command = Command::new("redis-server");
        let process = command.args(words).arg("--dir").arg(&dir).stdout(Stdio::null()).spawn().expect("redis-server");
        let peer = Self { process, dir, port };
        peer.client();
        peer
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect((Ipv4Addr::LOCALHOST, self.port).into())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

/// Ours, on a thread of its own.
pub(crate) struct Ours {
    pub(crate) addr: SocketAddr,
    pub(crate) dir: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ours {
    pub(crate) fn start(options: &str) -> Self {
        let dir = new_dir();
        let options = format!("dir {}\nsave \"\"\nenable-debug-command yes\n{options}", dir.display());
        let config = Config::load(&Launch { options, ..Launch::default() }).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let (told, addr) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let endpoints = [Endpoint::Tcp((Ipv4Addr::LOCALHOST, 0).into())];
            let mut server = Server::bind(config, endpoints, Random::new([1, 2, 3, 4])).unwrap();
            told.send(server.local_addrs().next().unwrap()).unwrap();
            server.run(|| asked.load(Ordering::Relaxed)).unwrap();
        });
        Self { addr: addr.recv().unwrap(), dir, stop, thread: Some(thread) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.addr)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

pub(crate) struct Client {
    stream: TcpStream,
    decoder: ReplyDecoder,
    input: Vec<u8>,
}

impl Client {
    fn connect(addr: SocketAddr) -> Self {
        let limit = Instant::now() + PATIENCE;
        loop {
            if let Ok(stream) = TcpStream::connect(addr) {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_nodelay(true).unwrap();
                return Self { stream, decoder: ReplyDecoder::new(ReplyLimits::default()), input: Vec::new() };
            }
            assert!(Instant::now() < limit, "nobody listens at {addr}");
            std::thread::yield_now();
        }
    }

    pub(crate) fn send(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut request = Vec::new();
        encode_command(&mut request, &words);
        self.stream.write_all(&request).unwrap();
    }

    /// The next reply, as text: elements of arrays are separated by spaces, and a null is `nil`.
    pub(crate) fn hear(&mut self) -> String {
        loop {
            if let Some((value, used)) = self.decoder.decode(&self.input).unwrap() {
                let text = text(&value);
                self.input.drain(..used);
                return text;
            }
            let mut buffer = [0; 65536];
            let got = self.stream.read(&mut buffer).unwrap();
            assert!(got > 0, "the connection has ended");
            self.input.extend_from_slice(&buffer[..got]);
        }
    }

    /// Sends words that are separated by spaces.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.hear()
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str, reply: &str) {
        assert_eq!(self.ask(line), reply, "{line}");
    }

    /// A field of `INFO`.
    pub(crate) fn info(&mut self, name: &str) -> String {
        let info = self.ask("INFO everything");
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or("none").to_owned()
    }

    /// Waits until a field of `INFO` has this value.
    #[track_caller]
    pub(crate) fn until(&mut self, name: &str, value: &str) {
        let limit = Instant::now() + PATIENCE;
        while self.info(name) != value {
            assert!(
                Instant::now() < limit,
                "{name} is {} and not {value}:\n{}",
                self.info(name),
                self.ask("INFO replication")
            );
            std::thread::yield_now();
        }
    }

    /// Waits until a request has this reply.
    #[track_caller]
    pub(crate) fn until_reply(&mut self, line: &str, reply: &str) {
        let limit = Instant::now() + PATIENCE;
        while self.ask(line) != reply {
            assert!(Instant::now() < limit, "{line}: {} and not {reply}", self.ask(line));
            std::thread::yield_now();
        }
    }
}

fn text(value: &Value<'_>) -> String {
    match value {
        Value::Simple(bytes) | Value::Bulk(bytes) | Value::Error(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Integer(n) => n.to_string(),
        Value::Null => "nil".to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}

/// All that a master has is at a replica.
#[track_caller]
pub(crate) fn assert_same(master: &mut Client, replica: &mut Client) {
    let offset = master.info("master_repl_offset");
    replica.until("slave_repl_offset", &offset);
    assert_eq!(master.ask("DEBUG DIGEST"), replica.ask("DEBUG DIGEST"));
}
