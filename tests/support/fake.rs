//! A data node that answers whatever a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Longest request that is read; sentinels send short ones.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// What is done with one request.
pub(crate) enum Answer {
    /// This is the reply.
    Say(Vec<u8>),
    /// The first part, then the second part over and over, until the other side has had enough.
    Forever(Vec<u8>, Vec<u8>),
    /// Neither a reply nor an end.
    Nothing,
    /// The connection is closed.
    Close,
}

/// The node. Its threads end with their connections and with the process.
pub(crate) struct Fake {
    pub(crate) port: u16,
    asked: Arc<AtomicUsize>,
    connected: Arc<AtomicUsize>,
}

impl Fake {
    /// Listens on a port that the kernel chooses. `answer` is given the words of a request, the first in upper case.
    pub(crate) fn start(answer: impl Fn(&[String]) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let me = Self { port, asked: Arc::default(), connected: Arc::default() };
        let (asked, connected, answer) = (Arc::clone(&me.asked), Arc::clone(&me.connected), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connected.fetch_add(1, Ordering::Relaxed);
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &asked, &*answer));
            }
        });
        me
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Connections so far.
    pub(crate) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }
}

/// Ends when the other side has gone or is to be left alone.
fn serve(stream: TcpStream, asked: &AtomicUsize, answer: &dyn Fn(&[String]) -> Answer) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut input = BufReader::new(stream);
    while let Some(words) = request(&mut input) {
        asked.fetch_add(1, Ordering::Relaxed);
        let sent = match answer(&words) {
            Answer::Say(bytes) => out.write_all(&bytes),
            Answer::Forever(first, again) => {
                let mut sent = out.write_all(&first);
                while sent.is_ok() {
                    sent = out.write_all(&again);
                }
                sent
            }
            Answer::Nothing => Ok(()),
            Answer::Close => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

fn request(input: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let number = |input: &mut BufReader<TcpStream>| -> Option<usize> {
        let mut line = String::new();
        input.take(64).read_line(&mut line).ok()?;
        line.get(1..)?.trim().parse().ok().filter(|n| *n <= REQUEST_BYTES_MAX)
    };
    let mut words = Vec::new();
    for _ in 0..number(input)? {
        let mut bytes = vec![0; number(input)? + 2];
        input.read_exact(&mut bytes).ok()?;
        words.push(String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned());
    }
    words.first_mut()?.make_ascii_uppercase();
    Some(words)
}

pub(crate) fn bulk(text: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()
}

/// How a master without replicas answers, in RESP2.
pub(crate) fn honest(words: &[String]) -> Answer {
    let second = words.get(1).map(String::as_str).unwrap_or_default();
    Answer::Say(match words[0].as_str() {
        "PING" => b"+PONG\r\n".to_vec(),
        "INFO" => bulk(INFO.as_bytes()),
        "HELLO" => b"-ERR unknown command 'HELLO'\r\n".to_vec(),
        "SUBSCRIBE" => [b"*3\r\n$9\r\nsubscribe\r\n".to_vec(), bulk(second.as_bytes()), b":1\r\n".to_vec()].concat(),
        "PUBLISH" => b":0\r\n".to_vec(),
        _ => b"+OK\r\n".to_vec(),
    })
}

/// What `INFO` says of an honest master.
pub(crate) const INFO: &str = "# Server\r\nrun_id:0123456789abcdef0123456789abcdef01234567\r\n# Replication\r\n\
    role:master\r\nconnected_slaves:0\r\nmaster_replid:00112233445566778899aabbccddeeff00112233\r\n\
    master_repl_offset:0\r\n";
