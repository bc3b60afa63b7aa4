//! Commands per second, and CPU of the server per command.

use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::Instant;

use super::node::Node;

/// What is measured unless something else is asked for.
pub(crate) const CASES: &str =
    "set:16,get:16,incr:16,lpush:16,sadd:16,hset:16,zadd:16,set:1,get:1,incr:1,lpush:1,sadd:1,hset:1,zadd:1";

/// Clients at once, as redis-benchmark has it.
const CLIENTS: &str = "50";

/// Different keys, members and fields.
const KEYS: &str = "1000000";

/// A test of redis-benchmark and the depth of its pipelines.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    test: String,
    pipeline: u64,
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (test, pipeline) = text.split_once(':').ok_or("expected test:pipeline")?;
        let pipeline = pipeline.parse().map_err(|_| "the pipeline is no number")?;
        Ok(Self { test: test.to_owned(), pipeline })
    }
}

pub(crate) fn measure(nodes: &mut [Node], cases: &[Case], rounds: usize) {
    println!("case         server             commands/s   CPU us/command   CPU relative to ours");
    for case in cases {
        let mut results: Vec<Vec<(f64, f64)>> = vec![Vec::new(); nodes.len()];
        for _ in 0..rounds {
            for (node, results) in nodes.iter().zip(&mut results) {
                results.push(run(node, case));
            }
        }
        let medians: Vec<(f64, f64)> = results.iter().map(|all| (median(all, |r| r.0), median(all, |r| r.1))).collect();
        for (node, (rate, cpu)) in nodes.iter().zip(&medians) {
            let name = format!("{}:{}", case.test, case.pipeline);
            println!("{name:<12} {:<18} {rate:>10.0} {cpu:>16.3} {:>15.2}", node.name, cpu / medians[0].1);
        }
    }
}

fn run(node: &Node, case: &Case) -> (f64, f64) {
    if case.test != "get" {
        let _: String = node.ask(&["FLUSHALL"]);
    }
    let count = if case.pipeline == 1 { 200_000 } else { 1_600_000 };
    benchmark(node, &case.test, case.pipeline, count)
}

/// Runs a test of redis-benchmark with so many requests: how many there were in a second, and microseconds of the server's CPU for each.
pub(crate) fn benchmark(node: &Node, test: &str, pipeline: u64, count: u32) -> (f64, f64) {
    let (began, cpu) = (Instant::now(), node.cpu_s());
    let status = Command::new("taskset")
        .args(["-c", "1", "redis-benchmark", "-p", &node.port.to_string(), "-c", CLIENTS, "-q", "-d", "64"])
        .args(["-P", &pipeline.to_string(), "-n", &count.to_string(), "-r", KEYS, "-t", test])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "redis-benchmark runs");
    let (took, cpu) = (began.elapsed().as_secs_f64(), node.cpu_s() - cpu);
    (f64::from(count) / took, cpu / f64::from(count) * 1e6)
}

/// The median of a figure of all rounds.
pub(crate) fn median(results: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> f64 {
    let mut values: Vec<f64> = results.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
