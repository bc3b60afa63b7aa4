//! A client that sends and hears any bytes.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use bongsu_protocol::resp::Value;

use crate::common::conn::Conn;
use crate::common::{PATIENCE, Running};

/// Nothing came for so long, so nothing is going to come.
const SILENCE: Duration = Duration::from_millis(200);

pub(crate) struct Client(Conn<TcpStream>);

impl Client {
    pub(crate) fn of(server: &Running) -> Self {
        Self::over(server.connect())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        Self(Conn::over(stream))
    }

    /// Sends the words of a line, and after them these bytes.
    pub(crate) fn send_with(&mut self, line: &str, more: &[&[u8]]) {
        // A pair of quotes is an argument without bytes.
        let words = line.split(' ').map(|word| if word == "''" { &[] } else { word.as_bytes() });
        let argv: Vec<&[u8]> = words.chain(more.iter().copied()).collect();
        self.0.send(&argv);
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.send_with(line, &[]);
    }

    pub(crate) fn hear(&mut self) -> Value<'static> {
        self.0.hear()
    }

    pub(crate) fn ask(&mut self, line: &str) -> Value<'static> {
        self.send(line);
        self.hear()
    }

    /// Asks, and compares the reply as text.
    #[track_caller]
    pub(crate) fn check(&mut self, line: &str, reply: &str) {
        assert_eq!(shown(&self.ask(line)), reply, "{line}");
    }

    #[track_caller]
    pub(crate) fn check_next(&mut self, reply: &str) {
        assert_eq!(shown(&self.hear()), reply);
    }

    /// The payload of a key.
    pub(crate) fn dump(&mut self, key: &str) -> Vec<u8> {
        match self.ask(&format!("DUMP {key}")) {
            Value::Bulk(bytes) => bytes.into_owned(),
            other => panic!("{key}: {other:?}"),
        }
    }

    /// No reply has come, and none comes for a while.
    #[track_caller]
    pub(crate) fn expect_silence(&mut self) {
        self.0.stream.set_read_timeout(Some(SILENCE)).unwrap();
        let mut buffer = [0; 64];
        match self.0.stream.read(&mut buffer) {
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
            Ok(got) => panic!("{}", buffer[..got].escape_ascii()),
        }
        self.0.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

/// A reply in short.
pub(crate) fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Simple(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Error(text) => format!("-{}", String::from_utf8_lossy(text)),
        Value::Integer(n) => n.to_string(),
        Value::Bulk(bytes) => bytes.escape_ascii().to_string(),
        Value::Null => "nil".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        other => format!("{other:?}"),
    }
}
