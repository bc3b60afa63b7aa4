use std::fs;

use bongsu_publish::dns::Transport;

use super::super::TargetSettings;
use crate::config::{ConfigError, Launch, inspect};

const KEY: &str =
    "key \"bongsu\" { algorithm hmac-sha256; secret \"c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=\"; };\n";

/// The example of the documentation, with `from` replaced by `to`.
fn example(from: &str, to: &str) -> Result<TargetSettings, ConfigError> {
    let folder = tempfile::tempdir().expect("temporary directory");
    let key = folder.path().join("bongsu.key");
    fs::write(&key, KEY).expect("written");
    let page = include_str!("../../../../../../docs/publishing.md");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let text = blocks.map(|(block, _)| block).find(|block| block.contains("type: dns")).expect("an example");
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1).replace("/etc/bongsu/bongsu.key", &key.display().to_string());
    let path = folder.path().join("a.yaml");
    fs::write(&path, format!("dir: {}\n{text}", folder.path().display())).expect("written");
    inspect(&Launch::with_file(path)).map(|loaded| loaded.settings.publish[0].target.clone())
}

#[test]
fn the_documented_target_of_dns() {
    let TargetSettings::Dns(settings) = example("", "").expect("loads") else { panic!("another type") };
    assert_eq!(settings.servers.addresses(), ["10.0.0.53:53".parse().expect("an address")]);
    assert_eq!(settings.resolvers.expect("resolvers").addresses().len(), 2);
    assert_eq!((settings.ttl.secs(), settings.limit.as_millis()), (5, 2000));
    assert_eq!((settings.service, settings.replicas, settings.adopt), (true, false, false));
    assert_eq!(settings.transport, Transport::Tcp);
    assert_eq!(settings.key.name().to_ascii(), "bongsu.");

    let parts =
        "tsig-key-name: other\n    tsig-secret: c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=\n    transport: udp";
    let changed = example("tsig-key-file: /etc/bongsu/bongsu.key", parts).expect("loads");
    let TargetSettings::Dns(settings) = changed else { panic!("another type") };
    assert_eq!(settings.key.name().to_ascii(), "other.");
    assert_eq!(settings.transport, Transport::Udp);
}

#[test]
fn wrong_settings_of_dns_name_their_key() {
    for (from, to, key) in [
        ("[10.0.0.53]", "[ns1.example.org]", "servers[0]"),
        ("10.0.0.3]", "x]", "resolvers[1]"),
        ("zone: example.org", "zone: example.com", "record"),
        ("zone: example.org", "zone: a b", "zone"),
        ("{group}", "{name}", "record"),
        ("srv: yes", "ttl-seconds: 86401", "ttl-seconds"),
        ("srv: yes", "transport: pigeon", "transport"),
        ("srv: yes", "tsig-secret: x", "tsig-key-file"),
        ("srv: yes", "authority-port: 0", "authority-port"),
        ("key-file: /etc/bongsu/bongsu.key", "key-file: /nowhere", "tsig-key-file"),
        ("tsig-key-file: /etc/bongsu/bongsu.key", "tsig-key-name: a", "tsig-key-name"),
        ("tsig-key-file: /etc/bongsu/bongsu.key", "tsig-key-name: a\n    tsig-secret: x", "tsig-secret"),
        ("    tsig-key-file: /etc/bongsu/bongsu.key\n", "", "publish[0]"),
    ] {
        let error = example(from, to).expect_err("must be refused");
        let ConfigError::Directive { place, reason, .. } = error else { panic!("{error}") };
        let found = place.key.unwrap_or_default();
        assert_eq!(found.trim_start_matches("publish[0]."), key, "{from} -> {to}: {reason}");
    }
}
