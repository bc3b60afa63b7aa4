//! Where a node listens.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// Host name or IP address, and TCP port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Endpoint {
    host: String,
    port: u16,
}

/// Why a text is no endpoint.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EndpointError {
    /// There is no host before the port.
    #[error("'{text}' has no host: expected HOST, HOST:PORT or [IPv6]:PORT")]
    NoHost {
        /// What was given.
        text: String,
    },
    /// The port is no number from 1 to 65535.
    #[error("'{port}' in '{text}' is no port: expected a number from 1 to 65535")]
    BadPort {
        /// What was given.
        text: String,
        /// The part that should be a port.
        port: String,
    },
    /// A bracket without its counterpart, or text between the bracket and the port.
    #[error("'{text}' has misplaced brackets: expected [IPv6]:PORT")]
    BadBrackets {
        /// What was given.
        text: String,
    },
}

impl Endpoint {
    /// An endpoint of a host and a port that are known to be good.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Reads `HOST`, `HOST:PORT`, `IPv6` or `[IPv6]:PORT`; `default_port` stands in for a missing port.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, EndpointError> {
        let (host, port) = split(text)?;
        if host.is_empty() {
            return Err(EndpointError::NoHost { text: text.to_owned() });
        }
        let port = match port {
            None => default_port,
            Some(port) => port
                .parse()
                .ok()
                .filter(|&port| port != 0)
                .ok_or_else(|| EndpointError::BadPort { text: text.to_owned(), port: port.to_owned() })?,
        };
        Ok(Self::new(host, port))
    }

    /// Host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }
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

/// Host and port of `text`, neither checked. More than one colon without brackets is an IPv6 address without a port.
fn split(text: &str) -> Result<(&str, Option<&str>), EndpointError> {
    let bad_brackets = || EndpointError::BadBrackets { text: text.to_owned() };
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(bad_brackets)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(bad_brackets()),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Ok((text, None)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: u16) {
        assert_eq!(Endpoint::parse(text, 6379), Ok(Endpoint::new(host, port)), "{text}");
    }

    #[test]
    fn forms() {
        check("db1", "db1", 6379);
        check("db1:7000", "db1", 7000);
        check("10.0.0.1:1", "10.0.0.1", 1);
        check("::1", "::1", 6379);
        check("[::1]", "::1", 6379);
        check("[::1]:7000", "::1", 7000);
    }

    #[test]
    fn errors_name_the_part() {
        assert!(matches!(Endpoint::parse("", 1), Err(EndpointError::NoHost { .. })));
        assert!(matches!(Endpoint::parse(":6379", 1), Err(EndpointError::NoHost { .. })));
        assert!(matches!(Endpoint::parse("[::1", 1), Err(EndpointError::BadBrackets { .. })));
        assert!(matches!(Endpoint::parse("[::1]7000", 1), Err(EndpointError::BadBrackets { .. })));
        for text in ["a:", "a:0", "a:65536", "a:x"] {
            assert!(matches!(Endpoint::parse(text, 1), Err(EndpointError::BadPort { .. })), "{text}");
        }
    }

    #[test]
    fn shown_as_it_is_read() {
        for text in ["db1:7000", "[::1]:7000"] {
            assert_eq!(Endpoint::parse(text, 1).unwrap().to_string(), text);
        }
    }
}
