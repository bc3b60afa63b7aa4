//! What the append-only file costs: writes per second, and CPU of the server per write.

use super::node::Node;
use super::throughput::{benchmark, median};

/// Depth of pipelines, the policies that are compared at it (`none` is no append-only file), and how many writes are made.
const CASES: [(u64, &[&str], u32); 2] =
    [(16, &["none", "everysec", "no"], 1_600_000), (1, &["none", "everysec", "always"], 100_000)];

pub(crate) fn measure(commands: &[&str], rounds: usize) {
    println!("pipeline  server             appendfsync    writes/s   of none   CPU us/write   of none");
    for (pipeline, policies, count) in CASES {
        let kinds: Vec<(&str, &str)> =
            commands.iter().flat_map(|command| policies.iter().map(move |policy| (*command, *policy))).collect();
        let mut results: Vec<Vec<(f64, f64)>> = vec![Vec::new(); kinds.len()];
        let mut names = vec![String::new(); kinds.len()];
        for _ in 0..rounds {
            for (n, (command, policy)) in kinds.iter().enumerate() {
                // A log that is as long for everybody.
                let node = Node::start_on("0", command, &directives(policy));
                results[n].push(benchmark(&node, "set", pipeline, count));
                names[n].clone_from(&node.name);
            }
        }
        let medians: Vec<(f64, f64)> = results.iter().map(|all| (median(all, |r| r.0), median(all, |r| r.1))).collect();
        for (n, (rate, cpu)) in medians.iter().enumerate() {
            let none = medians[n - n % policies.len()];
            let (name, policy) = (&names[n], kinds[n].1);
            let (of_rate, of_cpu) = (rate / none.0, cpu / none.1);
            println!("{pipeline:<9} {name:<18} {policy:<11} {rate:>11.0} {of_rate:>9.2} {cpu:>14.3} {of_cpu:>9.2}");
        }
    }
}

fn directives(policy: &str) -> String {
    match policy {
        "none" => String::new(),
        policy => format!("appendonly yes\nappendfsync {policy}\nauto-aof-rewrite-percentage 0\n"),
    }
}
