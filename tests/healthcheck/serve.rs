//! `bongsu healthcheck serve`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Instant;

use crate::support::fake::{Answer, Fake, bulk, honest};
use crate::support::served::{Served, exchange, status};
use crate::support::{GROUP, Installation, Program, command, wait};

#[test]
fn checks_of_both_roles_and_of_a_failover() {
    let mut i = Installation::start(1, &[Program::Real; 3]);
    let (old, other) = (i.nodes[0], i.nodes[1]);
    // One sentinel is enough to find the others.
    let master = Served::start(old, &i.sentinels[..1], &[]);
    let replica = Served::start(other, &i.sentinels[..1], &[]);

    let body = master.wait_for("/primary", 200);
    assert_eq!(body["reason"]["kind"], "named", "{body}");
    assert_eq!(body["group"]["named"]["master"]["port"], old, "{body}");
    assert_eq!(body["group"]["known_sentinels"], 3, "{body}");
    // Three quarters of the sentinels' down-after, which is a second here.
    assert_eq!(body["group"]["fresh_ms"], 750, "{body}");
    for path in ["/", "/master", "/leader", "/read-write", "/read-only", "/health", "/liveness", "/readiness"] {
        assert_eq!(master.get(path).0, 200, "{path}");
    }
    for path in ["/replica", "/sync"] {
        assert_eq!(master.get(path).0, 503, "{path}");
    }
    let lagging = "/replica?lag=1MB&lag_s=10&link=up";
    let body = replica.wait_for(lagging, 200);
    assert!(body["node"]["lag_bytes"].is_u64() && body["node"]["lag_ms"].is_u64(), "{body}");
    replica.wait_for("/sync?lag_s=10", 200);
    for path in ["/replica", "/read-only?lag=1MB", "/health", "/liveness", "/readiness"] {
        assert_eq!(replica.get(path).0, 200, "{path}");
    }
    let (code, body) = replica.get("/primary");
    assert_eq!((code, &body["reason"]["role"]), (503, &"replica".into()), "{body}");

    assert_eq!(master.agent(""), "ready up 100%\n");
    assert_eq!(replica.agent(""), "ready down #the node is a replica\n");
    assert_eq!(replica.agent("replica?link=up\n"), "ready up 100%\n");
    assert!(replica.agent("nonsense\n").starts_with("ready down #"));

    i.kill(old);
    replica.wait_for("/primary", 200);
    let body = master.wait_for_reason("/primary", "silent");
    assert_eq!(body["pass"], false, "{body}");
    assert_eq!(master.get("/health").0, 503);
    assert_eq!(master.get("/liveness").0, 200, "this program is well");

    // Back as a replica.
    i.start_node(old);
    master.wait_for("/replica?link=up", 200);
    assert_eq!(master.get("/primary").0, 503);
}

#[test]
fn what_http_is_understood() {
    let mut i = Installation::empty();
    let node = i.add_node("");
    let mut served = Served::start(node, &[], &["--access-log"]);
    let body = served.wait_for("/primary", 200);
    assert_eq!(body["reason"]["kind"], "master", "its own word, without sentinels: {body}");

    let (head, body) = served.request("HEAD", "/primary");
    assert_eq!((status(&head), body.as_str()), (200, ""));
    assert!(head.to_lowercase().contains("cache-control: no-store"), "{head}");
    assert_eq!(status(&served.request("HEAD", "/replica").0), 503);
    let (head, body) = served.request("OPTIONS", "/replica");
    assert_eq!((status(&head), body.as_str()), (503, ""));
    assert_eq!(status(&served.request("OPTIONS", "/").0), 200);
    assert_eq!(status(&served.request("POST", "/primary").0), 405);
    assert_eq!(served.get("/nonsense").0, 404);
    for wrong in ["/replica?lag=much", "/replica?lagg=1", "/primary?lag=1", "/replica?link=down", "/sync?lag_s=-1"] {
        assert_eq!(served.get(wrong).0, 400, "{wrong}");
    }
    // HAProxy's checks speak HTTP/1.0 without a host, unless told otherwise.
    assert!(exchange(served.http, "OPTIONS / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200"));
    let many = "X-Header: value\r\n".repeat(100);
    assert!(exchange(served.http, &format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")).starts_with("HTTP/1.1 431"));
    let long = "x".repeat(20_000);
    assert!(exchange(served.http, &format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")).starts_with("HTTP/1.1 4"));
    // Who sends nothing is not waited for for ever.
    assert_eq!(exchange(served.http, "GET / HT"), "");

    let asked: u64 = commands(node);
    let start = Instant::now();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, served.http)).unwrap();
    let mut answer = [0; 4096];
    for _ in 0..1000 {
        stream.write_all(b"GET /primary HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    }
    let rounds = start.elapsed().as_secs() + 2;
    assert!(commands(node) - asked <= 10 * rounds, "a thousand checks ask the node nothing");

    let asked_to_end = Command::new("kill").args(["-TERM", &served.child.id().to_string()]).status().unwrap();
    assert!(asked_to_end.success());
    let ended = wait("it ends", || served.child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    let mut log = String::new();
    served.child.stdout.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.lines().any(|line| line.contains(" GET /primary 200 ")), "{log}");
}

/// Commands that a node has executed.
fn commands(node: u16) -> u64 {
    let stats: String = command(node, &["INFO", "stats"]).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("total_commands_processed:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn who_is_cut_off_from_the_sentinels_is_no_primary() {
    let i = Installation::start(1, &[Program::Ours; 3]);
    let served = Served::start(i.nodes[0], &i.sentinels, &[]);
    served.wait_for("/primary", 200);
    i.signal(i.sentinels[0], "-STOP");
    i.signal(i.sentinels[1], "-STOP");
    let body = served.wait_for_reason("/primary", "too-few-sentinels");
    assert_eq!(body["pass"], false, "{body}");
    served.wait_for("/readiness", 200);
    i.signal(i.sentinels[0], "-CONT");
    served.wait_for("/primary", 200);
    i.signal(i.sentinels[1], "-CONT");
    // A frozen node is found out, too.
    i.signal(i.nodes[0], "-STOP");
    served.wait_for("/health", 503);
    i.signal(i.nodes[0], "-CONT");
    served.wait_for("/health", 200);
}

#[test]
fn a_planned_switch_is_seen_at_once() {
    let i = Installation::start(1, &[Program::Ours; 3]);
    // Without events a change would be seen after half a minute.
    let slow = ["--interval", "30000", "--fresh", "90000"];
    for port in &i.sentinels {
        let set: String = crate::support::ask(*port, &["SET", GROUP, "down-after-milliseconds", "600000"]).unwrap();
        assert_eq!(set, "OK");
    }
    let old = Served::start(i.nodes[0], &i.sentinels, &slow);
    let new = Served::start(i.nodes[1], &i.sentinels, &slow);
    old.wait_for("/primary", 200);
    assert_eq!(new.get("/primary").0, 503);
    let start = Instant::now();
    let begun: String = crate::support::ask(i.sentinels[0], &["FAILOVER", GROUP]).unwrap();
    assert_eq!(begun, "OK");
    new.wait_for("/primary", 200);
    old.wait_for("/primary", 503);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn lag_takes_weight_and_an_operator_takes_all() {
    let mut i = Installation::empty();
    let master = i.add_node("");
    // A master without replicas keeps no stream, and begins a new history with the first one.
    let real = i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    wait("there is something to be behind of", || {
        command::<String>(master, &["SET", "a", &"x".repeat(500)])?;
        (crate::support::info(master, "master_repl_offset")?.parse::<u64>().ok()? > 2000).then_some(())
    });
    let id = crate::support::info(master, "master_replid").unwrap();
    let behind = Fake::start(move |words| match words[0].as_str() {
        "INFO" => Answer::Say(bulk(
            format!(
                "role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:{master}\r\nmaster_link_status:up\r\n\
                 slave_repl_offset:1\r\nmaster_replid:{id}\r\n"
            )
            .as_bytes(),
        )),
        _ => honest(words),
    });
    let taken_out = i.home(real).join("maintenance");
    let file = taken_out.to_str().unwrap();
    let served = Served::start(behind.port, &[], &["--maintenance-file", file, "--interval", "50"]);

    let body = served.wait_for_reason("/replica?lag=1kB", "lag-bytes");
    assert_eq!(body["pass"], false, "{body}");
    assert_eq!(served.get("/replica?lag=10MB").0, 200);
    assert_eq!(served.get("/replica").0, 200);
    let body = served.get("/sync").1;
    assert_eq!(body["reason"]["kind"], "lag-unknown", "its master does not list it: {body}");
    assert_eq!(served.agent("replica?lag=1kB\n"), "up drain\n");
    let lag = body["node"]["lag_bytes"].as_u64().unwrap();
    assert_eq!(served.agent(&format!("replica?lag={lag}\n")), "ready up 1%\n");
    assert_eq!(served.agent(&format!("replica?lag={}\n", 2 * lag)), "ready up 51%\n");

    std::fs::write(&taken_out, "").unwrap();
    served.wait_for("/replica", 503);
    assert_eq!(served.agent("replica\n"), "maint\n");
    assert_eq!(served.get("/health").0, 200);
    std::fs::remove_file(&taken_out).unwrap();
    served.wait_for("/replica", 200);
}

#[test]
fn checks_are_answered_whether_or_not_their_log_is_read() {
    let mut i = Installation::empty();
    let node = i.add_node("");
    for is_closed in [false, true] {
        let mut served = Served::start(node, &[], &["--access-log"]);
        served.wait_for("/primary", 200);
        if is_closed {
            drop(served.child.stdout.take());
        }
        // More than a pipe holds.
        for _ in 0..2000 {
            assert_eq!(served.get("/primary").0, 200);
        }
    }
}
