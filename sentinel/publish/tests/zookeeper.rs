//! The contract of a target, and what is special about ZooKeeper, with Debian's ZooKeeper.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod contract;
mod support;

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_publish::{
    Endpoint, Endpoints, Holds, Prefix, Secret, SettingsError, Stored, Target, TargetError, TlsFiles, Written,
    ZooKeeper, ZooKeeperAcl, ZooKeeperSettings, ZooKeeperUser,
};
use contract::{assert_agrees, held, publish, record, serves};
use support::certs::Certs;
use support::ports::free_ports;
use support::zookeeper::{LIMIT, ZooKeeperServer, settings};

/// What the issue of a new master may cost in an otherwise idle store.
const PUBLISHED_WITHIN: Duration = Duration::from_millis(100);

#[tokio::test]
async fn keeps_the_contract() {
    let server = ZooKeeperServer::start().await;
    let target = server.target();
    contract::holds_what_was_written(&target, "one").await;
    contract::stale_tokens_lose(&target, "two").await;
    contract::one_of_two_racers_wins(&target, &server.target(), "three").await;
    let raw = RefCell::new(server.raw());
    let create = async || raw.borrow_mut().create("/bongsu/four", "10.0.0.1:6379");
    contract::foreign_values_are_told(&target, "four", create).await;
    let of_another = record("other", 1).to_json();
    let create = async || raw.borrow_mut().create("/bongsu/five", &of_another);
    contract::foreign_values_are_told(&target, "five", create).await;
    let median = contract::figure(&target, "seven").await;
    println!("ZooKeeper: read and write take {median:?} (median of 100)");
    assert!(median < PUBLISHED_WITHIN, "{median:?}");
    assert_eq!(server.raw().owner("/bongsu/seven"), 0, "the record belongs to no session");
    contract::frozen_servers_cost_the_limit(&target, LIMIT, "six", |is_frozen| server.freeze(is_frozen)).await;
}

fn paths(group: &str) -> Vec<String> {
    let parts = ["", "/primary", "/primary/host", "/primary/ip", "/primary/port", "/primary/epoch"];
    parts.iter().map(|part| format!("/bongsu/{group}{part}")).collect()
}

#[tokio::test]
async fn parts_change_with_the_record() {
    let server = ZooKeeperServer::start().await;
    let target = server.target();
    let raw = Arc::new(Mutex::new(server.raw()));
    let reader = Arc::clone(&raw);
    let read = move || reader.lock().unwrap().get(&paths("mymaster"));
    contract::parts_change_at_one_moment(&target, "mymaster", read).await;

    let wanted = record("mymaster", 99);
    assert_agrees(&held(&target, &wanted).await, &wanted);
    raw.lock().unwrap().set("/bongsu/mymaster/primary/port", "1");
    assert!(matches!(held(&target, &wanted).await, Holds::Record { epoch: 99, agrees: false, .. }));
    publish(&target, &wanted).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);
}

#[tokio::test]
async fn servers_come_and_go() {
    let mut server = ZooKeeperServer::start().await;
    let target = server.target();
    let wanted = record("mymaster", 5);
    publish(&target, &wanted).await;
    let seen = target.read(&wanted).await.unwrap();

    server.kill();
    assert!(matches!(target.read(&wanted).await, Err(TargetError::Unreachable { .. })));
    let error = target.write(&seen.token, &wanted).await.unwrap_err();
    assert!(matches!(error, TargetError::Unreachable { .. }) && error.is_undecided(), "{error}");
    server.run();
    serves(&target).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);

    server.wipe();
    serves(&target).await;
    assert_eq!(held(&target, &wanted).await, Holds::Nothing);
    assert_eq!(target.write(&seen.token, &wanted).await.unwrap(), Written::Lost, "what was seen is gone");
    publish(&target, &wanted).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);
}

#[tokio::test]
async fn places_are_made_but_not_the_root() {
    let server = ZooKeeperServer::start().await;
    let mut layout = server.settings().layout;
    layout.prefix = Prefix::parse("/service/redis/masters").unwrap();
    let rooted = |chroot: &str| {
        let chroot = Some(Prefix::parse(chroot).unwrap());
        ZooKeeper::new(ZooKeeperSettings { chroot, layout: layout.clone(), ..server.settings() }).unwrap()
    };
    let wanted = record("mymaster", 5);
    let target = rooted("/production");
    let error = target.read(&wanted).await;
    assert!(matches!(error, Err(TargetError::NotResponsible { .. })), "{error:?}");
    let mut raw = server.raw();
    raw.create("/production", "");
    publish(&target, &wanted).await;
    assert_eq!(target.stored("mymaster").await.unwrap(), Stored::Record(Box::new(wanted.clone())));
    assert_eq!(raw.get(&["/production/service/redis/masters/mymaster".to_owned()]), [wanted.to_json()]);
}

#[tokio::test]
async fn the_next_endpoint_is_asked() {
    let server = ZooKeeperServer::start().await;
    let ports = [free_ports(1)[0], server.port];
    let endpoint = |port: u16| Endpoint::from_host(&format!("127.0.0.1:{port}"), 2181, false).unwrap();
    let endpoints = Endpoints::new(ports.map(endpoint).to_vec()).unwrap();
    let target = ZooKeeper::new(ZooKeeperSettings { endpoints, ..server.settings() }).unwrap();
    contract::holds_what_was_written(&target, "mymaster").await;
}

#[tokio::test]
async fn lists_of_access_are_kept() {
    let server = ZooKeeperServer::start().await;
    let as_user = |password: &str, acl: ZooKeeperAcl, prefix: &str| {
        let user = ZooKeeperUser { name: "publisher".to_owned(), password: Secret::new(password) };
        let mut settings = ZooKeeperSettings { user: Some(user), acl, ..server.settings() };
        settings.layout.prefix = Prefix::parse(prefix).unwrap();
        ZooKeeper::new(settings).unwrap()
    };
    let (wanted, newer) = (record("mymaster", 5), record("mymaster", 6));
    for (acl, may_read) in [(ZooKeeperAcl::OwnerWrites, true), (ZooKeeperAcl::OwnerOnly, false)] {
        let prefix = format!("/{acl:?}");
        let owner = as_user("secret", acl, &prefix);
        publish(&owner, &wanted).await;
        let seen = owner.read(&newer).await.unwrap();
        let wrong = as_user("wrong", acl, &prefix);
        let read = wrong.read(&wanted).await;
        assert!(
            matches!((&read, may_read), (Ok(_), true) | (Err(TargetError::NotPermitted { .. }), false)),
            "{read:?}"
        );
        let write = wrong.write(&seen.token, &newer).await;
        assert!(matches!(write, Err(TargetError::NotPermitted { .. })), "{write:?}");
        // Nor may another make nodes beside it.
        let other = record("other", 1);
        let nothing = owner.read(&other).await.unwrap();
        let write = wrong.write(&nothing.token, &other).await;
        assert!(matches!(write, Err(TargetError::NotPermitted { .. })), "{write:?}");
        assert_agrees(&held(&owner, &wanted).await, &wanted);
        assert_eq!(owner.write(&seen.token, &newer).await.unwrap(), Written::Done);
    }
}

#[tokio::test]
async fn tls_checks_both_sides() {
    let server = ZooKeeperServer::start_with(Some(Certs::new()));
    let certs = server.certs.as_ref().unwrap();
    let files = TlsFiles {
        ca_file: Some(certs.path("ca.pem")),
        cert: Some(certs.path("client.pem")),
        key: Some(certs.path("client.key")),
        ..TlsFiles::default()
    };
    let with = |files: TlsFiles| ZooKeeper::new(ZooKeeperSettings { tls: Some(files), ..server.settings() }).unwrap();
    let target = with(files.clone());
    serves(&target).await;
    contract::holds_what_was_written(&target, "mymaster").await;
    let others = Certs::new();
    for bad in [
        TlsFiles { ca_file: Some(others.path("ca.pem")), ..files.clone() },
        TlsFiles { server_name: Some("another.example".to_owned()), ..files.clone() },
        TlsFiles { cert: None, key: None, ..files.clone() },
    ] {
        let error = with(bad.clone()).read(&record("mymaster", 1)).await.unwrap_err();
        assert!(matches!(error, TargetError::Unreachable { .. }), "{bad:?}: {error:?}");
    }
}

#[test]
fn settings_are_checked() {
    let user = |name: &str| Some(ZooKeeperUser { name: name.to_owned(), password: Secret::new("x") });
    for (user, acl) in [
        (user(""), ZooKeeperAcl::Open),
        (user("a:b"), ZooKeeperAcl::Open),
        (None, ZooKeeperAcl::OwnerOnly),
        (None, ZooKeeperAcl::OwnerWrites),
    ] {
        let error = ZooKeeper::new(ZooKeeperSettings { user, acl, ..settings(2181, false) }).err();
        assert!(matches!(error, Some(SettingsError::Credentials { .. })), "{error:?}");
    }
}
