//! An old master that is cut off calls itself the primary no longer when another one does.

use std::fs;

use crate::support::network::{Network, address};
use crate::support::{GROUP, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");
const HTTP_PORT: u16 = 8008;

/// Asks for /primary on its own host as fast as it can, and prints for each answer when it was asked, when it was there, and
/// what it was. All hosts of the test have one monotonic clock.
const SAMPLER: &str = "\
import socket, sys, time
while True:
    asked = time.monotonic()
    try:
        with socket.create_connection(('127.0.0.1', 8008), 1) as s:
            s.settimeout(1)
            s.sendall(b'HEAD /primary HTTP/1.0\\r\\n\\r\\n')
            status = s.recv(64).split(b' ')[1].decode()
    except OSError:
        status = '0'
    print(asked, time.monotonic(), status, flush=True)
    time.sleep(0.002)
";

/// An answer: when it was asked, when it was there, and whether it was yes.
type Sample = (f64, f64, bool);

impl Network {
    fn start_host(&mut self, host: usize, sentinel_directives: &str) {
        let home = self.dir.path().join(host.to_string());
        fs::create_dir(&home).unwrap();
        let dir = home.display();
        let follows = if host == 0 { String::new() } else { format!("replicaof {} 6379\n", address(0)) };
        let server = format!("bind 0.0.0.0\nprotected-mode no\nport 6379\nsave \"\"\ndir {dir}\n{follows}");
        let sentinel = format!(
            "port 26379\nbind 0.0.0.0\nprotected-mode no\ndir {dir}\nsentinel monitor {GROUP} {} 6379 2\n\
             {sentinel_directives}",
            address(0)
        );
        for (program, config) in [("redis-server", server), ("redis-sentinel", sentinel)] {
            let file = home.join(format!("{program}.conf"));
            fs::write(&file, config).unwrap();
            let mut command = self.on(host, program);
            command.arg(&file);
            self.run(host, command, &home.join("log"));
        }
        let sentinels: Vec<String> = (0..self.hosts).map(address).collect();
        let mut command = self.on(host, BONGSU);
        command.args(["healthcheck", "serve", "--node", &address(host), "--listen"]);
        command.args([&format!("0.0.0.0:{HTTP_PORT}"), "--group", GROUP, "--sentinel", &sentinels.join(",")]);
        self.run(host, command, &home.join("log"));
        let mut command = self.on(host, "python3");
        command.args(["-c", SAMPLER]);
        self.run(host, command, &self.samples_file(host));
    }

    fn samples_file(&self, host: usize) -> std::path::PathBuf {
        self.dir.path().join(format!("samples{host}"))
    }

    fn samples(&self, host: usize) -> Vec<Sample> {
        let text = fs::read_to_string(self.samples_file(host)).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let parse = |line: &str| {
            let mut words = line.split(' ');
            let mut number = || words.next()?.parse::<f64>().ok();
            Some((number()?, number()?, words.next()? == "200"))
        };
        whole.lines().map(|line| parse(line).unwrap_or_else(|| panic!("no sample: {line}"))).collect()
    }

    fn is_primary(&self, host: usize) -> bool {
        self.samples(host).last().is_some_and(|(_, _, yes)| *yes)
    }
}

/// Waits until another host than the first is the primary, and shows that the first had stopped being one before.
fn hand_over(net: &Network) {
    let new = wait("another host is the primary", || (1..3).find(|host| net.is_primary(*host)));
    let first_yes = net.samples(new).into_iter().find(|(_, _, yes)| *yes).unwrap();
    let last_yes = net.samples(0).into_iter().rfind(|(_, _, yes)| *yes).unwrap();
    assert!(last_yes.1 < first_yes.0, "host 0 said yes until {last_yes:?}, host {new} from {first_yes:?}");
    // Both were asked all the time.
    for host in [0, new] {
        let samples = net.samples(host);
        let asked = samples.iter().filter(|(asked, _, _)| *asked > last_yes.0 && *asked < first_yes.1).count();
        assert!(asked > 3, "host {host} was asked {asked} times in between");
    }
}

fn installation() -> Network {
    let mut net = Network::build(3);
    for host in 0..3 {
        let limits =
            format!("sentinel down-after-milliseconds {GROUP} 2000\nsentinel failover-timeout {GROUP} 10000\n");
        net.start_host(host, &limits);
    }
    wait("the first host is the primary", || net.is_primary(0).then_some(()));
    wait("every sentinel knows everything", || {
        (0..3)
            .all(|host| {
                let output =
                    net.on(host, "redis-cli").args(["-p", "26379", "SENTINEL", "MASTER", GROUP]).output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let has = |name: &str, value: &str| text.contains(&format!("{name}\n{value}\n"));
                has("num-slaves", "2") && has("num-other-sentinels", "2") && has("flags", "master")
            })
            .then_some(())
    });
    net
}

#[test]
fn an_isolated_old_master_has_stopped_before_the_new_one_begins() {
    let net = installation();
    net.plug(0, "down");
    hand_over(&net);
}
