//! Addresses of the servers of a target.

use std::fmt;
use std::net::Ipv6Addr;

use crate::SettingsError;

/// Servers of one target; clusters have three or five, seldom seven.
const ENDPOINTS_MAX: usize = 16;
/// Longest host name of the DNS, RFC 1035 section 2.3.4.
const HOST_MAX: usize = 255;

/// One server: host name or IP address, TCP port, and whether it speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    tls: bool,
}

impl Endpoint {
    /// Reads `http://host:port` or `https://host:port`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// Anything else, such as another scheme, a path, or credentials, which have settings of their own.
    pub fn from_url(text: &str, default_port: u16) -> Result<Self, SettingsError> {
        let (rest, tls) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (rest, false),
            (_, Some(rest)) => (rest, true),
            _ => return Err(error(text, "must begin with http:// or https://")),
        };
        Self::from_rest(text, rest.strip_suffix('/').unwrap_or(rest), default_port, tls)
    }

    /// Reads `host:port` or `host`; an IPv6 address with a port stands in brackets.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_host(text: &str, default_port: u16, tls: bool) -> Result<Self, SettingsError> {
        Self::from_rest(text, text, default_port, tls)
    }

    fn from_rest(text: &str, rest: &str, default_port: u16, tls: bool) -> Result<Self, SettingsError> {
        if rest.contains('@') {
            return Err(error(text, "names no user: credentials have settings of their own"));
        }
        let (host, port) = split(rest).ok_or_else(|| error(text, "is no host and port"))?;
        let port = match port {
            Some(port) => port.parse().map_err(|_| error(text, "has no usable port"))?,
            None => default_port,
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let fine = !host.is_empty() && host.len() <= HOST_MAX && host.chars().all(is_name);
        if port == 0 || !(fine || host.parse::<Ipv6Addr>().is_ok()) {
            return Err(error(text, "is no host and port"));
        }
        Ok(Self { host: host.to_owned(), port, tls })
    }

    /// Host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it speaks TLS.
    pub const fn is_tls(&self) -> bool {
        self.tls
    }
}

/// Host and port of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return if rest.is_empty() { Some((host, None)) } else { Some((host, Some(rest.strip_prefix(':')?))) };
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text, None));
    }
    Some(text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))))
}

fn error(text: &str, reason: &'static str) -> SettingsError {
    SettingsError::Endpoint { text: text.to_owned(), reason }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The servers of one target, at least one, at most 16.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// Takes them in the order in which they are to be tried.
    ///
    /// # Errors
    /// There is none, or there are too many.
    pub fn new(list: Vec<Endpoint>) -> Result<Self, SettingsError> {
        if list.is_empty() || list.len() > ENDPOINTS_MAX {
            return Err(SettingsError::Endpoints { given: list.len(), max: ENDPOINTS_MAX });
        }
        Ok(Self(list))
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Endpoint] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_hosts_with_ports() {
        let of = |text: &str| Endpoint::from_url(text, 2379).map(|endpoint| (endpoint.to_string(), endpoint.tls));
        assert_eq!(of("http://etcd1").unwrap(), ("etcd1:2379".to_owned(), false));
        assert_eq!(of("https://etcd1.example:1/").unwrap(), ("etcd1.example:1".to_owned(), true));
        assert_eq!(of("http://[::1]:23").unwrap(), ("[::1]:23".to_owned(), false));
        assert_eq!(of("http://[::1]").unwrap(), ("[::1]:2379".to_owned(), false));
        for bad in [
            "",
            "etcd1:2379",
            "ftp://a",
            "http://",
            "http://a:0",
            "http://a:b",
            "http://a:1/x",
            "http://u:p@a",
            "http://a b",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_need_no_scheme() {
        let of = |text: &str| Endpoint::from_host(text, 2181, false).map(|endpoint| endpoint.to_string());
        assert_eq!(of("zk1").unwrap(), "zk1:2181");
        assert_eq!(of("10.0.0.1:2").unwrap(), "10.0.0.1:2");
        assert_eq!(of("fe80::1").unwrap(), "[fe80::1]:2181");
        assert!(of("zk1:2181/chroot").is_err());
        assert!(of("[::1").is_err());
    }

    #[test]
    fn a_target_has_some_servers() {
        let one = Endpoint::from_host("zk1", 2181, false).unwrap();
        assert!(Endpoints::new(Vec::new()).is_err());
        assert!(Endpoints::new(vec![one.clone(); ENDPOINTS_MAX]).is_ok());
        assert!(Endpoints::new(vec![one; ENDPOINTS_MAX + 1]).is_err());
    }
}
