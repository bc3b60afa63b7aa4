//! Names and addresses outside the group that are to lead to its master.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;
use hickory_resolver::{TokioResolver, config};
use thiserror::Error;
use tokio::time::timeout;

use super::document::Survey;
use super::{Concern, Reach, Request};
use crate::{Endpoint, EndpointError, probe};

/// Where name servers listen.
const DNS_PORT: u16 = 53;

/// A name, and whom to ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsName {
    name: String,
    server: Option<SocketAddr>,
}

/// Why a text is no name to ask for.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DnsNameError {
    /// There is nothing before the `@`.
    #[error("'{text}' has no name: expected NAME or NAME@SERVER")]
    NoName {
        /// What was given.
        text: String,
    },
    /// What follows the `@` is no address.
    #[error("'{server}' is no name server: expected an IP address, which may be followed by a port")]
    BadServer {
        /// What was given.
        server: String,
    },
}

impl DnsName {
    /// Reads `NAME`, for which the resolver of this machine is asked, or `NAME@IP` or `NAME@IP:PORT`.
    pub fn parse(text: &str) -> Result<Self, DnsNameError> {
        let (name, server) = match text.split_once('@') {
            None => (text, None),
            Some((name, server)) => (name, Some(server)),
        };
        if name.is_empty() {
            return Err(DnsNameError::NoName { text: text.to_owned() });
        }
        let address = |server: &str| {
            let endpoint = Endpoint::parse(server, DNS_PORT).ok()?;
            Some(SocketAddr::new(endpoint.host().parse().ok()?, endpoint.port()))
        };
        let server = match server {
            None => None,
            Some(text) => Some(address(text).ok_or_else(|| DnsNameError::BadServer { server: text.to_owned() })?),
        };
        Ok(Self { name: name.to_owned(), server })
    }

    fn shown(&self) -> String {
        match self.server {
            None => self.name.clone(),
            Some(server) => format!("{}@{server}", self.name),
        }
    }
}

/// An address that is to lead to the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vip {
    host: String,
    port: Option<u16>,
}

impl Vip {
    /// Reads `ADDR`, at which the master's own port is tried, or `ADDR:PORT`.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        // Two defaults tell whether there is a port.
        let (one, other) = (Endpoint::parse(text, 1)?, Endpoint::parse(text, 2)?);
        let port = (one.port() == other.port()).then_some(one.port());
        Ok(Self { host: one.host().to_owned(), port })
    }
}

/// Holds names and addresses against the master that was found.
pub(super) async fn compare(request: &Request, reach: &Reach, survey: &mut Survey) {
    if request.dns.is_empty() && request.vips.is_empty() {
        return;
    }
    let Some(master) = survey.master.clone() else {
        let names = request.dns.iter().map(DnsName::shown);
        let what = names.chain(request.vips.iter().map(|vip| vip.host.clone()));
        let reason = "no master is known".to_owned();
        survey.concerns.extend(what.map(|what| Concern::NotComparable { what, reason: reason.clone() }));
        return;
    };
    for name in &request.dns {
        survey.concerns.extend(compare_name(name, &master, reach).await);
    }
    let report = survey.nodes.iter().find(|node| node.endpoint == master);
    let run_id = report.and_then(|report| report.facts.as_ref()?.run_id.clone());
    for vip in &request.vips {
        let endpoint = Endpoint::new(&vip.host, vip.port.unwrap_or_else(|| master.port()));
        survey.concerns.extend(compare_vip(endpoint, run_id.as_ref(), reach).await);
    }
}

async fn compare_vip(vip: Endpoint, expected: Option<&String>, reach: &Reach) -> Option<Concern> {
    let report = probe(&vip, &reach.nodes, reach.limit, None).await;
    let Some(facts) = report.facts else {
        let reason = report.findings.first().map(ToString::to_string).unwrap_or_default();
        return Some(Concern::VipSilent { vip, reason });
    };
    match (facts.run_id, expected) {
        (Some(found), Some(expected)) if found == *expected => None,
        (_, None) => {
            let reason = "the master does not tell its run id".to_owned();
            Some(Concern::NotComparable { what: vip.to_string(), reason })
        }
        (run_id, Some(expected)) => Some(Concern::VipDiffers { vip, run_id, expected: Some(expected.clone()) }),
    }
}

async fn compare_name(name: &DnsName, master: &Endpoint, reach: &Reach) -> Option<Concern> {
    let not_comparable = |reason: String| Some(Concern::NotComparable { what: name.shown(), reason });
    let found = match timeout(reach.limit, look_up(name, reach)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return not_comparable(error.to_string()),
        Err(_elapsed) => return not_comparable(format!("no answer within {} ms", reach.limit.as_millis())),
    };
    let expected = match addresses_of(master, reach.limit).await {
        Ok(expected) => expected,
        Err(error) => return not_comparable(format!("{}: {error}", master.host())),
    };
    // The name may lead to some of the master's addresses, but to nothing else.
    if !found.is_empty() && found.is_subset(&expected) {
        return None;
    }
    let shown = |addresses: BTreeSet<IpAddr>| addresses.iter().map(ToString::to_string).collect();
    Some(Concern::NameDiffers { name: name.shown(), addresses: shown(found), expected: shown(expected) })
}

/// The addresses of a node, as this machine looks them up.
pub(super) async fn addresses_of(node: &Endpoint, limit: Duration) -> io::Result<BTreeSet<IpAddr>> {
    let found = timeout(limit, tokio::net::lookup_host((node.host(), node.port()))).await??;
    Ok(found.map(|address| address.ip().to_canonical()).collect())
}

/// Both kinds of addresses; a name that does not exist has none.
async fn look_up(name: &DnsName, reach: &Reach) -> Result<BTreeSet<IpAddr>, NetError> {
    let resolver = resolver(name.server, reach)?;
    let mut found = BTreeSet::new();
    for kind in [RecordType::A, RecordType::AAAA] {
        match resolver.lookup(name.name.as_str(), kind).await {
            Ok(answer) => {
                let addresses = answer.answers().iter().filter_map(|record| record.data.ip_addr());
                found.extend(addresses.map(|ip| ip.to_canonical()));
            }
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn resolver(server: Option<SocketAddr>, reach: &Reach) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let mut config = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut config.connections {
                connection.port = server.port();
            }
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options: &mut config::ResolverOpts = builder.options_mut();
    options.timeout = reach.limit;
    options.attempts = 1;
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_a_server() {
        let parsed = DnsName::parse("redis.example@10.0.0.53").expect("a name");
        assert_eq!(parsed.shown(), "redis.example@10.0.0.53:53");
        assert_eq!(DnsName::parse("redis.example@[::1]:5353").expect("a name").shown(), "redis.example@[::1]:5353");
        assert_eq!(DnsName::parse("redis.example").expect("a name").shown(), "redis.example");
        assert!(matches!(DnsName::parse("@10.0.0.53"), Err(DnsNameError::NoName { .. })));
        assert!(matches!(DnsName::parse("a@ns1"), Err(DnsNameError::BadServer { .. })));
    }

    #[test]
    fn addresses_with_and_without_a_port() {
        assert_eq!(Vip::parse("10.0.0.9"), Ok(Vip { host: "10.0.0.9".to_owned(), port: None }));
        assert_eq!(Vip::parse("[::9]:1"), Ok(Vip { host: "::9".to_owned(), port: Some(1) }));
        assert!(Vip::parse("10.0.0.9:x").is_err());
    }
}
