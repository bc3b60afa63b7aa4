//! Stores and name servers that the sentinels publish the master to, against what the sentinels say.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use bongsu_publish::dns::{DnsTarget, Settings as DnsSettings};
use bongsu_publish::{
    Consul, ConsulSettings, Etcd, EtcdSettings, Holds, Member, Publisher, Record, SettingsError, Stored, Target,
    TargetError, ZooKeeper, ZooKeeperSettings,
};
use thiserror::Error;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use super::document::Survey;
use super::elsewhere::addresses_of;
use super::{Concern, Reach};
use crate::Endpoint;

/// A target that sentinels publish to.
#[derive(Clone, Debug)]
pub struct PublishedAt {
    /// Name of the target.
    pub name: String,
    /// How it is read.
    pub place: Place,
}

/// How a target is read, by its type.
#[derive(Clone, Debug)]
pub enum Place {
    /// A zone, read from a server that takes updates, with the key of the updates.
    Dns(Box<DnsSettings>),
    /// etcd.
    Etcd(Box<EtcdSettings>),
    /// Consul.
    Consul(Box<ConsulSettings>),
    /// ZooKeeper.
    ZooKeeper(Box<ZooKeeperSettings>),
}

/// Why it is not known what a target holds.
#[derive(Debug, Error)]
enum Unknown {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
}

/// What should be found.
struct Wanted {
    group: String,
    epoch: u64,
    master: Endpoint,
    /// The addresses of the master, if they are known.
    addresses: BTreeSet<IpAddr>,
}

/// Holds all targets against the master that was found.
pub(super) async fn compare(targets: &[PublishedAt], reach: &Reach, survey: &mut Survey) {
    if targets.is_empty() {
        return;
    }
    let (Some(group), Some(master), Some(epoch)) = (&survey.group, &survey.master, survey.config_epoch) else {
        let reason = "no master is known".to_owned();
        let unknown =
            targets.iter().map(|target| Concern::NotComparable { what: target.name.clone(), reason: reason.clone() });
        survey.concerns.extend(unknown);
        return;
    };
    // A name that cannot be looked up is compared as a name.
    let addresses = addresses_of(master, reach.limit).await.unwrap_or_default();
    let wanted = Rc::new(Wanted { group: group.clone(), epoch, master: master.clone(), addresses });
    let limit = reach.limit;
    let (local, mut running) = (LocalSet::new(), JoinSet::new());
    for (index, target) in targets.iter().cloned().enumerate() {
        let wanted = Rc::clone(&wanted);
        running.spawn_local_on(async move { (index, look(&target, &wanted, limit).await) }, &local);
    }
    let mut found = local.run_until(running.join_all()).await;
    found.sort_by_key(|(index, _)| *index);
    survey.concerns.extend(found.into_iter().filter_map(|(_, concern)| concern));
}

async fn look(target: &PublishedAt, wanted: &Wanted, limit: Duration) -> Option<Concern> {
    let name = target.name.clone();
    let reading = timeout(limit, read(&target.place, wanted)).await;
    match reading.unwrap_or(Err(Unknown::Late(limit))) {
        Err(error) => Some(Concern::NotComparable { what: name, reason: error.to_string() }),
        Ok(found) => found.concern(name, wanted),
    }
}

/// What a target holds.
enum Found {
    Nothing,
    Foreign { what: String },
    Record { epoch: u64, primary: String, is_master: bool },
}

impl Found {
    fn concern(self, target: String, wanted: &Wanted) -> Option<Concern> {
        match self {
            Self::Nothing => Some(Concern::NotPublished { target, instead: None }),
            Self::Foreign { what } => Some(Concern::NotPublished { target, instead: Some(what) }),
            Self::Record { epoch, primary, is_master: false } => {
                Some(Concern::PublishedDiffers { target, primary, epoch, expected: wanted.master.clone() })
            }
            Self::Record { epoch, .. } if epoch != wanted.epoch => {
                Some(Concern::PublishedEpoch { target, epoch, expected: wanted.epoch })
            }
            Self::Record { .. } => None,
        }
    }
}

async fn read(place: &Place, wanted: &Wanted) -> Result<Found, Unknown> {
    let group = &wanted.group;
    let stored = match place.clone() {
        Place::Etcd(settings) => Etcd::new(*settings)?.stored(group).await?,
        Place::Consul(settings) => Consul::new(*settings)?.stored(group).await?,
        Place::ZooKeeper(settings) => ZooKeeper::new(*settings)?.stored(group).await?,
        Place::Dns(settings) => {
            let held = DnsTarget::new(*settings).read(&wanted.record()).await?.holds;
            return Ok(wanted.in_zone(held));
        }
    };
    Ok(match stored {
        Stored::Nothing => Found::Nothing,
        Stored::Foreign { what } => Found::Foreign { what },
        Stored::Record(record) => Found::Record {
            epoch: record.epoch,
            is_master: wanted.is_master(&record.primary),
            primary: Endpoint::new(record.primary.host, record.primary.port).to_string(),
        },
    })
}

impl Wanted {
    /// Sentinels may name the master by its address and publish it by its name.
    fn is_master(&self, primary: &Member) -> bool {
        let ip = primary.ip.or_else(|| primary.host.parse().ok()).map(|ip: IpAddr| ip.to_canonical());
        let is_same_host =
            primary.host.eq_ignore_ascii_case(self.master.host()) || ip.is_some_and(|ip| self.addresses.contains(&ip));
        is_same_host && primary.port == self.master.port()
    }

    /// A record that can be asked for, though not written.
    fn record(&self) -> Record {
        let (host, port) = (self.master.host().to_owned(), self.master.port());
        Record {
            group: self.group.clone(),
            epoch: self.epoch,
            primary: Member { host, ip: self.addresses.first().copied(), port, id: None, tls: false },
            replicas: Vec::new(),
            reason: String::new(),
            published_at_ms: 0,
            publisher: Publisher { id: String::new(), addr: String::new() },
        }
    }

    /// Of a zone all is known that clients get, but only as text.
    fn in_zone(&self, held: Holds) -> Found {
        match held {
            Holds::Nothing => Found::Nothing,
            Holds::Foreign { what } => Found::Foreign { what },
            Holds::Record { epoch, primary, .. } => {
                let address: Option<SocketAddr> = primary.parse().ok();
                let is_master = address.is_some_and(|address| {
                    self.addresses.contains(&address.ip().to_canonical()) && address.port() == self.master.port()
                });
                Found::Record { epoch, primary, is_master }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]
mod tests {
    use super::*;

    fn wanted(host: &str, addresses: &[&str]) -> Wanted {
        let addresses = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        Wanted { group: "g".to_owned(), epoch: 3, master: Endpoint::new(host, 6379), addresses }
    }

    fn member(host: &str, ip: Option<&str>, port: u16) -> Member {
        Member { host: host.to_owned(), ip: ip.map(|ip| ip.parse().unwrap()), port, id: None, tls: false }
    }

    #[test]
    fn a_master_is_known_by_name_or_address_and_port() {
        let by_name = wanted("db1.example", &[]);
        assert!(by_name.is_master(&member("DB1.example", Some("10.0.0.1"), 6379)));
        assert!(!by_name.is_master(&member("db2.example", None, 6379)));
        let by_address = wanted("10.0.0.1", &["10.0.0.1"]);
        assert!(by_address.is_master(&member("db1.example", Some("10.0.0.1"), 6379)));
        assert!(by_address.is_master(&member("::ffff:10.0.0.1", None, 6379)));
        assert!(!by_address.is_master(&member("10.0.0.1", None, 6380)));
    }

    #[test]
    fn a_zone_shows_the_master_if_nothing_but_its_address_is_there() {
        let wanted = wanted("db1.example", &["10.0.0.1", "10.0.0.2"]);
        let is_master = |primary: &str| {
            let held = Holds::Record { epoch: 3, primary: primary.to_owned(), agrees: false };
            wanted.in_zone(held).concern("dns".to_owned(), &wanted).is_none()
        };
        assert!(is_master("10.0.0.2:6379"));
        for other in ["10.0.0.3:6379", "10.0.0.1:6380", "10.0.0.1, 10.0.0.9 (guarded: 10.0.0.1:6379)"] {
            assert!(!is_master(other), "{other}");
        }
    }
}
