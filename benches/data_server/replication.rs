//! Replicas: how long everything takes to be sent, what the master's clients notice of it, how far behind a replica is, and what it costs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::node::Node;

/// Nothing is saved, everything is sent at once, and nobody is given up because of what waits for it.
const DIRECTIVES: &str = "appendonly no\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-diskless-load swapdb\n\
                          client-output-buffer-limit replica 0 0 0\nrepl-backlog-size 64mb\n";

/// Bytes of a value.
const VALUE: usize = 256;

/// Under load it is measured for so long before anything happens, and so long for the lag.
const BEFORE: Duration = Duration::from_secs(4);
const LAG_FOR: Duration = Duration::from_secs(10);

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// More writes than there is time for, and as many as redis-benchmark takes.
const ENDLESS: u64 = 2_000_000_000;

/// Writes of which the CPU is counted.
const WRITES: u64 = 1_600_000;

pub(crate) fn measure(commands: &[&str], keys: u64, rounds: usize) {
    let mut results: Vec<Vec<Figures>> = commands.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (command, results) in commands.iter().zip(&mut results) {
            results.push(Figures::of(command, keys));
        }
    }
    println!(
        "server             full sync s   joining: memory   writes/s of before   PING ms before  meanwhile   \
         lag ms median    worst   CPU us/write with replica   reads: memory   reads/s of before"
    );
    for (command, results) in commands.iter().zip(&results) {
        let name = command.split_whitespace().next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let median = |of: fn(&Figures) -> f64| {
            let mut values: Vec<f64> = results.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        println!(
            "{name:<18} {:>11.2} {:>17.3} {:>20.2} {:>16.1} {:>10.1} {:>15.2} {:>8.1} {:>27.3} {:>15.3} {:>19.2}",
            median(|of| of.sync_s),
            median(|of| of.memory),
            median(|of| of.rate),
            median(|of| of.ping_before_ms),
            median(|of| of.ping_meanwhile_ms),
            median(|of| of.lag_ms),
            median(|of| of.lag_worst_ms),
            median(|of| of.cpu_us),
            median(|of| of.memory_read),
            median(|of| of.rate_read),
        );
    }
}

/// What was measured of one server.
struct Figures {
    /// From `REPLICAOF` to a link.
    sync_s: f64,
    /// While a replica joins under load: the most memory, of that before.
    memory: f64,
    /// Writes per second, of those before.
    rate: f64,
    ping_before_ms: f64,
    ping_meanwhile_ms: f64,
    lag_ms: f64,
    lag_worst_ms: f64,
    cpu_us: f64,
    /// The same with a load that only reads.
    memory_read: f64,
    rate_read: f64,
}

impl Figures {
    fn of(command: &str, keys: u64) -> Self {
        let master = Node::start_on("0", command, DIRECTIVES);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let values: Vec<String> = (0..1024).map(|_| value(&mut random)).collect();
        master.fill(keys, |n| {
            let (one, other) = (&values[n as usize % 1024], &values[n as usize / 1024 % 1024]);
            vec!["SET".to_owned(), format!("key:{n:012}"), format!("{}{}", &one[..VALUE / 2], &other[VALUE / 2..])]
        });
        let replica = Node::start_on("1", command, DIRECTIVES);
        let began = Instant::now();
        let _: String = replica.ask(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
        wait_for_link(&replica);
        let sync_s = began.elapsed().as_secs_f64();
        let (lag_ms, lag_worst_ms) = lag(&master, &replica, keys);
        let cpu = master.cpu_s();
        let _ended = load(&master, "set", keys, WRITES, 16, 50).wait();
        let cpu_us = (master.cpu_s() - cpu) / WRITES as f64 * 1e6;
        drop(replica);
        let reading = Joining::of(&master, "get", keys);
        let Joining { memory, rate, ping_before_ms, ping_meanwhile_ms } = Joining::of(&master, "set", keys);
        let (memory_read, rate_read) = (reading.memory, reading.rate);
        Self {
            sync_s,
            memory,
            rate,
            ping_before_ms,
            ping_meanwhile_ms,
            lag_ms,
            lag_worst_ms,
            cpu_us,
            memory_read,
            rate_read,
        }
    }
}

/// Letters and digits that compress badly, as much of what is kept does.
fn value(random: &mut u64) -> String {
    let digit = |_| {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        char::from(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[(*random >> 40) as usize % 64])
    };
    (0..VALUE).map(digit).collect()
}

fn wait_for_link(replica: &Node) {
    let is_up = || {
        let text: String = replica.ask(&["INFO", "replication"]);
        text.contains("master_link_status:up")
    };
    while !is_up() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Clients that overwrite or read random keys.
fn load(node: &Node, test: &str, keys: u64, count: u64, pipeline: u32, clients: u32) -> Child {
    Command::new("taskset")
        .args(["-c", "1", "redis-benchmark", "-p", &node.port.to_string(), "-t", test, "-q"])
        .args(["-n", &count.to_string(), "-r", &keys.to_string(), "-d", &VALUE.to_string()])
        .args(["-P", &pipeline.to_string(), "-c", &clients.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-benchmark is installed")
}

fn end(mut load: Child) {
    // It is ours, and has nothing to lose.
    let _ = load.kill();
    let _ = load.wait();
}

/// While the master is written to as fast as it can be: how long a write takes until it is seen at the replica, in ms; the median and the worst.
fn lag(master: &Node, replica: &Node, keys: u64) -> (f64, f64) {
    let load = load(master, "set", keys, ENDLESS, 16, 50);
    let (mut to_master, mut to_replica) = (master.connect(), replica.connect());
    let (began, mut lags) = (Instant::now(), Vec::new());
    for n in 0_u64.. {
        let _: () = redis::cmd("SET").arg("lag").arg(n).query(&mut to_master).expect("a reply");
        let written = Instant::now();
        while redis::cmd("GET").arg("lag").query::<Option<u64>>(&mut to_replica).expect("a reply") != Some(n) {}
        lags.push(written.elapsed().as_secs_f64() * 1e3);
        if began.elapsed() > LAG_FOR {
            break;
        }
    }
    end(load);
    lags.sort_by(f64::total_cmp);
    (lags[lags.len() / 2], lags[lags.len() - 1])
}

/// What clients notice while a replica joins that takes everything and makes nothing of it: it costs the machine nothing, so that what is
/// seen is the master's.
struct Joining {
    memory: f64,
    rate: f64,
    ping_before_ms: f64,
    ping_meanwhile_ms: f64,
}

impl Joining {
    fn of(master: &Node, test: &str, keys: u64) -> Self {
        let (stop, pings) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let load = load(master, test, keys, ENDLESS, 8, 20);
        let (mut took, mut counts, mut peak, mut rest) = (Duration::ZERO, [0; 3], 0.0_f64, 0.0_f64);
        let mut joined = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| ping(master, &stop, &pings));
            counts[0] = master.info("total_commands_processed");
            let began = Instant::now();
            while began.elapsed() < BEFORE {
                rest = rest.max(master.proportional_bytes());
                std::thread::sleep(LOOK_EVERY);
            }
            counts[1] = master.info("total_commands_processed");
            joined = Instant::now();
            let has_all = AtomicBool::new(false);
            std::thread::scope(|inner| {
                inner.spawn(|| {
                    take_everything(master.port);
                    has_all.store(true, Ordering::Relaxed);
                });
                while !has_all.load(Ordering::Relaxed) {
                    peak = peak.max(master.proportional_bytes());
                    std::thread::sleep(LOOK_EVERY);
                }
            });
            took = joined.elapsed();
            counts[2] = master.info("total_commands_processed");
            stop.store(true, Ordering::Relaxed);
        });
        end(load);
        let pings = pings.into_inner().unwrap_or_default();
        let worst = |is_before: bool| {
            let of = pings.iter().filter(|(when, _)| (*when < joined) == is_before).map(|(_, took)| *took);
            of.max().unwrap_or_default().as_secs_f64() * 1e3
        };
        let before = (counts[1] - counts[0]) as f64 / BEFORE.as_secs_f64();
        println!(
            "                   {}: a replica joins in {:.1} s, {:.0} {test}s/s before",
            master.name,
            took.as_secs_f64(),
            before
        );
        Self {
            memory: peak / rest,
            rate: (counts[2] - counts[1]) as f64 / took.as_secs_f64() / before,
            ping_before_ms: worst(true),
            ping_meanwhile_ms: worst(false),
        }
    }
}

/// Asks whether the server lives, over and over.
fn ping(node: &Node, stop: &AtomicBool, pings: &Mutex<Vec<(Instant, Duration)>>) {
    let mut connection = node.connect();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let _: () = redis::cmd("PING").query(&mut connection).expect("a reply");
        if let Ok(mut pings) = pings.lock() {
            pings.push((began, began.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Is a replica until everything has been sent.
fn take_everything(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.write_all(b"REPLCONF capa eof capa psync2\r\n").expect("it listens");
    // Nobody may ask for data before everything else is answered.
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"+OK\r\n");
    stream.write_all(b"PSYNC ? -1\r\n").expect("it listens");
    let (mut buffer, mut seen, mut mark) = (vec![0; 1 << 20], Vec::new(), Vec::new());
    loop {
        let got = stream.read(&mut buffer).expect("data");
        assert!(got > 0, "the master closes the connection");
        seen.extend_from_slice(&buffer[..got]);
        if mark.is_empty() {
            let Some(at) = seen.windows(5).position(|bytes| bytes == b"$EOF:") else { continue };
            let Some(line) = seen.get(at + 5..at + 47) else { continue };
            mark = line[..40].to_vec();
            seen.drain(..at + 47);
        }
        if seen.ends_with(&mark) && !seen.is_empty() {
            return;
        }
        // The mark is 40 bytes long, and may come in parts.
        seen.drain(..seen.len().saturating_sub(40));
    }
}
