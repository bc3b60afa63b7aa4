//! Real processes for black-box tests: data servers and sentinels on free ports in a directory of their own.
#![allow(dead_code, reason = "every test binary uses its part")]

pub(crate) mod bind;
pub(crate) mod data_server;
pub(crate) mod dataset;
pub(crate) mod dns;
pub(crate) mod etcd;
pub(crate) mod fake;
pub(crate) mod network;
pub(crate) mod ports;
pub(crate) mod resp;
pub(crate) mod served;
pub(crate) mod writers;
pub(crate) mod zookeeper;

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) use ports::free_ports;
use redis::{Client, Connection, FromRedisValue, RedisResult};

/// The group of every test.
pub(crate) const GROUP: &str = "mymaster";

/// How long a condition may take. Generous: it is reached only when something is broken.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Who plays a sentinel or a data server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Program {
    Ours,
    /// Debian's `redis-sentinel` or `redis-server`, or the data server that `BONGSU_TEST_REDIS` names.
    Real,
}

/// A group of real processes, all of which end with it.
pub(crate) struct Installation {
    dir: tempfile::TempDir,
    running: Vec<(u16, Child)>,
    pub(crate) nodes: Vec<u16>,
    pub(crate) sentinels: Vec<u16>,
    /// Data servers that are ours.
    bundled: Vec<u16>,
}

impl Drop for Installation {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            let _gone = child.kill();
            let _gone = child.wait();
        }
        // One that broke may not have been asked for anything since.
        for sentinel in self.sentinels.iter().filter(|_| !std::thread::panicking()) {
            let log = self.log(*sentinel);
            assert!(!log.contains("panicked at"), "{log}");
        }
    }
}

impl Installation {
    /// One master, `replicas` replicas, and a sentinel per program, until everybody knows everybody.
    pub(crate) fn start(replicas: usize, programs: &[Program]) -> Self {
        Self::start_with(replicas, programs, "")
    }

    /// As `start`, with more directives for the sentinels.
    pub(crate) fn start_with(replicas: usize, programs: &[Program], directives: &str) -> Self {
        let mut me = Self::empty();
        let master = me.add_node("");
        for _ in 0..replicas {
            me.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
        }
        for port in me.nodes.clone().into_iter().skip(1) {
            wait("a replica follows", || info(port, "master_link_status")?.eq("up").then_some(()));
        }
        for program in programs {
            me.add_sentinel(*program, &format!("{}{directives}", monitor(GROUP, master)));
        }
        me.wait_until_known();
        me
    }

    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        Self { dir, running: Vec::new(), nodes: Vec::new(), sentinels: Vec::new(), bundled: Vec::new() }
    }

    /// Starts a data server on a free port; gives the port.
    pub(crate) fn add_node(&mut self, directives: &str) -> u16 {
        self.add_node_of(Program::Real, directives)
    }

    /// As `add_node`, Debian's or ours.
    pub(crate) fn add_node_of(&mut self, program: Program, directives: &str) -> u16 {
        let port = free_ports(1)[0];
        if program == Program::Ours {
            self.bundled.push(port);
        }
        let common = "bind 127.0.0.1\nsave \"\"\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\n";
        self.write(port, &format!("port {port}\n{common}{directives}"));
        self.nodes.push(port);
        self.start_node(port);
        port
    }

    /// Starts a data server whose directives name the port.
    pub(crate) fn add_node_on(&mut self, port: u16, directives: &str) {
        self.add_node_on_of(Program::Real, port, directives);
    }

    /// As `add_node_on`, Debian's or ours.
    pub(crate) fn add_node_on_of(&mut self, program: Program, port: u16, directives: &str) {
        if program == Program::Ours {
            self.bundled.push(port);
        }
        self.write(port, directives);
        self.nodes.push(port);
        self.start_node(port);
    }

    /// Starts a sentinel whose directives name the port, and which may want more than a plain connection.
    pub(crate) fn add_secure_sentinel(&mut self, port: u16, program: Program, directives: &str) {
        self.write(port, directives);
        self.sentinels.push(port);
        self.spawn(port, sentinel_command(program));
        wait("a sentinel listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
    }

    /// Starts a sentinel on a free port; gives the port.
    pub(crate) fn add_sentinel(&mut self, program: Program, directives: &str) -> u16 {
        let port = free_ports(1)[0];
        self.write(port, &format!("port {port}\nbind 127.0.0.1\n{directives}"));
        self.sentinels.push(port);
        self.start_sentinel(port, program);
        port
    }

    /// Every sentinel lists every node and every other sentinel, all of them up.
    pub(crate) fn wait_until_known(&self) {
        for port in &self.sentinels {
            wait("everybody knows everybody", || {
                let master = fields(*port, &["MASTER", GROUP])?;
                let replicas: Vec<Vec<String>> = ask(*port, &["REPLICAS", GROUP])?;
                let peers: Vec<Vec<String>> = ask(*port, &["SENTINELS", GROUP])?;
                let healthy = |list: &[Vec<String>]| {
                    list.iter()
                        .all(|i| !field(i, "flags").is_some_and(|f| f.contains("down") || f.contains("disconnected")))
                };
                let linked = replicas.iter().all(|r| field(r, "master-link-status").as_deref() == Some("ok"));
                (replicas.len() + 1 == self.nodes.len()
                    && peers.len() + 1 == self.sentinels.len()
                    && field(&master, "flags").as_deref() == Some("master")
                    && healthy(&replicas)
                    && healthy(&peers)
                    && linked)
                    .then_some(())
            });
        }
    }

    /// The process that listens on `port`.
    pub(crate) fn pid(&self, port: u16) -> u32 {
        self.running.iter().find(|(p, _)| *p == port).expect("it runs").1.id()
    }

    /// The directory of a process.
    pub(crate) fn home(&self, port: u16) -> PathBuf {
        self.dir.path().join(port.to_string())
    }

    /// The configuration file of a process.
    pub(crate) fn file(&self, port: u16) -> PathBuf {
        self.home(port).join("the.conf")
    }

    fn write(&self, port: u16, text: &str) {
        fs::create_dir(self.home(port)).expect("a directory");
        fs::write(self.file(port), format!("{text}dir {}\n", self.home(port).display())).expect("a file");
    }

    pub(crate) fn start_node(&mut self, port: u16) {
        let mut server = Command::new(std::env::var_os("BONGSU_TEST_REDIS").unwrap_or_else(|| "redis-server".into()));
        if self.bundled.contains(&port) {
            server = Command::new(env!("CARGO_BIN_EXE_bongsu"));
            server.arg("server");
        }
        self.spawn(port, server);
        wait("a data server listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
    }

    pub(crate) fn start_sentinel(&mut self, port: u16, program: Program) {
        self.spawn(port, sentinel_command(program));
        wait("a sentinel answers", || ask::<String>(port, &["MYID"]).map(drop));
    }

    fn spawn(&mut self, port: u16, mut command: Command) {
        command.arg(self.file(port));
        self.run(port, command);
    }

    /// Runs a process that listens on `port`, its output in its log.
    pub(crate) fn run(&mut self, port: u16, mut command: Command) {
        fs::create_dir_all(self.home(port)).expect("a directory");
        let log = File::options().create(true).append(true).open(self.home(port).join("log")).expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        self.running.push((port, child));
    }

    /// SIGKILL, and wait for the end.
    pub(crate) fn kill(&mut self, port: u16) {
        let at = self.running.iter().position(|(p, _)| *p == port).expect("it runs");
        let (_, mut child) = self.running.remove(at);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// Waits until a process has ended by itself; gives its exit status.
    pub(crate) fn wait_for_end(&mut self, port: u16) -> Option<i32> {
        let at = self.running.iter().position(|(p, _)| *p == port).expect("it runs");
        let (_, mut child) = self.running.remove(at);
        wait("the process ends", || child.try_wait().expect("a child")).code()
    }

    /// Resident memory of a process in KiB.
    pub(crate) fn memory_kib(&self, port: u16) -> u64 {
        let (_, child) = self.running.iter().find(|(p, _)| *p == port).expect("it runs");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// SIGSTOP or SIGCONT.
    pub(crate) fn signal(&self, port: u16, signal: &str) {
        let (_, child) = self.running.iter().find(|(p, _)| *p == port).expect("it runs");
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// Where each sentinel sends clients.
    pub(crate) fn addresses(&self) -> Vec<Option<u16>> {
        self.sentinels.iter().map(|port| master_of(*port)).collect()
    }

    /// All sentinels name one master other than `old`, and it takes writes.
    pub(crate) fn wait_for_new_master(&self, old: u16) -> u16 {
        let new = wait("all sentinels name a new master", || {
            let named = self.addresses();
            let first = named.first().copied().flatten()?;
            (first != old && named.iter().all(|a| *a == Some(first))).then_some(first)
        });
        wait("the new master takes writes", || {
            command::<String>(new, &["SET", "written", "yes"]).filter(|answer| answer == "OK")
        });
        new
    }

    /// The log of a process.
    pub(crate) fn log(&self, port: u16) -> String {
        fs::read_to_string(self.home(port).join("log")).unwrap_or_default()
    }
}

fn sentinel_command(program: Program) -> Command {
    match program {
        Program::Real => Command::new("redis-sentinel"),
        Program::Ours => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
            command.arg("sentinel");
            command
        }
    }
}

/// Directives of a sentinel that watches a group of two or more with our tests' limits.
pub(crate) fn monitor(group: &str, master: u16) -> String {
    format!(
        "sentinel monitor {group} 127.0.0.1 {master} 2\nsentinel down-after-milliseconds {group} 1000\n\
         sentinel failover-timeout {group} 10000\n"
    )
}

/// Polls until there is something.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

pub(crate) fn connect(port: u16) -> Option<Connection> {
    let client = Client::open(("127.0.0.1", port)).ok()?;
    let connection = client.get_connection_with_timeout(Duration::from_millis(500)).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    Some(connection)
}

/// One command on a connection of its own.
pub(crate) fn command<T: FromRedisValue>(port: u16, words: &[&str]) -> Option<T> {
    try_command(port, words)?.ok()
}

pub(crate) fn try_command<T: FromRedisValue>(port: u16, words: &[&str]) -> Option<RedisResult<T>> {
    let mut connection = connect(port)?;
    let mut request = redis::cmd(words[0]);
    request.arg(&words[1..]);
    Some(request.query(&mut connection))
}

/// `SENTINEL ...`.
pub(crate) fn ask<T: FromRedisValue>(port: u16, words: &[&str]) -> Option<T> {
    let words: Vec<&str> = std::iter::once("SENTINEL").chain(words.iter().copied()).collect();
    command(port, &words)
}

fn fields(port: u16, words: &[&str]) -> Option<Vec<String>> {
    ask(port, words)
}

/// A field of a flat instance description.
pub(crate) fn field(flat: &[String], name: &str) -> Option<String> {
    flat.chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone())
}

pub(crate) fn master_of(sentinel: u16) -> Option<u16> {
    let address: (String, u16) = ask(sentinel, &["GET-MASTER-ADDR-BY-NAME", GROUP])?;
    Some(address.1)
}

/// A field of `INFO replication`.
pub(crate) fn info(port: u16, name: &str) -> Option<String> {
    let text: String = command(port, &["INFO", "replication"])?;
    let prefix = format!("{name}:");
    text.lines().find_map(|l| l.strip_prefix(&prefix)).map(|v| v.trim().to_owned())
}
