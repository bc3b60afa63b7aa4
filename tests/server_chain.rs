//! A chain of our data server, another one, and ours again, whose members are restarted and killed under load.
//!
//! `BONGSU_TEST_PEERS=PROGRAM:PROGRAM` has it tried with those, too, besides Debian's `redis-server`.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use support::{command, free_ports, wait};

const PEERS: &str = "BONGSU_TEST_PEERS";

/// Ours, and which other one.
#[derive(Clone)]
enum Kind {
    Ours,
    Other(String),
}

/// A server that keeps its port and its directory.
struct Node {
    kind: Kind,
    home: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Node {
    fn start(kind: Kind, directives: &str) -> Self {
        let (home, port) = (tempfile::tempdir().unwrap(), free_ports(1)[0]);
        let common = "bind 127.0.0.1\nsave 3600 1000000\nenable-debug-command yes\nrepl-diskless-sync-delay 0\n";
        let text = format!("port {port}\ndir {}\n{common}{directives}", home.path().display());
        std::fs::write(home.path().join("server.conf"), text).unwrap();
        let mut node = Self { kind, home, port, child: None };
        node.run();
        node
    }

    fn run(&mut self) {
        let mut server = match &self.kind {
            Kind::Ours => {
                let mut server = Command::new(env!("CARGO_BIN_EXE_bongsu"));
                server.arg("server");
                server
            }
            Kind::Other(program) => Command::new(program),
        };
        server.arg(self.home.path().join("server.conf")).stdin(Stdio::null()).stdout(Stdio::null());
        self.child = Some(server.spawn().expect("it starts"));
        wait("it answers", || command::<String>(self.port, &["PING"]));
    }

    /// With this signal it ends, and it starts again.
    fn restart(&mut self, signal: &str) {
        let mut child = self.child.take().unwrap();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap();
        self.run();
    }

    fn info(&self, name: &str) -> String {
        let text: String = command(self.port, &["INFO", "everything"]).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim().to_owned()
    }

    fn digest(&self) -> String {
        command(self.port, &["DEBUG", "DIGEST"]).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }
}

/// A client that writes, also to a server that was away.
struct Writing {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Writing {
    fn to(port: u16) -> Self {
        let (stop, count) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (asked, counted) = (Arc::clone(&stop), Arc::clone(&count));
        let write = move || {
            for n in (0_usize..).take_while(|_| !asked.load(Ordering::Relaxed)) {
                let (number, key) = (n.to_string(), format!("{}", n * 7919 % 500));
                let requests: [&[&str]; 4] = [
                    &["INCR", "count"],
                    &["RPUSH", &format!("list:{key}"), &number],
                    &["HSET", "hash", &key, &number],
                    &["SET", &format!("passing:{key}"), &number, "PX", "200"],
                ];
                if requests.iter().all(|words| command::<redis::Value>(port, words).is_some()) {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        Self { stop, count, thread: std::thread::spawn(write) }
    }

    fn go_on(&self) {
        let until = self.count.load(Ordering::Relaxed) + 50;
        wait("writes are taken", || (self.count.load(Ordering::Relaxed) >= until).then_some(()));
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn others() -> Vec<String> {
    let given = std::env::var(PEERS).unwrap_or_default();
    let given = given.split(':').filter(|program| !program.is_empty()).map(str::to_owned);
    std::iter::once("redis-server".to_owned()).chain(given).collect()
}

/// Everybody has what the first one has.
fn converge(chain: &[Node; 3]) {
    for pair in chain.windows(2) {
        wait("the chain is whole", || {
            let is_up = pair[1].info("master_link_status") == "up";
            (is_up && pair[0].info("master_repl_offset") == pair[1].info("slave_repl_offset")).then_some(())
        });
    }
    // Keys whose time is over go one after the other.
    wait("all have the same", || chain[1..].iter().all(|node| node.digest() == chain[0].digest()).then_some(()));
}

#[test]
fn a_chain_of_several_servers_converges_whoever_is_restarted() {
    for other in others() {
        let follow = |node: &Node| format!("replicaof 127.0.0.1 {}\n", node.port);
        let first = Node::start(Kind::Ours, "appendonly yes\n");
        let second = Node::start(Kind::Other(other), &follow(&first));
        let third = Node::start(Kind::Ours, &follow(&second));
        let mut chain = [first, second, third];
        for signal in ["-TERM", "-KILL"] {
            for index in [2, 1, 0] {
                let writing = Writing::to(chain[0].port);
                writing.go_on();
                chain[index].restart(signal);
                writing.go_on();
                writing.end();
                converge(&chain);
            }
        }
    }
}

/// Ours as the master of each, which loses its connection now and then.
#[test]
fn replicas_of_other_versions_are_sent_everything_and_go_on() {
    for (other, diskless) in others().into_iter().flat_map(|other| [(other.clone(), "yes"), (other, "no")]) {
        let master = Node::start(Kind::Ours, &format!("repl-diskless-sync {diskless}\n"));
        let writing = Writing::to(master.port);
        writing.go_on();
        let replica = Node::start(Kind::Other(other.clone()), &format!("replicaof 127.0.0.1 {}\n", master.port));
        for partial in 0..5 {
            wait("it follows", || (replica.info("master_link_status") == "up").then_some(()));
            assert_eq!(master.info("sync_partial_ok"), partial.to_string());
            writing.go_on();
            assert_eq!(command::<usize>(master.port, &["CLIENT", "KILL", "TYPE", "replica"]), Some(1));
            wait("it has noticed", || (master.info("sync_partial_ok") == (partial + 1).to_string()).then_some(()));
        }
        writing.end();
        wait("it has everything", || {
            (master.info("master_repl_offset") == replica.info("slave_repl_offset")).then_some(())
        });
        wait("both have the same", || (master.digest() == replica.digest()).then_some(()));
        assert_eq!(master.info("sync_full"), "1", "{other}");
    }
}

/// What the files of a log say of their end.
fn told_offset(node: &Node) -> Option<String> {
    let folder = std::fs::read_dir(node.home.path().join("appendonlydir")).ok()?;
    let last = folder
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .max()?;
    let text = String::from_utf8_lossy(&std::fs::read(last).ok()?).into_owned();
    let line = text.strip_suffix("\r\n")?.rsplit("\r\n").next()?.to_owned();
    Some(line.strip_prefix("#BONGSU:")?.split("offset=").nth(1)?.split(' ').next()?.to_owned())
}

/// Both have a log. Whoever is killed while nothing happens goes on where it was, and replicas need nothing anew.
#[test]
fn whoever_is_killed_at_rest_goes_on_where_it_was() {
    let log = "appendonly yes\nrepl-ping-replica-period 3600\n";
    let master = Node::start(Kind::Ours, log);
    let replica = Node::start(Kind::Ours, &format!("{log}replicaof 127.0.0.1 {}\n", master.port));
    let mut pair = [master, replica];
    wait("it follows", || (pair[1].info("master_link_status") == "up").then_some(()));
    for (round, index) in [0, 1, 0, 1].into_iter().enumerate() {
        for n in 0..100 {
            assert!(command::<usize>(pair[0].port, &["RPUSH", &format!("list:{round}"), &n.to_string()]).is_some());
        }
        for node in &pair {
            wait("the log tells its end", || (told_offset(node)? == pair[0].info("master_repl_offset")).then_some(()));
        }
        let before = pair[0].info("sync_full");
        pair[index].restart("-KILL");
        wait("it follows", || (pair[1].info("master_link_status") == "up").then_some(()));
        let full = if index == 0 { "0".to_owned() } else { before };
        assert_eq!(pair[0].info("sync_full"), full, "round {round}");
        assert_eq!(pair[0].digest(), pair[1].digest());
    }
}

/// What was written since the log told its place is in the log, and nobody knows what place that is.
#[test]
fn whoever_is_killed_amid_writes_makes_its_replicas_ask_for_everything() {
    let master = Node::start(Kind::Ours, "appendonly yes\nrepl-ping-replica-period 3600\n");
    let replica = Node::start(Kind::Ours, &format!("replicaof 127.0.0.1 {}\n", master.port));
    wait("it follows", || (replica.info("master_link_status") == "up").then_some(()));
    let mut pair = [master, replica];
    for _ in 0..5 {
        wait("the log tells its end", || (told_offset(&pair[0])? == pair[0].info("master_repl_offset")).then_some(()));
        let writing = Writing::to(pair[0].port);
        writing.go_on();
        pair[0].restart("-KILL");
        writing.end();
        wait("it follows", || (pair[1].info("master_link_status") == "up").then_some(()));
        assert_eq!(pair[0].info("sync_full"), "1");
        wait("both have the same", || (pair[0].digest() == pair[1].digest()).then_some(()));
    }
}
