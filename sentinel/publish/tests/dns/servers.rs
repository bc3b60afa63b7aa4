//! Name servers of Debian, started on loopback with the example files.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hickory_proto::rr::RecordType;
use tempfile::TempDir;

use crate::contract;
use crate::ports::free_ports;
use crate::raw;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/publishing");

/// Generous: a machine that compiles beside the tests is slow.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Loopback address of what the examples call 10.0.0.53.
pub(crate) const PRIMARY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// And of 10.0.0.54: BIND listens only on addresses that an interface has, and loopback has one of each family.
pub(crate) const SECONDARY: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A running server; ends with its value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) dir: TempDir,
    /// The secret of the key `bongsu`, Base64.
    pub(crate) secret: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of our own.
pub(crate) fn free_port() -> u16 {
    free_ports(1)[0]
}

/// Where programs of administrators are, too.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Starts a copy of the program: Debian's AppArmor profiles bind the ones in /usr/sbin to their own folders.
fn spawn(program: &str, dir: &Path, arguments: &[&str]) -> Child {
    let copy = dir.join(program);
    output("sh", &["-c", &format!("cp \"$(command -v {program})\" {}", copy.display())]);
    let log = fs::File::create(dir.join("log")).unwrap();
    Command::new(copy)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).env("PATH", path()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} (tests/run installs it): {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Copies an example file with other paths and addresses.
fn example(dir: &Path, name: &str, replace: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(Path::new(EXAMPLES).join(name)).unwrap();
    let here = dir.to_str().unwrap();
    for folder in ["/etc/bind", "/var/lib/bind", "/var/cache/bind", "/etc/knot", "/var/lib/knot", "/run/knot"] {
        text = text.replace(folder, here);
    }
    for (from, to) in replace {
        assert!(text.contains(from), "{name} does not contain {from}");
        text = text.replace(from, to);
    }
    text
}

/// The zone file with the addresses of the tests' servers.
fn write_zone(dir: &Path, primary: IpAddr) {
    let mut zone = example(dir, "example.org.zone", &[("A    10.0.0.54", &format!("AAAA {SECONDARY}"))]);
    zone = match primary {
        IpAddr::V4(ip) => zone.replace("10.0.0.53", &ip.to_string()),
        IpAddr::V6(ip) => zone.replace("A    10.0.0.53", &format!("AAAA {ip}")),
    };
    fs::write(dir.join("example.org.zone"), zone).unwrap();
}

/// The options of the examples for one address, and what a process of a test needs besides.
fn bind_options(dir: &Path, address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    let (v4, v6) =
        if address.is_ipv4() { (ip.to_string(), "none".to_owned()) } else { ("none".to_owned(), ip.to_string()) };
    let own = "pid-file none; lock-file none; session-keyfile none; dnssec-validation no; allow-notify { localhost; };";
    example(
        dir,
        "bind/named.conf.options",
        &[
            ("listen-on port 53 { 10.0.0.53; }", &format!("listen-on port {port} {{ {v4}; }}")),
            ("listen-on-v6 { none; };", &format!("listen-on-v6 port {port} {{ {v6}; }}; {own}")),
        ],
    ) + "controls { };\n"
}

async fn bind(address: SocketAddr, dir: TempDir, secret: String, configuration: &str) -> Server {
    fs::write(dir.path().join("named.conf"), bind_options(dir.path(), address) + configuration).unwrap();
    let child = spawn("named", dir.path(), &["-g", "-c", "named.conf", "-n", "1"]);
    let mut server = Server { child, address, dir, secret };
    server.wait_until_it_serves().await;
    server
}

impl Server {
    /// BIND as primary. Nobody is told of changes except `notified`.
    pub(crate) async fn bind_primary(ip: IpAddr, port: u16, notified: Option<SocketAddr>) -> Self {
        Self::bind_with(ip, port, notified, "hmac-sha256", &[]).await
    }

    /// The same with a key for another algorithm, and with changes of the example.
    pub(crate) async fn bind_with(
        ip: IpAddr,
        port: u16,
        notified: Option<SocketAddr>,
        algorithm: &str,
        replace: &[(&str, &str)],
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = output("tsig-keygen", &["-a", algorithm, "bongsu"]);
        fs::write(dir.path().join("bongsu.key"), &key).unwrap();
        let secret = key.split('"').nth(3).unwrap().to_owned();
        write_zone(dir.path(), ip);
        let notify = notified.map_or_else(|| "127.0.0.1".to_owned(), |to| format!("{} port {}", to.ip(), to.port()));
        let also_notify = format!("also-notify {{ {notify}; }}");
        let notify = if notified.is_some() { "notify explicit" } else { "notify no" };
        let basic = [
            ("also-notify { 10.0.0.54; }", also_notify.as_str()),
            ("allow-transfer { 10.0.0.54; }", "allow-transfer { localhost; }"),
            ("notify yes", notify),
        ];
        let all: Vec<_> = basic.iter().chain(replace).copied().collect();
        let configuration = example(dir.path(), "bind/named.conf.local", &all);
        bind(SocketAddr::new(ip, port), dir, secret, &configuration).await
    }

    /// BIND as secondary of `primary`.
    pub(crate) async fn bind_secondary(port: u16, primary: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let from = format!("{} port {}", primary.ip(), primary.port());
        let configuration = example(dir.path(), "bind/secondary.conf.local", &[("10.0.0.53", &from)]);
        bind(SocketAddr::new(SECONDARY, port), dir, String::new(), &configuration).await
    }

    /// Knot as primary.
    pub(crate) async fn knot(port: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = output("keymgr", &["-t", "bongsu", "hmac-sha256"]);
        let secret = key.lines().next().unwrap().rsplit(':').next().unwrap().to_owned();
        fs::write(dir.path().join("bongsu.key"), key).unwrap();
        write_zone(dir.path(), PRIMARY);
        let listen = format!("{PRIMARY}@{port}");
        let configuration = example(dir.path(), "knot/knot.conf", &[("10.0.0.53@53", &listen)]);
        fs::write(dir.path().join("knot.conf"), configuration).unwrap();
        let child = spawn("knotd", dir.path(), &["-c", "knot.conf", "-s", "knot.sock"]);
        let mut server = Self { child, address: SocketAddr::new(PRIMARY, port), dir, secret };
        server.wait_until_it_serves().await;
        server
    }

    /// A resolver that asks `authority` for the zone and keeps answers at least `ttl_min` seconds.
    pub(crate) async fn unbound(authority: SocketAddr, ttl_min: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
        let address = SocketAddr::new(ip, free_port());
        let configuration = format!(
            "server:\n  interface: {ip}\n  port: {}\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
             do-daemonize: no\n  directory: \".\"\n  num-threads: 1\n  do-not-query-localhost: no\n  module-config: \"iterator\"\n  \
             cache-min-ttl: {ttl_min}\nstub-zone:\n  name: example.org\n  stub-addr: {}@{}\n\
             remote-control:\n  control-enable: no\n",
            address.port(),
            authority.ip(),
            authority.port(),
        );
        fs::write(dir.path().join("unbound.conf"), configuration).unwrap();
        let child = spawn("unbound", dir.path(), &["-d", "-c", "unbound.conf"]);
        let mut server = Self { child, address, dir, secret: String::new() };
        server.wait_until_it_serves().await;
        server
    }

    /// Stops it, or lets it go on.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        contract::freeze(self.child.id(), is_frozen);
    }

    /// What it wrote to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    async fn wait_until_it_serves(&mut self) {
        let address = self.address;
        let serves = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    panic!("ended with {status}: {}", self.log());
                }
                if raw::ask(address, "example.org", RecordType::SOA)
                    .await
                    .is_some_and(|answer| !answer.answers.is_empty())
                {
                    return;
                }
            }
        };
        let served = tokio::time::timeout(START_LIMIT, serves).await.is_ok();
        assert!(served, "{address} does not serve: {}", self.log());
    }
}
