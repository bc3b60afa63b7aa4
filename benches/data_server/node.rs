//! A server that is measured.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Connection, ConnectionLike as _};

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(30);

/// How often it is asked whether it has loaded its data.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Commands per pipeline where data is made.
const PIPELINE: u64 = 500;

/// A running server, pinned to core 0 if nothing else is asked for.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) port: u16,
    child: Child,
    _dir: Option<tempfile::TempDir>,
}

/// Cores that a server may run on.
pub(crate) type Cores = &'static str;

impl Node {
    /// Starts a server by a command that takes the path of its configuration.
    pub(crate) fn start(command: &str) -> Self {
        Self::start_on("0", command, "appendonly no\n")
    }

    /// The same on these cores.
    pub(crate) fn start_on(cores: Cores, command: &str, directives: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut node = Self::answering(Self::spawn(dir.path(), command, directives, cores));
        node._dir = Some(dir);
        node
    }

    /// As [`Self::start`], with its data in a directory.
    pub(crate) fn start_in(dir: &Path, command: &str, directives: &str) -> Self {
        Self::answering(Self::spawn(dir, command, directives, "0"))
    }

    fn answering(node: Self) -> Self {
        let began = Instant::now();
        while !node.answers() {
            assert!(began.elapsed() < START_MAX, "{} does not answer", node.name);
            std::thread::yield_now();
        }
        node
    }

    /// Starts the process, and waits for nothing.
    pub(crate) fn spawn(dir: &Path, command: &str, directives: &str, cores: Cores) -> Self {
        let port = free_port();
        let conf = dir.join("server.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\nsave \"\"\nmaxclients 11000\nloglevel warning\ndir {}\n{directives}",
            dir.display()
        );
        std::fs::write(&conf, text).expect("a configuration");
        let mut words = command.split_whitespace();
        let program = words.next().expect("a command");
        let name = Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned());
        let child = Command::new("taskset")
            .args(["-c", cores, program])
            .args(words)
            .arg(&conf)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("taskset and the server are installed");
        Self { name: name.unwrap_or_default(), port, child, _dir: None }
    }

    fn answers(&self) -> bool {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).expect("an address");
        client.get_connection().is_ok_and(|mut connection| connection.check_connection())
    }

    /// Waits until it has loaded its data.
    pub(crate) fn await_loaded(&self) {
        let began = Instant::now();
        while !self.has_loaded() {
            assert!(began.elapsed() < START_MAX, "{} does not come to the end of its data", self.name);
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn has_loaded(&self) -> bool {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).expect("an address");
        let asked = client
            .get_connection()
            .and_then(|mut connection| redis::cmd("INFO").arg("persistence").query::<String>(&mut connection));
        asked.is_ok_and(|text| text.lines().any(|line| line.trim() == "loading:0"))
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> Connection {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).expect("an address");
        client.get_connection().expect("a connection")
    }

    /// Runs a command and gives its reply.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        command.query(&mut self.connect()).expect("a reply")
    }

    /// Runs so many commands in pipelines; `command` gives the words of each.
    pub(crate) fn fill(&self, count: u64, command: impl Fn(u64) -> Vec<String>) {
        let mut connection = self.connect();
        for first in (0..count).step_by(PIPELINE as usize) {
            let mut pipeline = redis::pipe();
            for n in first..(first + PIPELINE).min(count) {
                let words = command(n);
                let request = pipeline.cmd(&words[0]);
                words[1..].iter().for_each(|word| {
                    request.arg(word);
                });
                request.ignore();
            }
            pipeline.exec(&mut connection).expect("replies");
        }
    }

    /// A number of `INFO`.
    pub(crate) fn info(&self, field: &str) -> u64 {
        let text: String = self.ask(&["INFO", "everything"]);
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).expect("a number of INFO")
    }

    /// Memory in use by what it says, in bytes.
    pub(crate) fn used_bytes(&self) -> f64 {
        self.info("used_memory") as f64
    }

    /// Memory by what the kernel says, in bytes.
    pub(crate) fn resident_bytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
    }

    /// Memory of it and of its children by what the kernel says, in bytes: what is shared counts once.
    pub(crate) fn proportional_bytes(&self) -> f64 {
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse::<u32>().ok());
        let of = |id: u32| {
            // A child may be gone.
            let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or("0 kB");
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) * 1024.0
        };
        std::iter::once(own).chain(children).map(of).sum()
    }

    /// CPU time of all its threads since its start, in seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a process");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: f64 = [11, 12].iter().map(|n| fields[*n].parse::<f64>().expect("ticks")).sum();
        ticks / 100.0
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It is ours, and has nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
