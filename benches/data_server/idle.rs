//! Connections that say nothing.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::node::Node;

const CONNECTIONS: usize = 10_000;

/// How long an idle server is watched.
const WATCHED: Duration = Duration::from_secs(10);

pub(crate) fn measure(nodes: &mut [Node]) {
    println!(
        "server             resident B per connection   CPU with {CONNECTIONS} idle connections, % of a core   CPU alone"
    );
    for node in nodes.iter() {
        let alone = idle_cpu(node);
        let before = node.resident_bytes();
        let connections: Vec<TcpStream> =
            (0..CONNECTIONS).map(|_| TcpStream::connect(("127.0.0.1", node.port)).expect("a connection")).collect();
        while node.info("connected_clients") < CONNECTIONS as u64 {
            std::thread::yield_now();
        }
        let per_connection = (node.resident_bytes() - before) / CONNECTIONS as f64;
        let cpu = idle_cpu(node);
        println!("{:<18} {per_connection:>25.0} {cpu:>30.2} {alone:>28.2}", node.name);
        drop(connections);
    }
}

/// In percent of a core.
fn idle_cpu(node: &Node) -> f64 {
    let (began, cpu) = (Instant::now(), node.cpu_s());
    std::thread::sleep(WATCHED);
    (node.cpu_s() - cpu) / began.elapsed().as_secs_f64() * 100.0
}
