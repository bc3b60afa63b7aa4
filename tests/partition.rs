//! A network that falls apart: each host is a network namespace of its own, with a data server and a sentinel.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use support::network::{APART, Network, TOGETHER, address};
use support::{GROUP, wait};

const DATA_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const SENTINEL: [&str; 2] = [env!("CARGO_BIN_EXE_bongsu"), "sentinel"];

/// What the hosts of these tests run.
impl Network {
    fn start(&mut self, host: usize, program: &[&str], config: &str) {
        let dir = self.home(host, program);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("the.conf"), format!("{config}dir {}\n", dir.display())).unwrap();
        let mut command = self.on(host, program[0]);
        command.args(&program[1..]).arg(dir.join("the.conf"));
        self.run(host, command, &dir.join("log"));
    }

    fn home(&self, host: usize, program: &[&str]) -> PathBuf {
        self.dir.path().join(format!("{host}-{}", program.len()))
    }

    /// What the sentinel of a host has logged.
    fn log(&self, host: usize) -> String {
        fs::read_to_string(self.home(host, &SENTINEL).join("log")).unwrap()
    }

    /// The answer to a command given on the host itself, a line per element.
    fn ask(&self, host: usize, port: u16, words: &[&str]) -> Option<Vec<String>> {
        let mut command = self.on(host, "redis-cli");
        command.args(["-p", &port.to_string()]).args(words);
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

fn installation(hosts: usize) -> Network {
    let mut net = Network::build(hosts);
    for host in 0..hosts {
        // Links of replicas that nothing went through for five seconds are made anew; TCP alone takes a minute and more to find out
        // that a host is back.
        let follows = if host == 0 { String::new() } else { format!("replicaof {} {DATA_PORT}\n", address(0)) };
        net.start(
            host,
            &["redis-server"],
            &format!(
                "bind 0.0.0.0\nprotected-mode no\nport {DATA_PORT}\nsave \"\"\nrepl-diskless-sync-delay 0\n\
                 min-replicas-to-write 1\nmin-replicas-max-lag 2\nrepl-timeout 5\nrepl-ping-replica-period 1\n{follows}"
            ),
        );
        wait("a data server listens", || net.ask(host, DATA_PORT, &["PING"]));
    }
    for host in 0..hosts {
        net.start(
            host,
            &SENTINEL,
            &format!(
                "bind 0.0.0.0\nprotected-mode no\nport {SENTINEL_PORT}\nsentinel monitor {GROUP} {} {DATA_PORT} 2\n\
                 sentinel down-after-milliseconds {GROUP} 1000\nsentinel failover-timeout {GROUP} 5000\n",
                address(0)
            ),
        );
    }
    for host in 0..hosts {
        wait("everybody knows everybody", || {
            let told = net.ask(host, SENTINEL_PORT, &["SENTINEL", "MASTER", GROUP])?;
            let field = |name: &str| told.chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
            let all_others = (hosts - 1).to_string();
            let known = field("num-slaves")? == all_others && field("num-other-sentinels")? == all_others;
            (known && field("flags")? == "master").then_some(())
        });
    }
    wait("all replicas follow", || (net.replication(0, "connected_slaves")? == (hosts - 1).to_string()).then_some(()));
    net
}

#[test]
fn the_majority_goes_on_without_the_master_and_the_minority_waits() {
    let net = installation(3);
    assert!(net.write(0, "before"));
    net.plug(0, "down");
    let cut_off = std::time::Instant::now();
    // The old master may acknowledge writes only until it has noticed that nobody follows any more.
    let mut doomed = Vec::new();
    let mut write_in_vain = || {
        let element = format!("doomed-{}", doomed.len());
        let taken = net.write(0, &element);
        doomed.extend(taken.then_some(element));
        taken
    };
    let new = wait("the majority has a new master", || {
        write_in_vain();
        let named = [1, 2].map(|host| net.master_of(host));
        (named[0].is_some() && named[0] == named[1] && named[0] != Some(address(0))).then(|| named[0].clone())
    });
    let new_host = (1..net.hosts).find(|host| Some(address(*host)) == new).unwrap();
    wait("it takes writes", || net.write(new_host, "after").then_some(()));

    wait("the old master takes no more writes", || (!write_in_vain()).then_some(()));
    let stopped_after = cut_off.elapsed();
    assert_eq!(net.master_of(0), Some(address(0)), "a minority changes nothing");

    net.plug(0, "up");
    wait("the old master follows the new one", || {
        (net.replication(0, "master_host") == new && net.replication(0, "master_link_status")? == "up").then_some(())
    });
    wait("all sentinels agree", || (0..net.hosts).all(|host| net.master_of(host) == new).then_some(()));
    let there = net.ask(0, DATA_PORT, &["SMEMBERS", "elements"]).unwrap();
    let lost = doomed.iter().filter(|element| !there.contains(element)).count();
    println!("{lost} lost of {} that the minority acknowledged until {stopped_after:?} after the cut", doomed.len());
    assert!(there.contains(&"before".to_owned()) && there.contains(&"after".to_owned()), "{there:?}");
    assert_eq!(net.replication(new_host, "role").unwrap(), "master");
}

/// Two of five hosts, enough for the quorum of two, have replicas that could be promoted and no master.
#[test]
fn a_quorum_without_a_majority_promotes_nobody() {
    let net = installation(5);
    let (majority, minority) = ([0, 1, 2], [3, 4]);
    for host in minority {
        net.move_to(host, APART);
    }
    wait("the minority agrees that the master is down", || {
        minority.iter().any(|host| net.log(*host).contains("+odown master")).then_some(())
    });
    wait("the minority has tried to elect a leader", || {
        minority.iter().any(|host| net.log(*host).contains("-failover-abort-not-elected")).then_some(())
    });
    for host in minority {
        assert_eq!(net.master_of(host), Some(address(0)));
        assert_eq!(net.replication(host, "role").unwrap(), "slave");
    }
    assert!(net.write(0, "meanwhile"), "the majority is not disturbed");

    for host in minority {
        net.move_to(host, TOGETHER);
    }
    for host in minority {
        wait("the replica follows again", || (net.replication(host, "master_link_status")? == "up").then_some(()));
        wait("it has what was written meanwhile", || {
            net.ask(host, DATA_PORT, &["SISMEMBER", "elements", "meanwhile"]).filter(|answer| answer == &["1"])
        });
        wait("the master is up for everybody", || {
            let told = net.ask(host, SENTINEL_PORT, &["SENTINEL", "MASTER", GROUP])?;
            told.chunks_exact(2).any(|pair| pair[0] == "flags" && pair[1] == "master").then_some(())
        });
    }
    for host in majority.into_iter().chain(minority) {
        assert_eq!(net.master_of(host), Some(address(0)), "a candidate without a majority changes nothing");
        let log = net.log(host);
        assert!(!log.contains("+elected-leader") && !log.contains("+switch-master"), "{log}");
    }
    assert_eq!(net.replication(0, "role").unwrap(), "master");
}
