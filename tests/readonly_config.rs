//! A configuration that cannot be written, and a state directory that is full. Each sentinel has mounts of its own.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{GROUP, Installation, ask, command, free_ports, info, master_of, try_command, wait};

/// Makes a directory read-only, as root is not kept from writing by modes, and becomes the command that follows.
const READ_ONLY: &str = r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && ! touch "$1/x" 2>/dev/null &&
    shift && exec "$@""#;

/// Puts a small file system on a directory and becomes the command that follows.
const SMALL_DISK: &str = r#"mkdir -p "$1" && mount -t tmpfs -o size=256k tmpfs "$1" && shift && exec "$@""#;

fn bongsu_under(script: &str, mounted: &Path, config: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).arg(mounted);
    command.arg(env!("CARGO_BIN_EXE_bongsu")).arg("sentinel").arg(config);
    command
}

fn yaml(port: u16, state: &Path, master: u16, quorum: u32) -> String {
    format!(
        "port: {port}\nstate-dir: {}\nmasters:\n  - name: {GROUP}\n    host: 127.0.0.1\n    port: {master}\n    \
         quorum: {quorum}\n    down-after-milliseconds: 1000\n    failover-timeout: 10000\n",
        state.display()
    )
}

fn answers(port: u16) {
    wait("a sentinel answers", || ask::<String>(port, &["MYID"]).map(drop));
}

#[test]
fn a_configuration_that_cannot_be_written_is_never_written() {
    let mut i = Installation::empty();
    let master = i.add_node("");
    i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    let mut sentinels = Vec::new();
    for port in free_ports(3) {
        let config = i.home(port).join("config");
        fs::create_dir_all(&config).unwrap();
        let file = config.join("sentinel.yaml");
        fs::write(&file, yaml(port, &i.home(port).join("state"), master, 2)).unwrap();
        i.run(port, bongsu_under(READ_ONLY, &config, &file));
        answers(port);
        i.sentinels.push(port);
        sentinels.push((port, config, fs::read(&file).unwrap()));
    }
    i.wait_until_known();
    let id: String = ask(sentinels[0].0, &["MYID"]).unwrap();
    i.kill(master);
    let new = i.wait_for_new_master(master);

    let (port, config, _) = &sentinels[0];
    i.kill(*port);
    let state = fs::read_to_string(i.home(*port).join("state/state")).unwrap();
    assert!(state.contains(&format!("sentinel address {GROUP} 127.0.0.1 {new}\n")), "{state}");
    i.run(*port, bongsu_under(READ_ONLY, config, &config.join("sentinel.yaml")));
    answers(*port);
    assert_eq!(ask::<String>(*port, &["MYID"]).unwrap(), id);
    assert_eq!(master_of(*port), Some(new));
    for (_, config, before) in &sentinels {
        assert_eq!(fs::read(config.join("sentinel.yaml")).unwrap(), *before);
        assert_eq!(fs::read_dir(config).unwrap().count(), 1);
    }
}

/// Asks for a vote; the candidate that gets it, if one does.
fn vote(sentinel: u16, master: u16, epoch: u64) -> Option<String> {
    let (port, epoch, candidate) = (master.to_string(), epoch.to_string(), "c".repeat(40));
    let words = ["is-master-down-by-addr", "127.0.0.1", &port, &epoch, &candidate];
    let (_, leader, _): (i64, String, u64) = ask(sentinel, &words)?;
    Some(leader)
}

#[test]
fn a_sentinel_that_cannot_save_watches_but_does_not_vote() {
    let mut i = Installation::empty();
    let master = i.add_node("");
    let port = free_ports(1)[0];
    let (state, file) = (i.home(port).join("state"), i.home(port).join("sentinel.yaml"));
    fs::create_dir_all(i.home(port)).unwrap();
    fs::write(&file, yaml(port, &state, master, 1)).unwrap();
    i.run(port, bongsu_under(SMALL_DISK, &state, &file));
    answers(port);
    assert_eq!(vote(port, master, 5).unwrap(), "c".repeat(40));

    let inside = |script: &str| {
        let pid = i.pid(port).to_string();
        let filler = state.join("filler");
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid, "-m", "sh", "-c", script, "sh"]).arg(filler).output().unwrap();
    };
    inside(r#"cat /dev/zero > "$1""#);
    assert_eq!(vote(port, master, 6).unwrap(), "*", "a vote that is not on disk");
    let refused = try_command::<String>(port, &["SENTINEL", "FLUSHCONFIG"]).unwrap().unwrap_err();
    assert!(refused.to_string().contains("Failed to save config file"), "{refused}");
    assert!(i.log(port).contains("was not able to save the new configuration on disk"));
    // It watches all the same: what the master says of its replicas arrives.
    let replica = i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    wait("the replica follows", || info(replica, "master_link_status")?.eq("up").then_some(()));
    wait("the replica is found", || {
        let replicas: Vec<Vec<String>> = ask(port, &["REPLICAS", GROUP])?;
        (replicas.len() == 1).then_some(())
    });
    assert_eq!(command::<String>(port, &["PING"]).unwrap(), "PONG");

    let pid = i.pid(port).to_string();
    let freed = Command::new("nsenter").args(["-t", &pid, "-m", "rm"]).arg(state.join("filler")).status().unwrap();
    assert!(freed.success());
    wait("it can save again", || ask::<String>(port, &["FLUSHCONFIG"]));
    assert_eq!(vote(port, master, 7).unwrap(), "c".repeat(40));
}

/// Mounts a file onto itself, as containers mount single files: it can be written to, and nothing can take its place.
const MOUNTED_FILE: &str = r#"mount --bind "$1" "$1" && shift && exec "$@""#;

/// As redis-sentinel, which tells of it and goes on, a sentinel votes and keeps its state then.
#[test]
fn a_file_that_cannot_be_replaced_is_written_over() {
    let mut i = Installation::empty();
    let master = i.add_node("");
    let replica = i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    wait("the replica follows", || info(replica, "master_link_status")?.eq("up").then_some(()));
    let mut files = Vec::new();
    for port in free_ports(3) {
        let config = i.home(port).join("config");
        fs::create_dir_all(&config).unwrap();
        let file = config.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\n# a comment\nsentinel monitor {GROUP} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {GROUP} 1000\nsentinel failover-timeout {GROUP} 10000\n"
        );
        fs::write(&file, text).unwrap();
        i.run(port, bongsu_under(MOUNTED_FILE, &file, &file));
        answers(port);
        i.sentinels.push(port);
        files.push(file);
    }
    i.wait_until_known();
    i.kill(master);
    let new = i.wait_for_new_master(master);
    for (file, port) in std::iter::zip(&files, i.sentinels.clone()) {
        wait("the new master is in the file", || {
            let text = fs::read_to_string(file).unwrap();
            text.contains(&format!("sentinel monitor {GROUP} 127.0.0.1 {new} 2\n")).then_some(())
        });
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("# a comment\n"), "{text}");
        let log = i.log(port);
        assert_eq!(log.matches("is written over instead").count(), 1, "{log}");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }
}
