//! TLS and passwords everywhere: listeners, links to data nodes, links between sentinels, clients.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{GROUP, Installation, Program, free_ports, wait};

/// An authority and a certificate of it, as files.
struct Certificates {
    dir: tempfile::TempDir,
}

impl Certificates {
    fn make() -> Self {
        let me = Self { dir: tempfile::tempdir().unwrap() };
        let script = r#"set -e; cd "$1"
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
            printf 'keyUsage = digitalSignature, keyEncipherment\nsubjectAltName = IP:127.0.0.1\n' > member.ext
            openssl req -newkey rsa:2048 -nodes -subj /CN=member -keyout member.key -out member.csr
            openssl x509 -req -in member.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out member.crt \
                -extfile member.ext"#;
        let made = Command::new("sh").args(["-c", script, "sh"]).arg(me.dir.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        me
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn directives(&self) -> String {
        self.directives_trusting(&self.path("ca.crt"))
    }

    fn directives_trusting(&self, authority: &Path) -> String {
        format!(
            "tls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-replication yes\n",
            self.path("member.crt").display(),
            self.path("member.key").display(),
            authority.display(),
        )
    }

    /// What redis-cli says over TLS.
    fn ask(&self, port: u16, user: &str, password: &str, words: &[&str]) -> Output {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &port.to_string(), "--tls", "--no-auth-warning", "--user", user, "--pass", password]);
        command.arg("--cacert").arg(self.path("ca.crt"));
        command.arg("--cert").arg(self.path("member.crt")).arg("--key").arg(self.path("member.key"));
        command.args(words).output().unwrap()
    }

    /// What redis-py, which checks the servers' certificates against an authority, says of the master.
    fn discover(&self, authority: &Path, password: &str, sentinels: &[u16]) -> Output {
        let python = std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(python);
        command.arg("tests/clients/discover_tls.py").arg(GROUP).arg(self.dir.path()).arg(authority);
        command.args(["reader", password]).args(sentinels.iter().map(ToString::to_string)).output().unwrap()
    }

    fn told(&self, port: u16, words: &[&str]) -> Vec<String> {
        let output = self.ask(port, "default", "between-sentinels", words);
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().to_owned()).collect()
    }
}

/// Data nodes on which only this user may do what a sentinel does.
const DATA_USERS: &str = "user default on >data ~* &* +@all\n\
    user watcher on >watching allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info \
    +client|setname +client|kill +client|pause +client|unpause +script|kill +hello +auth\n\
    masterauth data\n";

fn data_node(port: u16, certificates: &Certificates, rest: &str) -> String {
    format!(
        "port 0\ntls-port {port}\nbind 127.0.0.1\nsave \"\"\nrepl-diskless-sync-delay 0\n{}{DATA_USERS}{rest}",
        certificates.directives()
    )
}

fn sentinel(port: u16, master: u16, tls: &str, password: &str) -> String {
    format!(
        "port 0\ntls-port {port}\nbind 127.0.0.1\n{tls}requirepass between-sentinels\n\
         user reader on >reading allchannels +ping +subscribe +sentinel|get-master-addr-by-name \
         +sentinel|masters +hello +auth +client\n\
         sentinel sentinel-pass between-sentinels\n\
         sentinel monitor {GROUP} 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds {GROUP} 1000\n\
         sentinel failover-timeout {GROUP} 10000\n\
         sentinel auth-user {GROUP} watcher\n\
         sentinel auth-pass {GROUP} {password}\n"
    )
}

fn is_healthy(certificates: &Certificates, sentinel: u16, replicas: &str) -> Option<()> {
    let told = certificates.told(sentinel, &["SENTINEL", "MASTER", GROUP]);
    let is = |name: &str, value: &str| told.chunks_exact(2).any(|pair| pair[0] == name && pair[1] == value);
    (is("flags", "master") && is("num-other-sentinels", "2") && is("num-slaves", replicas)).then_some(())
}

#[test]
fn a_failover_where_everything_is_encrypted_and_asks_for_passwords() {
    let certificates = Certificates::make();
    let mut i = Installation::empty();
    let ports = free_ports(5);
    let (master, replica, sentinels) = (ports[0], ports[1], &ports[2..]);
    i.add_node_on(master, &data_node(master, &certificates, ""));
    i.add_node_on(replica, &data_node(replica, &certificates, &format!("replicaof 127.0.0.1 {master}\n")));
    let text = |output: Output| String::from_utf8_lossy(&output.stdout).into_owned();
    wait("the replica follows", || {
        let told = text(certificates.ask(replica, "default", "data", &["INFO", "replication"]));
        told.contains("master_link_status:up").then_some(())
    });
    for port in sentinels {
        i.add_secure_sentinel(*port, Program::Ours, &sentinel(*port, master, &certificates.directives(), "watching"));
    }
    for port in sentinels {
        wait("everybody knows everybody", || is_healthy(&certificates, *port, "1"));
    }
    let first = sentinels[0];
    let refused = text(certificates.ask(first, "reader", "reading", &["SENTINEL", "FAILOVER", GROUP]));
    assert!(refused.contains("NOPERM"), "{refused}");
    let wrong = certificates.ask(first, "reader", "guessed", &["PING"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("WRONGPASS") || text(wrong).contains("NOAUTH"));
    let plain = Command::new("redis-cli").args(["-p", &first.to_string(), "PING"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&plain.stdout).contains("PONG"));

    let discovered = certificates.discover(&certificates.path("ca.crt"), "reading", sentinels);
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text(discovered.clone()).trim(), master.to_string(), "{}", said(&discovered));
    let guessed = certificates.discover(&certificates.path("ca.crt"), "guessed", sentinels);
    assert!(!guessed.status.success() && said(&guessed).contains("invalid username-password pair"), "{guessed:?}");
    let strange = certificates.discover(&Certificates::make().path("ca.crt"), "reading", sentinels);
    assert!(!strange.status.success() && said(&strange).contains("certificate verify failed"), "{strange:?}");

    i.kill(master);
    for port in sentinels {
        wait("the replica is the master", || {
            let asked = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP];
            text(certificates.ask(*port, "reader", "reading", &asked)).contains(&replica.to_string()).then_some(())
        });
    }
    let discovered = certificates.discover(&certificates.path("ca.crt"), "reading", sentinels);
    assert_eq!(text(discovered.clone()).trim(), replica.to_string(), "{}", said(&discovered));
    wait("it takes writes", || {
        text(certificates.ask(replica, "default", "data", &["SET", "key", "value"])).contains("OK").then_some(())
    });
}

#[test]
fn wrong_credentials_and_strange_authorities_are_told() {
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let mut i = Installation::empty();
    let ports = free_ports(3);
    let master = ports[0];
    i.add_node_on(master, &data_node(master, &certificates, ""));
    let (locked_out, mistrusting) = (ports[1], ports[2]);
    i.add_secure_sentinel(
        locked_out,
        Program::Ours,
        &format!("loglevel debug\n{}", sentinel(locked_out, master, &certificates.directives(), "guessed")),
    );
    let strange = certificates.directives_trusting(&others.path("ca.crt"));
    i.add_secure_sentinel(
        mistrusting,
        Program::Ours,
        &format!("loglevel debug\ntls-auth-clients no\n{}", sentinel(mistrusting, master, &strange, "watching")),
    );
    wait("the wrong password is in the log", || i.log(locked_out).contains("WRONGPASS").then_some(()));
    wait("the strange authority is in the log", || i.log(mistrusting).contains("TLS handshake").then_some(()));
    for port in [locked_out, mistrusting] {
        wait("a master that cannot be asked is down", || i.log(port).contains("+sdown master").then_some(()));
    }
}

/// Both ways, to the node and to the sentinel; nobody who cannot prove who they are is asked.
#[test]
fn an_agent_gets_leases_over_encrypted_links() {
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let mut i = Installation::empty();
    let ports = free_ports(2);
    let (master, port) = (ports[0], ports[1]);
    i.add_node_on(master, &data_node(master, &certificates, ""));
    let patient = format!("sentinel down-after-milliseconds {GROUP} 5000\n");
    let watches = sentinel(port, master, &certificates.directives(), "watching") + &patient;
    i.add_secure_sentinel(port, Program::Ours, &watches);
    for (file, password) in [("node.password", "data"), ("sentinel.password", "between-sentinels")] {
        std::fs::write(certificates.path(file), password).unwrap();
    }
    let (node, at) = (format!("127.0.0.1:{master}"), format!("127.0.0.1:{port}"));
    let agent = |authority: &Certificates, run: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.args(["healthcheck", "agent", "--dry-run", "--group", GROUP, "--vip", "203.0.113.9"]);
        command.args(["--node", &node, "--sentinel", &at, "--tls", "--cacert"]).arg(authority.path("ca.crt"));
        for (option, file) in [
            ("--cert", "member.crt"),
            ("--key", "member.key"),
            ("--password-file", "node.password"),
            ("--sentinel-password-file", "sentinel.password"),
            ("--runtime-dir", run),
        ] {
            command.arg(option).arg(certificates.path(file));
        }
        command
    };
    i.run(1, agent(&certificates, "run"));
    i.run(2, agent(&others, "strange"));
    let shown = |run: &str| {
        let output = agent(&certificates, run).arg("--status").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    wait("it has a lease", || (shown("run").0 == Some(0)).then_some(()));
    wait("the certificate of a stranger is told", || shown("strange").1.contains("certificate").then_some(()));
    assert_eq!(shown("strange").0, Some(1));
}

/// Of both servers, each as the master of the other: everything, and what was missed.
#[test]
fn replicas_follow_over_encrypted_links_that_ask_for_passwords() {
    let certificates = Certificates::make();
    for (master_is, replica_is) in
        [(Program::Ours, Program::Real), (Program::Real, Program::Ours), (Program::Ours, Program::Ours)]
    {
        let mut i = Installation::empty();
        let ports = free_ports(2);
        let (master, replica) = (ports[0], ports[1]);
        let ask = |port: u16, words: &[&str]| {
            String::from_utf8_lossy(&certificates.ask(port, "default", "data", words).stdout).trim().to_owned()
        };
        let node = |port: u16, rest: &str| {
            format!(
                "port 0\ntls-port {port}\nbind 127.0.0.1\nsave \"\"\nrepl-diskless-sync-delay 0\n{}\
                 user default on >data ~* &* +@all\nenable-debug-command local\n{rest}",
                certificates.directives()
            )
        };
        i.add_node_on_of(master_is, master, &node(master, ""));
        wait("it takes data", || (ask(master, &["DEBUG", "POPULATE", "20000", "key", "300"]) == "OK").then_some(()));
        let link = format!("masteruser replicator\nmasterauth wrong\nreplicaof 127.0.0.1 {master}\n");
        i.add_node_on_of(replica_is, replica, &node(replica, &link));
        let rules = ["ACL", "SETUSER", "replicator", "on", ">link", "+psync", "+replconf", "+ping"];
        assert_eq!(ask(master, &rules), "OK");
        let has = |port: u16, section: &str, line: &str| ask(port, &["INFO", section]).contains(line);
        assert!(has(replica, "replication", "master_link_status:down"));
        assert_eq!(ask(replica, &["CONFIG", "SET", "masterauth", "link"]), "OK");
        let follows = || has(replica, "replication", "master_link_status:up").then_some(());
        wait("the replica follows", follows);
        for n in 0..5 {
            assert_eq!(ask(master, &["SET", "n", &n.to_string()]), "OK");
            assert_eq!(ask(master, &["WAIT", "1", "60000"]), "1");
            assert_eq!(ask(master, &["CLIENT", "KILL", "TYPE", "replica"]), "1");
            assert_eq!(ask(master, &["SET", "m", &n.to_string()]), "OK");
            wait("the replica goes on", || has(master, "stats", &format!("sync_partial_ok:{}", n + 1)).then_some(()));
        }
        wait("the replica has everything", || (ask(replica, &["GET", "m"]) == "4").then_some(()));
        assert!(has(master, "stats", "sync_full:1"), "{master_is:?}");
        assert_eq!(ask(master, &["DEBUG", "DIGEST"]), ask(replica, &["DEBUG", "DIGEST"]));
    }
}

/// Certificates are short-lived where they are renewed by machines; nobody restarts sentinels for that.
#[test]
fn links_follow_files_that_change() {
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let mut i = Installation::empty();
    let ports = free_ports(2);
    let (master, port) = (ports[0], ports[1]);
    i.add_node_on(master, &data_node(master, &certificates, ""));
    let authority = others.path("ca.crt");
    let tls = format!("tls-auth-clients no\n{}", certificates.directives_trusting(&authority));
    i.add_secure_sentinel(port, Program::Ours, &sentinel(port, master, &tls, "watching"));
    wait("nodes of a strange authority are down", || i.log(port).contains("+sdown master").then_some(()));
    std::fs::copy(certificates.path("ca.crt"), &authority).unwrap();
    wait("the authority is trusted now", || i.log(port).contains("-sdown master").then_some(()));
}

#[test]
fn a_sentinel_whose_links_cannot_be_secured_does_not_start() {
    let certificates = Certificates::make();
    let port = free_ports(1)[0];
    let conf = certificates.path("sentinel.conf");
    let tls = certificates.directives_trusting(&certificates.path("missing.crt"));
    std::fs::write(&conf, format!("tls-auth-clients no\n{}", sentinel(port, 1, &tls, "watching"))).unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_bongsu")).arg("sentinel").arg(&conf).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("TLS for links cannot be set up") && said.contains("missing.crt"), "{said}");
}
