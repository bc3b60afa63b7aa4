//! Whatever strangers, peers and data nodes send: nothing crashes, nothing is lost, and a failover works afterwards.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{GROUP, Installation, Program, ask, command, field, try_command, wait};

/// What a sentinel may need for all of this: some times what it needs for nothing.
const MEMORY_KIB_MAX: u64 = 64 * 1024;

fn master_of_all(i: &Installation, master: u16) {
    assert!(i.addresses().iter().all(|named| *named == Some(master)));
}

#[test]
fn malformed_hellos_and_vote_calls_change_nothing() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (master, sentinel) = (i.nodes[0], i.sentinels[0]);
    let id = "f".repeat(40);
    let hellos = [
        String::new(),
        ",,,,,,,".into(),
        "1,2,3".into(),
        format!("127.0.0.1,0,{id},1,{GROUP},127.0.0.1,1,1"),
        format!("127.0.0.1,99999,{id},1,{GROUP},127.0.0.1,1,1"),
        format!("127.0.0.1,26379,short,1,{GROUP},127.0.0.1,1,1"),
        format!("127.0.0.1,26379,{id},-1,{GROUP},127.0.0.1,1,99"),
        format!("127.0.0.1,26379,{id},1,{GROUP},127.0.0.1,1,99999999999999999999999"),
        format!("127.0.0.1,26379,{id},1,{GROUP},,1,99"),
        format!("127.0.0.1,26379,{id},1,nobody,127.0.0.1,1,99"),
        format!("127.0.0.1,26379,{id},1,{GROUP},127.0.0.1,1,99,more"),
        "x".repeat(100_000),
    ];
    for hello in &hellos {
        for port in [master, sentinel] {
            let _answer = try_command::<i64>(port, &["PUBLISH", "__sentinel__:hello", hello]);
        }
    }
    let port = master.to_string();
    let calls: [&[&str]; 7] = [
        &["127.0.0.1", "x", "1", "*"],
        &["127.0.0.1", "99999", "1", "*"],
        &["127.0.0.1", &port, "x", "*"],
        &["127.0.0.1", &port, "-1", "*"],
        &["127.0.0.1", &port, "99999999999999999999999", "*"],
        &["not an address", &port, "1", "*"],
        &["127.0.0.1", &port, "1"],
    ];
    for call in calls {
        let words: Vec<&str> = ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR"].iter().chain(call).copied().collect();
        if let Ok((down, leader, _)) = try_command::<(i64, String, i64)>(sentinel, &words).unwrap() {
            assert_eq!((down, leader.as_str()), (0, "*"), "{call:?}");
        }
    }
    for port in &i.sentinels {
        let told: Vec<String> = ask(*port, &["MASTER", GROUP]).unwrap();
        assert_eq!(field(&told, "num-other-sentinels").unwrap(), "2");
        assert_eq!(field(&told, "config-epoch").unwrap(), "0");
    }
    master_of_all(&i, master);
    i.kill(master);
    i.wait_for_new_master(master);
}

/// A data node that answers everything with these bytes, again and again.
fn impostor(port: u16, answer: &'static [u8]) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_with(stream, answer));
        }
    });
}

fn answer_with(mut stream: TcpStream, answer: &[u8]) {
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|n| n > 0) {
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

#[test]
fn data_nodes_that_answer_nonsense_are_down_and_disturb_nobody() {
    let answers: [&'static [u8]; 10] = [
        b"nonsense\r\n",
        b"+",
        b"$-5\r\n",
        b"$99999999999999\r\n",
        b"*1000000000\r\n",
        b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        b"-ERR no\r\n-ERR no\r\n-ERR no\r\n",
        b"$20\r\nrole:slave\r\nmaster_p\r\n",
        b"\x00\xff\xfe\r\n",
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    ];
    let mut i = Installation::empty();
    let good = i.add_node("");
    let ports = support::free_ports(answers.len());
    let mut groups = format!("sentinel monitor {GROUP} 127.0.0.1 {good} 1\n");
    for (n, (port, answer)) in ports.iter().zip(answers).enumerate() {
        impostor(*port, answer);
        groups.push_str(&format!(
            "sentinel monitor odd-{n} 127.0.0.1 {port} 1\nsentinel down-after-milliseconds odd-{n} 1000\n"
        ));
    }
    let sentinel = i.add_sentinel(Program::Ours, &groups);
    for n in 0..answers.len() {
        wait("an impostor is down", || {
            let told: Vec<String> = ask(sentinel, &["MASTER", &format!("odd-{n}")])?;
            field(&told, "flags")?.contains("s_down").then_some(())
        });
    }
    let told: Vec<String> = ask(sentinel, &["MASTER", GROUP]).unwrap();
    assert_eq!(field(&told, "flags").unwrap(), "master");
    assert!(i.memory_kib(sentinel) < MEMORY_KIB_MAX, "{} KiB", i.memory_kib(sentinel));
}

/// A node whose replies never end must not fill the memory.
#[test]
fn a_reply_without_end_is_cut_off() {
    let mut i = Installation::empty();
    let port = support::free_ports(1)[0];
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let chunk = vec![b'x'; 65_536];
                let _cut_off = stream.write_all(b"$536870912\r\n");
                while stream.write_all(&chunk).is_ok() {}
            });
        }
    });
    let sentinel = i.add_sentinel(
        Program::Ours,
        &format!("sentinel monitor odd 127.0.0.1 {port} 1\nsentinel down-after-milliseconds odd 1000\n"),
    );
    wait("it is down", || {
        let told: Vec<String> = ask(sentinel, &["MASTER", "odd"])?;
        field(&told, "flags")?.contains("s_down").then_some(())
    });
    assert!(i.memory_kib(sentinel) < MEMORY_KIB_MAX, "{} KiB", i.memory_kib(sentinel));
}

#[test]
fn a_malformed_configuration_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, place) in [
        ("a.conf", "port 26379\nsentinel monitor m 127.0.0.1 6379\n", "2"),
        ("b.conf", "port 26379\n\nsentinel monitor m 127.0.0.1 6379 x\n", "3"),
        ("c.conf", "sentinel frobnicate m 1\n", "1"),
        ("d.conf", "port \"26379\n", "1"),
        ("e.yaml", "port: 26379\nmasters:\n  - name: m\n    host: h\n    port: x\n    quorum: 1\n", "5"),
        ("f.yaml", "port: [\n", "2"),
    ] {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        let output = command.arg("sentinel").arg(&file).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(name) && said.contains(place), "{name}: {said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "{name} is as it was");
    }
}

/// Numbers from a seed (xorshift); good enough to be noise.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Pure noise, or requests that begin well.
    fn bytes(&mut self) -> Vec<u8> {
        let length = self.next() % 2000;
        let mut bytes: Vec<u8> = match self.next() % 4 {
            0 => Vec::new(),
            1 => format!("*{}\r\n${}\r\n", self.next() % 5, self.next() % 100).into_bytes(),
            2 => b"*3\r\n$8\r\nSENTINEL\r\n$3\r\nSET\r\n".to_vec(),
            _ => b"SENTINEL MASTERS \"".to_vec(),
        };
        bytes.extend((0..length).map(|_| self.next() as u8));
        bytes
    }
}

#[test]
fn noise_at_the_port_changes_nothing() {
    let seconds = std::env::var("BONGSU_TEST_NOISE_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(10);
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos() | 1;
    println!("seed {seed}");
    let mut noise = Noise(u64::from(seed));
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (master, sentinel) = (i.nodes[0], i.sentinels[0]);
    let before = std::fs::read_to_string(i.file(sentinel)).unwrap();
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, sentinel)).unwrap();
        for _ in 0..noise.next() % 20 {
            if stream.write_all(&noise.bytes()).is_err() {
                break;
            }
        }
    }
    assert_eq!(command::<String>(sentinel, &["PING"]).unwrap(), "PONG");
    assert!(i.memory_kib(sentinel) < MEMORY_KIB_MAX, "{} KiB", i.memory_kib(sentinel));
    assert_eq!(std::fs::read_to_string(i.file(sentinel)).unwrap(), before, "the file is as it was");
    master_of_all(&i, master);
    i.kill(master);
    i.wait_for_new_master(master);
}
