use super::super::{TargetSettings, TargetType};
use crate::config::{ConfigError, Launch, Settings, inspect, to_yaml};

const BASE: &str = "masters: [{name: m, host: 10.0.0.1, port: 6379, quorum: 2}]\n";

fn load(yaml: &str) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().expect("temporary directory");
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, format!("{BASE}{yaml}")).expect("written");
    inspect(&Launch::with_file(file)).map(|loaded| loaded.settings)
}

/// The key at fault and why.
#[track_caller]
fn refusal(entry: &str) -> (String, String) {
    let error = load(&format!("publish:\n  - {{name: t, {entry}}}\n")).expect_err("must be refused");
    let ConfigError::Directive { place, reason, .. } = error else { panic!("{error}") };
    (place.key.unwrap_or_default(), reason)
}

const ALL: &str = "\
publish:
  - name: names
    type: dns
    servers: [10.0.0.53, '[fd00::53]:5353']
    zone: example.org
    record: '{group}.redis.example.org'
    tsig-key-name: bongsu
    tsig-secret: c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=
    groups: [m]
  - name: store
    type: etcd
    endpoints: [http://etcd1, http://etcd2:23790]
    user: bongsu
    password: hidden
  - name: consul
    type: consul
    endpoints: http://127.0.0.1
    token: hidden
    break-down: yes
    timeout-milliseconds: 300
  - name: zoo
    type: zookeeper
    endpoints: [zk1, zk2, zk3]
    chroot: /apps
    user: bongsu
    password: hidden
    acl: owner-writes
";

#[test]
fn every_type_is_read() {
    let settings = load(ALL).expect("loads");
    let kinds: Vec<TargetType> = settings.publish.iter().map(|target| target.target.kind()).collect();
    assert_eq!(kinds, [TargetType::Dns, TargetType::Etcd, TargetType::Consul, TargetType::ZooKeeper]);
    let [names, store, _, zoo] = settings.publish.as_slice() else { panic!("{:?}", settings.publish) };
    assert!(names.covers("m") && !names.covers("other") && store.covers("other"));
    let TargetSettings::Dns(dns) = &names.target else { panic!("{names:?}") };
    assert_eq!(dns.servers.addresses().len(), 2);
    let TargetSettings::Etcd(etcd) = &store.target else { panic!("{store:?}") };
    let endpoints: Vec<String> = etcd.endpoints.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(endpoints, ["etcd1:2379", "etcd2:23790"]);
    let TargetSettings::ZooKeeper(zookeeper) = &zoo.target else { panic!("{zoo:?}") };
    assert_eq!(zookeeper.endpoints.as_slice()[2].to_string(), "zk3:2181");
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", load(ALL).expect("loads"));
    assert!(!shown.contains("hidden") && !shown.contains("c2VjcmV0"), "{shown}");
}

#[test]
fn what_does_not_fit_is_refused_at_its_key() {
    for (entry, key) in [
        ("type: etcd", "publish[0]"),
        ("type: etcd, endpoints: [etcd1]", "publish[0].endpoints[0]"),
        ("type: etcd, endpoints: ['http://a', 'ftp://b']", "publish[0].endpoints[1]"),
        ("type: etcd, endpoints: ['https://a']", "publish[0].endpoints[0]"),
        ("type: etcd, endpoints: ['http://a'], zone: example.org", "publish[0].zone"),
        ("type: etcd, endpoints: ['http://a'], user: u", "publish[0].user"),
        ("type: etcd, endpoints: ['http://a'], prefix: 'a//b'", "publish[0].prefix"),
        ("type: consul, endpoints: ['http://a'], datacenter: 'd c'", "publish[0].datacenter"),
        ("type: zookeeper, endpoints: [a], acl: owner-only", "publish[0].acl"),
        ("type: zookeeper, endpoints: ['http://a']", "publish[0].endpoints[0]"),
        ("type: dns, servers: [10.0.0.53], zone: example.org, record: x.example.org", "publish[0]"),
        (
            "type: dns, servers: [10.0.0.53], zone: example.org, record: x.org, tsig-key-name: k, tsig-secret: c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=",
            "publish[0].record",
        ),
        ("type: etcd, endpoints: ['http://a'], groups: ['a b']", "publish[0].groups[0]"),
        ("type: carrier-pigeon", "publish[0].type"),
    ] {
        let (at, reason) = refusal(entry);
        assert_eq!(at, key, "{entry}: {reason}");
    }
}

#[test]
fn the_other_form_amounts_to_the_same() {
    let yaml = load(ALL).expect("loads");
    let folder = tempfile::tempdir().expect("temporary directory");
    let conf = folder.path().join("a.conf");
    let lines = "sentinel monitor m 10.0.0.1 6379 2\n\
                 publish store type etcd\npublish store endpoints http://etcd1\npublish store endpoints http://etcd2:23790\n\
                 publish store user bongsu\npublish store password hidden\n";
    std::fs::write(&conf, lines).expect("written");
    let loaded = inspect(&Launch::with_file(conf)).expect("loads");
    assert_eq!(loaded.settings.publish[0].target, yaml.publish[1].target);
    assert!(to_yaml(&loaded).expect("converts").contains("publish:"));
}
