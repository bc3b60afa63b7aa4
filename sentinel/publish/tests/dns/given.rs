//! Records and targets to test with.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bongsu_publish::dns::{DnsTarget, Settings, Token};
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

/// Settings for the example zone.
pub(crate) fn settings(server: SocketAddr, secret: &str, more: &[(&str, &str)]) -> Settings {
    let address = server.to_string();
    let basic = [
        ("server", address.as_str()),
        ("zone", "example.org"),
        ("name", "{group}.redis.example.org"),
        ("key-name", "bongsu"),
        ("key-secret", secret),
        // A busy machine is slow; tests of deadlines have their own.
        ("timeout-ms", "20000"),
    ];
    let mut keys = BTreeMap::new();
    for (key, value) in basic.iter().chain(more) {
        keys.insert((*key).to_owned(), (*value).to_owned());
    }
    Settings::from_keys(&keys).unwrap()
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
