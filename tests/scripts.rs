//! Notification scripts as processes: where they are found, and what becomes of those that they leave behind.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::{free_ports, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");

/// A sentinel whose group is down at once, so that its script runs.
struct Sentinel {
    dir: tempfile::TempDir,
    process: Child,
}

impl Sentinel {
    /// Starts it under `wrapper` with a script of that text.
    fn start(wrapper: &[&str], script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ports = free_ports(2);
        let path = dir.path().join("notify.sh");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let conf = dir.path().join("sentinel.conf");
        let text = format!(
            "port {}\nbind 127.0.0.1\ndir {}\nsentinel monitor mymaster 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds mymaster 200\nsentinel notification-script mymaster notify.sh\n",
            ports[0],
            dir.path().display(),
            ports[1],
        );
        fs::write(&conf, text).unwrap();
        let words: Vec<&str> = wrapper.iter().copied().chain([BONGSU, "sentinel"]).collect();
        let process =
            Command::new(words[0]).args(&words[1..]).arg(&conf).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { dir, process: process.unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// Direct children of a process.
fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// A relative path begins at the sentinel's directory, whether or not it has a slash in it.
#[test]
fn a_script_is_found_in_the_directory_of_the_sentinel() {
    let sentinel = Sentinel::start(&[], "#!/bin/sh\necho \"$0 $1\" > \"$(dirname \"$0\")/told\"\n");
    let told = wait("the script runs", || fs::read_to_string(sentinel.file("told")).ok().filter(|t| t.contains('\n')));
    assert!(told.contains("notify.sh +"), "{told}");
}

/// The first process of a container has to bury everybody whose parent is gone.
#[test]
fn as_the_first_process_it_reaps_what_scripts_leave_behind() {
    // The orphan lives until the file appears, so that the test sees it before and after.
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n[ -e left ] && exit 0\n\
                  (while [ ! -e end ]; do sleep 0.05; done) </dev/null >/dev/null 2>&1 &\necho left > left\n";
    let sentinel = Sentinel::start(&["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"], script);
    let first = wait("it runs in a namespace of its own", || {
        children(sentinel.process.id()).into_iter().find(|pid| is_bongsu(*pid))
    });
    wait("the script ran", || sentinel.file("left").exists().then_some(()));
    let orphan = wait("its child is left to the sentinel", || {
        children(first).into_iter().find(|pid| state(*pid).is_some_and(|state| state != 'Z') && is_shell(*pid))
    });
    fs::write(sentinel.file("end"), "").unwrap();
    wait("the orphan is buried", || state(orphan).is_none().then_some(()));
}

fn is_bongsu(pid: u32) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == Path::new(BONGSU))
}

fn is_shell(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.contains("notify.sh"))
}
