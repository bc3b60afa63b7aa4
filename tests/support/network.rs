//! Hosts on one switch: network namespaces.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The bridge that hosts are on, and the one for those that are cut off together.
pub(crate) const TOGETHER: &str = "sw";
pub(crate) const APART: &str = "apart";

/// Hosts on one switch. Everything ends with it.
pub(crate) struct Network {
    /// Part of the names, so that networks of other tests are others.
    tag: String,
    pub(crate) hosts: usize,
    running: Vec<(usize, Child)>,
    pub(crate) dir: tempfile::TempDir,
}

impl Drop for Network {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            let _gone = child.kill();
            let _gone = child.wait();
        }
        for name in (0..self.hosts).map(|host| self.host(host)).chain([self.switch()]) {
            let _gone = Command::new("ip").args(["netns", "del", &name]).status();
        }
    }
}

#[track_caller]
fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().expect("ip runs");
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(crate) fn address(host: usize) -> String {
    format!("10.77.0.{}", host + 1)
}

impl Network {
    pub(crate) fn build(hosts: usize) -> Self {
        static BUILT: AtomicU32 = AtomicU32::new(0);
        let tag = format!("bs{}n{}", std::process::id(), BUILT.fetch_add(1, Ordering::Relaxed));
        let me = Self { tag, hosts, running: Vec::new(), dir: tempfile::tempdir().expect("a directory") };
        let switch = me.switch();
        ip(&["netns", "add", &switch]);
        for bridge in [TOGETHER, APART] {
            ip(&["-n", &switch, "link", "add", bridge, "type", "bridge"]);
            ip(&["-n", &switch, "link", "set", bridge, "up"]);
        }
        for host in 0..hosts {
            let (name, port) = (me.host(host), format!("p{host}"));
            ip(&["netns", "add", &name]);
            ip(&["-n", &name, "link", "set", "lo", "up"]);
            ip(&["-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &name]);
            ip(&["-n", &switch, "link", "set", &port, "master", TOGETHER, "up"]);
            ip(&["-n", &name, "addr", "add", &format!("{}/24", address(host)), "dev", "eth0"]);
            ip(&["-n", &name, "link", "set", "eth0", "up"]);
        }
        me
    }

    pub(crate) fn host(&self, host: usize) -> String {
        format!("{}h{host}", self.tag)
    }

    fn switch(&self) -> String {
        format!("{}sw", self.tag)
    }

    pub(crate) fn plug(&self, host: usize, state: &str) {
        ip(&["-n", &self.switch(), "link", "set", &format!("p{host}"), state]);
    }

    /// Puts a host on one of the two bridges, which know nothing of each other.
    pub(crate) fn move_to(&self, host: usize, bridge: &str) {
        ip(&["-n", &self.switch(), "link", "set", &format!("p{host}"), "master", bridge]);
    }

    /// A command that runs on a host. Its mounts are its own.
    pub(crate) fn on(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host(host), program]).stdin(Stdio::null());
        command
    }

    /// Starts a process that belongs to a host, its output in a file; gives its process id.
    pub(crate) fn run(&mut self, host: usize, mut command: Command, log: &Path) -> u32 {
        let log = File::options().create(true).append(true).open(log).expect("a log");
        let child = command.stdin(Stdio::null()).stderr(log.try_clone().expect("a log")).stdout(log).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let pid = child.id();
        self.running.push((host, child));
        pid
    }

    /// Sends one process a signal.
    pub(crate) fn signal(&self, pid: u32, signal: &str) {
        let status = Command::new("kill").args([signal, &pid.to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// Waits for the end of one process.
    pub(crate) fn wait_for_end(&mut self, pid: u32) {
        for (_, mut child) in self.running.extract_if(.., |(_, child)| child.id() == pid) {
            child.wait().expect("it ends");
        }
    }

    /// Sends a signal to every process of a host that was started as `program`.
    pub(crate) fn signal_program(&self, host: usize, program: &str, signal: &str) {
        let is_it = |child: &Child| {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap_or_default();
            name.trim() == program
        };
        let found: Vec<u32> = self
            .running
            .iter()
            .filter(|(on, child)| *on == host && is_it(child))
            .map(|(_, child)| child.id())
            .collect();
        assert!(!found.is_empty(), "no {program} on host {host}");
        for id in found {
            let status = Command::new("kill").args([signal, &id.to_string()]).status().expect("kill runs");
            assert!(status.success());
        }
    }

    /// SIGKILL for every process of a host.
    pub(crate) fn kill(&mut self, host: usize) {
        for (_, mut child) in self.running.extract_if(.., |(on, _)| *on == host) {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }
}
