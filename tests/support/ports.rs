//! Ports for the processes of tests, of whichever package.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::{Ipv4Addr, TcpListener};

/// Where ports are taken from: below those that the kernel gives to outgoing connections, one of which could otherwise
/// hold the port when the process that it was meant for starts.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// Ports that nobody listens on and that no other test was given, whichever process it runs in.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let path = std::env::temp_dir().join("bongsu-test-ports");
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path).expect("a file");
    file.lock().expect("a lock");
    let mut text = String::new();
    file.read_to_string(&mut text).expect("text");
    let mut next = text.trim().parse().unwrap_or(PORTS.start);
    let mut found = Vec::new();
    while found.len() < count {
        next = if PORTS.contains(&next) { next + 1 } else { PORTS.start };
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, next)).is_ok() {
            found.push(next);
        }
    }
    file.rewind().expect("a file");
    file.write_all(format!("{next:05}").as_bytes()).expect("a file");
    found
}
