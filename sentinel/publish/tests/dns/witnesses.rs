//! Who serves the record: two name servers of the zone, and a resolver.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bongsu_publish::dns::DnsTarget;
use bongsu_publish::{Holds, Record, Target, Witness, WitnessKind};

use crate::given::{holds, publish, record, target};
use crate::servers::{PRIMARY, SECONDARY, Server, free_port};

/// How long a change may take to everybody.
const LIMIT: Duration = Duration::from_secs(30);

/// What it may take on an otherwise idle machine until all name servers have it.
const AUTHORITATIVE_WITHIN: Duration = Duration::from_millis(200);

/// Asks the witnesses until `good`.
async fn until(target: &DnsTarget, record: &Record, good: impl Fn(&[Witness]) -> bool) -> Vec<Witness> {
    let last = std::cell::RefCell::new(Vec::new());
    let look = async {
        loop {
            last.replace(target.witnesses(record).await);
            if good(&last.borrow()) {
                return;
            }
        }
    };
    let became_good = tokio::time::timeout(LIMIT, look).await.is_ok();
    assert!(became_good, "{:#?}", last.borrow());
    last.into_inner()
}

async fn pair(notify: bool) -> (Server, Server) {
    let port = free_port();
    let second = SocketAddr::new(SECONDARY, port);
    let primary = Server::bind_primary(PRIMARY, port, notify.then_some(second)).await;
    let secondary = Server::bind_secondary(port, primary.address).await;
    (primary, secondary)
}

#[tokio::test]
async fn every_name_server_of_the_zone_is_asked_until_all_agree() {
    let (primary, _secondary) = pair(true).await;
    let port = primary.address.port().to_string();
    let target = target(&primary, &[("authority-port", &port)]);
    for (epoch, ip) in [(1, "10.0.0.1"), (2, "10.0.0.2")] {
        let wanted = record(epoch, ip);
        publish(&target, &wanted).await;
        let witnesses = until(&target, &wanted, |all| all.iter().all(Witness::agrees)).await;
        let who: Vec<&str> = witnesses.iter().map(|witness| witness.who.as_str()).collect();
        assert_eq!(who, [format!("ns1.example.org (127.0.0.1:{port})"), format!("ns2.example.org ([::1]:{port})")]);
        assert!(witnesses.iter().all(|witness| witness.kind == WitnessKind::Authority));
        assert_eq!(witnesses[0].serial, witnesses[1].serial);
        assert_eq!(witnesses[0].ttl, Some(Duration::from_secs(5)));
    }
}

/// The secondary is told at once, also of one change after the other: `notify-delay` and the rates in the examples.
#[tokio::test]
async fn the_secondary_follows_soon() {
    let (primary, secondary) = pair(true).await;
    let list = format!("{} {}", primary.address, secondary.address);
    let target = target(&primary, &[("authorities", &list), ("srv", "yes"), ("replicas", "yes")]);
    let mut times = Vec::new();
    for epoch in 1..=30 {
        let wanted = record(epoch, &format!("10.0.1.{epoch}"));
        let started = Instant::now();
        publish(&target, &wanted).await;
        until(&target, &wanted, |all| all.iter().all(Witness::agrees)).await;
        times.push(started.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "BIND: a primary and a secondary have it after {median:?} (median of {}), at most {:?}",
        times.len(),
        times[29]
    );
    assert!(median < AUTHORITATIVE_WITHIN, "{times:?}");
}

#[tokio::test]
async fn a_secondary_that_lags_is_seen() {
    let (primary, secondary) = pair(false).await;
    let list = format!("{} {}", primary.address, secondary.address);
    let target = target(&primary, &[("authorities", &list)]);
    publish(&target, &record(1, "10.0.0.1")).await;
    let witnesses = target.witnesses(&record(1, "10.0.0.1")).await;
    assert!(witnesses[0].agrees(), "{witnesses:?}");
    assert_eq!(witnesses[1].holds, Ok(Holds::Nothing));
    assert!(witnesses[1].serial < witnesses[0].serial, "{witnesses:?}");
}

#[tokio::test]
async fn a_resolver_is_asked_and_how_long_it_remembers() {
    let primary = Server::bind_primary(PRIMARY, free_port(), None).await;
    // It keeps everything for five minutes at least, whatever the TTL says.
    let resolver = Server::unbound(primary.address, 300).await;
    let (authority, cache) = (primary.address.to_string(), resolver.address.to_string());
    let target = target(&primary, &[("authorities", &authority), ("resolvers", &cache)]);
    let first = record(1, "10.0.0.1");
    publish(&target, &first).await;
    let witnesses = until(&target, &first, |all| all.iter().all(Witness::agrees)).await;
    assert_eq!(witnesses[1].kind, WitnessKind::Cache);
    assert_eq!(witnesses[1].serial, None);
    let ttl = witnesses[1].ttl.unwrap().as_secs();
    assert!((200..=300).contains(&ttl), "it clamps the TTL, which has to be seen: {ttl}");

    let second = record(2, "10.0.0.2");
    publish(&target, &second).await;
    let witnesses = target.witnesses(&second).await;
    assert!(witnesses[0].agrees());
    assert_eq!(witnesses[1].holds, Ok(holds(1, "10.0.0.1", false)));
    assert!(witnesses[1].ttl.unwrap().as_secs() > 100, "{witnesses:?}");
}

#[tokio::test]
async fn who_cannot_be_asked_says_why() {
    let primary = Server::bind_primary(PRIMARY, free_port(), None).await;
    let nobody = SocketAddr::new(SECONDARY, free_port()).to_string();
    let refuses = primary.address.to_string();
    // A name server without recursion is no resolver.
    let more = [("authorities", nobody.as_str()), ("resolvers", refuses.as_str())];
    let target = target(&primary, &more);
    let witnesses = target.witnesses(&record(1, "10.0.0.1")).await;
    assert!(witnesses[0].holds.as_ref().unwrap_err().contains("cannot be reached"), "{witnesses:?}");
    assert_eq!(witnesses[1].holds, Ok(Holds::Nothing), "it answers for its own zone all the same");
}
