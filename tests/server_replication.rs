//! `bongsu server` as a master of Debian's `redis-server`: everything in both forms, what was missed, failover, the end, and replicas that
//! take nothing.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redis::{Client, Commands as _};
use support::{command, free_ports, try_command, wait};

/// One server, with the directory that it works in.
struct Node {
    dir: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Node {
    /// One of ours.
    fn ours(directives: &str) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        server.arg("server");
        Self::start(server, directives)
    }

    /// Debian's, as a replica of this master.
    fn real(master: u16) -> Self {
        Self::start(
            Command::new("redis-server"),
            &format!("replicaof 127.0.0.1 {master}\nrepl-diskless-sync-delay 0\n"),
        )
    }

    fn start(mut server: Command, directives: &str) -> Self {
        let (dir, port) = (tempfile::tempdir().unwrap(), free_ports(1)[0]);
        let (home, common) = (dir.path().display(), "bind 127.0.0.1\nsave \"\"\nenable-debug-command yes\n");
        let file = dir.path().join("server.conf");
        std::fs::write(&file, format!("port {port}\ndir {home}\n{common}{directives}")).unwrap();
        let child = server.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let node = Self { dir, port, child };
        wait("it answers", || command::<String>(node.port, &["PING"]));
        node
    }

    fn ask(&self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        match try_command::<redis::Value>(self.port, &words).expect("a connection") {
            Ok(redis::Value::Okay) => "OK".to_owned(),
            Ok(redis::Value::SimpleString(text)) => text,
            Ok(redis::Value::BulkString(bytes)) => String::from_utf8(bytes).unwrap(),
            Ok(redis::Value::Int(n)) => n.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("{} {}", error.code().unwrap_or_default(), error.detail().unwrap_or_default()),
        }
    }

    fn info(&self, name: &str) -> String {
        let text: String = command(self.port, &["INFO", "everything"]).unwrap_or_default();
        let prefix = format!("{name}:");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().trim().to_owned()
    }

    fn wait_until(&self, name: &str, value: &str) {
        wait(&format!("{name} is {value}"), || (self.info(name) == value).then_some(()));
    }

    /// Waits until a replica of this one has everything.
    fn wait_for(&self, replica: &Self) {
        replica.wait_until("master_link_status", "up");
        wait("the replica has everything", || {
            (self.info("master_repl_offset") == replica.info("slave_repl_offset")).then_some(())
        });
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").arg(name).arg(self.child.id().to_string()).status().unwrap().success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A client that writes without end.
struct Writing {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writing {
    fn to(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let write = move || {
            let mut client = Client::open(("127.0.0.1", port)).unwrap().get_connection().unwrap();
            for n in (0_u64..).take_while(|_| !asked.load(Ordering::Relaxed)) {
                let (some, other) = (n.wrapping_mul(7919) % 1000, n % 1000);
                let _done: u64 = client.incr(format!("count:{some}"), 1).unwrap();
                let _done: u64 = client.rpush(format!("list:{other}"), n).unwrap();
                let _done: u64 = client.hset("large", some, n).unwrap();
                let _done: u64 = client.del(format!("key:{some}")).unwrap();
            }
        };
        Self { stop, thread: Some(std::thread::spawn(write)) }
    }

    fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn fill(master: &Node) {
    assert_eq!(master.ask("DEBUG POPULATE 20000 key 100"), "OK");
    let mut client = Client::open(("127.0.0.1", master.port)).unwrap().get_connection().unwrap();
    for n in 0..3000 {
        let _done: u64 = client.zadd("scores", n, n / 3).unwrap();
        let _done: u64 = client.sadd("members", format!("member {n}")).unwrap();
        let _done: () = client.pset_ex(format!("passing:{n}"), n, 100_000_000).unwrap();
    }
}

/// A replica joins while a client writes, loses its connection, and has all data at the end.
fn replicas_follow(diskless: &str) {
    let master = Node::ours(&format!("repl-diskless-sync {diskless}\nrepl-diskless-sync-delay 0\n"));
    fill(&master);
    let writing = Writing::to(master.port);
    let replicas = [Node::real(master.port), Node::real(master.port)];
    for replica in &replicas {
        replica.wait_until("master_link_status", "up");
    }
    assert_eq!(master.ask("CLIENT KILL TYPE replica"), "2");
    master.wait_until("sync_partial_ok", "2");
    writing.end();
    for replica in &replicas {
        master.wait_for(replica);
        assert_eq!(master.ask("DEBUG DIGEST"), replica.ask("DEBUG DIGEST"));
    }
    assert_eq!(master.ask("SET last 1"), "OK");
    assert_eq!(master.ask("WAIT 2 60000"), "2");
    assert_eq!(master.info("connected_slaves"), "2");
}

#[test]
fn replicas_are_sent_everything_from_memory() {
    replicas_follow("yes");
}

#[test]
fn replicas_are_sent_everything_from_a_file_of_which_nothing_is_left() {
    replicas_follow("no");
    let master = Node::ours("repl-diskless-sync no\n");
    let _replica = Node::real(master.port);
    master.wait_until("sync_full", "1");
    wait("it is online", || master.info("slave0").contains("state=online").then_some(()));
    let left = std::fs::read_dir(master.dir.path())
        .unwrap()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("temp-")));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_replica_takes_over_and_gives_back() {
    let master = Node::ours("repl-diskless-sync-delay 0\n");
    let replica = Node::real(master.port);
    master.wait_for(&replica);
    assert_eq!(master.ask("SET k 1"), "OK");
    assert_eq!(master.ask(&format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 60000", replica.port)), "OK");
    replica.wait_until("role", "master");
    replica.wait_for(&master);
    master.wait_until("master_failover_state", "no-failover");
    assert_eq!(replica.ask("INCR k"), "2");
    replica.wait_for(&master);
    assert_eq!(replica.ask(&format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 60000", master.port)), "OK");
    master.wait_until("role", "master");
    master.wait_for(&replica);
    assert_eq!(master.ask("INCR k"), "3");
    assert_eq!([master.info("sync_full"), replica.info("sync_full")], ["1", "0"]);
}

#[test]
fn the_end_waits_for_a_replica_that_lags() {
    let mut master = Node::ours("repl-diskless-sync-delay 0\nshutdown-timeout 60\n");
    let replica = Node::real(master.port);
    master.wait_for(&replica);
    replica.signal("-STOP");
    assert_eq!(master.ask("SET k 1"), "OK");
    master.signal("-TERM");
    wait("it waits", || master.info("shutdown_in_milliseconds").parse::<u64>().ok());
    assert_eq!(master.ask("SHUTDOWN ABORT"), "OK");
    master.signal("-TERM");
    wait("it waits", || master.info("shutdown_in_milliseconds").parse::<u64>().ok());
    replica.signal("-CONT");
    assert!(master.child.wait().unwrap().success());
    assert_eq!(replica.ask("GET k"), "1");
}

#[test]
fn replicas_that_take_nothing_do_no_harm() {
    let master = Node::ours(
        "repl-diskless-sync-delay 0\nrepl-timeout 2\nrepl-backlog-size 1mb\n\
         client-output-buffer-limit replica 8mb 4mb 1\n",
    );
    // More than sockets hold.
    assert_eq!(master.ask("DEBUG POPULATE 4000 key 10000"), "OK");
    let mut idle: Vec<TcpStream> = Vec::new();
    for hello in ["PSYNC ? -1\r\n", "REPLCONF capa eof capa psync2\r\nPSYNC ? -1\r\n", "SYNC\r\n"] {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, master.port)).unwrap();
        stream.write_all(hello.as_bytes()).unwrap();
        idle.push(stream);
    }
    master.wait_until("connected_slaves", "3");
    let began = Instant::now();
    for n in 0..200 {
        assert_eq!(master.ask(&format!("SET other:{n} {}", "x".repeat(100_000))), "OK");
    }
    assert!(began.elapsed() < Duration::from_secs(30));
    master.wait_until("connected_slaves", "0");
    let kept: u64 = master.info("mem_total_replication_buffers").parse().unwrap();
    assert!(kept < 2 * 1024 * 1024, "{kept}");
    for mut stream in idle {
        stream.set_read_timeout(Some(support::LIMIT)).unwrap();
        let mut rest = Vec::new();
        // The connection has an end, whichever it is.
        let _end = stream.read_to_end(&mut rest);
    }
}

#[test]
fn replicas_learn_which_keys_went_while_their_master_was_away() {
    for (backlog, is_resumed) in [("1mb", true), ("16384", false)] {
        let kept = tempfile::tempdir().unwrap();
        let home = kept.path().display();
        let directives = format!(
            "dir {home}\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 3600\nrepl-backlog-size {backlog}\n"
        );
        let master = Node::ours(&directives);
        let replica = Node::real(master.port);
        replica.wait_until("master_link_status", "up");
        assert_eq!(master.ask("DEBUG SET-ACTIVE-EXPIRE 0"), "OK");
        for n in 0..1000 {
            assert_eq!(master.ask(&format!("SET {n} v PX 1")), "OK");
        }
        assert_eq!(master.ask("SET stays v"), "OK");
        master.wait_for(&replica);
        assert_eq!(master.ask("SAVE"), "OK");
        drop(master);
        let master = Node::ours(&directives);
        master.wait_until("loading", "0");
        assert_eq!(master.info("rdb_last_load_keys_expired"), "1000");
        assert_eq!(replica.ask(&format!("REPLICAOF 127.0.0.1 {}", master.port)), "OK");
        replica.wait_until("master_link_status", "up");
        wait("the replica has what the master has", || (replica.ask("DBSIZE") == "1").then_some(()));
        assert_eq!(master.info("sync_partial_ok"), u8::from(is_resumed).to_string());
        assert_eq!(master.info("sync_full"), u8::from(!is_resumed).to_string());
    }
}
