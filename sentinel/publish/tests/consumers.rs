//! The consumers in `examples/publishing` follow the master through changes and restarts of the store.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod contract;
mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bongsu_publish::{Record, Target};
use contract::{publish, record, serves};
use support::consul::ConsulPeer;
use support::etcd::EtcdServer;
use support::fake::fake;
use support::zookeeper::ZooKeeperServer;

const PATIENCE: Duration = Duration::from_secs(60);

/// A consumer, and the lines that it prints.
struct Consumer {
    process: Child,
    lines: Receiver<String>,
}

impl Consumer {
    fn start(program: &str, address: &str) -> Self {
        let python = std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/publishing").join(program);
        let mut command = Command::new(python);
        command.arg("-B").arg(program).args([address, "mymaster"]);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let output = process.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                // The test may be over.
                let _gone = sender.send(line.unwrap());
            }
        });
        Self { process, lines }
    }

    #[track_caller]
    fn says(&self, expected: &str) {
        assert_eq!(self.lines.recv_timeout(PATIENCE).expect("a line; tests/run installs what it imports"), expected);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// A node on loopback that says this of its role.
fn node(role: &'static str) -> u16 {
    fake(move |stream| stream.write_all(format!("*3\r\n${}\r\n{role}\r\n:0\r\n*0\r\n", role.len()).as_bytes()))
}

fn led_by(port: u16, epoch: u64) -> Record {
    let mut record = record("mymaster", epoch);
    (record.primary.ip, record.primary.port) = (Some([127, 0, 0, 1].into()), port);
    record
}

/// A record that is there, a new master, an older record, a restart of the store, a node that is no master.
async fn is_followed(program: &str, address: &str, target: &impl Target, restart: impl AsyncFnOnce()) {
    let (one, two, other) = (node("master"), node("master"), node("slave"));
    publish(target, &led_by(one, 2)).await;
    let consumer = Consumer::start(program, address);
    consumer.says(&format!("mymaster epoch=2 127.0.0.1:{one} master"));
    publish(target, &led_by(two, 3)).await;
    consumer.says(&format!("mymaster epoch=3 127.0.0.1:{two} master"));
    publish(target, &led_by(one, 1)).await;
    restart().await;
    serves(target).await;
    publish(target, &led_by(other, 4)).await;
    consumer.says(&format!("mymaster epoch=4 127.0.0.1:{other} slave"));
}

#[tokio::test]
async fn etcd() {
    let mut server = EtcdServer::start().await;
    let (url, target) = (server.url(), server.target());
    let restart = async || {
        server.kill();
        server.run();
    };
    is_followed("etcd_follow.py", &url, &target, restart).await;
}

#[tokio::test]
async fn consul() {
    let mut peer = ConsulPeer::start();
    let (url, target) = (peer.url(), peer.target());
    let restart = async || {
        peer.kill();
        peer.run();
    };
    is_followed("consul_follow.py", &url, &target, restart).await;
}

#[tokio::test]
async fn zookeeper() {
    let mut server = ZooKeeperServer::start().await;
    let (address, target) = (format!("127.0.0.1:{}", server.port), server.target());
    let restart = async || {
        server.kill();
        server.run();
    };
    is_followed("zookeeper_follow.py", &address, &target, restart).await;
}

/// As from a server that dies while it answers.
#[test]
fn answers_that_end_early_end_no_consumer() {
    for program in ["etcd_follow.py", "consul_follow.py"] {
        let (sender, asked) = channel();
        let port = fake(move |stream| {
            // The test may be over.
            let _gone = sender.send(());
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\nContent-Length: 1000\r\n\r\n{")?;
            stream.shutdown(Shutdown::Write)
        });
        let _consumer = Consumer::start(program, &format!("http://127.0.0.1:{port}"));
        for attempt in 1..=2 {
            assert!(asked.recv_timeout(PATIENCE).is_ok(), "{program}: attempt {attempt}");
        }
    }
}
