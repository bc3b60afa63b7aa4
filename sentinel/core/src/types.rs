//! Newtypes that cannot hold bad values: the vocabulary of the core.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// An election epoch: a logical clock that only grows. One counter serves all groups of a sentinel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch before any election.
    pub const ZERO: Self = Self(0);

    /// The highest epoch that can be expressed everywhere: vote calls carry epochs as signed numbers of 64 bits.
    pub const CREDIBLE_MAX: Self = Self(1 << 62);

    /// Epochs grow by one with each election. Whoever claims one that is further ahead than this is wrong or lies, and to believe it
    /// would use epochs up that failovers need ever after.
    const CREDIBLE_JUMP: u64 = 1 << 32;

    /// This may be the present epoch of somebody else, where ours is `known`.
    #[must_use]
    pub const fn is_credible(self, known: Self) -> bool {
        self.0 <= Self::CREDIBLE_MAX.0 && self.0 <= known.0.saturating_add(Self::CREDIBLE_JUMP)
    }

    /// The epoch that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A 40-character identity: of a sentinel (`myid`) or of a data-server process (`run_id`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId([u8; Self::LEN]);

impl RunId {
    /// Characters in every run id.
    pub const LEN: usize = 40;

    /// Accepts exactly 40 printable ASCII characters without space or comma (a comma would break hello messages).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LEN] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|b| b.is_ascii_graphic() && *b != b',').then_some(Self(bytes))
    }

    /// A run id of hexadecimal digits made from 160 bits, for generating one.
    pub fn from_bits(bits: [u8; 20]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut out = [0; Self::LEN];
        for (pair, byte) in out.chunks_exact_mut(2).zip(bits) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Self(out)
    }

    /// The forty characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str()[..8])
    }
}

/// Name of a supervised group (Sentinel: "master name"). No white space, control characters or commas: it travels in
/// comma- and space-separated messages.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(Arc<str>);

impl GroupName {
    /// Longest accepted name in bytes; events are cut at 1024 bytes and must still show the addresses.
    pub const MAX_LEN: usize = 255;

    /// Checks and wraps a name.
    pub fn parse(text: &str) -> Option<Self> {
        let fine = !text.is_empty()
            && text.len() <= Self::MAX_LEN
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',');
        fine.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for GroupName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// How many sentinels must agree that a master is down before it is objectively down. At least one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Quorum(NonZeroU32);

impl Quorum {
    /// `None` for zero.
    pub fn new(n: u32) -> Option<Self> {
        NonZeroU32::new(n).map(Self)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// Where an instance is: the host as it was written (a name or an IP literal), its last known resolution, and the port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr {
    host: Arc<str>,
    ip: Option<IpAddr>,
    port: u16,
}

impl Addr {
    /// An address from a host name or an IP literal. A name starts unresolved. `None` for an empty host, one with white
    /// space, control characters or commas, or one longer than DNS allows.
    pub fn new(host: &str, port: u16) -> Option<Self> {
        let fine = !host.is_empty()
            && host.len() <= 253
            && !host.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',');
        fine.then(|| Self { host: host.into(), ip: host.parse().ok(), port })
    }

    /// An address from an IP.
    pub fn from_ip(ip: IpAddr, port: u16) -> Self {
        Self { host: ip.to_string().into(), ip: Some(ip), port }
    }

    /// The host as written.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The last known resolution of the host.
    pub const fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The TCP port; zero means "never connect".
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// True if the host is a name rather than an IP literal.
    pub fn is_name(&self) -> bool {
        self.host.parse::<IpAddr>().is_err()
    }

    /// The same host under another resolution.
    #[must_use]
    pub fn resolved(&self, ip: IpAddr) -> Self {
        Self { ip: Some(ip), ..self.clone() }
    }

    /// The same host at another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// True if both name the same place: equal ports, and equal IPs or equal host names (ignoring case).
    pub fn same_place(&self, other: &Self) -> bool {
        self.port == other.port
            && (self.host.eq_ignore_ascii_case(&other.host) || (self.ip.is_some() && self.ip == other.ip))
    }

    /// How the address is announced: the host name with `announce-hostnames`, else the IP (the name while unresolved).
    pub fn shown_host(&self, announce_hostnames: bool) -> String {
        match self.ip {
            Some(ip) if !announce_hostnames => ip.to_string(),
            _ => self.host.to_string(),
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A supervised group inside one process. Never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GroupId(pub u32);

/// A data node (master or replica) inside one process; it keeps its id through role changes. Never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// A link to one data node or to one peer sentinel. Never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u32);

/// Pairs a request on a link with its reply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// Pairs a vote call with its answer; chosen by the shell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallId(pub u64);

/// Numbers the saves of the durable state. Saving number `n` includes all that lower numbers asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SaveSeq(pub u64);

/// The role of a data node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Accepts writes.
    Master,
    /// Follows a master.
    Replica,
}

impl Role {
    /// The word of the wire protocol: `master` or `slave`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Replica => "slave",
        }
    }
}
