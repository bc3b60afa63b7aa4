//! The configurations in `configs/` are what the programs accept, and a server that runs on one keeps what it says.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::{command, free_ports, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs").join(name)
}

/// The example of a server, with its data in this directory.
fn server_in(dir: &Path) -> PathBuf {
    let text = std::fs::read_to_string(config("server.conf")).unwrap();
    let moved = text.replace("\ndir /var/lib/bongsu/server\n", &format!("\ndir {}\n", dir.display()));
    assert_ne!(text, moved);
    let file = dir.join("server.conf");
    std::fs::write(&file, moved).unwrap();
    file
}

#[test]
fn every_configuration_is_usable() {
    let dir = tempfile::tempdir().unwrap();
    for file in [config("sentinel.conf"), config("sentinel.yaml"), server_in(dir.path())] {
        let name = file.display();
        let output = Command::new(BONGSU).args(["config", "check"]).arg(&file).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.contains("usable") && !said.contains("warning"), "{name}: {said}");
    }
}

/// What is commented out is a directive as well.
#[test]
fn the_hints_of_the_server_are_usable() {
    let text = std::fs::read_to_string(config("server.conf")).unwrap();
    let is_hint = |line: &&str| line.split(' ').next().is_some_and(|name| name.contains('-') || name == "maxmemory");
    let hints: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_hint).collect();
    assert!(hints.len() >= 5, "{hints:?}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("server.conf");
    let filled: String = hints.iter().map(|hint| format!("{}\n", hint.split(" <").next().unwrap())).collect();
    let filled = filled.replace("sentinel-user\n", "sentinel-user x\n").replace("sentinel-pass\n", "sentinel-pass x\n");
    std::fs::write(&file, filled).unwrap();
    let output = Command::new(BONGSU).args(["config", "check"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Starts a server from the example.
fn start(port: u16, dir: &Path) -> Ended {
    let mut server = Command::new(BONGSU);
    server.arg("server").arg(server_in(dir)).args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    server.args(["--appendfsync", "always"]);
    let server = Ended(server.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
    wait("it serves", || command::<String>(port, &["PING"]).filter(|answer| answer == "PONG"));
    server
}

#[test]
fn a_server_on_the_example_has_what_it_acknowledged() {
    let (dir, port) = (tempfile::tempdir().unwrap(), free_ports(1)[0]);
    let server = start(port, dir.path());
    assert_eq!(command::<String>(port, &["SET", "k", "v"]).as_deref(), Some("OK"));
    drop(server);
    let _server = start(port, dir.path());
    assert_eq!(command::<String>(port, &["GET", "k"]).as_deref(), Some("v"));
    for name in ["node.state", "appendonlydir"] {
        wait(name, || dir.path().join(name).exists().then_some(()));
    }
}
