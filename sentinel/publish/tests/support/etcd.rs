//! A real etcd of one member.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_publish::{Endpoint, Endpoints, Etcd, EtcdSettings, Layout, Patience};
use serde_json::{Value, json};

use super::Process;
use super::certs::Certs;
use super::http::http;
use super::ports::free_ports;
use crate::contract;

/// The server; ends with the test.
pub(crate) struct EtcdServer {
    dir: tempfile::TempDir,
    port: u16,
    peer_port: u16,
    process: Option<Process>,
    pub(crate) certs: Option<Certs>,
}

impl EtcdServer {
    pub(crate) async fn start() -> Self {
        let me = Self::start_with(None);
        contract::serves(&me.target()).await;
        me
    }

    /// With certificates it takes only clients that present one.
    pub(crate) fn start_with(certs: Option<Certs>) -> Self {
        let ports = free_ports(2);
        let dir = tempfile::tempdir().unwrap();
        let mut me = Self { dir, port: ports[0], peer_port: ports[1], process: None, certs };
        me.run();
        me
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.certs.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Starts it with what it has on disk.
    pub(crate) fn run(&mut self) {
        let peer = format!("http://127.0.0.1:{}", self.peer_port);
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(self.data()).args(["--name", "one", "--initial-cluster", &format!("one={peer}")]);
        command.args(["--listen-client-urls", &self.url(), "--advertise-client-urls", &self.url()]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        if let Some(certs) = &self.certs {
            command.arg("--cert-file").arg(certs.path("server.pem")).arg("--key-file").arg(certs.path("server.key"));
            command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(certs.path("ca.pem"));
        }
        self.process = Some(Process::start(&mut command));
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// As after a loss of its disk.
    pub(crate) fn wipe(&mut self) {
        self.kill();
        std::fs::remove_dir_all(self.data()).unwrap();
        self.run();
    }

    pub(crate) fn freeze(&self, is_frozen: bool) {
        self.process.as_ref().unwrap().freeze(is_frozen);
    }

    /// Settings for it; with break-down.
    pub(crate) fn settings(&self) -> EtcdSettings {
        EtcdSettings {
            endpoints: Endpoints::new(vec![Endpoint::from_url(&self.url(), 2379).unwrap()]).unwrap(),
            tls: None,
            user: None,
            layout: Layout { breakdown: true, ..Layout::default() },
            patience: Patience::new(LIMIT, LIMIT).unwrap(),
        }
    }

    pub(crate) fn target(&self) -> Etcd {
        Etcd::new(self.settings()).unwrap()
    }

    /// Asks its gateway directly.
    pub(crate) fn ask(&self, path: &str, body: &Value) -> Value {
        let (status, text) = http(self.port, "POST", path, "", &body.to_string()).unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn put(&self, key: &str, value: &str) {
        self.ask("/v3/kv/put", &json!({ "key": STANDARD.encode(key), "value": STANDARD.encode(value) }));
    }

    /// The values of several keys at one moment; empty without a value.
    pub(crate) fn get(&self, keys: &[String]) -> Vec<String> {
        let ranges: Vec<Value> =
            keys.iter().map(|key| json!({ "request_range": { "key": STANDARD.encode(key) } })).collect();
        let answer = self.ask("/v3/kv/txn", &json!({ "success": ranges }));
        let value = |response: &Value| {
            let value = response["response_range"]["kvs"][0]["value"].as_str().unwrap_or_default();
            String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
        };
        answer["responses"].as_array().unwrap().iter().map(value).collect()
    }
}

/// Time for a request: enough for a disk that is slow to sync, little enough to wait for it.
pub(crate) const LIMIT: Duration = Duration::from_secs(4);
