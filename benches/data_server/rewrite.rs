//! What BGREWRITEAOF costs while clients write: memory, time, writes per second, the slowest PING.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::node::Node;

/// Bytes of a value.
const VALUE_BYTES: &str = "256";

/// How long the load runs before the rewrite begins, and how long its effects on PING are looked at before.
const BEFORE: Duration = Duration::from_secs(4);

/// Between two PINGs, and between two looks at the memory.
const PING_PAUSE: Duration = Duration::from_millis(1);
const LOOK_PAUSE: Duration = Duration::from_millis(20);

const DIRECTIVES: &str = "appendonly yes\nappendfsync everysec\nauto-aof-rewrite-percentage 0\n";

pub(crate) fn measure(commands: &[&str], keys: u64, rounds: usize) {
    println!(
        "server             memory peak/before   seconds   writes/s before  during   slowest PING ms before  during"
    );
    for _ in 0..rounds {
        for command in commands {
            run(&Node::start_on("0", command, DIRECTIVES), keys);
        }
    }
}

fn run(node: &Node, keys: u64) {
    let (all, range) = ((keys * 3).to_string(), keys.to_string());
    let filled = load(node, &["-n", &all, "-r", &range, "-P", "32"]).wait();
    assert!(filled.is_ok_and(|status| status.success()), "redis-benchmark runs");
    let pings = Pings::start(node);
    let mut writers = load(node, &["-n", "1000000000", "-r", &range, "-P", "8", "-c", "20"]);
    let (began, commands) = (Instant::now(), node.info("total_commands_processed"));
    std::thread::sleep(BEFORE);
    let before = (node.info("total_commands_processed") - commands) as f64 / began.elapsed().as_secs_f64();
    let memory = node.proportional_bytes();
    let (rewrite, commands) = (Instant::now(), node.info("total_commands_processed"));
    let _: String = node.ask(&["BGREWRITEAOF"]);
    let mut peak = memory;
    while node.info("aof_rewrite_in_progress") + node.info("aof_rewrite_scheduled") > 0 {
        peak = peak.max(node.proportional_bytes());
        std::thread::sleep(LOOK_PAUSE);
    }
    let took = rewrite.elapsed();
    let during = (node.info("total_commands_processed") - commands) as f64 / took.as_secs_f64();
    let slowest = pings.end(rewrite, rewrite + took);
    // It is ours, and has nothing to lose.
    let _ = writers.kill();
    let _ = writers.wait();
    println!(
        "{:<18} {:>18.2} {:>9.1} {before:>17.0} {during:>7.0} {:>24.1} {:>7.1}",
        node.name,
        peak / memory,
        took.as_secs_f64(),
        slowest.0,
        slowest.1
    );
}

fn load(node: &Node, arguments: &[&str]) -> Child {
    Command::new("taskset")
        .args(["-c", "1", "redis-benchmark", "-p", &node.port.to_string(), "-q", "-d", VALUE_BYTES, "-t", "set"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-benchmark is installed")
}

/// One client that asks all the time.
struct Pings {
    is_over: Arc<AtomicBool>,
    took: Arc<Mutex<Vec<(Instant, Duration)>>>,
    thread: std::thread::JoinHandle<()>,
}

impl Pings {
    fn start(node: &Node) -> Self {
        let (is_over, took) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (stop, list, mut connection) = (Arc::clone(&is_over), Arc::clone(&took), node.connect());
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                redis::cmd("PING").exec(&mut connection).expect("a reply");
                list.lock().unwrap_or_else(PoisonError::into_inner).push((began, began.elapsed()));
                std::thread::sleep(PING_PAUSE);
            }
        });
        Self { is_over, took, thread }
    }

    /// The slowest before a time, and between it and another, in milliseconds.
    fn end(self, begin: Instant, end: Instant) -> (f64, f64) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it got its replies");
        let took = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = |is_meant: &dyn Fn(Instant) -> bool| {
            let meant = took.iter().filter(|(at, _)| is_meant(*at)).map(|(_, took)| *took);
            meant.max().unwrap_or_default().as_secs_f64() * 1e3
        };
        (slowest(&|at| at < begin), slowest(&|at| begin <= at && at <= end))
    }
}
