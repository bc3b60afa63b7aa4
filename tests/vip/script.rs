//! Addresses that a program moves.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{GROUP, Installation, Program, command, wait};

/// As `docs/vip.md` says it, and a line in a file for each call.
const SCRIPT: &str = r#"#!/bin/sh
set -e
cd "$(dirname "$0")"
echo "$1 $2 $3 $(cat)" >> calls
case "$1" in
acquire) touch here ;;
release) rm -f here ;;
esac
if [ -e here ]; then echo '{"held": true}'; else echo '{"held": false}'; fi
"#;

#[test]
fn a_program_moves_the_address() {
    let mut i = Installation::start(1, &[Program::Ours]);
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("move");
    fs::write(&script, SCRIPT).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    // Users who may do what docs/vip.md says, and nothing else.
    let password = dir.path().join("password");
    fs::write(&password, "secret\n").unwrap();
    let rights: [(u16, &[&str]); 2] = [
        (i.nodes[0], &["+role", "+ping", "+client|pause", "+client|kill"]),
        (i.sentinels[0], &["&*", "+subscribe", "+bongsu|lease", "+bongsu|release", "+sentinel|sentinels"]),
    ];
    for (port, rights) in rights {
        command::<String>(port, &[&["ACL", "SETUSER", "agent", "on", ">secret"], rights].concat()).unwrap();
    }
    let calls = || fs::read_to_string(dir.path().join("calls")).unwrap_or_default();
    let (node, sentinel) = (format!("127.0.0.1:{}", i.nodes[0]), format!("127.0.0.1:{}", i.sentinels[0]));
    let agent = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.args(["healthcheck", "agent", "--node", &node, "--runtime-dir"]).arg(dir.path().join("run"));
        for (user, file) in [("--user", "--password-file"), ("--sentinel-user", "--sentinel-password-file")] {
            command.args([user, "agent", file]).arg(&password);
        }
        command.args(more);
        command
    };
    let run = ["--group", GROUP, "--sentinel", &sentinel, "--vip", "203.0.113.9", "--script", script.to_str().unwrap()];
    i.run(1, agent(&run));
    wait("it is acquired", || calls().contains("acquire 203.0.113.9/32 0 ").then_some(()));
    let told = calls();
    let first = told.lines().next().unwrap();
    assert!(first.starts_with("release "), "what may have been left is given back first: {first}");
    let acquire = told.lines().find(|line| line.starts_with("acquire")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&acquire[acquire.find('{').unwrap()..]).unwrap();
    assert_eq!((json["group"].as_str().unwrap(), json["node"].as_str().unwrap()), (GROUP, node.as_str()));
    assert_eq!((json["vip"].as_str().unwrap(), json["action"].as_str().unwrap()), ("203.0.113.9", "acquire"));
    assert!(json["deadline_ms"].as_u64().unwrap() > 0);
    let status = wait("it says so", || {
        let output = agent(&["--status"]).output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    });
    assert!(status.contains("\"holding\": true"), "{status}");

    i.kill(i.nodes[0]);
    wait("it is given back", || (calls().lines().last()?.starts_with("release ")).then_some(()));
    wait("it says so", || (agent(&["--status"]).output().unwrap().status.code() == Some(1)).then_some(()));
}

/// A provider with one table: which interface an address leads to.
const AWS: &str = r#"#!/bin/sh
set -e
cd "$(dirname "$0")"
case "$2" in
assign-private-ip-addresses) [ "$7" = --allow-reassignment ]; echo "$6" > table ;;
unassign-private-ip-addresses) rm table ;;
describe-network-interfaces)
    [ ! -e table ] || more=", {\"PrivateIpAddress\": \"$(cat table)\"}"
    echo "{\"NetworkInterfaces\": [{\"PrivateIpAddresses\": [{\"PrivateIpAddress\": \"10.0.0.1\"}$more]}]}" ;;
esac
"#;

#[test]
fn the_example_keeps_to_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let aws = dir.path().join("aws");
    fs::write(&aws, AWS).unwrap();
    fs::set_permissions(&aws, fs::Permissions::from_mode(0o755)).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/vip/aws-secondary-address");
    let call = |action: &str| {
        let mut child = Command::new(&example)
            .args([action, "10.0.0.100/32", "7"])
            .env("BONGSU_AWS", &aws)
            .env("BONGSU_ENI", "eni-1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = format!(r#"{{"action": "{action}", "vip": "10.0.0.100", "deadline_ms": 10000}}"#);
        child.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["held"].as_bool().unwrap()
    };
    let asked = ["status", "acquire", "acquire", "status", "release", "release", "status"].map(call);
    assert_eq!(asked, [false, true, true, true, false, false, false]);
}

/// The unit's own words, in a network of its own that leads nowhere.
#[test]
fn the_unit_starts_an_agent() {
    let unit =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/systemd/bongsu-agent.service")).unwrap();
    let settings = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let words = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/bongsu ")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new("unshare")
        .args(["-n", env!("CARGO_BIN_EXE_bongsu")])
        .args(words.split(' '))
        .args(["--dry-run", "--runtime-dir"])
        .arg(dir.path())
        .envs(settings)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let shown = wait("it shows what it is", || {
        let text = fs::read(dir.path().join("10.0.0.1-6379.json")).ok()?;
        serde_json::from_slice::<serde_json::Value>(&text).ok()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((&shown["group"], &shown["vips"][0]), (&"mymaster".into(), &"10.0.0.100/32".into()));
    assert_eq!(shown["holding"], false);
}
