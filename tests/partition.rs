//! A network that falls apart: each host is a network namespace of its own, with a data server and a sentinel.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};

use support::{GROUP, wait};

const HOSTS: usize = 3;
const DATA_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Hosts on one switch. Everything ends with it.
struct Network {
    /// Part of the names, so that networks of other tests are others.
    tag: String,
    running: Vec<Child>,
    dir: tempfile::TempDir,
}

impl Drop for Network {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _gone = child.kill();
            let _gone = child.wait();
        }
        for name in (0..HOSTS).map(|host| self.host(host)).chain([self.switch()]) {
            let _gone = Command::new("ip").args(["netns", "del", &name]).status();
        }
    }
}

#[track_caller]
fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().unwrap();
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn address(host: usize) -> String {
    format!("10.77.0.{}", host + 1)
}

impl Network {
    fn build() -> Self {
        let tag = format!("bs{}", std::process::id());
        let me = Self { tag, running: Vec::new(), dir: tempfile::tempdir().unwrap() };
        let switch = me.switch();
        ip(&["netns", "add", &switch]);
        ip(&["-n", &switch, "link", "add", "sw", "type", "bridge"]);
        ip(&["-n", &switch, "link", "set", "sw", "up"]);
        for host in 0..HOSTS {
            let (name, port) = (me.host(host), format!("p{host}"));
            ip(&["netns", "add", &name]);
            ip(&["-n", &name, "link", "set", "lo", "up"]);
            ip(&["-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &name]);
            ip(&["-n", &switch, "link", "set", &port, "master", "sw", "up"]);
            ip(&["-n", &name, "addr", "add", &format!("{}/24", address(host)), "dev", "eth0"]);
            ip(&["-n", &name, "link", "set", "eth0", "up"]);
        }
        me
    }

    fn host(&self, host: usize) -> String {
        format!("{}h{host}", self.tag)
    }

    fn switch(&self) -> String {
        format!("{}sw", self.tag)
    }

    fn plug(&self, host: usize, state: &str) {
        ip(&["-n", &self.switch(), "link", "set", &format!("p{host}"), state]);
    }

    fn start(&mut self, host: usize, program: &[&str], config: &str) {
        let dir = self.dir.path().join(format!("{host}-{}", program.len()));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("the.conf"), format!("{config}dir {}\n", dir.display())).unwrap();
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host(host)]).args(program).arg(dir.join("the.conf"));
        command.stdin(Stdio::null()).stderr(log.try_clone().unwrap()).stdout(log);
        self.running.push(command.spawn().unwrap());
    }

    /// The answer to a command given on the host itself, a line per element.
    fn ask(&self, host: usize, port: u16, words: &[&str]) -> Option<Vec<String>> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.host(host), "redis-cli", "-p", &port.to_string()]).args(words);
        let output = command.stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then(|| text.lines().map(|line| line.trim().to_owned()).collect())
    }

    fn master_of(&self, host: usize) -> Option<String> {
        self.ask(host, SENTINEL_PORT, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP])?.first().cloned()
    }

    fn replication(&self, host: usize, field: &str) -> Option<String> {
        let lines = self.ask(host, DATA_PORT, &["INFO", "replication"])?;
        lines.iter().find_map(|line| line.strip_prefix(&format!("{field}:"))).map(str::to_owned)
    }

    fn write(&self, host: usize, element: &str) -> bool {
        self.ask(host, DATA_PORT, &["SADD", "elements", element]).is_some_and(|answer| answer == ["1"])
    }
}

fn installation() -> Network {
    let mut net = Network::build();
    for host in 0..HOSTS {
        let follows = if host == 0 { String::new() } else { format!("replicaof {} {DATA_PORT}\n", address(0)) };
        net.start(
            host,
            &["redis-server"],
            &format!(
                "bind 0.0.0.0\nprotected-mode no\nport {DATA_PORT}\nsave \"\"\nrepl-diskless-sync-delay 0\n\
                 min-replicas-to-write 1\nmin-replicas-max-lag 2\n{follows}"
            ),
        );
        wait("a data server listens", || net.ask(host, DATA_PORT, &["PING"]));
    }
    for host in 0..HOSTS {
        net.start(
            host,
            &[env!("CARGO_BIN_EXE_bongsu"), "sentinel"],
            &format!(
                "bind 0.0.0.0\nprotected-mode no\nport {SENTINEL_PORT}\nsentinel monitor {GROUP} {} {DATA_PORT} 2\n\
                 sentinel down-after-milliseconds {GROUP} 1000\nsentinel failover-timeout {GROUP} 10000\n",
                address(0)
            ),
        );
    }
    for host in 0..HOSTS {
        wait("everybody knows everybody", || {
            let told = net.ask(host, SENTINEL_PORT, &["SENTINEL", "MASTER", GROUP])?;
            let field = |name: &str| told.chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
            (field("num-slaves")? == "2" && field("num-other-sentinels")? == "2" && field("flags")? == "master")
                .then_some(())
        });
    }
    wait("both replicas follow", || (net.replication(0, "connected_slaves")? == "2").then_some(()));
    net
}

#[test]
fn the_majority_goes_on_without_the_master_and_the_minority_waits() {
    let net = installation();
    assert!(net.write(0, "before"));
    net.plug(0, "down");
    let cut_off = std::time::Instant::now();
    let new = wait("the majority has a new master", || {
        let named = [1, 2].map(|host| net.master_of(host));
        (named[0].is_some() && named[0] == named[1] && named[0] != Some(address(0))).then(|| named[0].clone())
    });
    let new_host = (1..HOSTS).find(|host| Some(address(*host)) == new).unwrap();
    wait("it takes writes", || net.write(new_host, "after").then_some(()));

    // The old master may acknowledge writes only until it has noticed that nobody follows any more.
    let mut doomed = 0;
    wait("the old master takes no more writes", || {
        let taken = net.write(0, &format!("doomed-{doomed}"));
        doomed += usize::from(taken);
        (!taken).then_some(())
    });
    println!("{doomed} writes acknowledged by the minority, the last at most {:?} after the cut", cut_off.elapsed());
    assert_eq!(net.master_of(0), Some(address(0)), "a minority changes nothing");

    net.plug(0, "up");
    wait("the old master follows the new one", || {
        (net.replication(0, "master_host") == new && net.replication(0, "master_link_status")? == "up").then_some(())
    });
    wait("all sentinels agree", || (0..HOSTS).all(|host| net.master_of(host) == new).then_some(()));
    let there = net.ask(0, DATA_PORT, &["SMEMBERS", "elements"]).unwrap();
    assert!(there.contains(&"before".to_owned()) && there.contains(&"after".to_owned()), "{there:?}");
    assert_eq!(net.replication(new_host, "role").unwrap(), "master");
}
