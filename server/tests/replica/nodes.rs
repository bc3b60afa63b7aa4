//! Servers for tests of replication: Debian's and ours.

#[path = "../common/mod.rs"]
mod common;

use std::net::TcpStream;
use std::ops::Deref;
use std::time::Instant;

use bongsu_protocol::resp::Value;
use common::conn::Conn;
use common::peer::{self, free_port};
use common::{PATIENCE, Running};

/// Debian's server.
pub(crate) struct Peer {
    server: peer::Peer,
    pub(crate) port: u16,
}

impl Peer {
    pub(crate) fn start(options: &str) -> Self {
        Self::start_at(free_port(), options)
    }

    /// At this port, without data.
    pub(crate) fn start_at(port: u16, options: &str) -> Self {
        let options = format!("--enable-debug-command yes --repl-diskless-sync-delay 0 {options}");
        Self { server: peer::Peer::start_at(port, &options), port }
    }

    pub(crate) fn client(&self) -> Client {
        Client(Conn::over(self.server.connect()))
    }
}

/// Ours.
pub(crate) struct Ours(Running);

impl Deref for Ours {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.0
    }
}

impl Ours {
    pub(crate) fn start(options: &str) -> Self {
        Self(Running::start(&format!("enable-debug-command yes\n{options}")))
    }

    pub(crate) fn client(&self) -> Client {
        Client(Conn::over(self.connect()))
    }
}

pub(crate) struct Client(Conn<TcpStream>);

impl Client {
    pub(crate) fn send(&mut self, line: &str) {
        self.0.send_line(line);
    }

    /// The next reply, as text: elements of arrays are separated by spaces, and a null is `nil`.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> String {
        text(&self.0.hear())
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
