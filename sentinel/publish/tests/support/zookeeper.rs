//! A real ZooKeeper that stands alone, and a client for it written out by hand, so that the tests do not look through what they test.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use bongsu_publish::{Endpoint, Endpoints, Layout, Patience, ZooKeeper, ZooKeeperAcl, ZooKeeperSettings};

use super::Process;
use super::certs::Certs;
use super::ports::free_ports;
use crate::contract;

/// Debian's, whose manifest names what else it needs, except for TLS.
const JAR: &str = "/usr/share/java/zookeeper.jar";
const JARS_OF_TLS: [&str; 2] = ["/usr/share/java/netty-codec.jar", "/usr/share/java/netty-resolver.jar"];
const MAIN: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// The server; ends with the test.
pub(crate) struct ZooKeeperServer {
    dir: tempfile::TempDir,
    pub(crate) port: u16,
    process: Option<Process>,
    pub(crate) certs: Option<Certs>,
}

impl ZooKeeperServer {
    pub(crate) async fn start() -> Self {
        let me = Self::start_with(None);
        contract::serves(&me.target()).await;
        me
    }

    /// With certificates it takes only clients that present one.
    pub(crate) fn start_with(certs: Option<Certs>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut me = Self { dir, port: free_ports(1)[0], process: None, certs };
        me.run();
        me
    }

    /// Starts it with what it has on disk.
    pub(crate) fn run(&mut self) {
        assert!(fs::exists(JAR).unwrap(), "{JAR} (tests/run installs it)");
        let (dir, port) = (self.dir.path(), self.port);
        let mut config = format!(
            "tickTime=2000\nadmin.enableServer=false\nmaxClientCnxns=0\ndataDir={}\n",
            dir.join("data").display()
        );
        let mut jars = vec![JAR];
        if let Some(certs) = &self.certs {
            jars.extend(JARS_OF_TLS);
            // Its key store is one file with key and certificate.
            let both = ["server.key", "server.pem"].map(|name| fs::read_to_string(certs.path(name)).unwrap()).concat();
            fs::write(certs.path("both.pem"), both).unwrap();
            let (both, ca) = (certs.path("both.pem"), certs.path("ca.pem"));
            config.push_str(&format!(
                "secureClientPort={port}\nsecureClientPortAddress=127.0.0.1\n\
                 serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
                 ssl.keyStore.location={}\nssl.trustStore.location={}\n",
                both.display(),
                ca.display(),
            ));
        } else {
            config.push_str(&format!("clientPort={port}\nclientPortAddress=127.0.0.1\n"));
        }
        let file = dir.join("zoo.cfg");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("java");
        command.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", &jars.join(":"), MAIN]).arg(file);
        self.process = Some(Process::start(&mut command));
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// As after a loss of its disk.
    pub(crate) fn wipe(&mut self) {
        self.kill();
        fs::remove_dir_all(self.dir.path().join("data")).unwrap();
        self.run();
    }

    pub(crate) fn freeze(&self, is_frozen: bool) {
        self.process.as_ref().unwrap().freeze(is_frozen);
    }

    /// Settings for it; with break-down.
    pub(crate) fn settings(&self) -> ZooKeeperSettings {
        settings(self.port, self.certs.is_some())
    }

    pub(crate) fn target(&self) -> ZooKeeper {
        ZooKeeper::new(self.settings()).unwrap()
    }

    pub(crate) fn raw(&self) -> Raw {
        Raw::connect(self.port)
    }
}

/// Settings for a server on loopback; with break-down.
pub(crate) fn settings(port: u16, tls: bool) -> ZooKeeperSettings {
    let endpoint = Endpoint::from_host(&format!("127.0.0.1:{port}"), 2181, tls).unwrap();
    ZooKeeperSettings {
        endpoints: Endpoints::new(vec![endpoint]).unwrap(),
        tls: None,
        user: None,
        chroot: None,
        acl: ZooKeeperAcl::Open,
        layout: Layout { breakdown: true, ..Layout::default() },
        patience: Patience::new(LIMIT, LIMIT).unwrap(),
    }
}

/// Time to connect, and for a request: a Java that has just started is slow.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// A session.
pub(crate) struct Raw(TcpStream);

fn string(text: &str) -> Vec<u8> {
    [&i32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

impl Raw {
    fn connect(port: u16) -> Self {
        let mut me = Self(TcpStream::connect(("127.0.0.1", port)).unwrap());
        let head = [0; 12];
        let timeout = 30_000_i32.to_be_bytes();
        let (session, password) = ([0; 8], [[0, 0, 0, 16].as_slice(), &[0; 16]].concat());
        me.send(&[&head[..], &timeout, &session, &password].concat());
        me.receive();
        me
    }

    fn send(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length[..], message].concat()).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut message).unwrap();
        message
    }

    /// Code and answer of a request.
    fn ask(&mut self, operation: i32, body: &[u8]) -> (i32, Vec<u8>) {
        self.send(&[&1_i32.to_be_bytes(), &operation.to_be_bytes(), body].concat());
        let answer = self.receive();
        (i32::from_be_bytes(answer[12..16].try_into().unwrap()), answer[16..].to_vec())
    }

    /// Creates a node that everybody may use.
    pub(crate) fn create(&mut self, path: &str, value: &str) {
        let acl = [&1_i32.to_be_bytes()[..], &31_i32.to_be_bytes(), &string("world"), &string("anyone")].concat();
        let body = [string(path), string(value), acl, vec![0; 4]].concat();
        assert_eq!(self.ask(1, &body).0, 0, "{path}");
    }

    /// Sets a node, whatever its version.
    pub(crate) fn set(&mut self, path: &str, value: &str) {
        let body = [string(path), string(value), (-1_i32).to_be_bytes().to_vec()].concat();
        assert_eq!(self.ask(5, &body).0, 0, "{path}");
    }

    /// The values of several nodes at one moment, all of which there must be.
    pub(crate) fn get(&mut self, paths: &[String]) -> Vec<String> {
        let header = |kind: i32, is_end: u8| [&kind.to_be_bytes()[..], &[is_end], &(-1_i32).to_be_bytes()].concat();
        let each: Vec<Vec<u8>> = paths.iter().map(|path| [header(4, 0), string(path), vec![0]].concat()).collect();
        let (code, answer) = self.ask(22, &[each.concat(), header(-1, 1)].concat());
        assert_eq!(code, 0);
        let mut rest = &answer[..];
        let mut take = |count: usize| {
            let (head, tail) = rest.split_at(count);
            rest = tail;
            head.to_vec()
        };
        let mut value = |_: &String| {
            assert_eq!(take(9)[..4], 4_i32.to_be_bytes());
            let length = i32::from_be_bytes(take(4).try_into().unwrap());
            let value = take(usize::try_from(length).unwrap_or(0));
            take(68);
            String::from_utf8(value).unwrap()
        };
        paths.iter().map(&mut value).collect()
    }

    /// Session that made the node, if it goes with it; 0 if it stays.
    pub(crate) fn owner(&mut self, path: &str) -> i64 {
        let (code, stat) = self.ask(3, &[string(path), vec![0]].concat());
        assert_eq!(code, 0, "{path}");
        i64::from_be_bytes(stat[44..52].try_into().unwrap())
    }
}
