//! Bytes per key, and per element of collections.

use super::node::Node;

/// Collections of the measurement of small ones, and elements of each.
const SMALL: (u64, u64) = (20_000, 50);

/// Elements of a large one.
const LARGE: u64 = 1_000_000;

pub(crate) fn measure(nodes: &mut [Node], keys: u64) {
    println!("what                                         server             used B     resident B");
    for node in nodes.iter() {
        let value = "v".repeat(64);
        report(node, &format!("key of 16 B with value of 64 B, {keys}"), keys, |node| {
            node.fill(keys, |n| words(["SET", &format!("key:{n:012}"), &value]));
        });
    }
    for (kind, add) in KINDS {
        for node in nodes.iter() {
            let (collections, elements) = SMALL;
            report(
                node,
                &format!("{kind}: element of {collections} with {elements} of 10 B"),
                collections * elements,
                |node| {
                    node.fill(collections, |n| {
                        let mut words = words([add, &format!("small:{n:010}")]);
                        (0..elements).for_each(|e| element(kind, e, &mut words));
                        words
                    });
                },
            );
        }
        for node in nodes.iter() {
            report(node, &format!("{kind}: element of one with {LARGE} of 10 B"), LARGE, |node| {
                node.fill(LARGE / 100, |n| {
                    let mut words = words([add, "large"]);
                    (0..100).for_each(|e| element(kind, n * 100 + e, &mut words));
                    words
                });
            });
        }
    }
}

const KINDS: [(&str, &str); 4] = [("list", "RPUSH"), ("set", "SADD"), ("hash", "HSET"), ("zset", "ZADD")];

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

fn element(kind: &str, n: u64, words: &mut Vec<String>) {
    match kind {
        "hash" => words.extend([format!("field:{n:04}"), format!("v{n:09}")]),
        "zset" => words.extend([n.to_string(), format!("m{n:09}")]),
        _ => words.push(format!("m{n:09}")),
    }
}

fn report(node: &Node, what: &str, count: u64, fill: impl FnOnce(&Node)) {
    let _: String = node.ask(&["FLUSHALL"]);
    let before = (node.used_bytes(), node.resident_bytes());
    fill(node);
    let used = (node.used_bytes() - before.0) / count as f64;
    let resident = (node.resident_bytes() - before.1) / count as f64;
    println!("{what:<44} {:<16} {used:>8.1} {resident:>14.1}", node.name);
    let _: String = node.ask(&["FLUSHALL"]);
}
