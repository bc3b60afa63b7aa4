//! Asking the sentinels what this server was, before it serves: for when its own record went with its disk.

use std::io;
use std::net::{IpAddr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use bongsu_process::tls::ClientFiles;
use bongsu_protocol::resp::{ReplyDecoder, ReplyLimits, Value, encode_command, parse_integer};

use crate::config::{Config, Directive, host_and_port};
use crate::net::outgoing::{Duplex, Target};
use crate::net::wake::Waker;

/// Sentinels that are asked. No group has more.
const SENTINELS_MAX: usize = 16;

/// How long one sentinel may take. They are on the same network, and have nothing to compute.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long after a round without a majority the next one begins.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest answer: a list of replicas with a kilobyte for each.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// What is asked, and of whom.
#[derive(Clone, Debug)]
pub(super) struct Question {
    sentinels: Vec<String>,
    /// With neither, nobody asks who this is.
    user: Vec<u8>,
    password: Vec<u8>,
    /// As towards the other nodes: `tls-replication`.
    tls: Option<ClientFiles>,
    /// `bind-source-addr`.
    source: Option<IpAddr>,
    group: Vec<u8>,
    /// Where others find this server: the address if it is announced, and the port.
    ip: Option<String>,
    port: u16,
    patience: Duration,
}

impl Question {
    /// As configured. `None` without sentinels.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let hosts = config.words(Directive::SentinelHosts);
        let hosts = hosts.split([' ', ',']).filter(|host| !host.is_empty());
        let sentinels: Vec<String> = hosts.take(SENTINELS_MAX).map(str::to_owned).collect();
        let text = |directive| config.text(directive).to_vec();
        let ip = Some(config.words(Directive::ReplicaAnnounceIp)).filter(|ip| !ip.is_empty());
        let announced = config.integer(Directive::ReplicaAnnouncePort);
        let plain = config.integer(Directive::Port);
        let listens = if plain > 0 { plain } else { config.integer(Directive::TlsPort) };
        (!sentinels.is_empty()).then(|| Self {
            sentinels,
            user: text(Directive::SentinelUser),
            password: text(Directive::SentinelPass),
            tls: config.is_on(Directive::TlsReplication).then(|| config.tls_client_files()),
            source: config.words(Directive::BindSourceAddr).parse().ok(),
            group: text(Directive::SentinelGroup),
            ip,
            port: u16::try_from(if announced > 0 { announced } else { listens }).unwrap_or(0),
            patience: Duration::from_secs(config.size(Directive::SentinelBootTimeout) as u64),
        })
    }

    /// Asks until a majority agrees or the time is over.
    fn ask(&self) -> Known {
        let until = Instant::now() + self.patience;
        loop {
            let answers: Vec<_> = self.sentinels.iter().map(|host| self.ask_one(host)).collect();
            let heard = answers.iter().filter(|answer| answer.is_ok()).count();
            let with_data = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
            let majority = self.sentinels.len() / 2 + 1;
            if with_data >= majority {
                return Known::MasterWithData;
            }
            if heard - with_data >= majority || heard == self.sentinels.len() {
                return Known::Otherwise;
            }
            if Instant::now() + PAUSE >= until {
                let silent = std::iter::zip(&self.sentinels, answers);
                let silent = silent.filter_map(|(host, answer)| Some(format!("{host}: {}", answer.err()?)));
                return Known::Nothing(silent.collect::<Vec<_>>().join(", "));
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Whether a sentinel knows this server as a master with data.
    fn ask_one(&self, host: &str) -> io::Result<bool> {
        let mut sentinel = self.connect(host)?;
        if !self.user.is_empty() {
            sentinel.ask(&[b"AUTH", &self.user, &self.password])?;
        } else if !self.password.is_empty() {
            sentinel.ask(&[b"AUTH", &self.password])?;
        }
        let master = sentinel.ask(&[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", &self.group])?;
        let Some([ip, port]) = master.as_items() else { return Ok(false) };
        let port = port.as_bytes().and_then(parse_integer);
        if port != Some(i64::from(self.port)) || !self.is_own(ip.as_str().unwrap_or_default()) {
            return Ok(false);
        }
        let replicas = sentinel.ask(&[b"SENTINEL", b"REPLICAS", &self.group])?;
        Ok(replicas.as_items().unwrap_or_default().iter().any(has_data))
    }

    fn connect(&self, host: &str) -> io::Result<Sentinel> {
        let (name, port) = host_and_port(host).ok_or(io::ErrorKind::InvalidInput)?;
        let target =
            Target { host: name.to_owned(), port, timeout: PATIENCE, source: self.source, tls: self.tls.clone() };
        Ok(Sentinel { stream: target.connect()?, decoder: ReplyDecoder::new(ReplyLimits::default()) })
    }

    fn is_own(&self, host: &str) -> bool {
        if self.ip.as_deref() == Some(host) {
            return true;
        }
        // Only an address of this machine can be bound to.
        let is_local = |ip: IpAddr| UdpSocket::bind((ip, 0)).is_ok();
        (host, 0).to_socket_addrs().is_ok_and(|mut addresses| addresses.any(|address| is_local(address.ip())))
    }
}

/// A replica, as a sentinel lists it, has had something of a stream.
fn has_data(replica: &Value<'_>) -> bool {
    let offset = replica.pairs().find(|(name, _)| name.as_bytes() == Some(b"slave-repl-offset"));
    offset.and_then(|(_, value)| value.as_bytes().and_then(parse_integer)).is_some_and(|offset| offset > 0)
}

/// What the sentinels know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// This server is the master, and others have data of it.
    MasterWithData,
    /// It is not, or nobody has any.
    Otherwise,
    /// Too few have answered: why.
    Nothing(String),
}

/// A question under way.
pub(super) struct Asking(Receiver<Known>);

impl Asking {
    /// Asks on a thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(question: Question, waker: Waker) -> io::Result<Self> {
        let (told, answer) = channel();
        let work = move || {
            // If nobody listens any more, nobody wants to know.
            let _ = told.send(question.ask());
            waker.wake();
        };
        std::thread::Builder::new().name("bongsu-asking".to_owned()).spawn(work)?;
        Ok(Self(answer))
    }

    /// The answer, once it is there.
    pub(super) fn answer(&self) -> Option<Known> {
        match self.0.try_recv() {
            Ok(known) => Some(known),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Known::Nothing(String::new())),
        }
    }
}

struct Sentinel {
    stream: Box<dyn Duplex>,
    decoder: ReplyDecoder,
}

impl Sentinel {
    /// An answer that is an error is none.
    fn ask(&mut self, argv: &[&[u8]]) -> io::Result<Value<'static>> {
        let mut request = Vec::new();
        encode_command(&mut request, argv);
        self.stream.write_all(&request)?;
        self.stream.flush()?;
        let (mut answer, mut some) = (Vec::new(), [0; 4096]);
        while answer.len() < ANSWER_BYTES_MAX {
            let got = self.stream.read(&mut some)?;
            if got == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&some[..got]);
            if let Some((value, _)) = self.decoder.decode(&answer).map_err(io::Error::other)? {
                return match value.as_error() {
                    Some(error) => Err(io::Error::other(String::from_utf8_lossy(error))),
                    None => Ok(value.into_owned()),
                };
            }
        }
        Err(io::ErrorKind::OutOfMemory.into())
    }
}
