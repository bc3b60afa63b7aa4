//! What a target of DNS is configured with.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use thiserror::Error;

use super::key::Key;
use super::names::Naming;

/// Port of DNS.
const PORT: u16 = 53;

/// Servers or resolvers in one list; each of them is asked at every look.
const SERVERS_MAX: usize = 16;

/// How long clients and resolvers may keep an answer; at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(u32);

impl Ttl {
    /// The longest, in seconds.
    pub const MAX_SECS: u32 = 86_400;

    /// A TTL of so many seconds; `None` above [`Ttl::MAX_SECS`].
    pub const fn from_secs(secs: u32) -> Option<Self> {
        if secs <= Self::MAX_SECS { Some(Self(secs)) } else { None }
    }

    /// In seconds.
    pub const fn secs(self) -> u32 {
        self.0
    }
}

/// Why a list is no list of servers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ServersError {
    /// One of them is no address.
    #[error("'{text}' is no IP address, nor one with a port")]
    Address {
        /// Which one, counted from 0.
        item: usize,
        /// As given.
        text: String,
    },
    /// None, or too many of them.
    #[error("{given} addresses; it must be 1 to {SERVERS_MAX}")]
    Number {
        /// How many there are.
        given: usize,
    },
}

/// Addresses of servers in the order of preference, without repetition, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<SocketAddr>);

impl Servers {
    /// Reads addresses, each an IP address or one with a port (`10.0.0.53`, `10.0.0.53:5353`, `[fd00::53]:5353`). They are not names,
    /// since the name service that would look them up may be what is down.
    ///
    /// # Errors
    /// One is no address, or there are none or too many.
    pub fn parse(words: &[impl AsRef<str>]) -> Result<Self, ServersError> {
        let mut servers = Vec::new();
        for (item, word) in words.iter().map(AsRef::as_ref).enumerate() {
            let server = word
                .parse()
                .or_else(|_| word.parse().map(|ip: IpAddr| SocketAddr::new(ip, PORT)))
                .map_err(|_| ServersError::Address { item, text: word.to_owned() })?;
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        if (1..=SERVERS_MAX).contains(&servers.len()) {
            return Ok(Self(servers));
        }
        Err(ServersError::Number { given: servers.len() })
    }

    /// The addresses.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }
}

/// What updates and reads travel over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// One message, delivered once or not at all.
    #[default]
    Tcp,
    /// One datagram, never sent again here; longer messages and truncated answers go over TCP.
    Udp,
}

/// Which name servers are asked whether they have the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorities {
    /// Those that the zone names, on this port.
    OfZone {
        /// UDP and TCP port.
        port: u16,
    },
    /// These.
    Listed(Servers),
}

/// A target of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Servers that take updates: the primary, then those that are tried when it cannot be reached.
    pub servers: Servers,
    /// The zone and the names in it.
    pub naming: Naming,
    /// TTL of all records.
    pub ttl: Ttl,
    /// The key.
    pub key: Key,
    /// Transport of reads and updates.
    pub transport: Transport,
    /// Whether an SRV record shows the port.
    pub service: bool,
    /// Whether the replicas are written.
    pub replicas: bool,
    /// Whether addresses that stand there without a guard are taken over.
    pub adopt: bool,
    /// Name servers to look at.
    pub authorities: Authorities,
    /// Resolvers to look at.
    pub resolvers: Option<Servers>,
    /// How long one exchange with one server may take.
    pub limit: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        let servers = Servers::parse(&["10.0.0.53", "[fd00::53]:5353", "10.0.0.53:53", "fd00::1"]).unwrap();
        let shown: Vec<String> = servers.addresses().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.53:53", "[fd00::53]:5353", "[fd00::1]:53"]);
        for wrong in ["", "ns1.example.org", "10.0.0.53:", "10.0.0.53:70000", "[fd00::53]"] {
            let error = ServersError::Address { item: 1, text: wrong.to_owned() };
            assert_eq!(Servers::parse(&["10.0.0.53", wrong]), Err(error));
        }
        assert_eq!(Servers::parse(&[""; 0]), Err(ServersError::Number { given: 0 }));
        let many: Vec<String> = (0..17).map(|n| format!("10.0.0.{n}")).collect();
        assert_eq!(Servers::parse(&many), Err(ServersError::Number { given: 17 }));
    }

    #[test]
    fn ttls() {
        assert_eq!(Ttl::from_secs(86_400).map(Ttl::secs), Some(86_400));
        assert_eq!(Ttl::from_secs(86_401), None);
    }
}
