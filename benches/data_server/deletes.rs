//! Large collections go while somebody else is served.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::node::Node;

/// How long the other client watches.
const WATCHED: Duration = Duration::from_secs(2);

/// Elements per command where the collections are made.
const PER_COMMAND: u64 = 100;

pub(crate) fn measure(nodes: &mut [Node], elements: u64) {
    println!(
        "what                                server             slowest PING ms: before    during    used MiB: before   after"
    );
    for (what, command) in
        [("UNLINK of a set", "UNLINK"), ("FLUSHALL ASYNC of a set", "FLUSHALL"), ("DEL of a set", "DEL")]
    {
        for node in nodes.iter() {
            fill(node, "SADD", elements);
            report(node, what, &request(command));
        }
    }
    for (what, add) in [("UNLINK of a sorted set", "ZADD"), ("UNLINK of a hash", "HSET"), ("UNLINK of a list", "RPUSH")]
    {
        for node in nodes.iter() {
            fill(node, add, elements);
            report(node, what, &request("UNLINK"));
        }
    }
}

fn request(command: &str) -> Vec<&str> {
    if command == "FLUSHALL" { vec![command, "ASYNC"] } else { vec![command, "large"] }
}

fn fill(node: &Node, add: &str, elements: u64) {
    node.fill(elements / PER_COMMAND, |n| {
        let mut words = vec![add.to_owned(), "large".to_owned()];
        for e in n * PER_COMMAND..(n + 1) * PER_COMMAND {
            match add {
                "ZADD" => words.push(e.to_string()),
                "HSET" => words.push(format!("f{e}")),
                _ => {}
            }
            words.push(format!("member:{e}"));
        }
        words
    });
}

fn report(node: &Node, what: &str, request: &[&str]) {
    let used = node.used_bytes();
    let before = slowest_ping(node, || {});
    let during = slowest_ping(node, || {
        let _: redis::Value = node.ask(request);
    });
    const MIB: f64 = 1024.0 * 1024.0;
    println!(
        "{what:<35} {:<18} {:>22.2} {:>9.2} {:>19.0} {:>7.0}",
        node.name,
        before.as_secs_f64() * 1e3,
        during.as_secs_f64() * 1e3,
        used / MIB,
        node.used_bytes() / MIB,
    );
}

/// The slowest PING of one client while another does something.
fn slowest_ping(node: &Node, meanwhile: impl FnOnce()) -> Duration {
    let (mut connection, done) = (node.connect(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let pings = scope.spawn(|| {
            let (mut slowest, began) = (Duration::ZERO, Instant::now());
            while began.elapsed() < WATCHED || !done.load(Ordering::Relaxed) {
                let asked = Instant::now();
                let _: String = redis::cmd("PING").query(&mut connection).expect("a reply");
                slowest = slowest.max(asked.elapsed());
            }
            slowest
        });
        meanwhile();
        done.store(true, Ordering::Relaxed);
        pings.join().expect("pings")
    })
}
