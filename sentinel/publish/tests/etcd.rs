//! The contract of a target, and what is special about etcd, with Debian's etcd.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod contract;
mod support;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_publish::{
    Endpoint, Endpoints, Etcd, EtcdSettings, EtcdUser, Holds, Layout, Prefix, Secret, Stored, Target, TargetError,
    TlsFiles,
};
use contract::{assert_agrees, held, publish, record, serves};
use serde_json::json;
use support::certs::Certs;
use support::etcd::{EtcdServer, LIMIT};
use support::ports::free_ports;

/// What the issue of a new master may cost in an otherwise idle store.
const PUBLISHED_WITHIN: Duration = Duration::from_millis(100);

#[tokio::test]
async fn keeps_the_contract() {
    let server = EtcdServer::start().await;
    let target = server.target();
    contract::holds_what_was_written(&target, "one").await;
    contract::stale_tokens_lose(&target, "two").await;
    contract::one_of_two_racers_wins(&target, &server.target(), "three").await;
    contract::foreign_values_are_told(&target, "four", async || server.put("/bongsu/four", "10.0.0.1:6379")).await;
    let of_another = record("other", 1).to_json();
    contract::foreign_values_are_told(&target, "five", async || server.put("/bongsu/five", &of_another)).await;
    let median = contract::figure(&target, "seven").await;
    println!("etcd: read and write take {median:?} (median of 100)");
    assert!(median < PUBLISHED_WITHIN, "{median:?}");
    contract::frozen_servers_cost_the_limit(&target, LIMIT, "six", |is_frozen| server.freeze(is_frozen)).await;
}

fn keys(group: &str) -> Vec<String> {
    let parts = ["", "/primary", "/primary/host", "/primary/ip", "/primary/port", "/primary/epoch"];
    parts.iter().map(|part| format!("/bongsu/{group}{part}")).collect()
}

#[tokio::test]
async fn parts_change_with_the_record() {
    let server = Arc::new(EtcdServer::start().await);
    let target = server.target();
    let reader = Arc::clone(&server);
    contract::parts_change_at_one_moment(&target, "mymaster", move || reader.get(&keys("mymaster"))).await;

    // A part that somebody changed is a difference, and is mended by the next write.
    let wanted = record("mymaster", 99);
    assert_agrees(&held(&target, &wanted).await, &wanted);
    server.put("/bongsu/mymaster/primary/port", "1");
    assert!(matches!(held(&target, &wanted).await, Holds::Record { epoch: 99, agrees: false, .. }));
    publish(&target, &wanted).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);
}

#[tokio::test]
async fn is_read_as_stored() {
    let server = EtcdServer::start().await;
    let layout = Layout { prefix: Prefix::parse("/service/redis").unwrap(), breakdown: false };
    let target = Etcd::new(EtcdSettings { layout, ..server.settings() }).unwrap();
    assert_eq!(target.stored("mymaster").await.unwrap(), Stored::Nothing);
    let wanted = record("mymaster", 5);
    publish(&target, &wanted).await;
    assert_eq!(target.stored("mymaster").await.unwrap(), Stored::Record(Box::new(wanted.clone())));
    assert_eq!(server.get(&["/service/redis/mymaster".to_owned()]), [wanted.to_json()]);
    assert_eq!(server.get(&["/service/redis/mymaster/primary".to_owned()]), [""]);
    server.put("/service/redis/mymaster", "x");
    assert!(matches!(target.stored("mymaster").await.unwrap(), Stored::Foreign { .. }));
}

#[tokio::test]
async fn servers_come_and_go() {
    let mut server = EtcdServer::start().await;
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
    publish(&target, &wanted).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);
}

#[tokio::test]
async fn the_next_endpoint_is_asked() {
    let server = EtcdServer::start().await;
    let nobody = free_ports(1)[0];
    let urls = [format!("http://127.0.0.1:{nobody}"), server.url()];
    let endpoints = urls.iter().map(|url| Endpoint::from_url(url, 2379).unwrap()).collect();
    let target =
        Etcd::new(EtcdSettings { endpoints: Endpoints::new(endpoints).unwrap(), ..server.settings() }).unwrap();
    contract::holds_what_was_written(&target, "mymaster").await;
}

/// A user `publisher` who may write below the default prefix, and one called `nobody`.
fn enable_auth(server: &EtcdServer) {
    for (user, password) in [("root", "r"), ("publisher", "secret"), ("nobody", "n")] {
        server.ask("/v3/auth/user/add", &json!({ "name": user, "password": password }));
        server.ask("/v3/auth/role/add", &json!({ "name": user }));
        server.ask("/v3/auth/user/grant", &json!({ "user": user, "role": user }));
    }
    let range = (STANDARD.encode("/bongsu/"), STANDARD.encode("/bongsu0"));
    let permission = json!({ "permType": "READWRITE", "key": range.0, "range_end": range.1 });
    server.ask("/v3/auth/role/grant", &json!({ "name": "publisher", "perm": permission }));
    server.ask("/v3/auth/enable", &json!({}));
}

#[tokio::test]
async fn users_are_told_what_they_lack() {
    let mut server = EtcdServer::start().await;
    let as_user = |server: &EtcdServer, name: &str, password: &str| {
        let user = EtcdUser { name: name.to_owned(), password: Secret::new(password) };
        Etcd::new(EtcdSettings { user: Some(user), ..server.settings() }).unwrap()
    };
    let wanted = record("mymaster", 5);
    let early = as_user(&server, "publisher", "secret").read(&wanted).await;
    assert!(matches!(early, Err(TargetError::NotAuthenticated { .. })), "authentication is not enabled: {early:?}");

    enable_auth(&server);
    let anonymous = server.target().read(&wanted).await;
    assert!(matches!(anonymous, Err(TargetError::NotAuthenticated { .. })), "{anonymous:?}");
    let wrong = as_user(&server, "publisher", "wrong").read(&wanted).await;
    assert!(matches!(wrong, Err(TargetError::NotAuthenticated { .. })), "{wrong:?}");
    let nobody = as_user(&server, "nobody", "n").read(&wanted).await;
    assert!(matches!(nobody, Err(TargetError::NotPermitted { .. })), "{nobody:?}");

    let target = as_user(&server, "publisher", "secret");
    publish(&target, &wanted).await;
    let seen = target.read(&wanted).await.unwrap();
    // With the server its tokens are gone. Whoever writes first gets a new one.
    server.kill();
    server.run();
    serves(&as_user(&server, "publisher", "secret")).await;
    let newer = record("mymaster", 6);
    target.write(&seen.token, &newer).await.unwrap();
    assert_agrees(&held(&target, &newer).await, &newer);
}

#[tokio::test]
async fn tls_checks_both_sides() {
    let server = EtcdServer::start_with(Some(Certs::new()));
    let certs = server.certs.as_ref().unwrap();
    let files = TlsFiles {
        ca_file: Some(certs.path("ca.pem")),
        cert: Some(certs.path("client.pem")),
        key: Some(certs.path("client.key")),
        ..TlsFiles::default()
    };
    let with = |files: TlsFiles| Etcd::new(EtcdSettings { tls: Some(files), ..server.settings() }).unwrap();
    let target = with(files.clone());
    serves(&target).await;
    contract::holds_what_was_written(&target, "mymaster").await;

    let others = Certs::new();
    for bad in [
        TlsFiles { ca_file: Some(others.path("ca.pem")), ..files.clone() },
        TlsFiles { server_name: Some("another.example".to_owned()), ..files.clone() },
        TlsFiles { cert: None, key: None, ..files.clone() },
        TlsFiles { cert: Some(others.path("client.pem")), key: Some(others.path("client.key")), ..files.clone() },
    ] {
        let error = with(bad.clone()).read(&record("mymaster", 1)).await.unwrap_err();
        assert!(matches!(error, TargetError::Unreachable { .. }), "{bad:?}: {error:?}");
    }
    assert!(Etcd::new(EtcdSettings { tls: None, ..server.settings() }).is_err());
}

#[test]
fn secrets_are_not_shown() {
    let user = EtcdUser { name: "publisher".to_owned(), password: Secret::new("hunter2") };
    assert!(!format!("{user:?}").contains("hunter2"));
}
