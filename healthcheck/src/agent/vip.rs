//! An address that moves with the master.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// An address and the length of its network's prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vip {
    ip: IpAddr,
    prefix: u8,
}

/// Why a text is no such address.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VipError {
    /// It is no IP address.
    #[error("'{text}' is no IP address: expected ADDRESS or ADDRESS/PREFIX")]
    NotAnAddress {
        /// What was given.
        text: String,
    },
    /// The prefix is longer than the address, or none.
    #[error("'{prefix}' is no prefix length: expected a number from 1 to {max}")]
    BadPrefix {
        /// What was given.
        prefix: String,
        /// Bits of the address.
        max: u8,
    },
    /// Nobody can own it.
    #[error("{ip} cannot be the address of a host")]
    NotOfAHost {
        /// The address.
        ip: IpAddr,
    },
}

impl Vip {
    /// The address.
    pub const fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Bits that name the network.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }
}

impl FromStr for Vip {
    type Err = VipError;

    fn from_str(text: &str) -> Result<Self, VipError> {
        let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
        let ip: IpAddr = ip.parse().map_err(|_| VipError::NotAnAddress { text: text.to_owned() })?;
        let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        if ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() || is_broadcast {
            return Err(VipError::NotOfAHost { ip });
        }
        let max = if ip.is_ipv4() { 32 } else { 128 };
        let bad = |prefix: &str| VipError::BadPrefix { prefix: prefix.to_owned(), max };
        let prefix = prefix.map_or(Ok(max), |text| {
            text.parse().ok().filter(|prefix| (1..=max).contains(prefix)).ok_or_else(|| bad(text))
        })?;
        Ok(Self { ip, prefix })
    }
}

impl fmt::Display for Vip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, shown) in [
            ("10.0.0.9", "10.0.0.9/32"),
            ("10.0.0.9/24", "10.0.0.9/24"),
            ("fd00::9", "fd00::9/128"),
            ("fd00::9/64", "fd00::9/64"),
        ] {
            assert_eq!(text.parse::<Vip>().expect("valid").to_string(), shown);
        }
        for text in
            ["10.0.0.9/33", "10.0.0.9/0", "10.0.0.9/", "fd00::/129", "host", "", "127.0.0.1", "0.0.0.0", "ff02::1"]
        {
            assert!(text.parse::<Vip>().is_err(), "{text}");
        }
    }
}
