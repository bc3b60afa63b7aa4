//! Servers that refuse: keys, clocks, permissions, zones.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bongsu_publish::dns::{DnsTarget, Key, Settings};
use bongsu_publish::{Holds, Target, TargetError};

use crate::given::{holds, publish, read, record, settings, target};
use crate::servers::{PRIMARY, SECONDARY, Server, free_port};

async fn servers() -> [Server; 2] {
    [Server::bind_primary(PRIMARY, free_port(), None).await, Server::knot(free_port()).await]
}

async fn refused(target: &DnsTarget) -> TargetError {
    target.read(&record(1, "10.0.0.1")).await.unwrap_err()
}

#[tokio::test]
async fn keys_that_are_not_known() {
    for server in servers().await {
        let who = server.address.to_string();
        let error = refused(&target(&server, &[("key-name", "other")])).await;
        let reason = "it does not know a key of this name and algorithm (BADKEY)".to_owned();
        assert_eq!(error, TargetError::NotAuthenticated { who: who.clone(), reason });
        let secret = STANDARD.encode([7; 32]);
        let error = refused(&target(&server, &[("key-secret", &secret)])).await;
        let reason = "its key of this name has another secret (BADSIG)".to_owned();
        assert_eq!(error, TargetError::NotAuthenticated { who, reason });
        assert!(error.is_permanent());
    }
}

#[tokio::test]
async fn clocks_that_differ() {
    for server in servers().await {
        for ahead in [-3600_i64, 3600] {
            let settings = settings(server.address, &server.secret, &[]);
            let ours = move || {
                let shift = Duration::from_secs(ahead.unsigned_abs());
                let now = SystemTime::now();
                if ahead < 0 { now + shift } else { now - shift }
            };
            let error = refused(&DnsTarget::with_clock(settings, Rc::new(ours))).await;
            let TargetError::ClockSkew { ahead_secs: Some(seen), .. } = error else { panic!("{error:?}") };
            assert!((seen - ahead).abs() <= 30, "{seen} instead of {ahead}");
            let side = if ahead < 0 { "behind ours" } else { "ahead of ours" };
            assert!(error.to_string().ends_with(&format!("{} s {side}", seen.abs())), "{error}");
        }
    }
}

#[tokio::test]
async fn names_that_may_not_be_written() {
    for server in servers().await {
        let target = target(&server, &[("name", "{group}.elsewhere.example.org")]);
        let wanted = record(1, "10.0.0.1");
        let seen = read(&target, &wanted).await;
        let error = target.write(&seen.token, &wanted).await.unwrap_err();
        assert!(matches!(error, TargetError::NotPermitted { .. }), "{error}");
        assert_eq!(read(&target, &wanted).await.holds, Holds::Nothing);
    }
}

/// The narrowest permission that the documentation names.
#[tokio::test]
async fn permission_for_one_group_is_enough() {
    let page = include_str!("../../../../docs/publishing.md");
    let narrow = "grant bongsu name mymaster.redis.example.org. A AAAA; grant bongsu name _epoch.mymaster.redis.example.org. TXT;";
    assert!(page.contains(narrow));
    let narrow = narrow.replace("mymaster", "g");
    let policy = [("grant bongsu wildcard *.redis.example.org. A AAAA TXT SRV;", narrow.as_str())];
    let server = Server::bind_with(PRIMARY, free_port(), None, "hmac-sha256", &policy).await;
    publish(&target(&server, &[]), &record(1, "10.0.0.1")).await;
    publish(&target(&server, &[]), &record(2, "fd00::2")).await;
    let more = target(&server, &[("srv", "yes")]);
    let wanted = record(3, "10.0.0.3");
    let seen = read(&more, &wanted).await;
    let error = more.write(&seen.token, &wanted).await.unwrap_err();
    assert!(matches!(error, TargetError::NotPermitted { .. }), "{error}");
}

#[tokio::test]
async fn zones_that_are_of_others() {
    for server in servers().await {
        let elsewhere = [("zone", "example.net"), ("name", "{group}.example.net")];
        let error = refused(&target(&server, &elsewhere)).await;
        assert!(error.is_permanent(), "{error}");
    }
}

#[tokio::test]
async fn another_server_is_asked_if_the_first_cannot_be_reached() {
    let server = Server::bind_primary(PRIMARY, free_port(), None).await;
    let both = format!("127.0.0.1:{} {}", free_port(), server.address);
    let target = target(&server, &[("server", &both)]);
    publish(&target, &record(1, "10.0.0.1")).await;
    assert_eq!(read(&target, &record(1, "10.0.0.1")).await.holds, holds(1, "10.0.0.1", true));
}

#[tokio::test]
async fn every_algorithm_and_the_key_file() {
    for algorithm in ["hmac-sha256", "hmac-sha384", "hmac-sha512"] {
        let server = Server::bind_with(PRIMARY, free_port(), None, algorithm, &[]).await;
        publish(&target(&server, &[("key-algorithm", algorithm)]), &record(1, "10.0.0.1")).await;
        let key = Key::load(&server.dir.path().join("bongsu.key")).unwrap();
        let from_file = Settings { key, ..settings(server.address, &server.secret, &[]) };
        publish(&DnsTarget::new(from_file), &record(2, "10.0.0.2")).await;
    }
}

#[tokio::test]
async fn with_ipv6_only() {
    let server = Server::bind_primary(SECONDARY, free_port(), None).await;
    let port = server.address.port().to_string();
    let target = target(&server, &[("authority-port", &port)]);
    let wanted = record(1, "fd00::1");
    publish(&target, &wanted).await;
    let agreed = Holds::Record { epoch: 1, primary: "[fd00::1]:6379".to_owned(), agrees: true };
    assert_eq!(read(&target, &wanted).await.holds, agreed);
    let witnesses = target.witnesses(&wanted).await;
    assert_eq!(witnesses[0].holds, Ok(agreed), "{witnesses:?}");
}
