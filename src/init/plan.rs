//! What is asked for, checked: every value here can stand in every generated file as it is.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Hosts of the installation: the fewest that survive the loss of one.
pub(super) const HOSTS: usize = 3;

/// Longest name of a host in DNS.
const HOST_LEN_MAX: usize = 253;
/// Longest name of a group: it becomes part of file names and titles.
const GROUP_LEN_MAX: usize = 64;
/// Longest name of a user of the system, as useradd has it.
const USER_LEN_MAX: usize = 32;

/// A value cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// Neither an address nor a name.
    #[error("'{0}' is neither an IP address nor a host name")]
    Host(String),
    /// It means the machine that reads it, another one on each.
    #[error("'{0}' means another machine on each host")]
    Loopback(String),
    /// Too few or too many hosts.
    #[error("three hosts are needed, found {0}")]
    Count(usize),
    /// Twice the same.
    #[error("'{0}' is named twice: each node needs a host of its own")]
    Twice(String),
    /// Names that others would misread.
    #[error("'{0}' may have letters, digits, '.', '_' and '-' only, 1 to {max} of them, and begins with a letter or digit", max = GROUP_LEN_MAX)]
    Group(String),
    /// Not a user of the system.
    #[error("'{0}' is no name of a user")]
    User(String),
    /// Not a path that can stand in units and configurations unquoted.
    #[error("'{0}' is no absolute path of letters, digits, '/', '.', '_', '+' and '-'")]
    Path(String),
    /// One port for two listeners of a host.
    #[error("port {0} is given to the data server and to the sentinel")]
    Port(u16),
}

/// An address or name by which everybody reaches a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

impl FromStr for Host {
    type Err = PlanError;

    /// Blanks around it are what people write behind commas.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        let text = text.trim();
        let here = || PlanError::Loopback(text.to_owned());
        if let Ok(address) = text.parse::<IpAddr>() {
            return if address.is_loopback() || address.is_unspecified() {
                Err(here())
            } else {
                Ok(Self::Address(address))
            };
        }
        let is_label = |label: &str| {
            let bytes = label.as_bytes();
            matches!((bytes.first(), bytes.last()), (Some(first), Some(last)) if *first != b'-' && *last != b'-')
                && bytes.len() <= 63
                && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        };
        // What ends with a number is a mistyped address to every resolver.
        let is_number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if text.len() > HOST_LEN_MAX || is_number || !text.split('.').all(is_label) {
            return Err(PlanError::Host(text.to_owned()));
        }
        if text.eq_ignore_ascii_case("localhost") { Err(here()) } else { Ok(Self::Name(text.to_ascii_lowercase())) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Host {
    /// With a port, as commands take it.
    pub(super) fn with_port(&self, port: NonZeroU16) -> String {
        match self {
            Self::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            host => format!("{host}:{port}"),
        }
    }

    /// The name of its folder; a colon would make `scp` look for a host.
    pub(super) fn folder(&self) -> String {
        self.to_string().replace(':', "-")
    }
}

/// An installation of three nodes.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) group: String,
    /// The first begins as the master.
    pub(super) hosts: [Host; HOSTS],
    pub(super) port: NonZeroU16,
    pub(super) sentinel_port: NonZeroU16,
    pub(super) tls: bool,
    pub(super) down_after: Duration,
    /// Directory of configuration that the services only read.
    pub(super) etc: String,
    /// Directory of what they write.
    pub(super) state: String,
    /// The program on the hosts.
    pub(super) program: String,
    /// User and group that the services run as.
    pub(super) user: String,
    /// How long certificates last.
    pub(super) days: u16,
}

/// Process deaths are told from silence by refused connections, so this is as short as a restart in place should be given.
const PROCESS_DEATH: Duration = Duration::from_millis(500);

impl Plan {
    pub(super) fn process_death(&self) -> Duration {
        PROCESS_DEATH.min(self.down_after)
    }

    /// Whether names have to be looked up.
    pub(super) fn has_names(&self) -> bool {
        self.hosts.iter().any(|host| matches!(host, Host::Name(_)))
    }

    pub(super) fn master(&self) -> &Host {
        let [first, ..] = &self.hosts;
        first
    }

    /// What no option can check alone.
    pub(super) fn check(self) -> Result<Self, PlanError> {
        if self.port == self.sentinel_port {
            return Err(PlanError::Port(self.port.get()));
        }
        Ok(self)
    }
}

/// Three different hosts.
pub(super) fn hosts(given: &[Host]) -> Result<[Host; HOSTS], PlanError> {
    let hosts: [Host; HOSTS] = given.to_vec().try_into().map_err(|_| PlanError::Count(given.len()))?;
    let twice = hosts.iter().enumerate().find(|(index, host)| hosts.iter().skip(index + 1).any(|other| other == *host));
    twice.map_or(Ok(()), |(_, host)| Err(PlanError::Twice(host.to_string())))?;
    Ok(hosts)
}

pub(super) fn group(text: &str) -> Result<String, PlanError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins_well && text.len() <= GROUP_LEN_MAX && text.bytes().all(is_word) {
        return Ok(text.to_owned());
    }
    Err(PlanError::Group(text.to_owned()))
}

pub(super) fn user(text: &str) -> Result<String, PlanError> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if begins_well && text.len() <= USER_LEN_MAX && text.bytes().all(is_word) {
        return Ok(text.to_owned());
    }
    Err(PlanError::User(text.to_owned()))
}

pub(super) fn path(text: &str) -> Result<String, PlanError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'+' | b'-');
    let shown = text.trim_end_matches('/');
    if Path::new(text).is_absolute() && !shown.is_empty() && shown.bytes().all(is_plain) {
        return Ok(shown.to_owned());
    }
    Err(PlanError::Path(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_three_and_reachable_from_elsewhere() {
        let read = |text: &str| text.parse::<Host>();
        assert_eq!(read("DB1.example").unwrap().to_string(), "db1.example");
        assert_eq!(read("2001:db8::1").unwrap().folder(), "2001-db8--1");
        for wrong in ["", "a b", "-a", "a..b", "a/b", "10.0.0", "10.0.0.256", "a:1", "host$"] {
            assert_eq!(read(wrong), Err(PlanError::Host(wrong.to_owned())), "{wrong}");
        }
        for here in ["127.0.0.1", "::1", "0.0.0.0", "localhost"] {
            assert_eq!(read(here), Err(PlanError::Loopback(here.to_owned())));
        }
        let all = |names: &[&str]| hosts(&names.iter().map(|name| read(name).unwrap()).collect::<Vec<_>>());
        assert!(all(&["a", "b", "c"]).is_ok());
        assert_eq!(all(&["a", "b"]), Err(PlanError::Count(2)));
        assert_eq!(all(&["a", "b", "A"]), Err(PlanError::Twice("a".to_owned())));
    }

    #[test]
    fn nothing_needs_quotes() {
        assert!(group("orders-2.eu").is_ok());
        assert!(["", "a b", "../x", "ä", ".hidden"].into_iter().all(|text| group(text).is_err()));
        assert!(user("bongsu").is_ok() && user("_b-1").is_ok());
        assert!(["", "Root", "a b", "1a"].into_iter().all(|text| user(text).is_err()));
        assert_eq!(path("/opt/x/").as_deref(), Ok("/opt/x"));
        assert!(["", "/", "etc", "/a b", "/a%h", "/a\"b"].into_iter().all(|text| path(text).is_err()));
    }
}
