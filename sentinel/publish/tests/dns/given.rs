//! Records and targets to test with.

use std::net::SocketAddr;
use std::time::Duration;

use bongsu_publish::dns::{Authorities, DnsTarget, Key, Naming, Servers, Settings, Token, Transport, Ttl};
use bongsu_publish::{Holds, Member, Publisher, Record, Seen, Target, Written};

use crate::servers::Server;

/// The master's name of the group `g`.
pub(crate) const NAME: &str = "g.redis.example.org";
/// And its guard.
pub(crate) const GUARD: &str = "_epoch.g.redis.example.org";

pub(crate) fn member(ip: &str) -> Member {
    Member { host: ip.to_owned(), ip: Some(ip.parse().unwrap()), port: 6379, id: Some("a".repeat(40)), tls: false }
}

/// A record of the group `g`.
pub(crate) fn record(epoch: u64, primary: &str) -> Record {
    Record {
        group: "g".to_owned(),
        epoch,
        primary: member(primary),
        replicas: Vec::new(),
        reason: "failover".to_owned(),
        published_at_ms: 1,
        publisher: Publisher { id: "b".repeat(40), addr: "10.0.0.9:26379".to_owned() },
    }
}

/// Settings for the example zone, changed by pairs of a word and a value.
pub(crate) fn settings(server: SocketAddr, secret: &str, more: &[(&str, &str)]) -> Settings {
    let given = |word: &str| more.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
    let servers = |list: &str| Servers::parse(&list.split_whitespace().collect::<Vec<_>>()).unwrap();
    let zone = given("zone").unwrap_or("example.org").parse().unwrap();
    let name = given("name").unwrap_or("{group}.redis.example.org").parse().unwrap();
    let algorithm = given("key-algorithm").unwrap_or("hmac-sha256").parse().unwrap();
    let secret = given("key-secret").unwrap_or(secret);
    let port = given("authority-port").map_or(53, |port| port.parse().unwrap());
    Settings {
        servers: servers(given("server").unwrap_or(&server.to_string())),
        naming: Naming::new(zone, name).unwrap(),
        ttl: Ttl::from_secs(5).unwrap(),
        key: Key::new(given("key-name").unwrap_or("bongsu"), algorithm, secret).unwrap(),
        transport: if given("transport") == Some("udp") { Transport::Udp } else { Transport::Tcp },
        service: given("srv").is_some(),
        replicas: given("replicas").is_some(),
        adopt: given("adopt").is_some(),
        authorities: given("authorities")
            .map_or(Authorities::OfZone { port }, |list| Authorities::Listed(servers(list))),
        resolvers: given("resolvers").map(servers),
        // A busy machine is slow; tests of deadlines have their own.
        limit: Duration::from_millis(given("timeout-ms").map_or(20_000, |limit| limit.parse().unwrap())),
    }
}

pub(crate) fn target(server: &Server, more: &[(&str, &str)]) -> DnsTarget {
    DnsTarget::new(settings(server.address, &server.secret, more))
}

pub(crate) async fn read(target: &DnsTarget, record: &Record) -> Seen<Token> {
    target.read(record).await.unwrap()
}

/// Reads and writes; both have to work.
pub(crate) async fn publish(target: &DnsTarget, record: &Record) {
    let seen = read(target, record).await;
    assert_eq!(target.write(&seen.token, record).await.unwrap(), Written::Done);
}

pub(crate) fn holds(epoch: u64, primary: &str, agrees: bool) -> Holds {
    Holds::Record { epoch, primary: format!("{primary}:6379"), agrees }
}
