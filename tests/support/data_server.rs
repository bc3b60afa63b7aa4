//! One of our data servers, in a directory of its own, which ends with it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use super::resp::{Element, Wire};
use super::{free_ports, wait};

/// A data server. When it is dropped it must still be alive, unless the test has failed already.
pub(crate) struct DataServer {
    dir: tempfile::TempDir,
    pub(crate) port: u16,
    child: Child,
}

impl Drop for DataServer {
    fn drop(&mut self) {
        let ended = self.child.try_wait();
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        if !std::thread::panicking() {
            let log = self.log();
            assert!(matches!(ended, Ok(None)) && !log.contains("panicked at"), "{ended:?}: {log}");
        }
    }
}

impl DataServer {
    /// With these directives, on a free port of loopback.
    pub(crate) fn start(directives: &str) -> Self {
        let (dir, port) = (tempfile::tempdir().expect("a directory"), free_ports(1)[0]);
        let text = format!("bind 127.0.0.1\nport {port}\nsave \"\"\ndir {}\n{directives}", dir.path().display());
        fs::write(dir.path().join("server.conf"), text).expect("a file");
        let out = File::create(dir.path().join("out")).expect("a file");
        let mut server = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        server.arg("server").arg(dir.path().join("server.conf")).stdin(Stdio::null());
        let errors = out.try_clone().expect("a file");
        let child = server.stdout(out).stderr(errors).spawn().expect("it starts");
        wait("it listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        Self { dir, port, child }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("out")).unwrap_or_default()
    }

    /// A connection that shows what it reads.
    pub(crate) fn wire(&self) -> Wire {
        Wire::connect(self.port)
    }

    /// The answer to one request on a connection of its own.
    #[track_caller]
    pub(crate) fn ask(&self, line: &str) -> Element {
        let mut wire = self.wire();
        wire.send(&words(line));
        wire.read(line).expect("an answer")
    }

    /// A number of `INFO`.
    #[track_caller]
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let info = self.ask("INFO everything");
        let line = info.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).expect("a number")
    }

    /// Runs `redis-cli` or `redis-benchmark` against it; it must succeed.
    #[track_caller]
    pub(crate) fn tool(&self, name: &str, arguments: &[&str], input: Stdio) -> String {
        let mut tool = Command::new(name);
        tool.args(["-p", &self.port.to_string()]).args(arguments).stdin(input);
        succeeded(&tool.output().expect("it runs"))
    }
}

/// What a process printed that must succeed.
#[track_caller]
pub(crate) fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The words of a request.
pub(crate) fn words(line: &str) -> Vec<Vec<u8>> {
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}
