//! Data that are there when a server starts: how long until it serves them.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::node::{Cores, Node};
use super::throughput::median;

const VALUE_BYTES: usize = 256;

/// What is loaded: by whom it was written, and what it is.
const FORMS: [(&str, &str); 2] = [("snapshot", ""), ("log", "appendonly yes\nappendfsync no\n")];

/// On one core, and as the system likes it.
const PINS: [Cores; 2] = ["0", "0,1"];

pub(crate) fn measure(commands: &[&str], keys: u64, rounds: usize) {
    println!("what       written by         loaded by          cores    s, median   times ours   CPU s   times ours");
    for (form, directives) in FORMS {
        for writer in commands {
            let data = tempfile::tempdir().expect("a directory");
            let writer = written(data.path(), writer, directives, keys);
            for cores in PINS {
                let mut took = vec![Vec::new(); commands.len()];
                for _ in 0..rounds {
                    for (command, took) in commands.iter().zip(&mut took) {
                        took.push(load(data.path(), command, directives, cores, keys));
                    }
                }
                let medians: Vec<(f64, f64)> =
                    took.iter().map(|all| (median(all, |t| t.0), median(all, |t| t.1))).collect();
                for (command, (s, cpu_s)) in commands.iter().zip(&medians) {
                    let name = Path::new(command.split(' ').next().unwrap_or_default()).file_name();
                    let name = name.unwrap_or_default().to_string_lossy();
                    let (ratio, cpu_ratio) = (s / medians[0].0, cpu_s / medians[0].1);
                    println!(
                        "{form:<10} {writer:<18} {name:<18} {cores:<5} {s:>12.3} {ratio:>12.2} {cpu_s:>7.2} {cpu_ratio:>12.2}"
                    );
                }
            }
        }
    }
}

/// Lets a server write its data into a directory, and gives its name.
fn written(dir: &Path, command: &str, directives: &str, keys: u64) -> String {
    let node = Node::start_in(dir, command, directives);
    // Nothing in them can be compressed.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b' ' + (state >> 33) as u8 % 95
    })
    .take(1 << 20)
    .collect();
    let value = |n: u64| {
        let from = (n.wrapping_mul(7919) % ((1 << 20) - VALUE_BYTES as u64)) as usize;
        String::from_utf8_lossy(&noise[from..from + VALUE_BYTES]).into_owned()
    };
    node.fill(keys, |n| vec!["SET".to_owned(), format!("key:{n:012}"), value(n)]);
    if directives.is_empty() {
        let _: String = node.ask(&["SAVE"]);
    }
    node.name.clone()
}

/// Seconds until it has its data, and of CPU time.
fn load(data: &Path, command: &str, directives: &str, cores: Cores, keys: u64) -> (f64, f64) {
    let dir = tempfile::tempdir().expect("a directory");
    copy(data, dir.path());
    let began = Instant::now();
    let node = Node::spawn(dir.path(), command, directives, cores);
    node.await_loaded();
    let took = (began.elapsed().as_secs_f64(), node.cpu_s());
    assert_eq!(node.ask::<u64>(&["DBSIZE"]), keys, "{command} has all keys");
    took
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let into = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&into).expect("a directory");
            copy(&entry.path(), &into);
        } else {
            fs::copy(entry.path(), into).expect("a copy");
        }
    }
}
