//! Hooks of real sentinels over real data servers: what runs when, how often, and what a hook can and cannot hold up.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use support::{GROUP, Installation, Program, command, field, info, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");
const OURS: [Program; 3] = [Program::Ours; 3];

/// What a hook is told, one line for each run. A line this short is appended as a whole.
const NOTE: &str = "#!/bin/sh\necho \"$BONGSU_PHASE $BONGSU_EPOCH $BONGSU_SENTINEL $BONGSU_REASON $BONGSU_OLD_MASTER_PORT \
                    $BONGSU_NEW_MASTER_PORT ${BONGSU_NODE_PORT:-0} ${BONGSU_ROLE:-none} ${BONGSU_OUTCOME:-none}\" >> \"$1\"\n";

/// Scripts and what they leave.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Directives of a hook that runs a script with one more argument.
    fn hook(&self, name: &str, phase: &str, script: &str, argument: &str) -> String {
        let path = self.script(name, script);
        let argument = self.path(argument).display().to_string();
        format!("hook {name} phase {phase}\nhook {name} command {path} {argument}\n")
    }

    fn lines(&self, name: &str) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
    }
}

/// `BONGSU HOOKS` of every sentinel.
fn runs(i: &Installation) -> Vec<BTreeMap<String, String>> {
    let of = |port: &u16| command::<Vec<BTreeMap<String, String>>>(*port, &["BONGSU", "HOOKS", GROUP]).unwrap();
    i.sentinels.iter().flat_map(of).collect()
}

/// The first run of a hook that was not a dry one.
fn run_of(i: &Installation, hook: &str) -> Option<BTreeMap<String, String>> {
    runs(i).into_iter().find(|run| run["hook"] == hook && run["dry-run"] == "no")
}

fn decisions(i: &Installation) -> String {
    let of = |port: &u16| command::<Vec<Vec<String>>>(*port, &["BONGSU", "DECISIONS", GROUP]).unwrap_or_default();
    let text = |flat: Vec<String>| field(&flat, "decision").unwrap_or_default();
    i.sentinels.iter().flat_map(of).map(text).collect::<Vec<_>>().join("\n")
}

fn is_alive(pid: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    state.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

#[test]
fn each_phase_comes_once_and_in_order() {
    let folder = Folder::new();
    let phases = ["pre-failover", "post-promotion", "role-change", "post-failover"];
    let hooks: String = phases.iter().map(|phase| folder.hook(phase, phase, NOTE, "told")).collect();
    // What Redis has goes on beside it, on every sentinel.
    let script = folder.script("reconfig", &format!("#!/bin/sh\necho \"$2\" >> {}\n", folder.path("roles").display()));
    let directives = format!("{hooks}sentinel client-reconfig-script {GROUP} {script}\n");
    let mut i = Installation::start_with(2, &OURS, &directives);
    let old = i.nodes[0];
    i.kill(old);
    let new = i.wait_for_new_master(old);
    wait("the failover is over", || (folder.lines("told").len() == 4).then_some(()));
    let told = folder.lines("told");
    let (epoch, leader) = (told[0][1].clone(), told[0][2].clone());
    let line = |phase: &str, rest: &str| format!("{phase} {epoch} {leader} master-down {old} {new} {rest}");
    let all: Vec<String> = told.iter().map(|words| words.join(" ")).collect();
    let expected = [
        line("pre-failover", "0 none none"),
        line("post-promotion", "0 none none"),
        line("role-change", &format!("{new} master none")),
        line("post-failover", "0 none complete"),
    ];
    assert_eq!(all, expected);

    i.start_node(old);
    wait("the old master is told of", || (folder.lines("told").len() == 5).then_some(()));
    assert_eq!(folder.lines("told")[4].join(" "), line("role-change", &format!("{old} replica none")));
    assert_eq!(info(old, "master_port"), Some(new.to_string()));
    wait("each run is known", || (runs(&i).len() == 5).then_some(()));
    wait("every sentinel has run its script", || (folder.lines("roles").len() == OURS.len()).then_some(()));
    assert_eq!(folder.lines("roles").iter().filter(|words| words[0] == "leader").count(), 1);
}

#[test]
fn a_veto_stops_the_failover_for_as_long_as_it_stands() {
    let folder = Folder::new();
    let script = "#!/bin/sh\n[ -e \"$1\" ] && echo 'the network is being worked on' && exit 75\nexit 0\n";
    let mut i = Installation::start_with(2, &OURS, &folder.hook("guard", "pre-failover", script, "stop"));
    fs::write(folder.path("stop"), "").unwrap();
    let old = i.nodes[0];
    i.kill(old);
    let vetoed = wait("it is stopped", || run_of(&i, "guard"));
    assert_eq!((vetoed["verdict"].as_str(), vetoed["reason"].as_str()), ("veto", "the network is being worked on"));
    assert_eq!((vetoed["end"].as_str(), vetoed["dry-run"].as_str()), ("exit status 75", "no"));
    wait("the reason is kept", || {
        let decisions = decisions(&i);
        let stopped = decisions.lines().find(|line| line.contains("guard stops the failover of epoch "))?;
        stopped.ends_with(": the network is being worked on").then_some(())
    });
    let told = |i: &Installation| i.sentinels.iter().any(|port| i.log(*port).contains("-failover-abort-vetoed"));
    wait("the event is told", || told(&i).then_some(()));
    wait("it is tried and stopped again", || (runs(&i).len() >= 2).then_some(()));
    assert!(i.addresses().iter().all(|address| *address == Some(old)));
    for replica in &i.nodes[1..] {
        assert_eq!(info(*replica, "role").as_deref(), Some("slave"));
    }
    let epochs: Vec<String> = runs(&i).iter().map(|run| run["epoch"].clone()).collect();
    fs::remove_file(folder.path("stop")).unwrap();
    i.wait_for_new_master(old);
    let last = runs(&i).into_iter().find(|run| run["verdict"] == "go").unwrap();
    assert!(!epochs.contains(&last["epoch"]), "{epochs:?} {last:?}");
}

#[test]
fn an_operator_hears_of_the_veto() {
    let folder = Folder::new();
    let i = Installation::start_with(1, &OURS, &folder.hook("guard", "pre-failover", "#!/bin/sh\nexit 75\n", "none"));
    let sentinel = format!("127.0.0.1:{}", i.sentinels[0]);
    let output = Command::new(BONGSU).args(["switchover", GROUP, "--sentinel", &sentinel]).output().unwrap();
    let said = text(&output);
    assert!(!output.status.success() && said.contains("-failover-abort-vetoed") && said.contains("by guard"), "{said}");
    assert_eq!(command::<String>(i.nodes[0], &["SET", "k", "v"]).as_deref(), Some("OK"));
    assert!(i.addresses().iter().all(|address| *address == Some(i.nodes[0])));
}

#[test]
fn a_hook_that_hangs_is_killed_with_its_children_and_holds_up_no_longer_than_it_may() {
    let folder = Folder::new();
    let script = "#!/bin/sh\nsleep 1000 &\necho $$ $! > \"$1.new\"\nmv \"$1.new\" \"$1\"\nsleep 1000\n";
    let hook = folder.hook("slow", "pre-failover", script, "pids");
    let mut i = Installation::start_with(2, &OURS, &format!("{hook}hook slow timeout-milliseconds 700\n"));
    let old = i.nodes[0];
    i.kill(old);
    i.wait_for_new_master(old);
    let run = run_of(&i, "slow").unwrap();
    assert_eq!((run["end"].as_str(), run["verdict"].as_str()), ("timed out", "go"));
    let took: u64 = run["duration-ms"].parse().unwrap();
    assert!((700..2000).contains(&took), "{took} ms");
    let pids = folder.lines("pids");
    assert_eq!(pids[0].len(), 2);
    wait("its processes are gone", || (!pids[0].iter().any(|pid| is_alive(pid))).then_some(()));
    let told = decisions(&i);
    assert!(told.contains("hooks let the failover of epoch "), "{told}");
    let log: String = i.sentinels.iter().map(|port| i.log(*port)).collect();
    assert!(log.contains("-hook-error slow pre-failover mymaster timed out"), "{log}");
}

/// Kills the master of an installation with these hooks; gives how long clients are without one.
fn outage(hooks: &str) -> (Installation, Duration) {
    let mut i = Installation::start_with(2, &OURS, hooks);
    let old = i.nodes[0];
    let start = Instant::now();
    i.kill(old);
    i.wait_for_new_master(old);
    let took = start.elapsed();
    (i, took)
}

/// A hook after the promotion that takes ten times as long as the whole failover changes nothing about how long that takes.
#[test]
fn a_slow_hook_after_the_promotion_holds_nothing_up() {
    let folder = Folder::new();
    let (_, plain) = outage("");
    let slow = folder.hook("slow", "post-promotion", "#!/bin/sh\nexec sleep 1000\n", "none");
    let huge = folder.hook("huge", "role-change", "#!/bin/sh\nhead -c 20000000 /dev/zero | tr '\\0' x\n", "none");
    let limit = plain.as_millis() * 10;
    let (i, with) = outage(&format!("{slow}{huge}hook slow timeout-milliseconds {limit}\n"));
    assert!(with < plain * 2, "{with:?} with a slow hook, {plain:?} without");
    let run = wait("it is killed in the end", || run_of(&i, "slow"));
    assert_eq!(run["end"], "timed out");
    let run = wait("the next one has had its turn", || run_of(&i, "huge"));
    assert_eq!((run["output-bytes"].as_str(), run["output"].len()), ("20000000", 4096));
    assert_eq!(run["end"], "exit status 0");
}

#[test]
fn a_program_that_is_gone_is_shown_and_does_not_stop_the_failover() {
    let folder = Folder::new();
    let hook = folder.hook("gone", "pre-failover", "#!/bin/sh\n", "none");
    let mut i = Installation::start_with(1, &OURS, &hook);
    fs::remove_file(folder.path("gone")).unwrap();
    let old = i.nodes[0];
    i.kill(old);
    i.wait_for_new_master(old);
    let run = run_of(&i, "gone").unwrap();
    assert_eq!((run["end"].as_str(), run["verdict"].as_str()), ("not started: No such file or directory", "go"));

    let conf = i.file(i.sentinels[0]);
    let output = Command::new(BONGSU).args(["config", "check", "--as", "sentinel"]).arg(&conf).output().unwrap();
    let said = text(&output);
    assert!(!output.status.success() && said.contains("is not an executable file"), "{said}");
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `bongsu hooks` on the first sentinel; gives what it said, and its exit status.
fn hooks(i: &Installation, arguments: &[&str]) -> (String, Option<i32>) {
    let sentinel = format!("127.0.0.1:{}", i.sentinels[0]);
    let output = Command::new(BONGSU).arg("hooks").args(arguments).args(["--sentinel", &sentinel]).output().unwrap();
    (text(&output), output.status.code())
}

/// Directives for an example of a phase, as its comment says, with one argument.
fn example(phase: &str, argument: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hooks").join(format!("{phase}.sh"));
    format!("hook {phase} phase {phase}\nhook {phase} command {} {argument}\n", path.display())
}

/// Takes one request and gives its body.
fn take_post(web: &TcpListener) -> serde_json::Value {
    let (stream, _) = web.accept().unwrap();
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn the_examples_do_what_they_say() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    let web = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", web.local_addr().unwrap());
    let posted = std::thread::spawn(move || take_post(&web));
    let directives = example("pre-failover", &path("no-failover"))
        + &example("post-promotion", &url)
        + &example("post-failover", &path("failovers"))
        + &example("role-change", &path("roles"));
    let mut i = Installation::start_with(1, &OURS, &directives);
    let (old, new) = (i.nodes[0], i.nodes[1]);

    let (said, status) = hooks(&i, &["--dry-run", GROUP]);
    assert_eq!(status, Some(0), "{said}");
    for part in [
        &format!("127.0.0.1:{new} may become the master of {GROUP}"),
        &format!("would post to {url}"),
        &format!("would write master to {}/{GROUP}-127.0.0.1-{new}", path("roles")),
        "\"dry_run\":true",
        "would write: ",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    fs::write(folder.path("no-failover"), "until noon\n").unwrap();
    let (said, status) = hooks(&i, &["--dry-run", GROUP, "--hook", "pre-failover"]);
    assert!(status == Some(0) && said.contains("veto: ") && said.contains("exists: until noon"), "{said}");
    fs::remove_file(folder.path("no-failover")).unwrap();
    for (arguments, error) in [
        (vec!["--dry-run", "another"], "No such master"),
        (vec!["--dry-run", GROUP, "--hook", "another"], "No such hook"),
    ] {
        let (said, status) = hooks(&i, &arguments);
        assert!(status == Some(69) && said.contains(error), "{said}");
    }
    assert!(!folder.path("failovers").exists() && !folder.path("roles").exists());

    i.kill(old);
    i.wait_for_new_master(old);
    let line = wait("the history is written", || folder.lines("failovers").first().cloned()).join(" ");
    let run = wait("the run is known", || run_of(&i, "post-failover"));
    let epoch = &run["epoch"];
    let part = format!("{GROUP} epoch {epoch}, master-down: 127.0.0.1:{old} -> 127.0.0.1:{new}, complete, ");
    assert!(line.contains(&part), "{line}");
    assert_eq!(fs::read_to_string(folder.path(&format!("roles/{GROUP}-127.0.0.1-{new}"))).unwrap(), "master\n");
    let run = run_of(&i, "post-promotion").unwrap();
    assert_eq!(run["end"], "exit status 0", "{run:?}");
    let body = posted.join().unwrap();
    assert!(body["new_master"]["port"] == new && body["dry_run"] == false && body["group"] == GROUP, "{body}");
}
