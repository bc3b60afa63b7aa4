//! `bongsu init three-node`, tried as its pages say: three hosts, each a network namespace, set up from what was generated,
//! started with the commands of the units, until the master's host dies and comes back.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::network::{Network, address};
use support::wait;

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");
const UNITS: [&str; 2] = ["bongsu-server", "bongsu-sentinel"];
const NODES: usize = 3;
/// The host that clients are on.
const CLIENT: usize = NODES;

/// Who the services run as: a user with a group of the same name on every Debian.
const USER: &str = "daemon";
/// What the units take from the services that can be taken without systemd.
const CONFINED: [&str; 9] = [
    "setpriv",
    "--reuid",
    USER,
    "--regid",
    USER,
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--bounding-set=-all",
];

/// Silence that is soon noticed.
const SHORT: [&str; 2] = ["--down-after", "1000"];

/// Keys that are written before and after.
const KEYS: usize = 300;

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

/// The first block of code below a heading of a page.
#[track_caller]
fn code_below(page: &str, heading: &str) -> String {
    let page = fs::read_to_string(page).unwrap();
    let (_, below) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}: {page}"));
    let (_, code) = below.split_once("\n```").unwrap();
    let (_, code) = code.split_once('\n').unwrap();
    code.split_once("```").unwrap().0.to_owned()
}

struct Deployment {
    net: Network,
    /// By what everybody knows the nodes.
    names: [String; NODES],
    tls: bool,
}

/// Nodes that are known by their addresses.
fn addresses() -> [String; NODES] {
    std::array::from_fn(address)
}

fn names() -> [String; NODES] {
    ["db1.test", "db2.test", "db3.test"].map(str::to_owned)
}

impl Deployment {
    /// Generates everything and installs it, each host's part on that host.
    fn install(names: [String; NODES], more: &[&str]) -> Self {
        let me = Self { net: Network::build(NODES + 1), names, tls: !more.contains(&"--no-tls") };
        let known: String = (0..NODES).map(|host| format!("{} {}\n", address(host), me.names[host])).collect();
        fs::write(me.known_hosts(), format!("127.0.0.1 localhost\n{known}")).unwrap();
        let places = ["etc", "var"].map(|name| me.mounted().join(name).display().to_string());
        let mut init = Command::new(BONGSU);
        // Where every user of the machine can run it.
        let program = me.net.dir.path().join("bongsu");
        fs::copy(BONGSU, &program).unwrap();
        init.args(["init", "three-node", "--hosts", &me.names.join(","), "--user", USER, "--program"]).arg(program);
        init.args(["--config-dir", &places[0], "--state-dir", &places[1], "--out"]);
        ok(init.arg(me.generated("")).args(more).output().unwrap());
        fs::create_dir(me.mounted()).unwrap();
        for host in 0..NODES {
            fs::create_dir(me.disk(host)).unwrap();
            let install = code_below(&me.generated(&format!("{}/README.md", me.names[host])), "Install");
            // The units are started below, not by systemd.
            let (units, files): (Vec<&str>, Vec<&str>) =
                install.lines().partition(|line| line.contains("/etc/systemd/system"));
            assert_eq!(units.len(), 1, "{install}");
            let mut shell = me.on(host, "sh");
            shell.args(["-ec", &files.join("\n")]).current_dir(me.generated(&me.names[host]));
            ok(shell.output().unwrap());
        }
        me
    }

    /// Where every host sees its own disk.
    fn mounted(&self) -> PathBuf {
        self.net.dir.path().join("host")
    }

    fn generated(&self, path: &str) -> String {
        self.net.dir.path().join("made").join(path).display().to_string()
    }

    /// What every host finds in `/etc/hosts`.
    fn known_hosts(&self) -> PathBuf {
        self.net.dir.path().join("hosts")
    }

    /// A command on the host of the clients.
    fn client(&self, program: &str) -> Command {
        let mut command = self.net.on(CLIENT, "sh");
        command.args(["-ec", "mount --bind \"$1\" /etc/hosts; shift; exec \"$@\"", "sh"]);
        command.arg(self.known_hosts()).arg(program);
        command
    }

    /// A command on a node, with the node's disk where the configuration expects it.
    fn on(&self, host: usize, program: &str) -> Command {
        let disk = self.disk(host);
        let mut command = self.net.on(host, "sh");
        let script = "mount --bind \"$1\" /etc/hosts; mount --bind \"$2\" \"$3\"; shift 3; exec \"$@\"";
        command.args(["-ec", script, "sh"]).arg(self.known_hosts()).arg(disk).arg(self.mounted()).arg(program);
        command
    }

    /// Starts what a unit starts, and waits until it says that it is ready.
    fn start(&mut self, host: usize, unit: &str) {
        let file = fs::read_to_string(self.generated(&format!("{}/{unit}.service", self.names[host]))).unwrap();
        let exec = file.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let words = exec.split(' ');
        let path = self.net.dir.path().join(format!("notify-{host}-{unit}"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
        let told = UnixDatagram::bind(&path).unwrap();
        told.set_read_timeout(Some(support::LIMIT)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        let mut command = self.on(host, CONFINED[0]);
        command.args(&CONFINED[1..]).args(words).env("NOTIFY_SOCKET", path);
        let log = self.log_file(host, unit);
        self.net.run(host, command, &log);
        let mut message = [0; 256];
        let length =
            told.recv(&mut message).unwrap_or_else(|error| panic!("{unit} on {host}: {error}\n{}", self.logs()));
        assert!(String::from_utf8_lossy(&message[..length]).contains("READY=1"));
    }

    /// Until everybody knows everybody and follows the first.
    fn start_all(&mut self) {
        for unit in UNITS {
            for host in 0..NODES {
                self.start(host, unit);
            }
        }
        self.wait_until_whole();
        self.wait("both replicas follow", || {
            (1..NODES).all(|host| self.replication(host, "master_link_status").as_deref() == Some("up")).then_some(())
        });
    }

    /// Where a host's disk lies for all others.
    fn disk(&self, host: usize) -> PathBuf {
        self.net.dir.path().join(format!("disk-{host}"))
    }

    fn log_file(&self, host: usize, unit: &str) -> PathBuf {
        self.net.dir.path().join(format!("{unit}-{host}.log"))
    }

    fn logs(&self) -> String {
        let of = |host: usize, unit: &str| {
            let log = fs::read_to_string(self.log_file(host, unit)).unwrap_or_default();
            format!("--- {unit} of {}\n{log}", self.names[host])
        };
        (0..NODES).flat_map(|host| UNITS.map(|unit| of(host, unit))).collect()
    }

    /// As `wait`, and tells what everybody said if it takes too long.
    fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wait(what, look)));
        found.unwrap_or_else(|_| panic!("not in time: {what}\n{}", self.logs()))
    }

    /// What redis-cli says to the administrator.
    fn ask(&self, host: usize, words: &[&str]) -> Option<Vec<String>> {
        self.ask_at(host, "6379", words)
    }

    fn ask_at(&self, host: usize, port: &str, words: &[&str]) -> Option<Vec<String>> {
        let password = fs::read_to_string(self.generated("operator/admin.password")).unwrap();
        let mut command = self.client("redis-cli");
        command.args(["-h", &self.names[host], "-p", port, "--no-auth-warning", "--user", "admin", "--pass"]);
        command.arg(password.trim());
        if self.tls {
            command.arg("--tls");
            for (option, file) in [("--cacert", "ca.crt"), ("--cert", "client.crt"), ("--key", "client.key")] {
                command.arg(option).arg(self.generated(&format!("operator/{file}")));
            }
        }
        let output = command.args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| said.lines().map(|line| line.trim().to_owned()).collect())
    }

    fn replication(&self, host: usize, field: &str) -> Option<String> {
        let lines = self.ask(host, &["INFO", "replication"])?;
        lines.iter().find_map(|line| line.strip_prefix(&format!("{field}:"))).map(str::to_owned)
    }

    /// All keys of a node with their values.
    fn data(&self, host: usize) -> Option<Vec<(String, String)>> {
        let mut keys = self.ask(host, &["KEYS", "*"])?;
        keys.sort_unstable();
        let words: Vec<&str> = std::iter::once("MGET").chain(keys.iter().map(String::as_str)).collect();
        let values = self.ask(host, &words)?;
        Some(std::iter::zip(keys.clone(), values).collect())
    }

    /// Runs the example of the page, as it stands there, with more lines behind it.
    fn python(&self, more: &str) -> Output {
        let example = code_below(&self.generated("README.md"), "Clients");
        let python = std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = self.client(&python);
        command.args(["-c", &format!("{example}{more}")]).current_dir(self.generated("application"));
        command.output().unwrap()
    }

    /// Runs a command of the page as it stands there, but through any of the sentinels.
    fn command_of_the_page(&self, name: &str, through: usize) -> Output {
        let page = fs::read_to_string(self.generated("README.md")).unwrap();
        let (_, command) = page.split_once(&format!("\nbongsu {name}")).unwrap();
        let (command, _) = command.split_once("```").unwrap();
        let command = command.replacen(&self.names[0], &self.names[through], 1);
        let mut shell = self.client("sh");
        shell.args(["-c", &format!("exec \"$0\" {name} {command}"), BONGSU]).current_dir(self.generated(""));
        shell.output().unwrap()
    }

    /// What the command of the page shows of the group; `None` while not all are there and up.
    fn status(&self, through: usize) -> Option<String> {
        let output = self.command_of_the_page("status", through);
        let said = text(&output);
        let has_all = (0..NODES).filter(|host| *host != through).all(|host| {
            said.contains(&format!("{}:6379", self.names[host]))
                && said.contains(&format!("{}:26379", self.names[host]))
        });
        (output.status.success() && has_all && !said.contains("down") && !said.contains("disconnected")).then_some(said)
    }

    fn wait_until_whole(&self) {
        for host in 0..NODES {
            self.wait("everybody knows everybody", || self.status(host));
        }
    }

    fn roles(&self) -> Option<Vec<String>> {
        (0..NODES).map(|host| self.replication(host, "role")).collect()
    }
}

/// More lines for the example: keys that all nodes have when it ends.
fn write(prefix: &str) -> String {
    format!(
        "pipe = master.pipeline(transaction=False)\nfor i in range({KEYS}): pipe.set(f'{prefix}:{{i}}', i)\npipe.execute()\n"
    )
}

/// The example with these lines until it succeeds: what a client does while there is no master.
fn write_through(deployment: &Deployment, more: &str) {
    deployment.wait("clients can write", || {
        let output = deployment.python(more);
        output.status.success().then_some(())
    });
}

fn survives_the_loss_of_the_master(names: [String; NODES], more: &[&str]) {
    let mut d = Deployment::install(names, more);
    d.start_all();
    write_through(&d, &(write("before") + "assert master.wait(2, 5000) == 2\n"));
    assert_eq!(d.roles().unwrap(), ["master", "slave", "slave"]);

    d.net.kill(0);
    d.net.plug(0, "down");
    write_through(&d, &(write("after") + "assert master.wait(1, 5000) == 1\n"));
    let read = format!("assert all(master.get(f'before:{{i}}') == str(i).encode() for i in range({KEYS}))\n");
    ok(d.python(&read));

    d.net.plug(0, "up");
    for unit in UNITS {
        d.start(0, unit);
    }
    d.wait("the old master follows", || {
        let is_up = d.replication(0, "master_link_status")? == "up";
        (is_up && d.roles()?.iter().filter(|role| *role == "master").count() == 1).then_some(())
    });
    d.wait_until_whole();
    let master = (1..NODES).find(|host| d.replication(*host, "role").as_deref() == Some("master")).unwrap();
    let data = d.data(master).unwrap();
    assert_eq!(data.len(), 2 * KEYS + 1);
    for host in 0..NODES {
        d.wait("everybody has the same", || (d.data(host)? == data).then_some(()));
    }

    ok(d.command_of_the_page("switchover", 0));
    d.wait("another is the master", || (d.replication(master, "role")? == "slave").then_some(()));
    ok(d.python("assert master.wait(1, 5000) >= 1\n"));
    // No role lacks a right that it needs.
    for (host, port) in (0..NODES).flat_map(|host| [(host, "6379"), (host, "26379")]) {
        let refused = d.ask_at(host, port, &["ACL", "LOG"]).unwrap();
        assert!(refused.iter().all(String::is_empty), "{} {port}: {refused:?}", d.names[host]);
    }
}

#[test]
fn the_generated_installation_survives_the_loss_of_the_master() {
    survives_the_loss_of_the_master(addresses(), &SHORT);
}

#[test]
fn so_does_one_of_names_without_tls() {
    survives_the_loss_of_the_master(names(), &[&SHORT[..], &["--no-tls"]].concat());
}

/// The master's disk is a new one, so that its server knows nothing of what it was: it asks the sentinels before it serves, over TLS
/// and as a user of theirs.
#[test]
fn a_master_with_an_empty_disk_is_replaced() {
    let mut d = Deployment::install(names(), &["--down-after", "30000"]);
    for host in 0..NODES {
        // The server is back before anybody would call it dead.
        let path = d.disk(host).join("etc/sentinel.yaml");
        let told = fs::read_to_string(&path).unwrap();
        let patient = told.replace("process-death-after-milliseconds: 500", "process-death-after-milliseconds: 30000");
        assert_ne!(told, patient);
        fs::write(&path, patient).unwrap();
    }
    d.start_all();
    write_through(&d, &(write("before") + "assert master.wait(2, 5000) == 2\n"));
    d.wait("the sentinels hear of replicas with data", || {
        let replicas = d.ask_at(1, "26379", &["SENTINEL", "REPLICAS", "mymaster"])?;
        let behind = |pair: &[String]| pair[0] == "slave-repl-offset" && pair[1] == "0";
        (!replicas.windows(2).any(behind)).then_some(())
    });

    d.net.kill(0);
    let server = d.disk(0).join("var/server");
    for entry in fs::read_dir(&server).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else if !path.ends_with("server.conf") {
            fs::remove_file(path).unwrap();
        }
    }
    for unit in UNITS {
        d.start(0, unit);
    }
    d.wait("the old master follows", || (d.replication(0, "master_link_status")? == "up").then_some(()));
    let log = fs::read_to_string(d.log_file(0, UNITS[0])).unwrap();
    assert!(log.contains("the sentinels know it as a master with data"), "{log}");
    for host in 0..NODES {
        d.wait("everybody has all keys", || (d.data(host)?.len() == KEYS + 1).then_some(()));
    }
}

/// What the generated files are to those that read them.
#[test]
fn the_generated_files_are_accepted() {
    let d = Deployment::install(names(), &[]);
    for host in 0..NODES {
        for file in ["etc/sentinel.yaml", "var/server/server.conf"] {
            let mut check = d.on(host, BONGSU);
            let said = ok(check.args(["config", "check"]).arg(d.mounted().join(file)).output().unwrap());
            assert!(said.contains("usable") && !said.contains("warning"), "{file}: {said}");
        }
    }
    for host in 0..NODES {
        for unit in UNITS {
            verify(Path::new(&d.generated(&format!("{}/{unit}.service", d.names[host]))));
        }
    }
    let authority = d.generated("operator/ca.crt");
    for host in 0..NODES {
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", &authority, "-verify_hostname"]);
        ok(verify.arg(&d.names[host]).arg(d.generated(&format!("{}/tls/host.crt", d.names[host]))).output().unwrap());
    }
    let secret = d.net.dir.path().join("disk-0/etc/tls/host.key");
    assert_eq!(fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o640);
}

/// systemd's own opinion of a unit, where there is systemd.
fn verify(unit: &Path) {
    match Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(unit).output() {
        Ok(output) => {
            let said = text(&output);
            assert!(output.status.success() && !said.contains("bongsu"), "{said}");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => panic!("{error}"),
    }
}
