//! The bundled data server beside others: CPU per command, memory per key and element, growth, big deletes, idle
//! connections, loading, replicas, the append-only file.
//!
//! `cargo bench --bench data_server -- --peer redis-server --only throughput,memory`. A peer is a command that takes a `redis.conf`.
//! Needs `redis-benchmark` and `taskset`; servers are pinned to core 0, load to core 1.

mod aof;
mod deletes;
mod growth;
mod idle;
mod load;
mod memory;
mod node;
mod replication;
mod rewrite;
mod throughput;

use clap::{Parser, ValueEnum};
use node::Node;

#[derive(Parser)]
struct Arguments {
    /// Other servers, each a command that takes the path of a `redis.conf`.
    #[arg(long = "peer", default_value = "redis-server")]
    peers: Vec<String>,
    /// What is measured.
    #[arg(long, value_delimiter = ',', default_value = "throughput,memory,deletes,idle")]
    only: Vec<Part>,
    /// How often each case is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Keys of the growth and of the largest memory measurement; twice as many are loaded.
    #[arg(long, default_value_t = 1_000_000)]
    keys: u64,
    /// Keys of the master that replicas join.
    #[arg(long, default_value_t = 2_000_000)]
    replicated: u64,
    /// Elements of the collections that are deleted.
    #[arg(long, default_value_t = 5_000_000)]
    elements: u64,
    /// Cases of the throughput, as `test:pipeline`.
    #[arg(long, value_delimiter = ',', default_value = throughput::CASES)]
    cases: Vec<throughput::Case>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Part {
    /// Commands per second and CPU of the server per command.
    Throughput,
    /// Bytes per key and per element.
    Memory,
    /// The slowest command while the keyspace grows, and what commands cost then.
    Growth,
    /// The slowest PING while large collections are deleted.
    Deletes,
    /// Memory of idle connections, CPU of an idle server.
    Idle,
    /// Seconds from the start of the process until its data are there.
    Load,
    /// What replicas cost their master, and how far behind they are.
    Replication,
    /// What the append-only file costs.
    Aof,
    /// What BGREWRITEAOF costs under load.
    Rewrite,
}

fn main() {
    let arguments = Arguments::parse();
    let ours = format!("{} server", env!("CARGO_BIN_EXE_bongsu"));
    let commands: Vec<&str> =
        std::iter::once(ours.as_str()).chain(arguments.peers.iter().map(String::as_str)).collect();
    let nodes = || commands.iter().map(|command| Node::start(command)).collect::<Vec<Node>>();
    for part in &arguments.only {
        println!("\n{part:?}");
        match part {
            Part::Throughput => throughput::measure(&mut nodes(), &arguments.cases, arguments.rounds),
            Part::Memory => memory::measure(&mut nodes(), arguments.keys),
            Part::Growth => growth::measure(&mut nodes(), arguments.keys),
            Part::Deletes => deletes::measure(&mut nodes(), arguments.elements),
            Part::Idle => idle::measure(&mut nodes()),
            Part::Load => load::measure(&commands, 2 * arguments.keys, arguments.rounds),
            Part::Replication => replication::measure(&commands, arguments.replicated, arguments.rounds),
            Part::Aof => aof::measure(&commands, arguments.rounds),
            Part::Rewrite => rewrite::measure(&commands, arguments.keys, arguments.rounds),
        }
    }
}
