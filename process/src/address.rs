//! The words of `bind`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

/// One word of `bind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAddress {
    /// Where to listen.
    pub ips: Vec<IpAddr>,
    /// A leading `-`: do without it if this host does not have the address.
    pub optional: bool,
}

impl BindAddress {
    /// Reads `-::*`, `*`, `127.0.0.1`, `localhost`. Looks names up, which may block: only for the start of the process.
    ///
    /// # Errors
    /// If a name has no address.
    pub fn parse(word: &str) -> io::Result<Self> {
        let (text, optional) = match word.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (word, false),
        };
        let ips = match text {
            "*" => vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
            "::*" => vec![IpAddr::V6(Ipv6Addr::UNSPECIFIED)],
            _ => resolve(text)?,
        };
        Ok(Self { ips, optional })
    }
}

fn resolve(text: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(ip) = text.parse() {
        return Ok(vec![ip]);
    }
    let mut ips: Vec<IpAddr> = (text, 0).to_socket_addrs()?.map(|addr| addr.ip()).collect();
    ips.dedup();
    Ok(ips)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, ip: &str, optional: bool) {
        let expected = BindAddress { ips: vec![ip.parse().expect("an address")], optional };
        assert_eq!(BindAddress::parse(word).expect("valid"), expected);
    }

    #[test]
    fn stars_and_dashes() {
        check("*", "0.0.0.0", false);
        check("-::*", "::", true);
        check("-127.0.0.1", "127.0.0.1", true);
        check("::1", "::1", false);
    }
}
