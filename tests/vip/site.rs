//! Three hosts on one switch, each with a data node, a sentinel and an agent, and a fourth that watches.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::observer::{Observer, boot_ms};
use crate::support::network::{Network, address};
use crate::support::{GROUP, Program, wait};

pub(crate) const VIP: &str = "10.77.0.100";
pub(crate) const VIP6: &str = "fd77::100";
pub(crate) const DATA_PORT: u16 = 6379;
pub(crate) const SENTINEL_PORT: u16 = 26379;
pub(crate) const HOSTS: usize = 3;
pub(crate) const DOWN_AFTER_MS: f64 = 2000.0;
const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");
/// `nobody`.
const AGENT_UID: &str = "65534";

/// The processes of a host.
#[derive(Clone, Copy, Default)]
struct Pids {
    node: u32,
    agent: u32,
}

/// Everything.
pub(crate) struct Site {
    net: Network,
    nodes: Program,
    pids: [Pids; HOSTS],
    pub(crate) observer: Observer,
}

impl Drop for Site {
    fn drop(&mut self) {
        // Guardians outlive their agents, and one that is stopped does not end.
        for host in 0..HOSTS {
            if let Some(guardian) = self.guardian(host) {
                let _gone = Command::new("kill").args(["-CONT", &guardian.to_string()]).status();
            }
        }
        if std::thread::panicking() {
            for host in 0..HOSTS {
                println!("--- agent of host {host}\n{}", self.agent_log(host));
            }
            println!("--- seen\n{}", self.observer.text());
        }
    }
}

impl Site {
    /// Until the address is with the master, on host 0, and everybody knows everybody.
    pub(crate) fn start(nodes: Program) -> Self {
        let mut net = Network::build(HOSTS + 1);
        for host in 0..=HOSTS {
            let six = format!("fd77::{}/64", host + 1);
            let words = ["-n", &net.host(host), "addr", "add", &six, "dev", "eth0", "nodad"];
            assert!(Command::new("ip").args(words).status().unwrap().success());
        }
        let observer = Observer::start(&mut net);
        let program = net.dir.path().join("bongsu");
        fs::hard_link(BONGSU, &program).or_else(|_| fs::copy(BONGSU, &program).map(drop)).unwrap();
        // The directory was made for its owner alone.
        fs::set_permissions(net.dir.path(), Permissions::from_mode(0o755)).unwrap();
        let mut me = Self { net, nodes, pids: <[Pids; HOSTS]>::default(), observer };
        for host in 0..HOSTS {
            me.start_node(host);
        }
        for host in 0..HOSTS {
            me.start_sentinel(host);
        }
        me.wait_until_known();
        for host in 0..HOSTS {
            me.start_agent(host);
        }
        me.wait_for_holder(0);
        me
    }

    /// The program where everybody may run it.
    fn program(&self) -> PathBuf {
        self.net.dir.path().join("bongsu")
    }

    fn home(&self, host: usize, what: &str) -> PathBuf {
        let dir = self.net.dir.path().join(format!("{what}{host}"));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    pub(crate) fn start_node(&mut self, host: usize) {
        let home = self.home(host, "node");
        let master = self.master().unwrap_or(0);
        let follows =
            if host == master { String::new() } else { format!("replicaof {} {DATA_PORT}\n", address(master)) };
        let config = format!(
            "bind * -::*\nprotected-mode no\nport {DATA_PORT}\nsave \"\"\nrepl-diskless-sync-delay 0\nrepl-timeout 5\n\
             replica-announce-ip {}\ndir {}\n{follows}",
            address(host),
            home.display()
        );
        fs::write(home.join("the.conf"), config).unwrap();
        let mut command = match self.nodes {
            Program::Ours => self.net.on(host, BONGSU),
            Program::Real => self.net.on(host, "redis-server"),
        };
        if self.nodes == Program::Ours {
            command.arg("server");
        }
        command.arg(home.join("the.conf"));
        self.pids[host].node = self.net.run(host, command, &home.join("log"));
        wait("a data node answers", || self.ask(host, DATA_PORT, &["PING"]));
    }

    fn start_sentinel(&mut self, host: usize) {
        let home = self.home(host, "sentinel");
        let config = format!(
            "bind 0.0.0.0\nprotected-mode no\nport {SENTINEL_PORT}\nsentinel monitor {GROUP} {} {DATA_PORT} 2\n\
             sentinel down-after-milliseconds {GROUP} {DOWN_AFTER_MS}\nsentinel failover-timeout {GROUP} 10000\ndir {}\n",
            address(0),
            home.display()
        );
        fs::write(home.join("the.conf"), config).unwrap();
        let mut command = self.net.on(host, BONGSU);
        command.arg("sentinel").arg(home.join("the.conf"));
        self.net.run(host, command, &home.join("log"));
    }

    /// An agent that knows one sentinel, is nobody, and may do nothing but what it has to.
    pub(crate) fn start_agent(&mut self, host: usize) {
        let home = self.home(host, "agent");
        std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
        let mut command = self.net.on(host, "setpriv");
        let capabilities = "-all,+net_admin,+net_raw";
        command.args(["--reuid", AGENT_UID, "--regid", AGENT_UID, "--clear-groups", "--no-new-privs"]);
        for set in ["--inh-caps", "--ambient-caps", "--bounding-set"] {
            command.args([set, capabilities]);
        }
        command.arg(self.program()).args([
            "healthcheck",
            "agent",
            "--verbose",
            "--group",
            GROUP,
            "--vip",
            VIP,
            "--vip",
            VIP6,
        ]);
        command.args(["--node", &format!("{}:{DATA_PORT}", address(host)), "--runtime-dir"]).arg(&home);
        command.args(["--sentinel", &format!("{}:{SENTINEL_PORT}", address((host + 1) % HOSTS))]);
        self.pids[host].agent = self.net.run(host, command, &home.join("log"));
    }

    pub(crate) fn agent_log(&self, host: usize) -> String {
        fs::read_to_string(self.net.dir.path().join(format!("agent{host}/log"))).unwrap_or_default()
    }

    /// What an agent shows of itself.
    pub(crate) fn status(&self, host: usize) -> serde_json::Value {
        let path = self.net.dir.path().join(format!("agent{host}/{}-{DATA_PORT}.json", address(host)));
        fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// The answer to a command given on the host itself, a line per element.
    pub(crate) fn ask(&self, host: usize, port: u16, words: &[&str]) -> Option<Vec<String>> {
        let mut command = self.net.on(host, "redis-cli");
        command.args(["-p", &port.to_string()]).args(words);
        let output = command.stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then(|| text.lines().map(|line| line.trim().to_owned()).collect())
    }

    /// Where a majority of the sentinels sends clients.
    pub(crate) fn master(&self) -> Option<usize> {
        let named = |host| self.ask(host, SENTINEL_PORT, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP]);
        let named: Vec<String> = (0..HOSTS).filter_map(|host| named(host)?.first().cloned()).collect();
        (0..HOSTS).find(|host| named.iter().filter(|name| **name == address(*host)).count() > HOSTS / 2)
    }

    pub(crate) fn wait_until_known(&self) {
        for host in 0..HOSTS {
            wait("everybody knows everybody", || {
                let told = self.ask(host, SENTINEL_PORT, &["SENTINEL", "MASTER", GROUP])?;
                let field = |name: &str| told.chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
                let known = field("num-slaves")? == "2" && field("num-other-sentinels")? == "2";
                (known && field("flags")? == "master").then_some(())
            });
            wait("all replicas are up", || {
                let told = self.ask(host, SENTINEL_PORT, &["SENTINEL", "REPLICAS", GROUP])?;
                let up = told.windows(2).filter(|pair| pair[0] == "master-link-status" && pair[1] == "ok").count();
                let flags = told.windows(2).filter(|pair| pair[0] == "flags" && pair[1] == "slave").count();
                (up == 2 && flags == 2).then_some(())
            });
        }
    }

    pub(crate) fn mac(&self, host: usize) -> String {
        let output = self.net.on(host, "cat").arg("/sys/class/net/eth0/address").output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Waits until the address is on one host, is answered for by it, and a client is served.
    #[track_caller]
    pub(crate) fn wait_for_holder(&self, host: usize) {
        let mac = self.mac(host);
        wait(&format!("the address is on host {host}"), || {
            let seen = self.observer.seen();
            let answers = seen.last("answers", |_| true)?;
            let held = seen.last("held", |_| true)?;
            let served = seen.last("served", |_| true)?;
            let is_served = served.text("by") == address(host);
            (answers.text("mac") == mac && held.hosts() == [host] && is_served).then_some(())
        });
    }

    /// Waits until another host than `old` has it; gives that one.
    #[track_caller]
    pub(crate) fn wait_for_another(&self, old: usize) -> usize {
        let new = wait("there is another master", || self.master().filter(|host| *host != old));
        self.wait_for_holder(new);
        new
    }

    pub(crate) fn node(&self, host: usize) -> u32 {
        self.pids[host].node
    }

    pub(crate) fn agent(&self, host: usize) -> u32 {
        self.pids[host].agent
    }

    /// The process that guards the agent of a host.
    pub(crate) fn guardian(&self, host: usize) -> Option<u32> {
        let lease = self.net.dir.path().join(format!("agent{host}/{}-{DATA_PORT}.lease", address(host)));
        let output =
            Command::new("pgrep").args(["-f", &format!("guardian --deadline {}", lease.display())]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next()?.parse().ok()
    }

    /// Sends signals, all to processes of the site; gives the time before.
    pub(crate) fn signal(&self, signal: &str, pids: &[u32]) -> f64 {
        let at = boot_ms();
        for pid in pids {
            self.net.signal(*pid, signal);
        }
        at
    }

    pub(crate) fn wait_for_end(&mut self, pid: u32) {
        self.net.wait_for_end(pid);
    }

    /// Removes the address from under the agent.
    pub(crate) fn remove_address(&self, host: usize) {
        let words = ["-n", &self.net.host(host), "addr", "del", &format!("{VIP}/32"), "dev", "eth0"];
        assert!(Command::new("ip").args(words).status().unwrap().success());
    }

    /// Pulls the plug of a host, and puts it back.
    pub(crate) fn replug(&self, host: usize) {
        self.net.plug(host, "down");
        self.net.plug(host, "up");
    }

    /// Adds an address to a host: the address with its prefix, and what else is to be said of it.
    pub(crate) fn add_address(&self, host: usize, words: &[&str]) {
        let mut command = Command::new("ip");
        command.args(["-n", &self.net.host(host), "addr", "add", "dev", "eth0"]).args(words);
        assert!(command.status().unwrap().success());
    }

    /// Adds the address to the watching host, which has no right to it.
    pub(crate) fn squat(&self) {
        self.add_address(HOSTS, &[&format!("{VIP}/32")]);
    }

    pub(crate) fn remove_interface(&self, host: usize) {
        let words = ["-n", &self.net.host(host), "link", "del", "eth0"];
        assert!(Command::new("ip").args(words).status().unwrap().success());
    }

    /// The watching host says that the address is its own.
    pub(crate) fn claim(&self) {
        let program = "import socket,sys; s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW); s.bind(('eth0',0x0806)); \
                       m=s.getsockname()[4]; v=socket.inet_aton(sys.argv[1]); \
                       s.send(b'\\xff'*6+m+bytes.fromhex('08060001080006040001')+m+v+b'\\0'*6+v)";
        assert!(self.net.on(HOSTS, "python3").args(["-c", program, VIP]).status().unwrap().success());
    }

    /// A client that subscribes by way of the address and then only listens. Gives where it writes when it was cut off.
    pub(crate) fn listener(&mut self) -> PathBuf {
        let program = "import socket,sys,time; s=socket.create_connection((sys.argv[1],int(sys.argv[2]))); \
                       s.sendall(b'SUBSCRIBE news\\r\\n'); s.recv(100); print('listens',flush=True)\n\
                       try:\n while s.recv(100): pass\nexcept OSError: pass\n\
                       print(time.clock_gettime(time.CLOCK_BOOTTIME)*1000,flush=True)";
        let mut command = self.net.on(HOSTS, "python3");
        command.args(["-c", program, VIP, &DATA_PORT.to_string()]);
        let log = self.net.dir.path().join("listener");
        self.net.run(HOSTS, command, &log);
        wait("it listens", || fs::read_to_string(&log).ok().filter(|text| text.contains("listens")));
        log
    }

    /// The words of an agent's output when it is started once more for the same node, or with an address that is there already.
    pub(crate) fn agent_in_vain(&self, host: usize, vip: &str, runtime_dir: Option<&str>) -> String {
        let home = self.home(host, "agent").display().to_string();
        let mut command = self.net.on(host, BONGSU);
        command.args(["healthcheck", "agent", "--group", GROUP, "--vip", vip, "--sentinel", "127.0.0.1"]);
        command.args([
            "--node",
            &format!("{}:{DATA_PORT}", address(host)),
            "--runtime-dir",
            runtime_dir.unwrap_or(&home),
        ]);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Drops everything that a host sends or gets, or nothing any more.
    pub(crate) fn cut_off(&self, host: usize, is_cut: bool) {
        let rules = if is_cut {
            "table inet cut { chain i { type filter hook input priority 0; policy drop; iif lo accept; }; \
             chain o { type filter hook output priority 0; policy drop; oif lo accept; }; }"
        } else {
            "delete table inet cut"
        };
        assert!(self.net.on(host, "nft").arg(rules).status().unwrap().success());
    }
}
