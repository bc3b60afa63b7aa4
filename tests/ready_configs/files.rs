//! Files that are read by their programs, or by us.

use std::fs;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use super::{BONGSU, path, text};
use crate::support::fake::{Answer, Fake, bulk, honest};
use crate::support::network::Network;
use crate::support::{GROUP, Installation, Program, info, wait};

#[test]
fn haproxy_accepts_its_files_without_a_warning() {
    for name in ["haproxy/haproxy.cfg", "haproxy/agent-check.cfg"] {
        let output = Command::new("haproxy").args(["-c", "-f"]).arg(path(name)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("WARNING") && !said.contains("ALERT"), "{name}: {said}");
    }
}

/// The command line in keepalived's file.
fn script(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("script \"")).unwrap();
    line.strip_suffix('"').unwrap()
}

#[test]
fn keepalived_accepts_its_file_and_the_script_finds_the_master() {
    let dir = tempfile::tempdir().unwrap();
    let text = text("keepalived/keepalived.conf");
    // Keepalived runs no script that others could change, or that is in a folder that they could.
    let program = std::path::Path::new("/usr/bin/true");
    let file = dir.path().join("keepalived.conf");
    fs::write(&file, text.replace("/usr/local/bin/bongsu", program.to_str().unwrap())).unwrap();
    // It looks for the interface of the file, which a host of the test's own has.
    let net = Network::build(1);
    let output = net.on(0, "keepalived").args(["-t", "-f"]).arg(&file).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");

    let i = Installation::start(1, &[Program::Real; 3]);
    let sentinels: Vec<String> = i.sentinels.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let run = |node: u16| {
        let line = script(&text)
            .replace("10.0.0.1,10.0.0.2,10.0.0.3", &sentinels.join(","))
            .replace("10.0.0.1", &format!("127.0.0.1:{node}"));
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        let output = Command::new(BONGSU).args(words).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (master, replica) = (run(i.nodes[0]), run(i.nodes[1]));
    assert_eq!(master.0, Some(0), "{}", master.1);
    assert_eq!(replica.0, Some(2), "{}", replica.1);
    // One sentinel less is a warning, which does not count; without a majority nobody is the master.
    i.signal(i.sentinels[0], "-STOP");
    assert_eq!(run(i.nodes[0]).0, Some(0));
    i.signal(i.sentinels[1], "-STOP");
    assert_eq!(run(i.nodes[0]).0, Some(2));
    i.signal(i.sentinels[0], "-CONT");
    i.signal(i.sentinels[1], "-CONT");
}

#[test]
fn systemd_accepts_its_units() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["bongsu-sentinel.service", "bongsu-server.service", "bongsu-healthcheck.service"] {
        let unit = text(&format!("systemd/{name}"));
        assert!(unit.contains("/usr/local/bin/bongsu "), "{name}");
        let file = dir.path().join(name);
        // The program and the user that a real host has.
        let unit = unit.replace("/usr/local/bin/bongsu ", &format!("{BONGSU} ")).replace("=bongsu\n", "=root\n");
        fs::write(&file, unit).unwrap();
        let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("bongsu")).collect();
        assert!(ours.is_empty(), "{name}: {ours:?}");
    }
    // What `bongsu init` makes is what is shown.
    for name in ["bongsu-sentinel.service", "bongsu-server.service"] {
        assert_eq!(text(&format!("systemd/{name}")), text(&format!("three-node/10.0.0.1/{name}")), "{name}");
    }
}

/// What `bongsu healthcheck serve --help` says, in one line.
fn help_of_serve() -> String {
    let help = Command::new(BONGSU).args(["healthcheck", "serve", "--help"]).output().unwrap();
    String::from_utf8_lossy(&help.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_unit_gives_every_option_that_it_names() {
    // `serve` refuses what it does not understand, so that a name which it does not know would only be missed.
    let unit = text("systemd/bongsu-healthcheck.service");
    let help = help_of_serve();
    let named = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split('=').next());
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 4, "{named:?}");
    for name in named {
        assert!(help.contains(&format!("[env: {name}=")), "{name}: {help}");
    }
}

/// The documents of a YAML file, as JSON: that is what both are to Kubernetes and Envoy.
fn yaml(name: &str) -> Vec<Value> {
    let text = text(name);
    let parse = |document| Value::deserialize(document).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_yaml::Deserializer::from_str(&text).map(parse).collect()
}

/// The command of a probe, run against a node.
fn run_probe(container: &Value, probe: &str, node: u16) -> Option<i32> {
    let words = container[probe]["exec"]["command"].as_array().unwrap_or_else(|| panic!("{probe}"));
    let words: Vec<String> =
        words.iter().map(|w| w.as_str().unwrap().replace("127.0.0.1:6379", &format!("127.0.0.1:{node}"))).collect();
    assert_eq!(words[0], "/bongsu/bongsu");
    Command::new(BONGSU).args(&words[1..]).output().unwrap().status.code()
}

#[test]
fn probes_of_kubernetes_do_what_they_are_for() {
    let documents = yaml("kubernetes/probes.yaml");
    let pod = &documents[0]["spec"]["template"]["spec"];
    assert_eq!(documents[0]["kind"], "StatefulSet");
    assert_eq!(documents[0]["spec"]["serviceName"], documents[1]["metadata"]["name"]);
    assert_eq!(documents[1]["spec"]["publishNotReadyAddresses"], true);
    let redis = &pod["containers"][0];
    let all =
        |node: u16| ["startupProbe", "livenessProbe", "readinessProbe"].map(|probe| run_probe(redis, probe, node));

    let mut i = Installation::empty();
    let master = i.add_node("");
    let replica = i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    wait("it follows", || info(replica, "master_link_status")?.eq("up").then_some(()));
    assert_eq!(all(master), [Some(0); 3]);
    assert_eq!(all(replica), [Some(0); 3]);
    // A replica without its master is alive, but not ready.
    i.kill(master);
    wait("the link is lost", || info(replica, "master_link_status")?.eq("down").then_some(()));
    assert_eq!(all(replica), [Some(0), Some(0), Some(1)]);
    assert_eq!(all(master), [Some(2); 3]);
    let loading = Fake::start(|words| match words[0].as_str() {
        "PING" => Answer::Say(b"-LOADING Redis is loading the dataset in memory\r\n".to_vec()),
        "INFO" => Answer::Say(bulk(b"role:master\r\nloading:1\r\n")),
        _ => honest(words),
    });
    assert_eq!(all(loading.port), [Some(0), Some(0), Some(1)]);
    // A password that has changed is not mended by a restart.
    let locked = i.add_node("requirepass secret\n");
    assert_eq!(all(locked), [Some(0), Some(0), Some(3)]);

    // The checks beside it, with the variables of the file.
    let checks = &pod["containers"][1];
    assert_eq!(checks["command"], serde_json::json!(["bongsu", "healthcheck", "serve"]));
    let help = help_of_serve();
    for variable in checks["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(help.contains(&format!("[env: {name}=")), "{name}");
    }
    let served = crate::support::served::Served::start(replica, &[], &[]);
    for (probe, status) in [("livenessProbe", 200), ("readinessProbe", 503)] {
        let asked = &checks[probe]["httpGet"];
        assert_eq!(asked["port"], checks["ports"][0]["name"]);
        served.wait_for(asked["path"].as_str().unwrap(), status);
    }
    assert_eq!(GROUP, "mymaster", "the group of the files");
}

/// Names that the messages of Envoy's API v3 have, for every message that the file uses: a misspelt one would be refused.
#[test]
fn envoy_is_given_what_its_documentation_names() {
    fn check(value: &Value, at: &str, names: &[&str]) {
        for name in value.as_object().unwrap_or_else(|| panic!("{at} is no message")).keys() {
            assert!(names.contains(&name.as_str()), "{at} has no field {name}");
        }
    }
    let list = |value: &Value| value.as_array().unwrap().clone();
    let file = yaml("envoy/envoy.yaml").remove(0);
    check(&file, "Bootstrap", &["static_resources"]);
    let resources = &file["static_resources"];
    check(resources, "StaticResources", &["listeners", "clusters"]);
    let clusters = list(&resources["clusters"]);
    for listener in list(&resources["listeners"]) {
        check(&listener, "Listener", &["name", "address", "filter_chains"]);
        check(&listener["address"]["socket_address"], "SocketAddress", &["address", "port_value"]);
        let filter = &listener["filter_chains"][0]["filters"][0];
        check(filter, "Filter", &["name", "typed_config"]);
        let proxy = &filter["typed_config"];
        check(proxy, "TcpProxy", &["@type", "stat_prefix", "cluster", "idle_timeout"]);
        assert!(clusters.iter().any(|cluster| cluster["name"] == proxy["cluster"]), "{proxy}");
    }
    for cluster in &clusters {
        let fields = [
            "name",
            "type",
            "connect_timeout",
            "lb_policy",
            "common_lb_config",
            "close_connections_on_host_health_failure",
            "health_checks",
            "load_assignment",
        ];
        check(cluster, "Cluster", &fields);
        // Above 0, all traffic of the primary would go to everybody.
        assert_eq!(cluster["common_lb_config"]["healthy_panic_threshold"]["value"], 0);
        assert_eq!(cluster["load_assignment"]["cluster_name"], cluster["name"]);
        let asked = &cluster["health_checks"][0];
        let fields = [
            "timeout",
            "interval",
            "no_traffic_interval",
            "unhealthy_interval",
            "unhealthy_threshold",
            "healthy_threshold",
            "http_health_check",
        ];
        check(asked, "HealthCheck", &fields);
        check(&asked["http_health_check"], "HttpHealthCheck", &["path", "expected_statuses"]);
        for endpoint in list(&cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]) {
            check(&endpoint["endpoint"], "Endpoint", &["address", "health_check_config"]);
            assert_eq!(endpoint["endpoint"]["health_check_config"]["port_value"], 8008);
        }
    }
    // Its questions are ones that are understood.
    let mut i = Installation::empty();
    let served = crate::support::served::Served::start(i.add_node(""), &[], &[]);
    served.wait_for(clusters[0]["health_checks"][0]["http_health_check"]["path"].as_str().unwrap(), 200);
    assert_eq!(served.get(clusters[1]["health_checks"][0]["http_health_check"]["path"].as_str().unwrap()).0, 503);
}
