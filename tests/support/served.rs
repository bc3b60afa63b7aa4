//! `bongsu healthcheck serve` beside a node, and a client of it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{GROUP, free_ports, wait};

/// The process; it ends with this.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) http: u16,
    pub(crate) agent: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Served {
    /// Beside the node on `node`, asking these sentinels, if any.
    pub(crate) fn start(node: u16, sentinels: &[u16], more: &[&str]) -> Self {
        let ports = free_ports(2);
        let (http, agent) = (ports[0], ports[1]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.args(["healthcheck", "serve", "--node", &format!("127.0.0.1:{node}")]);
        command.args(["--listen", &format!("127.0.0.1:{http}"), "--agent-listen", &format!("127.0.0.1:{agent}")]);
        if !sentinels.is_empty() {
            command.args(["--group", GROUP]);
        }
        for port in sentinels {
            command.args(["--sentinel", &format!("127.0.0.1:{port}")]);
        }
        let child = command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let me = Self { child, http, agent };
        wait("it listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, http)).ok());
        me
    }

    /// Status and body of an answer.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let (head, body) = self.request("GET", path);
        (status(&head), serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {head}{body}")))
    }

    /// Head and body of an answer.
    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str) -> (String, String) {
        let text =
            exchange(self.http, &format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: '{text}'"));
        (head.to_owned(), body.to_owned())
    }

    /// The answer to an agent check, asked something or nothing.
    #[track_caller]
    pub(crate) fn agent(&self, question: &str) -> String {
        exchange(self.agent, question)
    }

    /// Waits until a check has this status.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str, status: u16) -> Value {
        wait(&format!("{path} answers {status}"), || {
            let (found, body) = self.get(path);
            (found == status).then_some(body)
        })
    }
}

impl Served {
    /// Waits until a check gives this reason.
    #[track_caller]
    pub(crate) fn wait_for_reason(&self, path: &str, kind: &str) -> Value {
        wait(&format!("{path} answers {kind}"), || Some(self.get(path).1).filter(|body| body["reason"]["kind"] == kind))
    }
}

/// The status code in the head of an answer.
#[track_caller]
pub(crate) fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status: {head}"))
}

/// Everything that comes back until the other side closes.
#[track_caller]
pub(crate) fn exchange(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}
