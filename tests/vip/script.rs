//! Addresses that a program moves.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{GROUP, Installation, Program, wait};

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
    let calls = || fs::read_to_string(dir.path().join("calls")).unwrap_or_default();
    let (node, sentinel) = (format!("127.0.0.1:{}", i.nodes[0]), format!("127.0.0.1:{}", i.sentinels[0]));
    let agent = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.args(["healthcheck", "agent", "--node", &node, "--runtime-dir"]).arg(dir.path().join("run"));
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
