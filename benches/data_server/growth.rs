//! The keyspace grows: the slowest command, and what commands cost with few keys and with many.

use super::node::Node;
use super::throughput::measure as throughput;

/// Commands that take longer than this are noted by the server, in microseconds.
const SLOW_US: u64 = 500;

/// Keys of the smaller keyspace.
const FEW: u64 = 1_000_000;

pub(crate) fn measure(nodes: &mut [Node], keys: u64) {
    println!("server             keys          slower than 0.5 ms   slowest command ms");
    for node in nodes.iter() {
        let _: String = node.ask(&["CONFIG", "SET", "slowlog-log-slower-than", &SLOW_US.to_string()]);
        let _: String = node.ask(&["CONFIG", "SET", "slowlog-max-len", "100000"]);
        for (from, to) in [(0, FEW), (FEW, keys)] {
            let _: String = node.ask(&["SLOWLOG", "RESET"]);
            node.fill(to.saturating_sub(from), |n| {
                vec!["SET".to_owned(), format!("key:{:012}", from + n), "value".to_owned()]
            });
            let slow: Vec<(u64, u64, u64)> = slow_commands(node);
            let slowest = slow.iter().map(|(_, _, usec)| *usec).max().unwrap_or(0);
            println!("{:<18} {to:<13} {:>12} {:>22.2}", node.name, slow.len(), slowest as f64 / 1000.0);
        }
    }
    throughput(nodes, &["get:16".parse().expect("a case")], 3);
}

/// Id, time and duration of each.
fn slow_commands(node: &Node) -> Vec<(u64, u64, u64)> {
    let entries: Vec<Vec<redis::Value>> = node.ask(&["SLOWLOG", "GET", "-1"]);
    let number = |value: &redis::Value| redis::from_redis_value_ref(value).unwrap_or(0);
    entries.iter().map(|entry| (number(&entry[0]), number(&entry[1]), number(&entry[2]))).collect()
}
