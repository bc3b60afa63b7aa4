//! The `bongsu` command as its users see it: output, exit status, and what it leaves behind.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use support::{GROUP, Installation, Program, free_ports, master_of, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");

fn bongsu(args: &[&str]) -> Output {
    Command::new(BONGSU).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    assert_eq!(bongsu(&["frobnicate"]).status.code(), Some(64));
    // Monitoring systems know only 0 to 3.
    assert_eq!(bongsu(&["healthcheck", "check", "host:port"]).status.code(), Some(3));
    assert_eq!(bongsu(&["--help"]).status.code(), Some(0));
    let nobody = free_ports(1)[0];
    let refused = bongsu(&["status", "--sentinel", &format!("127.0.0.1:{nobody}")]);
    assert_eq!(refused.status.code(), Some(69));
    assert_eq!(text(&refused).matches("Connection refused").count(), 1, "{}", text(&refused));
}

#[test]
fn under_another_name_it_answers_as_that_program() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("redis-sentinel");
    symlink(BONGSU, &link).unwrap();
    let version = text(&Command::new(&link).arg("--version").output().unwrap());
    let real = text(&Command::new("redis-sentinel").arg("--version").output().unwrap());
    let keys = |line: &str| -> Vec<String> {
        line.split_whitespace().map(|word| word.split('=').next().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&version), keys(&real), "{version}");
    assert!(version.starts_with("Redis server v="), "{version}");
    let valkey = dir.path().join("valkey-sentinel");
    symlink(BONGSU, &valkey).unwrap();
    let version = text(&Command::new(&valkey).arg("-v").output().unwrap());
    assert!(version.starts_with("Valkey server v="), "{version}");
    assert_eq!(keys(&version)[1..], keys(&real)[1..], "{version}");
    // A sentinel without a file to keep its state in does not start.
    assert_eq!(Command::new(&link).output().unwrap().status.code(), Some(1));
}

#[test]
fn status_and_health_of_a_group_and_a_switchover() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (old, other) = (i.nodes[0], i.nodes[1]);
    let sentinel = format!("127.0.0.1:{}", i.sentinels[0]);

    let status = bongsu(&["status", "--sentinel", &sentinel]);
    assert_eq!(status.status.code(), Some(0), "{}", text(&status));
    for port in i.nodes.iter().chain(&i.sentinels[1..]) {
        assert!(text(&status).contains(&format!("127.0.0.1:{port}")), "{}", text(&status));
    }

    let switch = bongsu(&["switchover", GROUP, "--sentinel", &sentinel]);
    assert_eq!(switch.status.code(), Some(0), "{}", text(&switch));
    assert!(text(&switch).contains("+switch-master"), "{}", text(&switch));
    assert_eq!(master_of(i.sentinels[0]), Some(other));
    assert_ne!(bongsu(&["switchover", "no-such-group", "--sentinel", &sentinel]).status.code(), Some(0));

    let nodes = [format!("127.0.0.1:{other}"), sentinel];
    let health = bongsu(&["healthcheck", "check", &nodes[0], &nodes[1]]);
    assert_eq!(health.status.code(), Some(0), "{}", text(&health));
    assert!(text(&health).contains("master of") && text(&health).contains("sentinel of 1"), "{}", text(&health));

    i.signal(old, "-STOP");
    let frozen = bongsu(&["healthcheck", "check", "--json", "--timeout", "300", &format!("127.0.0.1:{old}")]);
    assert_eq!(frozen.status.code(), Some(2), "{}", text(&frozen));
    let report: serde_json::Value = serde_json::from_slice(&frozen.stdout).unwrap();
    assert_eq!(report["nodes"][0]["findings"][0]["kind"], "no-answer", "{report}");
    i.kill(old);
}

#[test]
fn a_password_is_asked_for_by_name_of_the_error() {
    let mut i = Installation::empty();
    let port = i.add_node("requirepass secret\n");
    let address = format!("127.0.0.1:{port}");
    let locked_out = bongsu(&["healthcheck", "check", &address]);
    assert_eq!(locked_out.status.code(), Some(3), "{}", text(&locked_out));
    assert!(text(&locked_out).contains("NOAUTH"), "{}", text(&locked_out));
    let file = i.file(port).with_file_name("password");
    std::fs::write(&file, "secret\n").unwrap();
    let let_in = bongsu(&["healthcheck", "check", &address, "--password-file", file.to_str().unwrap()]);
    assert_eq!(let_in.status.code(), Some(0), "{}", text(&let_in));
}

#[test]
fn the_configuration_of_a_data_server_is_checked_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("some.conf");
    let check = |text: &str, more: &[&str]| {
        std::fs::write(&file, format!("dir {}\n{text}", dir.path().display())).unwrap();
        let args = ["config", "check", file.to_str().unwrap()];
        bongsu(&args.iter().chain(more).copied().collect::<Vec<_>>())
    };
    let usable = check("tls-port 7000\nappendonly yes\nlogfile some.log\n", &[]);
    assert_eq!(usable.status.code(), Some(0), "{}", text(&usable));
    assert!(text(&usable).contains("usable\nlistens on port 6379, tls-port 7000;"), "{}", text(&usable));
    assert!(!dir.path().join("some.log").exists(), "who only looks makes nothing");
    std::fs::write(dir.path().join("users.acl"), "user a on +nosuch\n").unwrap();
    for (wrong, reason) in [
        ("prot 1\n", "some.conf: line 2: Bad directive"),
        ("user a on +nosuch\n", "Unknown command or category name"),
        ("aclfile users.acl\n", "users.acl:1: Error"),
        ("aclfile none.acl\n", "none.acl"),
    ] {
        let refused = check(wrong, &[]);
        assert_eq!(refused.status.code(), Some(78), "{wrong}: {}", text(&refused));
        assert!(text(&refused).contains(reason), "{wrong}: {}", text(&refused));
    }
    // A sentinel knows nothing of this, and a data server nothing of that.
    let group = "sentinel monitor m 10.0.0.1 6379 2\n";
    assert!(text(&check(group, &[])).contains("group m: master 10.0.0.1:6379"));
    assert_eq!(check(group, &["--as", "server"]).status.code(), Some(78));
}

#[test]
fn who_takes_a_connection_and_closes_it_is_no_node() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let closed = bongsu(&["healthcheck", "check", &address]);
    assert_eq!(closed.status.code(), Some(3), "{}", text(&closed));
    let nobody = format!("127.0.0.1:{}", free_ports(1)[0]);
    let refused = bongsu(&["healthcheck", "check", &nobody]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
}

#[test]
fn output_that_nobody_reads_ends_a_command_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = demo(dir.path(), &["--keep"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141), "{}", text(&output));
    assert!(output.stderr.is_empty(), "{}", text(&output));
    wait("its processes have ended", || processes_in(dir.path()).is_empty().then_some(()));
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
}

/// A demo with a temporary directory of its own, so that what it leaves behind can be seen.
fn demo(dir: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(BONGSU);
    command.arg("demo").args(args).env("TMPDIR", dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Command lines of the processes that were started in `dir`.
fn processes_in(dir: &Path) -> Vec<String> {
    let dir = dir.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let uses_dir = |line: &String, cwd: Option<std::path::PathBuf>| {
        line.contains(dir) || cwd.is_some_and(|cwd| cwd.to_string_lossy().starts_with(dir))
    };
    entries
        .filter_map(|entry| {
            let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?.replace('\0', " ");
            uses_dir(&line, std::fs::read_link(entry.path().join("cwd")).ok()).then_some(line)
        })
        .collect()
}

fn assert_nothing_left(dir: &Path) {
    let left = processes_in(dir);
    assert!(left.is_empty(), "still running: {left:?}");
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "files are left in {}", dir.display());
}

#[test]
fn the_demo_fails_over_and_leaves_nothing_behind() {
    for server in [&[][..], &["--server", "redis-server"]] {
        let dir = tempfile::tempdir().unwrap();
        let args: Vec<&str> = ["--process-death-after", "200"].iter().chain(server).copied().collect();
        let output = demo(dir.path(), &args).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        let said = text(&output);
        assert!(!said.contains("never"), "{said}");
        // Each step with its time, one after the other.
        let steps = ["detected", "elected", "promoted", "writable again"].map(|step| step_ms(&said, step));
        assert!(steps.is_sorted(), "{said}");
        assert_nothing_left(dir.path());
    }
}

/// The time of a step in the demo's last table.
fn step_ms(said: &str, step: &str) -> u64 {
    let line = said.lines().find_map(|line| line.strip_prefix(step)).unwrap_or_else(|| panic!("no {step}: {said}"));
    line.trim().strip_suffix(" ms").and_then(|ms| ms.parse().ok()).unwrap_or_else(|| panic!("{step}: {said}"))
}

/// A demo that has started its processes.
fn running_demo(dir: &Path) -> Child {
    let mut child = demo(dir, &["--keep"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("is killed (SIGKILL) in")), "it ended early");
    // Whoever reads no further must not block it.
    std::thread::spawn(move || lines.for_each(drop));
    assert!(processes_in(dir).len() >= 6, "{:?}", processes_in(dir));
    child
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = running_demo(dir.path());
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_nothing_left(dir.path());
    }
}

#[test]
fn a_killed_demo_leaves_no_process_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = running_demo(dir.path());
    child.kill().unwrap();
    child.wait().unwrap();
    wait("its processes end", || processes_in(dir.path()).is_empty().then_some(()));
}

#[test]
fn a_demo_without_a_server_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let output = demo(dir.path(), &["--server", "no-such-server"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(text(&output).contains("no-such-server") && text(&output).contains("--server"), "{}", text(&output));
    assert_nothing_left(dir.path());
}
