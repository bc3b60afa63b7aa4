//! The contract of a target, and what is special about Consul, with a peer that follows its documentation.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod contract;
mod support;

use std::sync::Arc;

use bongsu_publish::{Consul, ConsulName, ConsulSettings, Holds, Secret, SettingsError, Stored, Target, TargetError};
use contract::{assert_agrees, held, publish, record, serves};
use support::consul::{ConsulPeer, LIMIT, Mood, READER, WRITER};

#[tokio::test]
async fn keeps_the_contract() {
    let peer = ConsulPeer::start();
    let target = peer.target();
    contract::holds_what_was_written(&target, "one").await;
    contract::stale_tokens_lose(&target, "two").await;
    contract::one_of_two_racers_wins(&target, &peer.target(), "three").await;
    contract::foreign_values_are_told(&target, "four", async || peer.put("bongsu/four", "10.0.0.1:6379")).await;
    let median = contract::figure(&target, "six").await;
    println!("Consul (a peer in the test): read and write take {median:?} (median of 100)");
    let freeze = |is_frozen| peer.set(Mood { is_frozen, ..Mood::default() });
    contract::frozen_servers_cost_the_limit(&target, LIMIT, "five", freeze).await;
}

fn keys(group: &str) -> Vec<String> {
    let parts = ["", "/primary", "/primary/host", "/primary/ip", "/primary/port", "/primary/epoch"];
    parts.iter().map(|part| format!("bongsu/{group}{part}")).collect()
}

#[tokio::test]
async fn parts_change_with_the_record() {
    let peer = Arc::new(ConsulPeer::start());
    let target = peer.target();
    let reader = Arc::clone(&peer);
    contract::parts_change_at_one_moment(&target, "mymaster", move || reader.get(&keys("mymaster"))).await;

    let wanted = record("mymaster", 99);
    assert_agrees(&held(&target, &wanted).await, &wanted);
    peer.put("bongsu/mymaster/primary/port", "1");
    assert!(matches!(held(&target, &wanted).await, Holds::Record { epoch: 99, agrees: false, .. }));
    publish(&target, &wanted).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);
}

#[tokio::test]
async fn servers_come_and_go() {
    let mut peer = ConsulPeer::start();
    let target = peer.target();
    let wanted = record("mymaster", 5);
    publish(&target, &wanted).await;
    assert_eq!(target.stored("mymaster").await.unwrap(), Stored::Record(Box::new(wanted.clone())));
    peer.kill();
    assert!(matches!(target.read(&wanted).await, Err(TargetError::Unreachable { .. })));
    peer.run();
    assert_agrees(&held(&target, &wanted).await, &wanted);
    peer.wipe();
    assert_eq!(held(&target, &wanted).await, Holds::Nothing);
    publish(&target, &wanted).await;
    assert_agrees(&held(&target, &wanted).await, &wanted);

    peer.set(Mood { is_headless: true, ..Mood::default() });
    assert!(matches!(target.read(&wanted).await, Err(TargetError::Unavailable { .. })));
    peer.set(Mood::default());
    serves(&target).await;
}

#[tokio::test]
async fn tokens_are_told_what_they_lack() {
    let peer = ConsulPeer::start();
    peer.set(Mood { has_acl: true, ..Mood::default() });
    let with =
        |token: Option<&str>| Consul::new(ConsulSettings { token: token.map(Secret::new), ..peer.settings() }).unwrap();
    let wanted = record("mymaster", 5);
    let anonymous = with(None).read(&wanted).await;
    assert!(matches!(anonymous, Err(TargetError::NotPermitted { .. })), "{anonymous:?}");
    let unknown = with(Some("b1gs35-gone")).read(&wanted).await;
    assert!(matches!(unknown, Err(TargetError::NotAuthenticated { .. })), "{unknown:?}");

    let reader = with(Some(READER));
    let seen = reader.read(&wanted).await.unwrap();
    let refused = reader.write(&seen.token, &wanted).await;
    assert!(matches!(refused, Err(TargetError::NotPermitted { .. })), "{refused:?}");
    publish(&with(Some(WRITER)), &wanted).await;
    assert_agrees(&held(&reader, &wanted).await, &wanted);
}

#[tokio::test]
async fn places_are_passed_on() {
    let peer = ConsulPeer::start();
    let name = |text: &str| Some(ConsulName::parse(text).unwrap());
    let wanted = record("mymaster", 5);
    publish(&Consul::new(ConsulSettings { datacenter: name("dc1"), ..peer.settings() }).unwrap(), &wanted).await;
    let elsewhere = Consul::new(ConsulSettings { datacenter: name("dc2"), ..peer.settings() }).unwrap();
    let error = elsewhere.read(&wanted).await;
    assert!(matches!(error, Err(TargetError::NotResponsible { .. })), "{error:?}");
    let enterprise = Consul::new(ConsulSettings { namespace: name("team"), ..peer.settings() }).unwrap();
    let error = enterprise.read(&wanted).await;
    assert!(matches!(error, Err(TargetError::Unpublishable { .. })), "{error:?}");
}

#[test]
fn settings_are_checked() {
    let peer = ConsulPeer::start();
    for bad in ["", "a b", "a&b", &"x".repeat(65)] {
        assert!(ConsulName::parse(bad).is_err(), "{bad}");
    }
    let token = Some(Secret::new("a\nb"));
    let error = Consul::new(ConsulSettings { token, ..peer.settings() }).err();
    assert!(matches!(error, Some(SettingsError::Credentials { .. })), "{error:?}");
}
