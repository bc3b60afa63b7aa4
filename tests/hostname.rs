//! A group known by a host name whose address changes.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use support::dns::Dns;
use support::{GROUP, Installation, ask, free_ports, wait};

const NAME: &str = "data.bongsu.test";

/// Puts a file of our own in the place of `/etc/hosts` and becomes the command that follows.
const OWN_HOSTS: &str = r#"mount --bind "$1" /etc/hosts && shift && exec "$@""#;

fn say(hosts: &Path, ip: &str) {
    fs::write(hosts, format!("127.0.0.1 localhost\n{ip} {NAME}\n")).unwrap();
}

#[test]
fn a_name_that_gets_another_address_is_followed() {
    let mut i = Installation::empty();
    // The same port on two addresses: only the name tells them apart.
    let port = free_ports(1)[0];
    for ip in ["127.0.0.2", "127.0.0.3"] {
        let mut server = Command::new("redis-server");
        server.args(["--port", &port.to_string(), "--bind", ip, "--save", ""]);
        i.run(port, server);
    }
    let sentinel = free_ports(1)[0];
    let (hosts, file) = (i.home(sentinel).join("hosts"), i.home(sentinel).join("the.conf"));
    fs::create_dir_all(i.home(sentinel)).unwrap();
    say(&hosts, "127.0.0.2");
    fs::write(
        &file,
        format!(
            "port {sentinel}\ndir {}\nsentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n\
             sentinel monitor {GROUP} {NAME} {port} 1\nsentinel down-after-milliseconds {GROUP} 1000\n",
            i.home(sentinel).display()
        ),
    )
    .unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", OWN_HOSTS, "sh"]).arg(&hosts);
    command.arg(env!("CARGO_BIN_EXE_bongsu")).arg("sentinel").arg(&file);
    i.run(sentinel, command);

    let run_id_at = |ip: &str| {
        let client = redis::Client::open((ip, port)).unwrap();
        wait("a data server answers", || {
            let mut connection = client.get_connection().ok()?;
            let info: String = redis::cmd("INFO").arg("server").query(&mut connection).ok()?;
            info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::to_owned)
        })
    };
    let (first, second) = (run_id_at("127.0.0.2"), run_id_at("127.0.0.3"));
    let watched = |run_id: &str| {
        wait("the sentinel watches it", || {
            let told: Vec<String> = ask(sentinel, &["MASTER", GROUP])?;
            let is = |name: &str, value: &str| support::field(&told, name).as_deref() == Some(value);
            (is("runid", run_id) && is("flags", "master")).then_some(())
        });
        let named: (String, u16) = ask(sentinel, &["GET-MASTER-ADDR-BY-NAME", GROUP]).unwrap();
        assert_eq!(named, (NAME.to_owned(), port), "clients are told the name");
    };
    watched(&first);
    say(&hosts, "127.0.0.3");
    // The old one goes away, as a host does whose name was given to another.
    i.kill(port);
    watched(&second);
}

/// As `OWN_HOSTS`, with a resolver configuration of our own too.
const OWN_NAMES: &str = r#"mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@""#;

const DOWN_AFTER_MS: u64 = 3000;

/// Sentinels that ask a name server of ours.
struct Named {
    i: Installation,
    dns: Dns,
    port: u16,
    /// Where the name points to first and where it points to afterwards; each is this test's alone.
    ips: [Ipv4Addr; 2],
    name_server: Ipv4Addr,
}

impl Named {
    fn new() -> Self {
        let port = free_ports(1)[0];
        let [high, low] = port.to_be_bytes();
        let ip = |second| Ipv4Addr::new(127, second, high, low);
        let name_server = ip(53);
        Self { i: Installation::empty(), dns: Dns::start(name_server), port, ips: [ip(1), ip(2)], name_server }
    }

    /// The master of the group, which moves from host to host.
    fn start_master(&mut self, ip: Ipv4Addr) {
        let mut server = Command::new("redis-server");
        server.args(["--port", &self.port.to_string(), "--bind", &ip.to_string(), "127.0.0.1", "--save", ""]);
        server.args(["--repl-diskless-sync-delay", "0"]);
        self.i.run(self.port, server);
        wait("the master listens", || std::net::TcpStream::connect((ip, self.port)).ok());
    }

    fn add_sentinel(&mut self) -> u16 {
        let port = free_ports(1)[0];
        let home = self.i.home(port);
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("hosts"), "127.0.0.1 localhost\n").unwrap();
        fs::write(home.join("resolv.conf"), format!("nameserver {}\n", self.name_server)).unwrap();
        fs::write(
            home.join("the.conf"),
            format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel resolve-hostnames yes\n\
                 sentinel monitor {GROUP} {NAME} {} 2\n\
                 sentinel down-after-milliseconds {GROUP} {DOWN_AFTER_MS}\n\
                 sentinel failover-timeout {GROUP} 10000\n",
                home.display(),
                self.port
            ),
        )
        .unwrap();
        self.i.sentinels.push(port);
        self.start_sentinel(port);
        port
    }

    fn start_sentinel(&mut self, port: u16) {
        let home = self.i.home(port);
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", OWN_NAMES, "sh"]).args([home.join("hosts"), home.join("resolv.conf")]);
        command.arg(env!("CARGO_BIN_EXE_bongsu")).arg("sentinel").arg(home.join("the.conf"));
        self.i.run(port, command);
        wait("a sentinel answers", || ask::<String>(port, &["MYID"]).map(drop));
    }

    /// Every sentinel names this address and finds the master there, with that many replicas.
    fn wait_until_at(&self, ip: Ipv4Addr, replicas: usize) {
        for port in &self.i.sentinels {
            wait(&format!("sentinel {port} watches {ip}"), || {
                let told: Vec<String> = ask(*port, &["MASTER", GROUP])?;
                let is = |name: &str, value: &str| support::field(&told, name).as_deref() == Some(value);
                let others = (self.i.sentinels.len() - 1).to_string();
                (is("ip", &ip.to_string())
                    && is("flags", "master")
                    && is("num-slaves", &replicas.to_string())
                    && is("num-other-sentinels", &others))
                .then_some(())
            });
        }
    }

    fn events(&self, name: &str) -> usize {
        self.i.sentinels.iter().map(|port| self.i.log(*port).matches(name).count()).sum()
    }
}

#[test]
fn a_master_that_moves_to_another_address_is_still_the_master() {
    let mut n = Named::new();
    let [first, second] = n.ips;
    n.dns.set(NAME, Some(first));
    n.start_master(first);
    let replica = n.i.add_node(&format!("replicaof {first} {}\n", n.port));
    wait("the replica follows", || support::info(replica, "master_link_status")?.eq("up").then_some(()));
    for _ in 0..3 {
        n.add_sentinel();
    }
    n.wait_until_at(first, 1);

    n.i.kill(n.port);
    n.dns.set(NAME, Some(second));
    n.start_master(second);
    n.wait_until_at(second, 1);
    // Whoever still follows the old address is sent to the new one.
    wait("the replica follows", || {
        (support::info(replica, "master_host")? == second.to_string()
            && support::info(replica, "master_link_status")? == "up")
            .then_some(())
    });
    assert_eq!(n.events("+switch-master"), 0, "nothing was failed over");
    assert_eq!(n.events("+slave slave") % 3, 0, "the replica is known once to each");
}

#[test]
fn name_servers_that_fail_are_no_failure_of_the_data() {
    let mut n = Named::new();
    let ip = n.ips[0];
    n.start_master(ip);
    // Nobody knows the name yet, or nobody answers: the sentinels start all the same.
    n.add_sentinel();
    n.dns.silence(true);
    n.add_sentinel();
    n.dns.silence(false);
    n.dns.set(NAME, Some(ip));
    n.add_sentinel();
    n.wait_until_at(ip, 0);
    // Without an address a master counts as down.
    let downs = n.events("+sdown master");

    for fail in [
        |dns: &Dns| dns.silence(true),
        |dns: &Dns| {
            dns.silence(false);
            dns.set(NAME, None);
        },
    ] {
        fail(&n.dns);
        let asked = n.dns.asked();
        wait("all have asked in vain", || (n.dns.asked() > asked + 12).then_some(()));
        // All connections are lost, and must be made without the help of a name server.
        let killed: u64 = support::command(n.port, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).unwrap();
        let killed_pubsub: u64 = support::command(n.port, &["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
        assert!(killed + killed_pubsub > 0);
        wait("all are connected again", || {
            let clients: String = support::command(n.port, &["CLIENT", "LIST"])?;
            (clients.matches("name=sentinel-").count() >= 3).then_some(())
        });
        n.wait_until_at(ip, 0);
    }
    assert_eq!(n.events("+sdown master"), downs, "the master was never away");
}
