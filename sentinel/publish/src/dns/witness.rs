//! Who serves the record to clients: name servers of the zone, and resolvers.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;

use hickory_proto::rr::{Name, RData, RecordType};
use rand::random;
use tokio::net::lookup_host;
use tokio::time;

use super::answer::{self, own_set};
use super::contents::{Contents, Source};
use super::exchange::Peer;
use super::message::{self, Asked};
use super::sign::Sealer;
use super::{Authorities, DnsTarget, Transport};
use crate::{Record, TargetError, Witness, WitnessKind};

/// Name servers of a zone that are asked. The root has 13.
const AUTHORITIES_MAX: usize = 16;

/// Public data need no signature: secondaries and resolvers do not know the key.
const UNSIGNED: Sealer<'static> = Sealer(None);

/// Somebody to ask.
struct Candidate {
    who: String,
    kind: WitnessKind,
    address: Result<SocketAddr, String>,
}

/// Asks all at the same time.
pub(super) async fn all(target: &DnsTarget, record: &Record) -> Vec<Witness> {
    let (sets, wanted) = match target.wanted(record) {
        Ok(wanted) => wanted,
        Err(error) => return vec![unknown(target.settings.naming.zone().to_ascii(), WitnessKind::Authority, &error)],
    };
    let mut candidates = authorities(target).await;
    let resolvers = target.settings.resolvers.iter().flat_map(|resolvers| resolvers.addresses());
    candidates.extend(resolvers.map(|address| listed(*address, WitnessKind::Cache)));
    join_all(candidates.into_iter().map(|candidate| ask(target, candidate, &sets, &wanted)).collect()).await
}

fn listed(address: SocketAddr, kind: WitnessKind) -> Candidate {
    Candidate { who: address.to_string(), kind, address: Ok(address) }
}

fn unknown(who: String, kind: WitnessKind, reason: &impl ToString) -> Witness {
    Witness { who, kind, holds: Err(reason.to_string()), ttl: None, serial: None }
}

/// Asks one for everything that stands there, an authority also for the serial number of the zone.
async fn ask(target: &DnsTarget, candidate: Candidate, sets: &[(Name, RecordType)], wanted: &Contents) -> Witness {
    let Candidate { who, kind, address } = candidate;
    let address = match address {
        Ok(address) => address,
        Err(reason) => return unknown(who, kind, &reason),
    };
    let mut sets = sets.to_vec();
    let (asked, source) = match kind {
        WitnessKind::Authority => {
            sets.push((target.settings.naming.zone().clone(), RecordType::SOA));
            (Asked::Authority, Source::Zone)
        }
        WitnessKind::Cache => (Asked::Resolver, Source::Cache),
    };
    let read = match read(peer(target, address), asked, &sets).await {
        Ok(read) => read,
        Err(error) => return unknown(who, kind, &error),
    };
    let Contents(mut read) = read;
    let serial = if kind == WitnessKind::Authority { read.pop().as_ref().and_then(answer::serial) } else { None };
    let contents = Contents(read);
    let ttl = contents.ttl();
    Witness { who, kind, holds: Ok(contents.judge(wanted, source)), ttl, serial }
}

fn peer(target: &DnsTarget, address: SocketAddr) -> Peer {
    Peer { address, transport: Transport::Udp, limit: target.settings.limit }
}

/// Asks without a signature, over UDP first, as clients do.
async fn read(peer: Peer, asked: Asked, sets: &[(Name, RecordType)]) -> Result<Contents, TargetError> {
    let who = peer.address.to_string();
    let answers = peer.exchange(message::queries(random(), asked, sets), UNSIGNED).await?;
    let set = |answer| match asked {
        Asked::Authority => own_set(&who, answer),
        Asked::Resolver => answer::any_set(&who, answer),
    };
    answers.iter().map(set).collect::<Result<_, _>>().map(Contents)
}

/// The name servers to ask.
async fn authorities(target: &DnsTarget) -> Vec<Candidate> {
    let port = match &target.settings.authorities {
        Authorities::Listed(servers) => {
            return servers.addresses().iter().map(|address| listed(*address, WitnessKind::Authority)).collect();
        }
        Authorities::OfZone { port } => *port,
    };
    let mut reason = "the zone names no name server".to_owned();
    for server in 0.. {
        let Some(peer) = target.peer(server) else { break };
        match of_zone(target, peer, port).await {
            Ok(found) if found.is_empty() => {}
            Ok(found) => return found,
            Err(error) => reason = error.to_string(),
        }
    }
    let who = target.settings.naming.zone().to_ascii();
    vec![Candidate { who, kind: WitnessKind::Authority, address: Err(reason) }]
}

/// The name servers of the zone and their addresses: from the zone itself if they have names in it, from the system if not.
async fn of_zone(target: &DnsTarget, peer: Peer, port: u16) -> Result<Vec<Candidate>, TargetError> {
    let zone = target.settings.naming.zone();
    let Contents(sets) = target.read_from(peer, &[(zone.clone(), RecordType::NS)]).await?;
    let names = sets.into_iter().flat_map(|set| set.data).filter_map(|data| match data {
        RData::NS(ns) => Some(ns.0.to_lowercase()),
        _ => None,
    });
    let (inside, outside): (Vec<Name>, Vec<Name>) = names.take(AUTHORITIES_MAX).partition(|name| zone.zone_of(name));
    let hosts: Vec<_> =
        inside.iter().flat_map(|name| [RecordType::A, RecordType::AAAA].map(|kind| (name.clone(), kind))).collect();
    let Contents(sets) =
        if hosts.is_empty() { Contents(Vec::new()) } else { read(peer, Asked::Authority, &hosts).await? };
    let mut addresses: BTreeMap<Name, IpAddr> = BTreeMap::new();
    for set in sets {
        if let Some(ip) = set.data.iter().find_map(RData::ip_addr) {
            addresses.entry(set.name.to_lowercase()).or_insert(ip);
        }
    }
    let own = |name: &Name| {
        let address = addresses.get(name).map(|ip| SocketAddr::new(*ip, port));
        candidate(name, address.ok_or_else(|| "the zone has no address of it".to_owned()))
    };
    let mut candidates: Vec<Candidate> = inside.iter().map(own).collect();
    let others = outside.iter().map(|name| async move {
        let host = name.to_ascii();
        let found = time::timeout(peer.limit, lookup_host((host.as_str(), port))).await;
        let address = match found {
            Err(_) => Err("its address was not found in time".to_owned()),
            Ok(Err(error)) => Err(format!("its address was not found: {error}")),
            Ok(Ok(mut found)) => found.next().ok_or_else(|| "it has no address".to_owned()),
        };
        candidate(name, address)
    });
    candidates.extend(join_all(others.collect()).await);
    candidates.sort_by(|one, other| one.who.cmp(&other.who));
    Ok(candidates)
}

fn candidate(name: &Name, address: Result<SocketAddr, String>) -> Candidate {
    let name = name.to_ascii();
    let name = name.trim_end_matches('.');
    let who = address.as_ref().map_or_else(|_| name.to_owned(), |address| format!("{name} ({address})"));
    Candidate { who, kind: WitnessKind::Authority, address }
}

/// Waits for all of them at the same time; their results in the same order. They are few: all are polled whenever one wakes up.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, result) in running.iter_mut().zip(&mut results).filter(|(_, result)| result.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(context) {
                *result = Some(ready);
            }
        }
        if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}
