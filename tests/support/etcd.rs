//! A real etcd of one member, asked through its JSON gateway by hand.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{GROUP, Installation, free_ports, wait};

/// Where it listens.
#[derive(Clone, Copy)]
pub(crate) struct Etcd {
    pub(crate) port: u16,
    peer_port: u16,
}

impl Etcd {
    /// Starts one, which ends with the installation.
    pub(crate) fn start(i: &mut Installation) -> Self {
        let ports = free_ports(2);
        let me = Self { port: ports[0], peer_port: ports[1] };
        me.run(i);
        me
    }

    /// Starts it with what it has on disk.
    pub(crate) fn run(self, i: &mut Installation) {
        let (client, peer) =
            (format!("http://127.0.0.1:{}", self.port), format!("http://127.0.0.1:{}", self.peer_port));
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(i.home(self.port).join("data"));
        command.args(["--name", "one", "--initial-cluster", &format!("one={peer}")]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        i.run(self.port, command);
        wait("etcd serves", || self.ask("/v3/kv/range", &json!({ "key": STANDARD.encode("x") })));
    }

    /// As after a loss of its disk.
    pub(crate) fn wipe(self, i: &mut Installation) {
        i.kill(self.port);
        std::fs::remove_dir_all(i.home(self.port).join("data")).expect("its data");
        self.run(i);
    }

    /// The record of the group.
    pub(crate) fn record(self) -> Option<Value> {
        let key = STANDARD.encode(format!("/bongsu/{GROUP}"));
        let key = self.ask("/v3/kv/range", &json!({ "key": key }))?;
        let value = key["kvs"][0]["value"].as_str()?;
        serde_json::from_slice(&STANDARD.decode(value).expect("base64")).expect("a record")
    }

    /// Puts a value there as anybody might.
    pub(crate) fn put(self, key: &str, value: &str) {
        let body = json!({ "key": STANDARD.encode(key), "value": STANDARD.encode(value) });
        self.ask("/v3/kv/put", &body).expect("etcd takes it");
    }

    fn ask(self, path: &str, body: &Value) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let body = body.to_string();
        let head = format!("POST {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.contains(" 200 ").then(|| serde_json::from_str(body).ok())?
    }
}
