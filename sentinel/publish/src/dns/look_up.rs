//! Looking the master up as clients do.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::exchange::Peer;
use super::message::Asked;
use super::witness;
use super::{Guard, NameTemplate, Transport};
use crate::TargetError;

/// The file that names the resolvers of the system.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// What a resolver, or a name server, tells clients of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Addresses of the master. One, if all is well.
    pub addresses: Vec<IpAddr>,
    /// The guard, if there is one.
    pub guard: Option<Guard>,
    /// How long clients may still be told this.
    pub ttl: Duration,
}

impl Found {
    /// What is wrong with it, if the master has the address `ip` since `epoch`; `None` if nothing.
    pub fn disagreement(&self, ip: IpAddr, epoch: u64) -> Option<String> {
        if self.addresses != [ip] {
            let listed: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
            let listed = if listed.is_empty() { "no address".to_owned() } else { listed.join(", ") };
            return Some(format!("it says {listed} instead of {ip}"));
        }
        match &self.guard {
            Some(guard) if guard.epoch != epoch => Some(format!("its epoch is {} instead of {epoch}", guard.epoch)),
            _ => None,
        }
    }
}

/// Asks `resolver` for the master of `group`. `limit` holds for the whole exchange.
///
/// # Errors
/// The group has no name there, or the resolver gave no answer.
pub async fn look_up(
    resolver: SocketAddr,
    name: &NameTemplate,
    group: &str,
    limit: Duration,
) -> Result<Found, TargetError> {
    let sets = name.names(group)?.sets(false, false);
    let peer = Peer { address: resolver, transport: Transport::Udp, limit };
    let contents = witness::read(peer, Asked::Resolver, &sets).await?;
    Ok(Found { addresses: contents.addresses(), guard: contents.guard(), ttl: contents.ttl().unwrap_or_default() })
}

/// The resolvers of the system, from `/etc/resolv.conf`. For commands: it reads the file where it is called.
///
/// # Errors
/// The file cannot be read.
pub fn system_resolvers() -> io::Result<Vec<SocketAddr>> {
    Ok(nameservers(&fs::read_to_string(RESOLV_CONF)?))
}

fn nameservers(text: &str) -> Vec<SocketAddr> {
    let addresses = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "nameserver").then(|| words.next()?.parse().ok()).flatten()
    });
    addresses.map(|ip: IpAddr| SocketAddr::new(ip, 53)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_of_the_system() {
        let text = "# nameserver 10.0.0.9\nsearch a.b\nnameserver 10.0.0.1\n nameserver fd00::1 \nnameserver x\n";
        assert_eq!(nameservers(text), ["10.0.0.1:53".parse().unwrap(), "[fd00::1]:53".parse().unwrap()]);
    }

    #[test]
    fn disagreement_is_told() {
        let guard = Guard { epoch: 3, group: "g".into(), primary: "10.0.0.1:1".into(), id: None, by: String::new() };
        let found = Found { addresses: vec![[10, 0, 0, 1].into()], guard: Some(guard), ttl: Duration::ZERO };
        assert_eq!(found.disagreement([10, 0, 0, 1].into(), 3), None);
        assert_eq!(found.disagreement([10, 0, 0, 1].into(), 4).unwrap(), "its epoch is 3 instead of 4");
        assert_eq!(found.disagreement([10, 0, 0, 2].into(), 3).unwrap(), "it says 10.0.0.1 instead of 10.0.0.2");
        let empty = Found { addresses: Vec::new(), guard: None, ..found };
        assert_eq!(empty.disagreement([10, 0, 0, 2].into(), 3).unwrap(), "it says no address instead of 10.0.0.2");
    }
}
