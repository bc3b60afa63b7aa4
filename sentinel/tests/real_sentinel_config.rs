//! Files written here load in a real sentinel, and the other way round.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bongsu_sentinel::config::{Launch, Loaded, Randomness, advice, inspect, load};
use bongsu_sentinel_core::{Addr, Durable, Epoch, RunId};

/// Far more than a start takes, so that only a broken one reaches it.
const START_LIMIT: Duration = Duration::from_secs(30);
const RANDOMNESS: Randomness = Randomness { id: [0x5e; 20], seed: 1 };

/// A real sentinel, killed when dropped.
struct Real {
    process: Child,
    port: u16,
}

impl Real {
    fn start(file: &Path, port: u16) -> Self {
        let process = Command::new("redis-sentinel")
            .arg(file)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-sentinel is installed");
        let mut real = Self { process, port };
        let deadline = Instant::now() + START_LIMIT;
        while real.ask(&["ping"]) != "PONG\n" {
            assert!(real.process.try_wait().expect("known").is_none(), "{}", fs::read_to_string(file).expect("read"));
            assert!(Instant::now() < deadline, "redis-sentinel does not answer");
            thread::sleep(Duration::from_millis(20));
        }
        real
    }

    fn ask(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output();
        String::from_utf8_lossy(&output.expect("redis-cli is installed").stdout).into_owned()
    }

    /// The value of a field in a reply that lists names and values line by line.
    fn field(&self, words: &[&str], name: &str) -> String {
        let reply = self.ask(words);
        let mut lines = reply.lines();
        lines.find(|line| *line == name);
        lines.next().unwrap_or_default().to_owned()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.local_addr().expect("has an address").port()
}

fn write(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("sentinel.conf");
    fs::write(&path, text).expect("written");
    path
}

fn loaded(path: &Path) -> Loaded {
    load(&Launch::with_file(path), RANDOMNESS).unwrap_or_else(|error| panic!("{error}"))
}

fn durable(loaded: &Loaded) -> Durable {
    Durable {
        my_id: loaded.setup.my_id,
        current_epoch: loaded.setup.current_epoch,
        groups: loaded.setup.groups.clone(),
    }
}

/// A real sentinel keeps members in no particular order.
fn sorted(mut state: Durable) -> Durable {
    for group in &mut state.groups {
        group.replicas.sort();
        group.peers.sort();
    }
    state
}

#[test]
fn a_real_sentinel_loads_what_we_write_and_we_load_what_it_writes() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let port = free_port();
    let text = format!(
        "# kept\nport {port}\ndir {}\nlogfile log.txt\nprotected-mode no\nrequirepass \"\"\nsave ''\n\
         client-output-buffer-limit pubsub 1mb 1kb 3\nuser bob on >x +ping\n\
         sentinel monitor m 127.0.0.1 1 3\nsentinel auth-pass m secret\nsentinel auth-user m ops\n\
         sentinel down-after-milliseconds m 5000\nsentinel rename-command m CONFIG guarded\n\
         sentinel announce-ip 127.0.0.1\nsentinel announce-port {port}\nsentinel sentinel-user s\n\
         sentinel sentinel-pass p\nsentinel deny-scripts-reconfig no\n",
        dir.path().display()
    );
    let path = write(dir.path(), &text);
    let mut ours = loaded(&path);
    let mut state = durable(&ours);
    state.current_epoch = Epoch(12);
    let group = &mut state.groups[0];
    (group.config_epoch, group.leader_epoch) = (Epoch(11), Epoch(12));
    group.replicas = vec![Addr::new("127.0.0.1", 2).expect("address"), Addr::new("::1", 3).expect("address")];
    let peer = RunId::from_bits([7; 20]);
    group.peers = vec![(peer, Addr::new("127.0.0.1", 4).expect("address"))];
    ours.store.save(&ours.settings, &state).expect("saved");

    let real = Real::start(&path, port);
    assert_eq!(real.ask(&["sentinel", "myid"]).trim(), state.my_id.as_str());
    let master = ["sentinel", "master", "m"];
    for (field, value) in [
        ("port", "1"),
        ("quorum", "3"),
        ("down-after-milliseconds", "5000"),
        ("config-epoch", "11"),
        ("num-slaves", "2"),
        ("num-other-sentinels", "1"),
    ] {
        assert_eq!(real.field(&master, field), value, "{field}");
    }
    assert_eq!(real.field(&["sentinel", "sentinels", "m"], "runid"), peer.as_str());
    assert!(real.ask(&["acl", "list"]).contains("user bob on"));
    assert_eq!(real.ask(&["sentinel", "set", "m", "parallel-syncs", "4"]).trim(), "OK");
    assert_eq!(real.ask(&["sentinel", "flushconfig"]).trim(), "OK");
    drop(real);

    let again = loaded(&path);
    let mut expected = state;
    expected.groups[0].options.parallel_syncs = 4;
    assert_eq!(sorted(durable(&again)), sorted(expected));
    assert!(again.warnings.is_empty(), "{:?}", again.warnings);
    assert_eq!(again.settings.masters, ours.settings.masters);
    assert_eq!(again.settings.peer_credentials(), ours.settings.peer_credentials());
    assert_eq!(again.settings.server, ours.settings.server);
    assert!(fs::read_to_string(&path).expect("read").starts_with("# kept\n"));
}

/// Lines that a real sentinel refuses, after a group `m` is declared.
const REFUSED: &[&str] = &[
    "prot 1",
    "port abc",
    "port 70000",
    "port 1 2",
    "port \"1",
    "loglevel x",
    "daemonize maybe",
    "maxclients 0",
    "client-query-buffer-limit x",
    "client-output-buffer-limit a b c d",
    "maxclients 1 2",
    "sentinel foo",
    "sentinel monitor n localhost 1 0",
    "sentinel monitor n 127.0.0.1 1 0",
    "sentinel monitor n 127.0.0.1 99999 1",
    "sentinel monitor m 127.0.0.1 1 1",
    "sentinel down-after-milliseconds x 1",
    "sentinel down-after-milliseconds m 0",
    "sentinel failover-timeout m -1",
    "sentinel master-reboot-down-after-period m -1",
    "sentinel notification-script m /nonexistent",
    "sentinel client-reconfig-script m /nonexistent",
    "sentinel myid abc",
    "sentinel deny-scripts-reconfig x",
    "sentinel resolve-hostnames x",
    "sentinel announce-hostnames x",
];

#[test]
fn both_refuse_the_same_lines_with_the_same_report() {
    let dir = tempfile::tempdir().expect("temporary directory");
    for line in REFUSED {
        let path = write(dir.path(), &format!("sentinel monitor m 127.0.0.1 1 1\n{line}\n"));
        let error = load(&Launch::with_file(&path), RANDOMNESS).expect_err("must be refused");
        let ours = error.fatal_block("7.0.15");
        let output = Command::new("redis-sentinel").arg(&path).stdin(Stdio::null()).output();
        let output = output.expect("redis-sentinel is installed");
        assert!(!output.status.success(), "{line}");
        let theirs = String::from_utf8_lossy(&output.stderr).into_owned();
        let theirs: Vec<&str> = theirs[theirs.find("\n***").unwrap_or(0)..].lines().collect();
        // The last level of the log came after 7.0.
        let ours: Vec<&str> = ours.lines().map(|line| line.trim_end_matches(", nothing")).take(theirs.len()).collect();
        assert_eq!(ours, theirs, "{line}");
    }
}

#[test]
fn the_samples_load() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    for name in ["sentinel.conf", "sentinel.yaml"] {
        let loaded = inspect(&Launch::with_file(samples.join(name))).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(advice(&loaded), Vec::<String>::new(), "{name}");
        assert_eq!(loaded.setup.groups[0].name.as_str(), "mymaster", "{name}");
    }
}
