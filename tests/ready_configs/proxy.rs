//! HAProxy with the files of `configs/haproxy`, before three hosts with real servers and sentinels.

use std::fs;

use serde_json::Value;

use super::{BONGSU, text};
use crate::support::network::{Network, address};
use crate::support::{GROUP, wait};

/// The host of HAProxy and its clients.
const PROXY: usize = 3;

/// A client on the proxy's host: keeps a connection that does nothing, writes on a new connection each time, and asks the
/// sentinels whom they name. Ends when it has written to another node than the first, and the idle connection was closed.
/// All times are those of one monotonic clock.
const CLIENT: &str = "\
import json, socket, sys, time

def ask(address, words, limit=0.3):
    with socket.create_connection(address, limit) as s:
        s.settimeout(limit)
        s.sendall(b'*%d\\r\\n' % len(words) + b''.join(b'$%d\\r\\n%s\\r\\n' % (len(w), w.encode()) for w in words))
        answer = s.recv(4096)
        if not answer:
            raise OSError('closed')
        return answer

proxy, hosts = ('127.0.0.1', 6379), sys.argv[1:]
def attempt(*arguments):
    try:
        return ask(*arguments)
    except OSError:
        return None

idle = socket.create_connection(proxy)
idle.sendall(b'PING\\r\\n')
assert idle.recv(100) == b'+PONG\\r\\n'
idle.setblocking(False)
first = None
found = {}
print('ready', flush=True)
while len(found) < 3:
    named = [attempt((host, 26379), ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'], 0.1) for host in hosts]
    now = time.monotonic()
    first = first or max(set(named), key=named.count)
    moved = [n for n in named if n and n != first]
    if moved and named.count(moved[0]) > len(hosts) // 2:
        found.setdefault('named', now)
    answer = attempt(proxy, ['SET', 'key', 'value'])
    if 'named' in found and answer == b'+OK\\r\\n':
        found.setdefault('written', time.monotonic())
    try:
        if idle.recv(100) == b'':
            found.setdefault('closed', time.monotonic())
    except BlockingIOError:
        pass
    except OSError:
        found.setdefault('closed', time.monotonic())
    time.sleep(0.005)
print(json.dumps(found), flush=True)
";

fn start_host(net: &mut Network, host: usize) {
    let home = net.dir.path().join(host.to_string());
    fs::create_dir(&home).unwrap();
    let dir = home.display();
    let follows = if host == 0 { String::new() } else { format!("replicaof {} 6379\n", address(0)) };
    let server = format!("bind 0.0.0.0\nprotected-mode no\nport 6379\nsave \"\"\ndir {dir}\n{follows}");
    let sentinel = format!(
        "port 26379\nbind 0.0.0.0\nprotected-mode no\ndir {dir}\nsentinel monitor {GROUP} {} 6379 2\n\
         sentinel down-after-milliseconds {GROUP} 1000\nsentinel failover-timeout {GROUP} 10000\n",
        address(0)
    );
    for (program, config) in [("redis-server", server), ("redis-sentinel", sentinel)] {
        let file = home.join(format!("{program}.conf"));
        fs::write(&file, config).unwrap();
        let mut command = net.on(host, program);
        command.arg(&file);
        net.run(host, command, &home.join("log"));
    }
    let sentinels: Vec<String> = (0..PROXY).map(address).collect();
    let mut command = net.on(host, BONGSU);
    command.args(["healthcheck", "serve", "--node", &address(host), "--listen", "0.0.0.0:8008"]);
    command.args(["--agent-listen", "0.0.0.0:8009", "--group", GROUP, "--sentinel", &sentinels.join(",")]);
    net.run(host, command, &home.join("log"));
}

/// Four hosts, the last of them with HAProxy and the given file of ours, until writes and reads go through it.
fn installation(name: &str) -> Network {
    let mut net = Network::build(PROXY + 1);
    for host in 0..PROXY {
        start_host(&mut net, host);
    }
    let file = net.dir.path().join("haproxy.cfg");
    fs::write(&file, text(name).replace("10.0.0.", "10.77.0.")).unwrap();
    let mut command = net.on(PROXY, "haproxy");
    command.args(["-db", "-f"]).arg(&file);
    net.run(PROXY, command, &net.dir.path().join("haproxy.log"));
    wait("writes go through", || (ask(&net, "6379", &["SET", "a", "1"]) == "OK").then_some(()));
    wait("reads come from a replica", || ask(&net, "6380", &["ROLE"]).starts_with("slave").then_some(()));
    wait("the sentinels know each other and the replicas", || {
        (0..PROXY)
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

/// The answer to a request through the proxy, as `redis-cli` prints it.
fn ask(net: &Network, port: &str, words: &[&str]) -> String {
    let output = net.on(PROXY, "redis-cli").args(["-p", port]).args(words).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Freezes the master, which closes nothing by itself, and checks what the client saw.
fn freeze_the_master(name: &str) {
    let mut net = installation(name);
    let log = net.dir.path().join("client");
    let mut command = net.on(PROXY, "python3");
    command.args(["-c", CLIENT]).args((0..PROXY).map(address));
    net.run(PROXY, command, &log);
    let lines = || fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    wait("the client is ready", || lines().first().map(|line| assert_eq!(line, "ready", "{:?}", lines())));
    net.signal_program(0, "redis-server", "-STOP");
    let found = wait("the client is served again", || lines().get(1).cloned());
    let found: Value = serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {:?}", lines()));
    let at = |name: &str| found[name].as_f64().unwrap();
    let served_after = at("written") - at("named");
    assert!(served_after < 1.0, "{name}: traffic moved {served_after} s after a majority named the new master");
    assert!(at("closed") - at("named") < 1.0, "{name}: the old session was open for {found}");
    println!(
        "{name}: served {served_after:.3} s after the switch, the old session shut {:.3} s before",
        at("named") - at("closed")
    );
    wait("reads come from a replica", || ask(&net, "6380", &["ROLE"]).starts_with("slave").then_some(()));
    net.signal_program(0, "redis-server", "-CONT");
}

#[test]
fn haproxy_moves_traffic_within_a_second() {
    freeze_the_master("haproxy/haproxy.cfg");
}

#[test]
fn haproxy_moves_traffic_by_its_agent_check() {
    freeze_the_master("haproxy/agent-check.cfg");
}
