//! What stands at the names of a group: wanted, or read.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::rdata::{A, AAAA, SRV};
use hickory_proto::rr::{Name, RData, RecordType};

use super::guard::Guard;
use super::names::Names;
use crate::{Holds, Member, Record, TargetError};

/// Replicas whose addresses are written. BIND takes no more records of one name and type by default (`max-records-per-type`).
const REPLICAS_MAX: usize = 100;

/// What of a foreign record is shown, in characters; a TXT record may have tens of thousands.
const DESCRIPTION_MAX: usize = 200;

/// The records of one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RrSet {
    /// Owner.
    pub(super) name: Name,
    /// Type.
    pub(super) kind: RecordType,
    /// TTL in seconds; of an empty set how long its emptiness may be cached.
    pub(super) ttl: u32,
    /// Data without order.
    pub(super) data: Vec<RData>,
}

impl RrSet {
    /// Whether clients are told the same.
    fn agrees(&self, other: &Self) -> bool {
        let ttls = self.data.is_empty() || self.ttl == other.ttl;
        ttls && self.data.len() == other.data.len() && self.data.iter().all(|data| other.data.contains(data))
    }
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A server of the zone: TTLs are those that were written.
    Zone,
    /// A cache: TTLs run down.
    Cache,
}

/// All RRsets of a group, the guard first, in the order of [`Names::sets`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents(pub(super) Vec<RrSet>);

/// The address that a member is published under.
fn address(member: &Member) -> Option<IpAddr> {
    member.ip.or_else(|| member.host.parse().ok())
}

fn data(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(v4) => RData::A(A(v4)),
        IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    }
}

impl Contents {
    /// What `record` has to look like; `sets` says which RRsets.
    ///
    /// Replicas without an address are left out, and those above [`REPLICAS_MAX`] in the order of their addresses: that one of them
    /// cannot be shown is no reason to hide the master.
    ///
    /// # Errors
    /// [`TargetError::Unpublishable`] if the master has no address, or a text does not fit.
    pub(super) fn of(
        record: &Record,
        names: &Names,
        sets: &[(Name, RecordType)],
        ttl: u32,
    ) -> Result<Self, TargetError> {
        let Some(ip) = address(&record.primary) else {
            let reason = format!("no address is known of the master {}:{}", record.primary.host, record.primary.port);
            return Err(TargetError::Unpublishable { reason });
        };
        let replicas: BTreeSet<IpAddr> = record.replicas.iter().filter_map(address).collect();
        let shown = || replicas.iter().copied().take(REPLICAS_MAX);
        let guard = Guard::of(record, SocketAddr::new(ip, record.primary.port).to_string()).to_txt()?;
        let values = |name: &Name, kind: RecordType| -> Vec<RData> {
            let addresses: Vec<IpAddr> = if *name == names.replicas { shown().collect() } else { vec![ip] };
            match kind {
                RecordType::TXT => vec![RData::TXT(guard.clone())],
                RecordType::SRV => vec![RData::SRV(SRV::new(0, 0, record.primary.port, names.primary.clone()))],
                _ => addresses.into_iter().map(data).filter(|data| data.record_type() == kind).collect(),
            }
        };
        let set = |(name, kind): &(Name, RecordType)| RrSet {
            name: name.clone(),
            kind: *kind,
            ttl,
            data: values(name, *kind),
        };
        Ok(Self(sets.iter().map(set).collect()))
    }

    /// The guard, if there is exactly one and it can be read.
    pub(super) fn guard(&self) -> Option<Guard> {
        match self.0.first().map(|set| set.data.as_slice()) {
            Some([RData::TXT(txt)]) => Guard::from_txt(txt),
            _ => None,
        }
    }

    /// What is there, from the point of view of somebody who wants `wanted`.
    pub(super) fn judge(&self, wanted: &Self, source: Source) -> Holds {
        let Some(guard) = self.guard() else {
            return match self.0.iter().find(|set| !set.data.is_empty()) {
                None => Holds::Nothing,
                Some(set) => Holds::Foreign { what: format!("{} without a guard", describe(set)) },
            };
        };
        let Some(wanted_guard) = wanted.guard() else { return Holds::Nothing };
        if guard.group != wanted_guard.group {
            return Holds::Foreign { what: format!("the record of another group, {:?}", guard.group) };
        }
        let same = |(here, there): (&RrSet, &RrSet)| match source {
            Source::Zone => here.agrees(there),
            Source::Cache => RrSet { ttl: there.ttl, ..here.clone() }.agrees(there),
        };
        let agrees = guard.agrees(&wanted_guard) && self.0.iter().zip(&wanted.0).skip(1).all(same);
        Holds::Record { epoch: guard.epoch, primary: self.shown(&guard), agrees }
    }

    /// The master for people: that of the guard, and what stands at the name if that is something else.
    fn shown(&self, guard: &Guard) -> String {
        let mut addresses = self.addresses();
        let guarded = guard.primary.parse().ok().map(|address: SocketAddr| address.ip());
        if addresses.len() == 1 && addresses.pop() == guarded {
            return guard.primary.clone();
        }
        let listed: Vec<String> = self.addresses().iter().map(ToString::to_string).collect();
        let listed = if listed.is_empty() { "no address".to_owned() } else { listed.join(", ") };
        format!("{listed} (guarded: {})", guard.primary)
    }

    /// What clients get who ask for the master.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        let Some(primary) = self.0.get(1).map(|set| &set.name) else { return Vec::new() };
        let sets = self.0.iter().filter(|set| set.name == *primary);
        sets.flat_map(|set| &set.data).filter_map(RData::ip_addr).collect()
    }

    /// How long clients may still be told this: the longest TTL among all but the guard, which clients do not ask for.
    pub(super) fn ttl(&self) -> Option<Duration> {
        self.0.iter().skip(1).map(|set| Duration::from_secs(set.ttl.into())).max()
    }
}

fn describe(set: &RrSet) -> String {
    let data: Vec<String> = set.data.iter().take(3).map(ToString::to_string).collect();
    format!("{} {} {}", set.name, set.kind, data.join(" ")).chars().take(DESCRIPTION_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Publisher;
    use crate::dns::Naming;

    fn member(host: &str, ip: Option<&str>) -> Member {
        Member { host: host.to_owned(), ip: ip.map(|ip| ip.parse().unwrap()), port: 6379, id: None, tls: false }
    }

    fn record(primary: Member, replicas: Vec<Member>) -> Record {
        Record {
            group: "g".to_owned(),
            epoch: 7,
            primary,
            replicas,
            reason: "failover".to_owned(),
            published_at_ms: 0,
            publisher: Publisher { id: "b".repeat(40), addr: String::new() },
        }
    }

    fn contents(record: &Record) -> Result<Contents, TargetError> {
        let naming = Naming::new("example.org".parse().unwrap(), "{group}.example.org".parse().unwrap()).unwrap();
        let names = naming.names(&record.group).unwrap();
        Contents::of(record, &names, &names.sets(true, true), 5)
    }

    #[test]
    fn members_without_an_address() {
        assert!(contents(&record(member("db1.example", None), Vec::new())).is_err());
        let named =
            record(member("10.0.0.1", None), vec![member("db2.example", None), member("db3.example", Some("fd00::3"))]);
        let contents = contents(&named).unwrap();
        let lengths: Vec<_> = contents.0.iter().map(|set| set.data.len()).collect();
        assert_eq!(lengths, [1, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn what_is_there_is_told_from_what_is_wanted() {
        let wanted = contents(&record(member("10.0.0.1", None), vec![member("10.0.0.2", None)])).unwrap();
        let nothing = Contents(wanted.0.iter().map(|set| RrSet { data: Vec::new(), ..set.clone() }).collect());
        assert_eq!(nothing.judge(&wanted, Source::Zone), Holds::Nothing);
        let record = |agrees, primary: &str| Holds::Record { epoch: 7, primary: primary.to_owned(), agrees };
        assert_eq!(wanted.judge(&wanted, Source::Zone), record(true, "10.0.0.1:6379"));

        let mut slower = wanted.clone();
        slower.0[1].ttl = 60;
        assert_eq!(slower.judge(&wanted, Source::Zone), record(false, "10.0.0.1:6379"));
        assert_eq!(slower.judge(&wanted, Source::Cache), record(true, "10.0.0.1:6379"));

        let mut edited = wanted.clone();
        edited.0[1].data = vec![data([10, 0, 0, 9].into())];
        assert_eq!(edited.judge(&wanted, Source::Zone), record(false, "10.0.0.9 (guarded: 10.0.0.1:6379)"));

        edited.0[0].data.clear();
        assert!(matches!(edited.judge(&wanted, Source::Zone), Holds::Foreign { .. }));
    }
}
