//! `bongsu healthcheck check`.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::dns::Dns;
use crate::support::fake::{Answer, Fake, bulk, honest};
use crate::support::{GROUP, Installation, Program, command, info, monitor, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");

pub(crate) fn check(args: &[&str]) -> Output {
    Command::new(BONGSU).args(["healthcheck", "check"]).args(args).output().unwrap()
}

/// The JSON document, after the exit status was found to be this one.
#[track_caller]
pub(crate) fn document(args: &[&str], status: i32) -> Value {
    let output = check(&[args, &["--json"]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
pub(crate) fn kinds(findings: &Value) -> Vec<String> {
    findings.as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// `--group` and `--sentinel` for a whole installation.
pub(crate) fn group(i: &Installation) -> Vec<String> {
    let mut words = vec!["--group".to_owned(), GROUP.to_owned()];
    for port in &i.sentinels {
        words.extend(["--sentinel".to_owned(), local(*port)]);
    }
    words
}

pub(crate) fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn a_group_in_order_and_what_can_go_wrong_with_it() {
    let i = Installation::start(2, &[Program::Ours, Program::Real, Program::Ours]);
    let args = group(&i);
    let args = words(&args);
    let master = local(i.nodes[0]);

    let plain = check(&args);
    let text = String::from_utf8_lossy(&plain.stdout).into_owned();
    assert_eq!(plain.status.code(), Some(0), "{text}");
    let first = text.lines().next().unwrap();
    assert_eq!(first, format!("OK: {GROUP}: master {master} (epoch 0), 3 nodes, 3 of 3 sentinels agree"));
    let quiet = check(&[&args[..], &["--quiet"]].concat());
    assert_eq!(String::from_utf8_lossy(&quiet.stdout), format!("{first}\n"));

    // One sentinel is enough to find everybody.
    let found = document(&args[..4], 0);
    assert_eq!(found["severity"], "ok");
    assert_eq!(found["group"]["master"]["port"], i.nodes[0]);
    assert_eq!(found["group"]["known_sentinels"], 3);
    assert_eq!(found["nodes"].as_array().unwrap().len(), 3);
    let replica = &found["nodes"][1];
    assert_eq!(replica["facts"]["role"]["name"], "replica", "{replica}");
    assert!(replica["facts"]["lag"]["bytes"].is_u64() && replica["facts"]["lag"]["seconds"].is_u64(), "{replica}");
    assert_eq!(replica["facts"]["persistence"]["log_enabled"], false, "{replica}");

    // Expectations.
    let ok = |more: &[&str]| assert_eq!(document(&[&args, more].concat(), 0)["severity"], "ok");
    ok(&["--expect-master", &master, "--min-replicas", "2", "--max-lag", "1MB", "--max-lag-s", "5"]);
    ok(&["--vip", "127.0.0.1", "--write-probe", "bongsu:probe"]);
    assert!(command::<String>(i.nodes[0], &["GET", "bongsu:probe"]).unwrap().starts_with("bongsu-write-probe:"));
    let other = local(i.nodes[1]);
    let wrong = document(&[&args, &["--expect-master", &other, "--vip", &other][..]].concat(), 2);
    assert_eq!(kinds(&wrong["findings"]), ["unexpected-master", "vip-differs"], "{wrong}");
    let few = document(&[&args, &["--min-replicas", "3"][..]].concat(), 1);
    assert_eq!(kinds(&few["nodes"][0]["findings"]), ["too-few-replicas"], "{few}");

    // A frozen sentinel is a warning, two leave no majority.
    let with_timeout = [&args[..], &["--timeout", "300"]].concat();
    i.signal(i.sentinels[2], "-STOP");
    let silent = document(&with_timeout, 1);
    assert_eq!(kinds(&silent["findings"]), ["sentinel-silent"], "{silent}");
    i.signal(i.sentinels[1], "-STOP");
    let silent = document(&with_timeout, 2);
    assert_eq!(kinds(&silent["findings"]), ["sentinel-silent", "sentinel-silent", "no-majority", "no-agreement"]);
    i.signal(i.sentinels[1], "-CONT");
    i.signal(i.sentinels[2], "-CONT");
}

#[test]
fn replicas_that_are_down_or_masters_themselves() {
    let mut i = Installation::start(2, &[Program::Ours; 3]);
    let args = group(&i);
    let args = words(&args);
    assert_eq!(command::<String>(i.nodes[2], &["REPLICAOF", "NO", "ONE"]).unwrap(), "OK");
    let two = document(&args, 2);
    assert_eq!(kinds(&two["findings"]), ["second-master"], "{two}");
    i.kill(i.nodes[2]);
    let one_left = document(&args, 1);
    assert!(kinds(&one_left["findings"]).contains(&"replicas-impaired".to_owned()), "{one_left}");
    i.kill(i.nodes[1]);
    let none_left = document(&args, 2);
    assert!(kinds(&none_left["findings"]).contains(&"no-replica-left".to_owned()), "{none_left}");
}

#[test]
fn a_sentinel_that_sends_clients_elsewhere() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let elsewhere = i.add_node("");
    let stray = i.add_sentinel(Program::Ours, &monitor(GROUP, elsewhere));
    let args = group(&i);
    let dissent = document(&words(&args), 2);
    let found = kinds(&dissent["findings"]);
    for kind in ["dissent", "sentinel-unknown", "replica-unknown", "second-master"] {
        assert!(found.iter().any(|found| found == kind), "{kind}: {dissent}");
    }
    let claim = dissent["findings"].as_array().unwrap().iter().find(|f| f["kind"] == "dissent").unwrap();
    assert_eq!(claim["claim"]["sentinel"]["port"], stray, "{claim}");
    let unknown = document(&["--group", "no-such-group", "--sentinel", &local(stray)], 2);
    assert_eq!(kinds(&unknown["findings"]), ["sentinel-silent", "no-majority"], "{unknown}");
}

#[test]
fn writes_that_do_not_go_through() {
    let mut i = Installation::empty();
    let master = i.add_node("enable-protected-configs yes\n");
    let address = local(master);
    let probe = ["--write-probe", "probe", &address];
    let refused = |directives: &[[&str; 2]], expected: &str| {
        for [name, value] in directives {
            let set: String = command(master, &["CONFIG", "SET", name, value]).unwrap();
            assert_eq!(set, "OK");
        }
        let report = document(&probe, 2);
        let finding = &report["nodes"][0]["findings"].as_array().unwrap().iter().find(|f| f["kind"] == "write-refused");
        assert_eq!(finding.unwrap()["refusal"], expected, "{report}");
    };
    assert!(document(&probe, 0)["nodes"][0]["write_ms"].is_f64());
    assert!(command::<i64>(master, &["PTTL", "probe"]).unwrap() > 0, "it expires");

    refused(&[["min-replicas-to-write", "1"]], "noreplicas");
    refused(&[["min-replicas-to-write", "0"], ["maxmemory", "1"]], "oom");
    command::<String>(master, &["CONFIG", "SET", "maxmemory", "0"]).unwrap();

    // A snapshot that cannot be written: its place is a directory.
    std::fs::create_dir(i.home(master).join("blocked.rdb")).unwrap();
    for [name, value] in [["dir", i.home(master).to_str().unwrap()], ["dbfilename", "blocked.rdb"], ["save", "1 1"]] {
        assert_eq!(command::<String>(master, &["CONFIG", "SET", name, value]).unwrap(), "OK", "{name}");
    }
    command::<String>(master, &["BGSAVE"]).unwrap();
    wait("the snapshot fails", || {
        let persistence: String = command(master, &["INFO", "persistence"])?;
        persistence.contains("rdb_last_bgsave_status:err").then_some(())
    });
    refused(&[], "misconf");
    let report = document(&[&address], 1);
    assert_eq!(kinds(&report["nodes"][0]["findings"]), ["ping-refused", "snapshot-failing"], "{report}");
    for [name, value] in [["save", ""], ["stop-writes-on-bgsave-error", "no"]] {
        assert_eq!(command::<String>(master, &["CONFIG", "SET", name, value]).unwrap(), "OK", "{name}");
    }

    // Somebody's own value, of whatever type, is left alone.
    assert_eq!(command::<i64>(master, &["RPUSH", "list", "a"]).unwrap(), 1);
    assert_eq!(command::<String>(master, &["SET", "string", "a"]).unwrap(), "OK");
    for key in ["list", "string"] {
        let report = document(&["--write-probe", key, &address], 3);
        assert!(kinds(&report["nodes"][0]["findings"]).contains(&"probe-key-in-use".to_owned()), "{report}");
    }
    assert_eq!(command::<String>(master, &["GET", "string"]).unwrap(), "a");

    let hung = Fake::start(|words| match words[0].as_str() {
        "SET" => Answer::Nothing,
        "GET" => Answer::Say(b"$-1\r\n".to_vec()),
        _ => honest(words),
    });
    let report = document(&["--write-probe", "probe", "--timeout", "300", &local(hung.port)], 2);
    assert_eq!(kinds(&report["nodes"][0]["findings"]), ["write-hung"], "{report}");
}

#[test]
fn roles_and_lag_of_single_nodes() {
    let mut i = Installation::empty();
    let master = i.add_node("");
    let replica = i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    wait("it follows", || info(replica, "master_link_status")?.eq("up").then_some(()));
    wait("it acknowledges", || info(master, "slave0")?.contains("lag=").then_some(()));

    document(&["--expect-role", "master", &local(master)], 0);
    let wrong = document(&["--expect-role", "master", &local(replica)], 2);
    assert_eq!(kinds(&wrong["nodes"][0]["findings"]), ["unexpected-role"], "{wrong}");
    // Its master is asked although it was not named, and not reported.
    let near = document(&["--max-lag", "10MB", "--max-lag-s", "60", &local(replica)], 0);
    assert_eq!(near["nodes"].as_array().unwrap().len(), 1);
    assert!(near["nodes"][0]["facts"]["lag"]["bytes"].as_u64().unwrap() < 1 << 20, "{near}");

    let behind = {
        let id = info(master, "master_replid").unwrap();
        move |words: &[String]| match words[0].as_str() {
            "INFO" => Answer::Say(bulk(
                format!(
                    "role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:{master}\r\nmaster_link_status:up\r\n\
                     slave_repl_offset:0\r\nmaster_replid:{id}\r\n"
                )
                .as_bytes(),
            )),
            "ROLE" => Answer::Say(b"-ERR unknown command 'ROLE'\r\n".to_vec()),
            _ => honest(words),
        }
    };
    let far = Fake::start(behind);
    wait("there is something to be behind of", || {
        command::<String>(master, &["SET", "a", &"x".repeat(2000)])?;
        (info(master, "master_repl_offset")?.parse::<u64>().ok()? > 2000).then_some(())
    });
    let report = document(&["--max-lag", "1kB", &local(far.port)], 1);
    assert_eq!(kinds(&report["nodes"][0]["findings"]), ["lag-bytes"], "{report}");
    i.kill(master);
    let report = document(&["--max-lag", "1kB", &local(far.port)], 3);
    assert_eq!(kinds(&report["nodes"][0]["findings"]), ["lag-unknown"], "{report}");
}

#[test]
fn names_that_lead_elsewhere() {
    let mut i = Installation::empty();
    let master = local(i.add_node(""));
    let server = Ipv4Addr::new(127, 53, 6, 1);
    let dns = Dns::start(server);
    dns.set("redis.example", Some(Ipv4Addr::LOCALHOST));
    dns.set("stale.example", Some(Ipv4Addr::new(10, 0, 0, 1)));
    let check = |name: &str, status: i32| {
        let report = document(&["--dns", &format!("{name}@{server}"), &master], status);
        kinds(&report["findings"])
    };
    assert!(check("redis.example", 0).is_empty());
    assert_eq!(check("stale.example", 2), ["name-differs"]);
    assert_eq!(check("nowhere.example", 2), ["name-differs"]);
    dns.silence(true);
    assert_eq!(check("redis.example", 3), ["not-comparable"]);
}

/// The system waits far longer for its name servers than a check does.
#[test]
fn a_name_service_that_is_silent_takes_no_longer_than_the_limit() {
    let socket = UdpSocket::bind(("127.53.6.2", 53)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("resolv.conf");
    std::fs::write(&file, "nameserver 127.53.6.2\noptions timeout:30 attempts:3\n").unwrap();
    let in_place = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
    let started = Instant::now();
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", in_place])
        .arg(&file)
        .args([BONGSU, "healthcheck", "check", "--timeout", "300", "node.example"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    socket.set_nonblocking(true).unwrap();
    assert!(socket.recv(&mut [0; 512]).is_ok(), "the name server was asked");
}

#[test]
fn what_a_node_says_does_not_steer_the_terminal() {
    let hostile = Fake::start(|words| match words[0].as_str() {
        "PING" => Answer::Say(b"+\x1b[2JPONG\r\n".to_vec()),
        _ => honest(words),
    });
    let refusing = Fake::start(|words| match words[0].as_str() {
        "PING" => Answer::Say(b"-MISCONF \x1b]0;x\x07 no\r\n".to_vec()),
        "INFO" => Answer::Say(bulk(b"role:master\r\nredis_version:\x1b[31m7\r\n")),
        _ => honest(words),
    });
    for node in [hostile.port, refusing.port] {
        let output = check(&[&local(node)]);
        assert_ne!(output.status.code(), Some(0));
        assert!(!output.stdout.contains(&0x1b), "{}", String::from_utf8_lossy(&output.stdout).escape_debug());
    }
}
